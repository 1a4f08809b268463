"""What a process remembers of the database."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from people import GENERAL, Site

from chat.models import Channel, Person
from chat.services import directory, moderation
from chat.services.directory import Directory

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_channel_is_found_without_the_database_once_it_is_known(
    site: Site, no_database: Callable[[], Any]
) -> None:
    known = Directory()
    found = await known.find(GENERAL)
    with no_database():
        assert await known.find(GENERAL) is found
    assert found is not None
    assert (found.info.name, found.maker) == ("General Talk", None)


@pytest.mark.parametrize(
    "room", ["channel:a\0b", "direct:a\0b", "channel:a/b", "direct:", "channel:" + "a" * 65]
)
async def test_an_address_that_no_room_has_is_not_looked_for(
    site: Site, no_database: Callable[[], Any], room: str
) -> None:
    known = Directory()
    with no_database():
        assert await known.find(room) is None
        assert await known.pair(room.partition(":")[2]) is None


async def test_a_channel_that_another_process_made_is_found(site: Site) -> None:
    known = Directory()
    await known.channels()
    await Channel.objects.acreate(slug="new", name="New")
    assert await known.find("channel:nowhere") is None
    assert await known.find("direct:new") is None
    found = await known.find("channel:new")
    assert found is not None
    assert found.info.name == "New"


async def test_a_channel_that_is_gone_is_forgotten_when_it_is_read_again(site: Site) -> None:
    known = Directory()
    await Channel.objects.acreate(slug="new", name="New")
    await known.channels()
    await Channel.objects.filter(slug="new").adelete()
    assert await known.find("channel:new") is not None
    assert await known.reload("new") is None
    assert await known.find("channel:new") is None


async def test_reading_one_channel_before_all_others_reads_all(site: Site) -> None:
    found = await Directory().reload("general-talk")
    assert found is not None
    assert found.info.room == GENERAL


async def test_remembering_before_anything_is_known_is_harmless(site: Site) -> None:
    known = Directory()
    known.remember(Channel(slug="new", name="New"))
    assert set(await known.channels()) == {"general-talk"}


async def test_a_row_that_was_read_before_another_change_is_older_news(site: Site) -> None:
    crew = await (await site.visitor("Alice")).make_channel("Pit crew")
    await site.runtime.directory.channels()
    read_early = await Channel.objects.aget(slug="pit-crew")
    await sync_to_async(moderation.archive_channel)("root", crew)
    await site.work_done()
    site.runtime.directory.remember(read_early)
    known = await site.runtime.directory.find(crew)
    assert known is not None
    assert known.info.archived


async def test_of_many_who_come_at_once_one_reads(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    known, read, visits = Directory(), directory._read_channels, []

    def counted(*args: Any) -> Any:
        visits.append(args)
        return read(*args)

    monkeypatch.setattr(directory, "_read_channels", counted)
    found = await asyncio.gather(*(known.channels() for _ in range(20)))
    assert [set(one) for one in found] == [{"general-talk"}] * 20
    assert len(visits) == 1


@pytest.mark.parametrize("again", [False, True], ids=["the first time", "again"])
async def test_what_is_told_while_all_are_read_is_newer(
    site: Site, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    known, read, loop = Directory(), directory._read_channels, asyncio.get_running_loop()
    if again:
        await known.channels()
        await sync_to_async(Channel.objects.create)(slug="other", name="Other")
    channel = await Channel.objects.aget(slug="general-talk")
    channel.topic, channel.changed_at = "Told", timezone.now()

    async def tell() -> None:
        known.remember(channel)

    def late(*args: Any) -> Any:
        found = read(*args)
        asyncio.run_coroutine_threadsafe(tell(), loop).result()
        return found

    monkeypatch.setattr(directory, "_read_channels", late)
    await known.refresh()
    assert (await known.channels())["general-talk"].info.topic == "Told"


async def test_all_are_read_again_only_when_one_has_changed(site: Site) -> None:
    known = Directory()
    before = await known.channels()
    await known.refresh()
    assert await known.channels() is before
    channel = await Channel.objects.aget(slug="general-talk")
    channel.topic = "Anything"
    await channel.asave()
    await known.refresh()
    assert (await known.channels())["general-talk"].info.topic == "Anything"
    await Channel.objects.all().adelete()
    await known.refresh()
    assert await known.channels() == {}


async def test_present_names_are_asked_for_once(site: Site, no_database: Callable[[], Any]) -> None:
    ann = await Person.objects.acreate(name="Ann")
    known = Directory()
    assert await known.present_names([ann.id, "nobody"]) == {ann.id: "Ann"}
    with no_database():
        assert await known.present_names([ann.id]) == {ann.id: "Ann"}
        known.rename(ann.id, "Anna")
        assert await known.present_names([ann.id]) == {ann.id: "Anna"}


async def test_views_are_made_again_only_for_news(site: Site) -> None:
    known = Directory()
    known.know("a", "Ann")
    version = known.names_version
    known.know("a", "Ann")
    assert known.names_version == version
    known.know("a", "Anna")
    assert known.names_version == version + 1


async def test_names_are_kept_up_to_a_bound_the_latest_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "NAMES_KEPT", 2)
    known = Directory()
    for person in "abc":
        known.rename(person, person.upper())
    assert await known.present_names("abc") == {"b": "B", "c": "C"}


async def test_a_rename_in_another_process_is_heard(site: Site) -> None:
    site.runtime._notice({"renamed": "a", "name": "Anna"})
    assert await site.runtime.directory.present_names(["a"]) == {"a": "Anna"}


async def test_a_name_that_is_told_while_names_are_read_is_the_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = Directory()

    async def read(*_: object) -> list[tuple[str, str]]:
        known.rename("a", "Anna")
        return [("a", "Ann")]

    monkeypatch.setattr(directory, "in_database", read)
    assert await known.present_names(["a"]) == {"a": "Anna"}

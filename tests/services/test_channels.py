"""Making channels: the default one, names, addresses, many at once."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from people import Site, thread_of_a_request

from chat import names
from chat.errors import NameTaken, RateLimited, Unavailable
from chat.models import Channel, ChannelNameKey
from chat.services import channels
from chat.services.defaults import default_slug

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def default_channel(settings: Any) -> Any:
    def change(name: str) -> None:
        settings.CHITCHAT = {**settings.CHITCHAT, "DEFAULT_CHANNEL": name}

    return change


# --- the default channel --------------------------------------------------------------------------


def test_a_fresh_install_has_general_talk_and_making_it_twice_is_harmless() -> None:
    """A5."""
    for _ in range(2):
        channels.ensure_default_channel()
        channel = Channel.objects.get()
        assert (channel.slug, channel.name) == ("general-talk", "General Talk")
        assert {key.key for key in ChannelNameKey.objects.all()} == names.keys("General Talk")


def test_another_default_channel_is_made_beside_it(default_channel: Any) -> None:
    default_channel("Lobby")
    channels.ensure_default_channel()
    assert default_slug() == "lobby"
    assert {channel.slug for channel in Channel.objects.all()} == {"general-talk", "lobby"}


def test_a_default_channel_without_an_ascii_letter_has_an_address(default_channel: Any) -> None:
    default_channel("雑談")
    channels.ensure_default_channel()
    assert default_slug() == "main"
    assert Channel.objects.get(slug="main").name == "雑談"


def test_a_default_channel_is_made_although_somebody_made_a_look_alike(default_channel: Any) -> None:
    default_channel("Lobby")
    made = channels.make(names.judge("Lo bby"), "", None, 10)
    keys = [ChannelNameKey(key=key, owner=made) for key in names.keys("Lobby")]
    ChannelNameKey.objects.bulk_create(keys)
    channels.ensure_default_channel()
    assert Channel.objects.filter(slug="lobby").exists()


# --- checks while typing --------------------------------------------------------------------------


async def test_a_check_tells_free_taken_and_invalid_apart(site: Site) -> None:
    here = site.runtime
    check, slug = await channels.check_channel_name(here, "someone", " Pit  crew ")
    assert (check.code, check.name, slug) == ("", "Pit crew", "pit-crew")
    check, slug = await channels.check_channel_name(here, "someone", "GENERAL talk")
    assert (check.code, slug, len(check.suggestions)) == ("name_taken", "", 3)
    check, slug = await channels.check_channel_name(here, "someone", "x" * 33)
    assert (check.code, slug) == ("invalid_name", "")
    assert await Channel.objects.acount() == 1


async def test_checks_have_a_rate(site: Site, limits: Any) -> None:
    limits(name_attempt=(1, 60, 1))
    await channels.check_channel_name(site.runtime, "someone", "x")
    with pytest.raises(RateLimited):
        await channels.check_channel_name(site.runtime, "someone", "x")
    await channels.check_channel_name(site.runtime, "somebody else", "x")
    site.clock.advance(60)
    await channels.check_channel_name(site.runtime, "someone", "x")


# --- addresses ------------------------------------------------------------------------------------


def test_after_many_with_the_same_address_it_is_a_random_one() -> None:
    taken = ["room", *(f"room-{number}" for number in range(2, channels.NUMBERED_SLUGS))]
    Channel.objects.bulk_create([Channel(slug=slug, name=slug) for slug in taken])
    slug = channels._free_slug("Room")
    assert slug.startswith("room-")
    assert len(slug) == len("room-") + 8


def test_a_name_without_ascii_letters_has_a_random_address() -> None:
    assert channels._free_slug("雑談") != channels._free_slug("雑談")
    assert channels._free_slug("雑談").startswith("c-")


def test_an_address_that_another_process_took_is_no_taken_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "_free_slug", lambda _: "general-talk")
    with pytest.raises(Unavailable):
        channels.make(names.judge("Pit crew"), "", None, 10)
    with pytest.raises(NameTaken):
        channels.make(names.judge("General Talk"), "", None, 10)
    assert Channel.objects.count() == 1


# --- many at once ---------------------------------------------------------------------------------


async def test_of_twenty_who_make_a_channel_of_one_name_at_once_one_does(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    visitors = [await site.visitor(f"Person {number}") for number in range(20)]
    spellings = ["Pit crew", "PIT CREW", "Ｐｉｔ ｃｒｅｗ", "pit  crew"]

    async def create(number: int) -> int:
        async with thread_of_a_request():
            name = spellings[number % len(spellings)]
            return (await visitors[number].http.post("/channels/", {"name": name})).status_code

    assert Counter(await asyncio.gather(*map(create, range(20)))) == {201: 1, 409: 19}
    assert await Channel.objects.acount() == 2


async def test_twenty_different_names_at_once_have_twenty_addresses(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    alice = await site.visitor("alice")
    marks = ["Pit crew", *(f"Pit{mark}crew" for mark in "-.,;:!?+*=~")]

    async def create(name: str) -> str:
        async with thread_of_a_request():
            response = await alice.http.post("/channels/", {"name": name})
            return response.json()["channel"]["slug"]

    slugs = await asyncio.gather(*map(create, marks))
    assert len(set(slugs)) == len(marks)


async def test_another_process_hears_of_a_channel_and_reads_it(site: Site) -> None:
    here = site.runtime
    await here.relay.start()
    await here.directory.channels()
    await sync_to_async(channels.make)(names.judge("Pit crew"), "", None, 10)
    assert "pit-crew" not in await here.directory.channels()
    here._notice({"channel": "pit-crew"})
    await site.work_done()
    assert "pit-crew" in await here.directory.channels()

"""What staff do, as the people in the rooms see it."""

from typing import Any

import pytest
from accounts import account
from asgiref.sync import sync_to_async
from django.db import transaction
from people import GENERAL, Site, Tab

from chat.errors import Forbidden, InvalidName, NameTaken, NotFound, TooLong
from chat.models import Channel, Person, PersonNameKey
from chat.services import moderation
from chat.services.threads import in_chat

pytestmark = pytest.mark.django_db(transaction=True)


async def staff(deed: Any, *args: Any, **kwargs: Any) -> Any:
    """As the admin calls it: in a worker thread, with a loop above it."""
    return await sync_to_async(deed)(*args, **kwargs)


async def reset_of(tab: Tab) -> dict[str, Any]:
    return await tab.until("joined", reset=True)


async def test_a_removed_message_goes_for_everybody_at_once(site: Site) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    said = await alice.say("buy my pills")
    await moderation.remove_message(site.runtime, "root", GENERAL, said["id"])
    for tab in (alice, bob):
        event = await tab.until("event", kind="delete")
        assert (event["id"], event["seq"]) == (said["id"], said["seq"] + 1)
    (held,) = (await moderation.held_messages(site.runtime, GENERAL)).page.messages
    assert held.deleted
    assert held.body == ""


async def test_a_message_can_be_removed_once_and_in_its_own_room_only(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    said = await tab.say("hello")
    with pytest.raises(NotFound):
        await moderation.remove_message(site.runtime, "root", crew, said["id"])
    await moderation.remove_message(site.runtime, "root", GENERAL, said["id"])
    with pytest.raises(NotFound):
        await moderation.remove_message(site.runtime, "root", GENERAL, said["id"])


async def test_a_message_of_an_archived_channel_can_be_removed(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.enter(crew)
    said = await tab.say("hello", room=crew)
    await staff(moderation.archive_channel, "root", crew)
    await moderation.remove_message(site.runtime, "root", crew, said["id"])
    assert (await tab.until("event", kind="delete"))["id"] == said["id"]


async def test_clearing_resets_everybody_in_the_room_at_once(site: Site) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    await alice.say("hello")
    await bob.hears("hello")
    epoch = (await site.runtime.store.heads([GENERAL]))[GENERAL].epoch
    await moderation.clear_room(site.runtime, "root", GENERAL)
    for tab in (alice, bob):
        reset = await reset_of(tab)
        assert reset["messages"] == []
        assert (reset["seq"], reset["n"]) == (0, 0)
        assert reset["epoch"] != epoch


async def test_after_clearing_the_room_goes_on_from_one(site: Site) -> None:
    alice, bob = await site.enter("Alice", "Bob")
    await alice.say("before")
    await moderation.clear_room(site.runtime, "root", GENERAL)
    await reset_of(bob)
    ack = await alice.say("after")
    assert (ack["seq"], ack["n"]) == (1, 1)
    assert (await bob.hears("after"))["n"] == 1


async def test_clearing_takes_the_badge_from_those_who_are_elsewhere(site: Site) -> None:
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    crew = await alice.make_channel("Pit crew")
    tab, elsewhere = await alice.enter(), await bob.enter(crew)
    await tab.say("hello")
    await site.tick(2)
    assert (await elsewhere.until("heads"))["rooms"][GENERAL]["n"] == 1
    await moderation.clear_room(site.runtime, "root", GENERAL)
    await site.tick(2)
    assert (await elsewhere.until("heads"))["rooms"][GENERAL]["n"] == 0


async def test_clearing_a_room_where_nobody_is_leaves_it_empty(site: Site) -> None:
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    await tab.say("hello")
    await tab.leave()
    await moderation.clear_room(site.runtime, "root", GENERAL)
    assert (await (await alice.open()).join())["messages"] == []


async def test_a_renamed_channel_is_told_to_everybody_and_keeps_its_address(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    await staff(moderation.change_channel, "root", crew, name="Kitchen", topic="Soup")
    channel = (await tab.until("channel"))["channel"]
    assert (channel["name"], channel["topic"], channel["slug"]) == ("Kitchen", "Soup", "pit-crew")
    # The old name is free, the new one and what looks like it is taken.
    await alice.make_channel("Pit crew")
    with pytest.raises(NameTaken):
        await staff(moderation.change_channel, "root", GENERAL, name="KITCHEN")


async def test_the_directory_of_the_process_knows_the_change(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    await staff(moderation.change_channel, "root", crew, name="Kitchen")
    await site.work_done()
    known = await site.runtime.directory.find(crew)
    assert known is not None
    assert known.info.name == "Kitchen"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "Аdmin"}, InvalidName),
        ({"name": "a" * 33}, InvalidName),
        ({"topic": "t" * 201}, TooLong),
    ],
)
async def test_staff_get_no_names_and_topics_that_others_do_not_get(
    site: Site, change: dict[str, str], error: type[Exception]
) -> None:
    assert site.runtime
    with pytest.raises(error):
        await staff(moderation.change_channel, "root", GENERAL, **change)
    assert (await Channel.objects.aget(slug="general-talk")).name == "General Talk"


async def test_a_channel_made_by_staff_is_in_everybodys_list(site: Site) -> None:
    (tab,) = await site.enter("Alice")
    channel = await staff(moderation.make_channel, "root", None, "Pit crew", "Wheels")
    assert channel.maker is None
    told = (await tab.until("channel"))["channel"]
    assert (told["slug"], told["name"], told["topic"]) == ("pit-crew", "Pit crew", "Wheels")


async def test_an_archived_channel_is_told_and_refuses_messages_until_it_is_open_again(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.enter(crew)
    await staff(moderation.archive_channel, "root", crew)
    while not (await tab.until("channel"))["channel"]["archived"]:
        pass
    assert (
        await tab.refusal("send", room=crew, cid="6f1c4a3e-8d1b-4d56-9a3b-0c5f1e2d3a4b", body="x")
        == "forbidden"
    )
    await staff(moderation.archive_channel, "root", crew, False)
    assert (await tab.until("channel"))["channel"]["archived"] is False
    await tab.say("back", room=crew)


async def test_archiving_twice_keeps_the_first_time(site: Site) -> None:
    crew = await (await site.visitor("Alice")).make_channel("Pit crew")
    first = await staff(moderation.archive_channel, "root", crew)
    again = await staff(moderation.archive_channel, "root", crew)
    assert first.archived_at is not None
    assert again.archived_at == first.archived_at


async def test_the_channel_that_everybody_enters_stays_open(site: Site) -> None:
    assert site.runtime
    with pytest.raises(Forbidden):
        await staff(moderation.archive_channel, "root", GENERAL)
    assert (await Channel.objects.aget(slug="general-talk")).archived_at is None


async def test_what_is_rolled_back_is_told_to_nobody(site: Site) -> None:
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.open()

    def in_vain() -> None:
        with transaction.atomic():
            moderation.change_channel("root", crew, name="Kitchen")
            transaction.set_rollback(True)

    await staff(in_vain)
    await site.settle(tab)
    assert tab.heard("channel") == []
    known = await site.runtime.directory.find(crew)
    assert known is not None
    assert known.info.name == "Pit crew"


async def test_a_change_is_told_after_it_is_committed(site: Site) -> None:
    """The process that hears of it looks into the database, from another thread."""
    alice = await site.visitor("Alice")
    crew = await alice.make_channel("Pit crew")
    tab = await alice.open()

    def slowly() -> None:
        with transaction.atomic():
            moderation.change_channel("root", crew, name="Kitchen")
            assert in_chat(lambda runtime: runtime.directory.find(crew)).info.name == "Pit crew"

    await staff(slowly)
    await tab.until("channel")
    await site.work_done()
    known = await site.runtime.directory.find(crew)
    assert known is not None
    assert known.info.name == "Kitchen"


async def test_the_overview_counts_messages_and_people(site: Site) -> None:
    alice, _ = await site.enter("Alice", "Bob")
    await alice.say("one")
    said = await alice.say("two")
    await moderation.remove_message(site.runtime, "root", GENERAL, said["id"])
    found = await moderation.overview(site.runtime, [GENERAL, "channel:nowhere"])
    assert (found[GENERAL].held, found[GENERAL].here) == (1, 2)
    assert found[GENERAL].active_at is not None
    assert found["channel:nowhere"] == moderation.Overview(0, 0, None)


async def test_held_messages_come_in_pages_and_say_who_has_another_name(site: Site, limits: Any) -> None:
    limits(kept=150, message=(1_000, 1, 1_000))
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    for number in range(130):
        await tab.say(str(number))
    await alice.choose_name("Alicia")
    newest = await moderation.held_messages(site.runtime, GENERAL)
    assert [one.n for one in newest.page.messages] == list(range(31, 131))
    assert newest.page.more
    assert newest.names == {tab.id: "Alicia"}
    older = await moderation.held_messages(site.runtime, GENERAL, before=31)
    assert [one.n for one in older.page.messages] == list(range(1, 31))
    assert not older.page.more


async def test_a_renamed_person_has_the_name_in_all_tabs_and_for_others(site: Site) -> None:
    alice = await site.visitor("Alice")
    one, other = await alice.enter(), await alice.open()
    (bob,) = await site.enter("Bob")
    await site.tick(2)
    await staff(moderation.rename_person, "root", one.id, "Alicia")
    for tab in (one, other):
        assert (await tab.until("me"))["me"]["name"] == "Alicia"
    await site.tick(2)
    while not (news := (await bob.until("presence"))["renamed"]):
        pass
    assert news[0]["person"]["name"] == "Alicia"
    await one.say("it is me")
    assert (await bob.hears("it is me"))["author"]["name"] == "Alicia"
    # The former name is free for others.
    await (await site.visitor()).choose_name("Alice")


@pytest.mark.parametrize(
    ("name", "error"), [("Bob", NameTaken), ("вob", InvalidName), ("system", InvalidName), ("", InvalidName)]
)
async def test_a_person_gets_no_name_that_is_taken_or_judged_out(
    site: Site, name: str, error: type[Exception]
) -> None:
    alice, _ = await site.enter("Alice", "Bob")
    with pytest.raises(error):
        await staff(moderation.rename_person, "root", alice.id, name)
    assert (await Person.objects.aget(id=alice.id)).name == "Alice"


async def test_who_has_left_is_not_renamed(site: Site) -> None:
    alice = await site.visitor("Alice")
    await alice.http.post("/logout/")
    with pytest.raises(NotFound):
        await staff(moderation.rename_person, "root", alice.me["id"], "Alicia")


async def test_the_same_name_again_tells_nobody(site: Site) -> None:
    (tab,) = await site.enter("Alice")
    await staff(moderation.rename_person, "root", tab.id, "Alice")
    await site.settle(tab)
    assert tab.heard("me") == []


async def test_ended_sessions_close_every_tab_and_free_the_name(site: Site) -> None:
    alice = await site.visitor("Alice")
    one, other = await alice.enter(), await alice.open()
    (bob,) = await site.enter("Bob")
    await staff(moderation.end_sessions, "root", one.id)
    assert await one.closed() == 4401
    assert await other.closed() == 4401
    assert (await alice.http.get("/c/general-talk/")).context["me"] is None
    assert not await PersonNameKey.objects.filter(owner_id=one.id).aexists()
    await (await site.visitor()).choose_name("Alice")
    assert not bob.over
    with pytest.raises(NotFound):
        await staff(moderation.end_sessions, "root", one.id)


async def test_an_account_keeps_its_name_when_its_sessions_end(site: Site, quick_passwords: None) -> None:
    alice = await account(site, "Alice")
    tab = await alice.enter()
    await staff(moderation.end_sessions, "root", tab.id)
    assert await tab.closed() == 4401
    person = await Person.objects.aget(id=tab.id)
    assert person.ended_at is None
    assert await PersonNameKey.objects.filter(owner=person).aexists()
    assert (await alice.http.get("/c/general-talk/")).context["me"] is None


async def test_sessions_of_a_person_are_found_and_no_key_is_shown(site: Site) -> None:
    alice, _ = await site.visitor("Alice"), await site.visitor("Bob")
    await alice.enter()
    await site.work_done()
    sessions = await staff(moderation.sessions_of, alice.me["id"])
    (found,) = sessions.found
    assert sessions.complete
    key = alice.http.cookies["sessionid"].value
    assert found.key == key
    assert key not in found.name
    assert found.last_channel == "general-talk"


async def test_only_so_many_sessions_are_looked_through(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "SESSIONS_LOOKED_AT", 1)
    alice, _ = await site.visitor("Alice"), await site.visitor("Bob")
    assert not (await staff(moderation.sessions_of, alice.me["id"])).complete


async def test_sessions_that_are_no_rows_are_not_known(site: Site, settings: Any) -> None:
    assert site.runtime
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    assert await staff(moderation.sessions_of, "nobody") == moderation.Sessions([], complete=False)


async def test_staff_do_not_see_who_talks_with_whom(site: Site) -> None:
    alice, bob = await site.accounts("alice", "bob")
    await alice.join(await alice.direct(bob.id))
    assert [one.room for one in (await moderation.connected(site.runtime))[alice.id]] == ["direct"]


async def test_who_is_connected_where(site: Site) -> None:
    alice = await site.visitor("Alice")
    await alice.enter()
    await alice.open()
    places = (await moderation.connected(site.runtime))[alice.me["id"]]
    assert [one.room for one in places] == [GENERAL, None]
    assert len({one.session for one in places}) == 1


def test_without_a_server_the_work_is_done_in_a_chat_of_its_own(db: None) -> None:
    assert in_chat(lambda runtime: moderation.overview(runtime, [GENERAL])) == {
        GENERAL: moderation.Overview(0, 0, None)
    }

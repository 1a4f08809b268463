"""``join``: entering a room, resuming in it, and what else its answer says."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Frame, Site, Tab

from chat.models import Channel
from chat.relay import room_group

pytestmark = pytest.mark.django_db(transaction=True)


def bodies(joined: Frame) -> list[str]:
    return [message["body"] for message in joined["messages"]]


def position(joined: Frame) -> dict[str, Any]:
    return {"epoch": joined["epoch"], "seq": joined["seq"]}


async def test_a_newcomer_gets_the_latest_messages_and_every_later_one(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("one")
    await alice.say("two")
    bob = await (await site.visitor("bob")).open()
    joined = await bob.join()
    assert joined["reset"] is True
    assert bodies(joined) == ["one", "two"]
    assert (joined["room"], joined["seq"], joined["n"], joined["more"]) == (GENERAL, 2, 2, False)
    await alice.say("three")
    assert (await bob.hears("three"))["n"] == 3


async def test_somebody_without_a_name_gets_no_socket_to_join_with(site: Site) -> None:
    carol = await site.visitor()
    socket = await carol.knock()
    assert await socket.connect() == (True, None)
    assert await Tab(socket).closed() == 4401


@pytest.mark.parametrize("room", ["channel:nowhere", "direct:abc", "channel:General-Talk"])
async def test_a_room_that_does_not_exist_is_not_joined(site: Site, room: str) -> None:
    [alice] = await site.enter("alice")
    code = await alice.refusal("join", room=room)
    assert code == ("invalid" if room != room.lower() else "not_found")
    await alice.say("still here")
    await alice.hears("still here")


async def test_a_private_channel_is_like_one_that_does_not_exist(site: Site) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    secret = await alice.ask("join", room="channel:secret")
    nowhere = await alice.ask("join", room="channel:nowhere")
    assert (secret["code"], secret["detail"]) == (nowhere["code"], nowhere["detail"])


async def test_an_archived_channel_can_be_joined_and_read(site: Site) -> None:
    alice = await site.visitor("alice")
    room = await alice.make_channel("Old days")
    tab = await alice.enter(room)
    await tab.say("then", room)
    channel = await Channel.objects.aget(slug="old-days")
    channel.archived_at = channel.created_at
    await channel.asave()
    await site.runtime.directory.refresh()
    assert bodies(await tab.join(room)) == ["then"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"room": 5},
        {"room": None},
        {"room": ["channel:general-talk"]},
        {"room": "general-talk"},
        {"room": "channel:../x"},
        {"room": "channel:a/b"},
        {"room": GENERAL, "at": 5},
        {"room": GENERAL, "at": {"epoch": "e"}},
        {"room": GENERAL, "at": {"epoch": "e", "seq": "abc"}},
        {"room": GENERAL, "at": {"epoch": "e", "seq": 1, "n": 1}},
        {"room": GENERAL, "is_admin": True},
    ],
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("join", **fields) == "invalid"


async def test_joining_again_too_often_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 3))
    [alice] = await site.enter("alice")
    await alice.join()
    await alice.join()
    refused = await alice.ask("join", room=GENERAL)
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retry_after"] <= 1
    site.clock.advance(refused["retry_after"])
    await alice.join()


async def test_joining_again_is_a_fresh_answer_and_no_second_copy_of_what_comes(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.say("one")
    await bob.hears("one")
    assert bodies(await bob.join()) == ["one"]
    await alice.say("two")
    await alice.say("three")
    await bob.hears("three")
    assert [event["message"]["body"] for event in bob.heard("event")] == ["two"]


# --- resuming -------------------------------------------------------------------------------------


async def test_resuming_brings_exactly_the_events_that_were_missed(site: Site) -> None:
    [alice] = await site.enter("alice")
    first = await alice.say("first")
    bob = await (await site.visitor("bob")).open()
    before = await bob.join()
    await bob.ask("leave", room=GENERAL)
    second = await alice.say("second")
    await alice.ask("edit", room=GENERAL, id=first["id"], body="first, corrected")
    await alice.ask("react", room=GENERAL, id=first["id"], emoji="👍", on=True)
    await alice.ask("delete", room=GENERAL, id=second["id"])
    joined = await bob.join(at=position(before))
    assert joined["reset"] is False
    assert "messages" not in joined
    events = joined["events"]
    assert [event["seq"] for event in events] == [2, 3, 4, 5]
    assert [event["kind"] for event in events] == ["message", "edit", "reaction", "delete"]
    assert events[0]["message"]["deleted"] is True
    assert events[0]["message"]["body"] == ""
    assert events[1]["body"] == "first, corrected"
    assert (events[2]["emoji"], events[2]["on"], events[2]["count"]) == ("👍", True, 1)
    assert (joined["seq"], joined["n"], joined["more"]) == (5, 2, False)
    # From there on every event, each once.
    await alice.say("third")
    assert (await bob.hears("third"))["seq"] == 6
    assert not bob.heard("event")


async def test_resuming_where_nothing_was_missed_brings_no_events(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("one")
    bob = await (await site.visitor("bob")).open()
    before = await bob.join()
    joined = await bob.join(at=position(before))
    assert (joined["reset"], joined["events"]) == (False, [])


@pytest.mark.parametrize("seq", [-1, 2, 2**53, 2**63, 2**64, 10**40])
async def test_a_position_that_cannot_be_is_answered_with_a_reset(site: Site, seq: int) -> None:
    [alice] = await site.enter("alice")
    await alice.say("one")
    here = await alice.join()
    joined = await alice.join(at={"epoch": here["epoch"], "seq": seq})
    assert joined["reset"] is True
    assert bodies(joined) == ["one"]


async def test_a_position_in_another_epoch_is_answered_with_a_reset(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("one")
    joined = await alice.join(at={"epoch": "another", "seq": 1})
    assert joined["reset"] is True
    assert bodies(joined) == ["one"]


async def test_a_position_before_the_beginning_of_the_log_is_answered_with_a_reset(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(events_kept=2, kept=10)
    [alice] = await site.enter("alice")
    start = await alice.join()
    for body in ("one", "two", "three"):
        await alice.say(body)
    joined = await alice.join(at=position(start))
    assert joined["reset"] is True
    assert bodies(joined) == ["one", "two", "three"]


async def test_a_replay_that_is_too_large_for_a_frame_is_answered_with_a_reset(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(snapshot_bytes=2_000)
    [alice] = await site.enter("alice")
    start = await alice.join()
    for _ in range(4):
        await alice.say("x" * 600)
    joined = await alice.join(at=position(start))
    assert joined["reset"] is True
    assert joined["more"] is True
    assert [message["n"] for message in joined["messages"]] == [3, 4]


@pytest.mark.in_process
async def test_after_a_restart_the_old_position_is_answered_with_a_reset(site: Site) -> None:
    alice = await site.visitor("alice")
    tab = await alice.enter()
    await tab.say("lost with the process")
    before = await tab.join()
    await site.restart()
    tab = await alice.open()
    joined = await tab.join(at=position(before))
    assert joined["reset"] is True
    assert joined["epoch"] != before["epoch"]
    assert (joined["messages"], joined["seq"], joined["n"]) == ([], 0, 0)


async def test_a_room_that_is_cleared_is_reset_for_those_who_are_in_it(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.say("one")
    await bob.hears("one")
    head = await site.runtime.store.clear(GENERAL)
    await site.tick(site.runtime.settings.TIMES.compare)
    reset = await bob.until("joined")
    assert "ref" not in reset
    assert (reset["reset"], reset["epoch"], reset["messages"]) == (True, head.epoch, [])


# --- what else the answer says --------------------------------------------------------------------


async def test_the_snapshot_is_the_hundred_newest_messages(site: Site, settings: Any) -> None:
    """A8: the 101st message drops the first."""
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    [alice] = await site.enter("alice")
    for number in range(1, 102):
        await alice.say(f"{number}")
    joined = await alice.join()
    assert bodies(joined) == [str(number) for number in range(2, 102)]
    assert (joined["n"], joined["more"]) == (101, False)


async def test_joined_names_who_is_called_otherwise_now(site: Site) -> None:
    """A3: old messages keep the name they were sent with, and say who that is now."""
    ann = await site.visitor("Ann")
    tab = await ann.enter()
    [bob] = await site.enter("bob")
    await tab.say("as Ann")
    await bob.say("as bob")
    await ann.choose_name("Anna")
    joined = await bob.join()
    assert [message["author"]["name"] for message in joined["messages"]] == ["Ann", "bob"]
    assert joined["names"] == {tab.id: "Anna"}


async def test_joined_has_no_names_when_nobody_changed_theirs(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("one")
    assert "names" not in await alice.join()


async def test_joined_lists_who_is_here_the_newcomer_too(site: Site) -> None:
    await site.enter("alice")
    bob = await (await site.visitor("bob")).open()
    joined = await bob.join()
    assert [person["name"] for person in joined["members"]["people"]] == ["alice", "bob"]
    assert joined["members"]["count"] == 2


async def test_joined_lists_a_bounded_number_of_people_and_counts_all(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(members_listed=2)
    *_, carol = await site.enter("alice", "bob", "carol")
    members = (await carol.join())["members"]
    assert (len(members["people"]), members["count"]) == (2, 3)


async def test_joined_says_where_reading_stopped(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    assert "first_unread" not in await bob.join()
    await bob.ask("leave", room=GENERAL)
    await bob.say("my own")
    await alice.say("news")
    await alice.say("more news")
    joined = await bob.join()
    assert joined["first_unread"] == 2
    assert "first_unread" not in await alice.join()


async def test_messages_from_before_somebody_first_came_are_history_and_not_news(site: Site) -> None:
    [alice] = await site.enter("alice")
    site.runtime.now_ms = lambda: 1_000_000_000_000
    await alice.say("long ago")
    bob = await (await site.visitor("bob")).open()
    assert bob.welcome["rooms"][0]["unread"] == 0
    assert "first_unread" not in await bob.join()


async def test_the_first_unread_is_none_that_was_deleted(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await bob.say("read up to here")
    gone = await alice.say("taken back")
    await alice.say("stays")
    await alice.ask("delete", room=GENERAL, id=gone["id"])
    assert (await bob.join())["first_unread"] == 3


# --- one room a tab, one group a process ----------------------------------------------------------


async def test_choosing_another_room_leaves_the_first(site: Site) -> None:
    """A7: a tab is in one room."""
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    [bob] = await site.enter("bob")
    await tab.join(room)
    await bob.say("in general", GENERAL)
    await bob.say("in the pit", room)
    await tab.hears("in the pit", room)
    assert not tab.heard("event")
    assert (await bob.join())["members"]["count"] == 2  # for the time of the grace
    await site.pass_time(6)
    assert (await bob.join())["members"]["count"] == 1


async def test_two_tabs_can_be_in_two_channels(site: Site) -> None:
    """A11: the room belongs to the tab and not to the session."""
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    general, pit = await alice.enter(), await alice.enter(room)
    await general.say("to all", GENERAL)
    await pit.say("to the crew", room)
    assert (await general.hears("to all"))["room"] == GENERAL
    assert (await pit.hears("to the crew", room))["room"] == room
    assert not general.heard("event")
    assert not pit.heard("event")


async def test_joining_remembers_the_channel_for_the_next_visit(site: Site) -> None:
    """A11: the last channel is in the session."""
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    await tab.join(room)
    await site.work_done()
    assert (await alice.http.get("/")).headers["Location"] == "/c/pit-crew/"


async def test_what_anybody_sends_to_the_group_of_a_room_reaches_everybody_in_it(site: Site) -> None:
    """The relay is in the group for all of them."""
    alice, bob = await site.enter("alice", "bob")
    layer = site.runtime.relay._layer
    hint = {"type": "chat.hint", "room": GENERAL, "text": '{"type":"typing"}', "but": "nobody"}
    await layer.group_send(room_group(GENERAL), hint)
    assert await alice.until("typing") == await bob.until("typing")


async def test_an_event_that_a_process_missed_is_filled_in_from_the_store(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.runtime.relay, "publish", lambda *_: None)
        await alice.say("lost on the way")
    await alice.say("arrives")
    await bob.hears("lost on the way")
    await bob.hears("arrives")

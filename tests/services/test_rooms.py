"""Entering and reading rooms where something goes wrong, and what is encoded once."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Site

from chat.connection import Connection
from chat.errors import Unavailable
from chat.services import rooms

pytestmark = pytest.mark.django_db(transaction=True)


def broken(*_: object, **__: object) -> Any:
    raise Unavailable("The store cannot be reached.")


async def test_a_store_that_is_down_leaves_the_newcomer_outside_and_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [alice] = await site.enter("alice")
    bob = await (await site.visitor("bob")).open()
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "latest", broken)
        assert await bob.refusal("join", room=GENERAL) == "unavailable"
    assert await bob.refusal("leave", room=GENERAL) == "not_found"
    await site.pass_time(7)
    assert (await alice.ask("members", room=GENERAL))["members"]["count"] == 1
    assert (await bob.join())["members"]["count"] == 2


async def test_who_fails_to_change_rooms_is_in_neither(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    [bob] = await site.enter("bob")
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "latest", broken)
        assert await alice.refusal("join", room=room) == "unavailable"
    await site.pass_time(7)
    for place, count in ((GENERAL, 1), (room, 0)):
        assert (await bob.ask("members", room=place))["members"]["count"] == count


async def test_nothing_is_stored_by_a_store_that_is_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await site.enter("alice", "bob")
    cid = "00000000-0000-4000-8000-000000000000"
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "append", broken)
        assert await alice.refusal("send", room=GENERAL, cid=cid, body="x") == "unavailable"
    ack = await alice.say("x", cid=cid)
    assert (ack["duplicate"], ack["seq"]) == (False, 1)
    await bob.hears("x")


async def test_the_newest_messages_are_encoded_once_for_all_who_enter(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = rooms.encode_messages

    def counting(messages: Any, *, limit: int) -> Any:
        encoded.append(len(messages))
        return encode(messages, limit=limit)

    [alice] = await site.enter("alice")
    await alice.say("one")
    monkeypatch.setattr(rooms, "encode_messages", counting)
    for _ in range(3):
        await alice.join()
    assert encoded == [1]
    await alice.say("two")
    for _ in range(3):
        await alice.join()
    assert encoded == [1, 2]


async def test_encoded_rooms_are_kept_up_to_a_bound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "VIEWS_KEPT", 2)
    visitor = await site.visitor("alice")
    alice = await visitor.open()
    made = [await visitor.make_channel(f"Room {number}") for number in range(3)]
    for room in made:
        await alice.join(room)
    assert list(site.runtime.views) == made[1:]


async def test_the_first_unread_is_told_only_when_it_is_among_the_messages(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(snapshot_bytes=1_000)
    alice, bob = await site.enter("alice", "bob")
    await alice.say("unread, and too far up for one frame " + "x" * 900)
    gone = await alice.say("taken back")
    await alice.ask("delete", room=GENERAL, id=gone["id"])
    joined = await bob.join()
    assert [message["n"] for message in joined["messages"]] == [2]
    assert (await bob.ask("rooms", limit=1))["rooms"][0]["unread"] == 1
    assert "first_unread" not in joined


async def test_leaving_a_room_twice_is_harmless(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    here = site.runtime
    [connection] = [one for one in here.live.values() if one.author.id == bob.id]
    assert isinstance(connection, Connection)
    for _ in range(2):
        await rooms.leave_room(here, connection.who, connection.member)
    await site.pass_time(7)
    assert (await alice.join())["members"]["count"] == 1


async def test_somebody_who_cannot_be_brought_level_is_told_to_try_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room whose log is replaced while somebody enters it."""
    [alice] = await site.enter("alice")
    store = site.runtime.store
    latest = store.latest

    async def replaced(room: str, limit: int) -> Any:
        await store.clear(room)
        snapshot = await latest(room, limit)
        await store.clear(room)
        return snapshot

    bob = await (await site.visitor("bob")).open()
    with monkeypatch.context() as patch:
        patch.setattr(store, "latest", replaced)
        assert await bob.refusal("join", room=GENERAL) == "unavailable"
    await bob.join()
    await alice.join()

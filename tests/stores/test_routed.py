"""Two stores as one keep the promise of a store, and each room's log is in one of them."""

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Any

import pytest

from chat.conf import Limits
from chat.domain import Head
from chat.errors import NameTaken, Unavailable
from chat.stores import memory
from chat.stores.base import TAKEN_OUT_FOR, MessageStore, Moving
from chat.stores.memory import MemoryStore
from chat.stores.routed import RoutedStore

from .contract import ANN, BOB, OTHER, ROOM, CappedContract, MakeStore, bodies, draft, post


class Lasting:
    """Knows which rooms keep every message."""

    def __init__(self, *rooms: str) -> None:
        self.rooms = set(rooms)

    async def lasts(self, room: str) -> bool:
        return room in self.rooms

    async def lasting(self, rooms: Iterable[str]) -> set[str]:
        return self.rooms & set(rooms)

    async def lasts_now(self, room: str) -> bool:
        return await self.lasts(room)


def routed(limits: Limits | None = None, *lasting: str) -> RoutedStore:
    """A store of two in memory; these rooms are in the second."""
    return RoutedStore(MemoryStore(limits), MemoryStore(limits), Lasting(*lasting))


class TestRoutedStore(CappedContract):
    """One room of the contract is in the one store, the others are in the other."""

    is_out = Unavailable

    @pytest.fixture
    def make_store(self) -> MakeStore:
        def make(limits: Limits | None = None) -> MessageStore:
            return routed(limits, OTHER)

        return make


async def test_lists_of_rooms_are_split_and_joined() -> None:
    store = routed(None, OTHER)
    await post(store, ANN, "one", "two")
    await post(store, ANN, "three", room=OTHER)
    heads = await store.heads([ROOM, OTHER, "channel:empty"])
    assert [(room, head.n) for room, head in heads.items()] == [(ROOM, 2), ("channel:empty", 0), (OTHER, 1)]
    assert len({heads[ROOM].epoch, heads[OTHER].epoch}) == 2
    unread = await store.unread([OTHER, ROOM], "somebody", 0)
    assert {room: state.unread for room, state in unread.items()} == {ROOM: 2, OTHER: 1}
    assert set(await store.active_at([ROOM, OTHER, "channel:empty"])) == {ROOM, OTHER}


async def test_a_store_without_any_of_the_rooms_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    store = routed(None)
    monkeypatch.setattr(store, "_lasting", None)
    await store.append(ROOM, draft(ANN))
    assert set(await store.heads([ROOM])) == set(await store.unread([ROOM], BOB.id, 0)) == {ROOM}
    assert await store.active_at([]) == {}


# --- moving --------------------------------------------------------------------------------------------


class Mover:
    """Two stores and which is believed to have the room; ``truth`` is what another process would be told."""

    def __init__(self) -> None:
        self.believed = self.truth = False
        self.recent, self.kept = MemoryStore(), MemoryStore()
        self.store = RoutedStore(self.recent, self.kept, self)

    async def lasts(self, _: str) -> bool:
        return self.believed

    async def lasts_now(self, _: str) -> bool:
        self.believed = self.truth
        return self.believed

    async def lasting(self, rooms: Iterable[str]) -> set[str]:
        return set(rooms) if self.believed else set()

    async def move(self, lasting: bool) -> None:
        async def switch(log: Moving, head: Head) -> None:
            self.believed = self.truth = lasting

        await self.store.move(ROOM, lasting=lasting, switch=switch)


async def test_a_room_moves_with_its_messages_and_has_another_epoch() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")
    before = (await mover.store.heads([ROOM]))[ROOM]
    await mover.move(True)
    there = (await mover.store.heads([ROOM]))[ROOM]
    assert (there.seq, there.n) == (before.seq, before.n)
    assert there.epoch != before.epoch
    assert bodies((await mover.store.latest(ROOM, 10)).page.messages) == ["before"]
    assert (await mover.recent.latest(ROOM, 10)).page.messages == ()
    await post(mover.store, BOB, "there")
    await mover.move(False)
    assert bodies((await mover.store.latest(ROOM, 10)).page.messages) == ["before", "there"]
    assert (await mover.kept.latest(ROOM, 10)).page.messages == ()
    assert len({before.epoch, there.epoch, (await mover.store.heads([ROOM]))[ROOM].epoch}) == 3


async def test_what_is_sent_while_a_room_moves_waits_and_is_in_the_new_store() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")
    sends: list[asyncio.Task[Any]] = []

    async def switch(log: Moving, head: Head) -> None:
        sends.append(asyncio.create_task(mover.store.append(ROOM, draft(BOB, "meanwhile"))))
        await asyncio.sleep(0)
        assert not sends[0].done()
        mover.believed = mover.truth = True

    await mover.store.move(ROOM, lasting=True, switch=switch)
    assert (await sends[0]).message.n == 2
    assert bodies((await mover.kept.latest(ROOM, 10)).page.messages) == ["before", "meanwhile"]


@pytest.mark.parametrize("lasting", [True, False])
async def test_a_move_that_comes_to_nothing_leaves_the_log_where_it_was(lasting: bool) -> None:
    mover = Mover()
    mover.believed = mover.truth = not lasting
    await post(mover.store, ANN, "before")
    head = (await mover.store.heads([ROOM]))[ROOM]

    async def switch(log: Moving, head: Head) -> None:
        raise NameTaken("Somebody has it.")

    with pytest.raises(NameTaken):
        await mover.store.move(ROOM, lasting=lasting, switch=switch)
    assert (await mover.store.heads([ROOM]))[ROOM] == head
    assert (await post(mover.store, ANN, "after"))[0].n == 2
    assert (await (mover.kept if lasting else mover.recent).latest(ROOM, 10)).page.messages == ()


async def test_a_move_that_came_true_though_the_answer_was_lost_is_finished() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")

    async def switch(log: Moving, head: Head) -> None:
        mover.truth = True
        raise ConnectionError("after the commit")

    await mover.store.move(ROOM, lasting=True, switch=switch)
    assert (await post(mover.store, ANN, "after"))[0].n == 2
    assert bodies((await mover.kept.latest(ROOM, 10)).page.messages) == ["before", "after"]


async def test_a_move_of_which_nobody_can_tell_what_became_holds_up_the_room_for_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")

    async def away(*_: Any) -> Any:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(mover, "lasts_now", away)
        patch.setattr(mover.kept, "take_in", away)
        with pytest.raises(Unavailable):
            await mover.move(True)
    with pytest.raises(Unavailable):
        await mover.store.append(ROOM, draft(BOB, "too early"))
    monkeypatch.setattr(memory, "monotonic", lambda: monotonic() + TAKEN_OUT_FOR)
    assert (await post(mover.store, ANN, "after"))[0].n == 2


async def test_a_process_that_has_not_heard_of_a_move_looks_again_and_loses_nothing() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")
    await mover.move(True)
    mover.believed = False  # as another process still believes
    message = (await mover.store.append(ROOM, draft(BOB, "late"))).message
    assert message.n == 2
    assert bodies((await mover.kept.latest(ROOM, 10)).page.messages) == ["before", "late"]


async def test_while_another_process_moves_a_room_its_changes_are_to_be_tried_again() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")
    await mover.recent.take_out(ROOM)  # by the other process
    with pytest.raises(Unavailable):
        await mover.store.append(ROOM, draft(BOB, "meanwhile"))
    with pytest.raises(Unavailable):
        await mover.move(True)
    await mover.recent.put_back(ROOM)
    assert (await post(mover.store, BOB, "again"))[0].n == 2


async def test_a_room_is_moved_once_at_a_time() -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")

    async def switch(log: Moving, head: Head) -> None:
        with pytest.raises(Unavailable):
            await mover.move(True)
        mover.believed = mover.truth = True

    await mover.store.move(ROOM, lasting=True, switch=switch)
    assert bodies((await mover.store.latest(ROOM, 10)).page.messages) == ["before"]


async def test_what_was_cleared_does_not_come_back_with_a_move() -> None:
    mover = Mover()
    await post(mover.store, ANN, "said")
    await mover.move(True)
    await mover.store.clear(ROOM)
    await mover.move(False)
    assert (await mover.store.latest(ROOM, 10)).page.messages == ()


async def test_a_former_store_that_cannot_be_emptied_changes_nothing_for_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mover = Mover()
    await post(mover.store, ANN, "before")

    async def fail(room: str) -> None:
        raise Unavailable("Gone.")

    monkeypatch.setattr(mover.recent, "give_up", fail)
    await mover.move(True)
    assert (await post(mover.store, ANN, "after"))[0].n == 2


async def test_one_store_in_two_roles_moves_nothing() -> None:
    one = MemoryStore()
    rooms = Lasting()

    async def switch(log: Moving, head: Head) -> None:
        assert head == before
        rooms.rooms.add(ROOM)

    store = RoutedStore(one, one, rooms)
    await post(store, ANN, "before")
    before = (await store.heads([ROOM]))[ROOM]
    await store.move(ROOM, lasting=True, switch=switch)
    assert (await store.heads([ROOM]))[ROOM] == before
    assert (await post(store, ANN, "after"))[0].n == 2


def test_what_it_says_of_the_process_is_what_the_channels_store_says() -> None:
    assert routed().in_process

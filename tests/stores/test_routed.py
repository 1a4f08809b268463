"""Two stores as one keep the promise of a store, and each room's log is in one of them."""

from collections.abc import Iterable

import pytest

from chat.conf import Limits
from chat.stores.base import MessageStore
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


def routed(limits: Limits | None = None, *lasting: str) -> RoutedStore:
    """A store of two in memory; these rooms are in the second."""
    return RoutedStore(MemoryStore(limits), MemoryStore(limits), Lasting(*lasting))


class TestRoutedStore(CappedContract):
    """One room of the contract is in the one store, the others are in the other."""

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


async def test_a_room_that_moves_has_another_log_and_finds_the_former_one_when_it_comes_back() -> None:
    lasting = Lasting()
    store = RoutedStore(MemoryStore(), MemoryStore(), lasting)
    await post(store, ANN, "before")
    before = (await store.heads([ROOM]))[ROOM]
    lasting.rooms.add(ROOM)
    assert (await store.heads([ROOM]))[ROOM].epoch != before.epoch
    assert (await store.latest(ROOM, 10)).page.messages == ()
    assert await store.read_after(ROOM, before.epoch, 0) is None
    lasting.rooms.clear()
    assert (await store.heads([ROOM]))[ROOM] == before
    assert bodies((await store.latest(ROOM, 10)).page.messages) == ["before"]


async def test_clearing_clears_both() -> None:
    rooms = Lasting()
    store = RoutedStore(MemoryStore(), MemoryStore(), rooms)
    for lasting in ({ROOM}, set[str]()):
        rooms.rooms = lasting
        await post(store, ANN, "said")
    await store.clear(ROOM)
    for lasting in ({ROOM}, set[str]()):
        rooms.rooms = lasting
        assert (await store.latest(ROOM, 10)).page.messages == ()


def test_what_it_says_of_the_process_is_what_the_channels_store_says() -> None:
    assert routed().in_process

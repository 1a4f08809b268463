"""The in-process store: the promise of every store, and its own bounds."""

import asyncio

import pytest

from chat.conf import Limits
from chat.stores.base import MessageStore, new_id
from chat.stores.memory import MemoryStore

from .contract import ANN, BOB, NOW, ROOM, CappedContract, MakeStore, draft, post
from .machine import LIMITS, STEPS, StoreMachine


class TestMemoryStore(CappedContract):
    @pytest.fixture
    def make_store(self) -> MakeStore:
        return MemoryStore


class MemoryMachine(StoreMachine):
    def make_store(self) -> MessageStore:
        return MemoryStore(LIMITS)


TestMemoryHistories = MemoryMachine.TestCase
TestMemoryHistories.settings = STEPS


def test_5000_sends_of_a_room_are_remembered() -> None:
    assert Limits().cids_kept == 5_000


async def test_the_last_sends_of_a_room_are_remembered_and_no_more() -> None:
    store = MemoryStore(Limits(cids_kept=100))
    first = await store.append(ROOM, draft(cid="first"))
    for _ in range(99):
        await store.append(ROOM, draft())
    assert (await store.append(ROOM, draft(cid="first"))).duplicate
    await store.append(ROOM, draft())
    again = await store.append(ROOM, draft(cid="first"))
    assert not again.duplicate
    assert again.message.id != first.message.id


async def test_a_remembered_send_holds_no_text() -> None:
    store = MemoryStore()
    await store.append(ROOM, draft(cid="C", body="x" * 4_000))
    assert (await store.append(ROOM, draft(cid="C", body="x" * 4_000))).message.body == ""


async def test_memory_is_bounded_whatever_is_sent() -> None:
    store = MemoryStore(Limits(kept=10, events_kept=20, cids_kept=30, markers_kept=40))
    for i in range(200):
        person = ANN if i % 2 else BOB
        message = (await store.append(ROOM, draft(person))).message
        await store.edit(ROOM, message.id, "edited", NOW)
        await store.mark_read(ROOM, f"p{i}", store._epoch, 1_000, 0)
    log = store._logs[ROOM]
    sizes = [len(log.messages), len(log.kept), len(log.events), len(log.sends), len(log.markers)]
    assert sizes == [10, 10, 20, 30, 40]


async def test_the_marker_that_was_moved_longest_ago_is_forgotten_first() -> None:
    store = MemoryStore(Limits(markers_kept=3))
    await post(store, BOB, "1", "2")
    for person, n in (("first", 1), ("second", 2), ("first", 2), ("third", 2), ("fourth", 2)):
        await store.mark_read(ROOM, person, store._epoch, n, 0)
    people = ("first", "second", "third", "fourth")
    unread = [(await store.unread([ROOM], person, 0))[ROOM].unread for person in people]
    assert unread == [0, 2, 0, 0]


async def test_what_a_closed_store_has_lost_is_another_life() -> None:
    store = MemoryStore()
    before = await store.append(ROOM, draft())
    await store.close()
    head = (await store.heads([ROOM]))[ROOM]
    assert head.epoch != before.epoch
    assert head.seq == 0


async def test_a_new_process_has_new_epochs() -> None:
    heads = await asyncio.gather(*(MemoryStore().heads([ROOM]) for _ in range(10)))
    assert len({head[ROOM].epoch for head in heads}) == 10


def test_ids_are_never_used_again() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000

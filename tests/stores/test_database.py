"""The database store: the promise of every store, and what only a database can promise."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, get_ident
from typing import Any, TypeVar

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connection, transaction
from hypothesis import settings
from people import thread_of_a_request

from chat.conf import Limits
from chat.domain import Attachment, Head, Message, Page, Quote, Unread
from chat.errors import NotFound, Unavailable
from chat.models import Message as MessageRow
from chat.models import MessageReaction, ReadMarker, RoomEvent, RoomLog
from chat.stores import database, tables
from chat.stores.base import MessageStore
from chat.stores.database import DatabaseStore

from .contract import (
    ANN,
    BOB,
    NOW,
    OTHER,
    ROOM,
    THUMB,
    MakeStore,
    StoreContract,
    bodies,
    draft,
    events_after,
    post,
    post_many,
    replay,
)
from .machine import LIMITS, STEPS, StoreMachine

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


class TestDatabaseStore(StoreContract):
    @pytest.fixture
    def make_store(self) -> MakeStore:
        return DatabaseStore


class DatabaseMachine(StoreMachine):
    kept = None
    cids_kept = None

    async def _made(self) -> MessageStore:
        # Another history begins in the same tables.
        store = DatabaseStore(LIMITS)
        await store.clear(ROOM)
        return store


TestDatabaseHistories = DatabaseMachine.TestCase
# A step asks some fifty questions, each of them a visit to the database.
TestDatabaseHistories.settings = settings(
    STEPS, max_examples=max(3, STEPS.max_examples // 3), stateful_step_count=25
)


async def in_database(work: Callable[[], T]) -> T:
    """As the store does: in the thread for the database."""
    return await database_sync_to_async(work)()  # type: ignore[no-any-return]


def at_once(*work: Callable[[], T]) -> list[T]:
    """Each in a thread with a connection of its own, as other processes have, from the same moment on."""
    start = Barrier(len(work))

    def run(one: Callable[[], T]) -> T:
        start.wait()
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(run, work))


# --- what it keeps -------------------------------------------------------------------------------------


async def test_everything_survives_the_process() -> None:
    before = DatabaseStore()
    messages = await post(before, BOB, "one", "two", "three")
    await before.react(ROOM, messages[0].id, ANN.id, THUMB, True)
    await before.mark_read(ROOM, ANN.id, (await before.heads([ROOM]))[ROOM].epoch, 2, 0)
    left = await before.heads([ROOM, OTHER]), await before.latest(ROOM, 10), await replay(before, 1)
    await before.close()
    after = DatabaseStore()
    assert (await after.heads([ROOM, OTHER]), await after.latest(ROOM, 10), await replay(after, 1)) == left
    assert (await after.unread([ROOM], ANN.id, 0))[ROOM] == Unread(2, 1)
    assert (await post(after, ANN, "four"))[0].n == 4


async def test_no_bound_drops_a_message_a_send_or_a_marker() -> None:
    store = DatabaseStore(Limits(kept=2, cids_kept=2, markers_kept=2))
    first = await store.append(ROOM, draft(BOB, cid="C"))
    people = [f"p{i}" for i in range(5)]
    for person in people:
        await store.mark_read(ROOM, person, first.epoch, 1, 0)
    for _ in range(9):
        assert (await store.append(ROOM, draft())).released == ()
    page = (await store.latest(ROOM, 100)).page
    assert (len(page.messages), page.more) == (10, False)
    assert (await store.append(ROOM, draft(BOB, cid="C"))).message.id == first.message.id
    for person in people:
        assert (await store.unread([ROOM], person, 0))[ROOM] == Unread(1, 9)


async def test_the_log_behind_resume_is_bounded() -> None:
    store = DatabaseStore(Limits(events_kept=10))
    await post_many(store, 25)
    await post(store, ANN, "elsewhere", room=OTHER)
    assert await RoomEvent.objects.filter(log__room=ROOM).acount() == 10
    assert await replay(store, 14) is None
    assert [event.seq for event in await events_after(store, 15)] == list(range(16, 26))


async def test_a_bound_that_was_lowered_holds_at_once_and_one_that_was_raised_tells_no_lie() -> None:
    await post_many(DatabaseStore(Limits(events_kept=10)), 25)
    assert await replay(DatabaseStore(Limits(events_kept=5)), 15) is None
    assert await replay(DatabaseStore(Limits(events_kept=20)), 14) is None
    assert len(await events_after(DatabaseStore(Limits(events_kept=20)), 15)) == 10


async def test_nothing_of_a_deleted_message_is_left_in_the_tables() -> None:
    store = DatabaseStore()
    file = Attachment("f1", "secret.png", "image/png", 10, "/files/f1/secret.png")
    sent = draft(ANN, "secret", attachments=(file,), reply_to=Quote("m0", BOB, "secret too"))
    message = (await store.append(ROOM, sent)).message
    await store.edit(ROOM, message.id, "another secret", NOW)
    await store.react(ROOM, message.id, BOB.id, THUMB, True)
    await store.delete(ROOM, message.id)

    def rows() -> list[object]:
        kept = (MessageRow, MessageReaction, RoomEvent, RoomLog, ReadMarker)
        return [row for table in kept for row in table._default_manager.values()]

    left = await in_database(rows)
    assert len(left) == 1 + 0 + 4 + 2 + 1
    assert "secret" not in repr(left)


async def test_clearing_leaves_no_row_of_this_room_and_all_of_others() -> None:
    store = DatabaseStore()
    for room in (ROOM, OTHER):
        [message, _] = await post(store, ANN, "one", "two", room=room)
        await store.react(room, message.id, BOB.id, THUMB, True)
    await store.clear(ROOM)
    for table, left in ((MessageRow, 2), (RoomEvent, 3), (ReadMarker, 1)):
        assert await table._default_manager.filter(log__room=ROOM).acount() == 0
        assert await table._default_manager.filter(log__room=OTHER).acount() == left
    assert await MessageReaction.objects.acount() == 1


async def test_an_id_that_no_text_of_a_database_can_be_is_not_found() -> None:
    store = DatabaseStore()
    await post(store, ANN, "hello")
    for strange in ("\0", "m\0m", "x" * 1_000, "%", "'"):
        with pytest.raises(NotFound):
            await store.get(ROOM, strange)


async def test_a_kind_of_reaction_stays_where_it_was_first_put() -> None:
    store = DatabaseStore()
    [message] = await post(store, ANN, "hello")
    for person, emoji, on in (
        ("ann", THUMB, True),
        ("bob", "🔧", True),
        ("bob", THUMB, True),
        ("ann", THUMB, False),
    ):
        await store.react(ROOM, message.id, person, emoji, on)
    assert [one.emoji for one in (await store.get(ROOM, message.id)).reactions] == [THUMB, "🔧"]
    await store.react(ROOM, message.id, "bob", THUMB, False)
    await store.react(ROOM, message.id, "ann", THUMB, True)
    assert [one.emoji for one in (await store.get(ROOM, message.id)).reactions] == ["🔧", THUMB]


# --- several processes ----------------------------------------------------------------------------------


def test_of_several_who_write_to_a_new_room_at_once_all_write_to_one_log() -> None:
    stores = [DatabaseStore() for _ in range(6)]

    def write(store: MessageStore, person: int) -> list[tuple[str, Message]]:
        append = async_to_sync(store.append)
        sent = [append(ROOM, draft(ANN, cid=f"{person} {number}")) for number in range(8)]
        # The same send from all of them is one message.
        same = append(ROOM, draft(BOB, cid="same"))
        return [(one.epoch, one.message) for one in (*sent, same)]

    each = at_once(*(lambda store=store, person=i: write(store, person) for i, store in enumerate(stores)))  # type: ignore[misc]
    written = [one for many in each for one in many]
    assert len({epoch for epoch, _ in written}) == 1
    assert {message.seq for _, message in written} == set(range(1, 6 * 8 + 2))
    assert {message.n for _, message in written} == set(range(1, 6 * 8 + 2))
    assert len({message.id for _, message in written}) == 6 * 8 + 1
    assert RoomLog.objects.filter(room=ROOM).count() == 1


def test_several_who_look_at_an_untouched_room_at_once_see_one_epoch() -> None:
    def look() -> Head:
        return async_to_sync(DatabaseStore().heads)([ROOM])[ROOM]

    assert len(set(at_once(*[look] * 6))) == 1


def test_a_snapshot_is_of_one_moment_while_other_processes_write() -> None:
    done = Event()

    def write() -> int:
        store = DatabaseStore()
        try:
            for number in range(40):
                stored = async_to_sync(store.append)(ROOM, draft(body="0"))
                async_to_sync(store.edit)(ROOM, stored.message.id, str(number), NOW)
        finally:
            done.set()
        return 0

    def read() -> int:
        store, looks = DatabaseStore(), 0
        while not done.is_set() or not looks:
            head, page = async_to_sync(store.latest)(ROOM, 100)
            assert [message.n for message in page.messages] == list(range(1, head.n + 1))
            edited = [message for message in page.messages if message.edited_at]
            assert len(page.messages) + len(edited) == head.seq
            found = async_to_sync(store.read_after)(ROOM, head.epoch, max(0, head.seq - 3))
            assert found is not None
            assert [event.seq for event in found.events][-1:] == [found.head.seq][: found.head.seq]
            looks += 1
        return looks

    assert at_once(write, read)[1] > 0


async def test_who_cannot_catch_a_quiet_moment_makes_the_writers_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = DatabaseStore()
    await post_many(store, 3)
    looked = 0

    def busy(room: str, log: RoomLog | None, limit: int) -> Page:
        nonlocal looked
        looked += 1
        if not connection.in_atomic_block:
            store._append(ROOM, draft())  # somebody else's
        return page(room, log, limit)

    page = tables.page
    monkeypatch.setattr(tables, "page", busy)
    head, found = await store.latest(ROOM, 100)
    assert looked == tables.LOOKS + 1
    assert head.n == len(found.messages) == 3 + tables.LOOKS


async def test_requests_share_the_connection_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    store = DatabaseStore()
    monkeypatch.setattr(tables, "heads", lambda _: get_ident())
    ours = await store.heads([ROOM])
    async with thread_of_a_request():
        assert await sync_to_async(get_ident)() != ours
        assert await store.heads([ROOM]) == ours


# --- a database that fails ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_what_could_not_be_stored_whole_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    store = DatabaseStore()
    [message] = await post(store, ANN, "hello")
    before = await store.latest(ROOM, 10), await store.heads([ROOM])

    def fail(*_: object, **__: object) -> None:
        raise error("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(database, "_mark", fail)  # the last step of an append
        with pytest.raises(Unavailable):
            await store.append(ROOM, draft())
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseStore, "_advance", fail)  # of a change
        for change in (
            store.edit(ROOM, message.id, "x", NOW),
            store.delete(ROOM, message.id),
            store.react(ROOM, message.id, BOB.id, THUMB, True),
        ):
            with pytest.raises(Unavailable):
                await change
    assert (await store.latest(ROOM, 10), await store.heads([ROOM])) == before
    assert (await post(store, ANN, "again"))[0].seq == 2


@pytest.fixture
def locked() -> Iterator[Callable[[], Any]]:
    """``await locked()``: from then on another process keeps the room locked, and ours is impatient."""
    release = Event()
    threads = ThreadPoolExecutor(1)

    def be_impatient() -> None:
        patience = "PRAGMA busy_timeout=50" if connection.vendor == "sqlite" else "SET lock_timeout=50"
        with connection.cursor() as cursor:
            cursor.execute(patience)

    def hold(is_held: Event) -> None:
        try:
            with transaction.atomic():
                RoomLog.objects.select_for_update().get(room=ROOM)
                is_held.set()
                release.wait()
        finally:
            connection.close()

    async def lock() -> Callable[[], None]:
        await in_database(be_impatient)
        is_held = Event()
        holding = threads.submit(hold, is_held)
        await asyncio.to_thread(is_held.wait, 20)

        def unlock() -> None:
            release.set()
            holding.result()

        return unlock

    yield lock
    release.set()
    threads.shutdown()


async def test_a_database_that_is_locked_for_too_long_is_unavailable(locked: Callable[[], Any]) -> None:
    store = DatabaseStore()
    await post(store, ANN, "hello")
    unlock = await locked()
    with pytest.raises(Unavailable):
        await store.append(ROOM, draft())
    # Readers do not wait for writers.
    assert bodies((await store.latest(ROOM, 10)).page.messages) == ["hello"]
    assert (await store.unread([ROOM], BOB.id, 0))[ROOM].unread == 1
    unlock()
    assert (await post(store, ANN, "again"))[0].seq == 2
    await in_database(lambda: connection.close())

"""A channel's log on its way between the stores that there are: one that forgets, and one that keeps all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chat.conf import Limits
from chat.domain import Author, Draft, Unread
from chat.models import Message as MessageRow
from chat.models import RoomLog
from chat.stores.base import TAKEN_OUT_FOR, MessageStore, NotHere
from chat.stores.database import DatabaseStore
from chat.stores.memory import MemoryStore

from .contract import ANN, BOB, CAROL, HEART, NOW, ROOM, THUMB, bodies, draft, post, post_many

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def recent(request: pytest.FixtureRequest) -> AsyncIterator[MessageStore]:
    """A store that keeps the newest ten, and remembers twenty sends."""
    limits = Limits(kept=10, cids_kept=20, markers_kept=30)
    if request.param == "memory":
        yield MemoryStore(limits)
        return
    from chat.redis import Client
    from chat.stores.redis import RedisStore

    client = Client(request.getfixturevalue("redis_server").url, "test:")
    yield RedisStore(limits, client)
    await client.close()


@pytest.fixture
def lasting() -> MessageStore:
    return DatabaseStore(Limits(kept=10, cids_kept=20, markers_kept=30))


async def move(source: MessageStore, target: MessageStore) -> None:
    await target.take_in(ROOM, await source.take_out(ROOM))
    await source.give_up(ROOM)


async def said(store: MessageStore) -> list[Any]:
    """Every message that there is, whole."""
    return list((await store.latest(ROOM, 100)).page.messages)


async def test_a_log_is_the_same_after_a_way_there_and_back(
    recent: MessageStore, lasting: MessageStore
) -> None:
    await post_many(recent, 6, BOB)
    first, second, *_ = await said(recent)
    await recent.edit(ROOM, first.id, "changed: \u2028 \\n\n👋🏽", NOW + 1)
    await recent.delete(ROOM, second.id)
    for emoji, person in ((HEART, BOB), (THUMB, BOB), (THUMB, CAROL), (HEART, ANN)):
        await recent.react(ROOM, first.id, person.id, emoji, True)
    await recent.mark_read(ROOM, CAROL.id, (await recent.heads([ROOM]))[ROOM].epoch, 3, 0)
    before = await said(recent), [await unread(recent, one) for one in (ANN, BOB, CAROL)]
    head = (await recent.heads([ROOM]))[ROOM]
    for source, target in ((recent, lasting), (lasting, recent)) * 2:
        await move(source, target)
        assert (await said(target), [await unread(target, one) for one in (ANN, BOB, CAROL)]) == before
        assert (await target.heads([ROOM]))[ROOM][1:] == head[1:]
        assert await said(source) == []
    await move(recent, lasting)
    assert await lasting.react(ROOM, first.id, BOB.id, HEART, True) is None
    change = await lasting.react(ROOM, first.id, CAROL.id, HEART, True)
    assert change is not None
    assert change.event.seq == head.seq + 1
    assert [(one.emoji, one.count, one.by) for one in (await lasting.get(ROOM, first.id)).reactions] == [
        (HEART, 3, (BOB.id, ANN.id, CAROL.id)),
        (THUMB, 2, (BOB.id, CAROL.id)),
    ]


async def unread(store: MessageStore, person: Author) -> Unread:
    return (await store.unread([ROOM], person.id, 0))[ROOM]


async def test_what_was_forgotten_before_a_move_is_not_unread_after_it(
    recent: MessageStore, lasting: MessageStore
) -> None:
    await recent.append(ROOM, draft(CAROL, cid="C"))
    await post_many(recent, 15, BOB)
    await move(recent, lasting)
    assert [one.n for one in await said(lasting)] == list(range(7, 17))
    assert (await lasting.before(ROOM, 9, 5)).more is False
    assert (await unread(lasting, CAROL)).unread == (await unread(lasting, ANN)).unread == 10
    await post(lasting, ANN, "seventeen")
    assert (await unread(lasting, CAROL)).unread == 11


async def test_of_what_was_kept_the_newest_stay_and_the_rows_are_gone(
    recent: MessageStore, lasting: MessageStore
) -> None:
    await lasting.append(ROOM, draft(CAROL, "first", cid="C-1"))
    await lasting.append(ROOM, draft(CAROL, "second", cid="C-2"))
    await post_many(lasting, 23, BOB)
    await move(lasting, recent)
    assert bodies(await said(recent)) == [str(number) for number in range(14, 24)]
    assert (await recent.before(ROOM, 20, 50)).more is False
    assert (await unread(recent, CAROL)).unread == 10
    assert await MessageRow.objects.acount() == 0
    # Twenty sends are remembered there, ten of them without a message.
    assert await recent.sent(ROOM, BOB.id, (await said(recent))[0].cid) is not None
    assert await recent.sent(ROOM, CAROL.id, "C-2") is None


async def test_a_send_that_is_tried_again_after_a_move_is_one_message(
    recent: MessageStore, lasting: MessageStore
) -> None:
    sent = [Draft(BOB, f"C{number}", "text", NOW) for number in range(12)]
    first = [(await lasting.append(ROOM, one)).message.id for one in sent]
    await move(lasting, recent)
    again = [await recent.append(ROOM, one) for one in sent]
    assert [(one.message.id, one.duplicate) for one in again] == [(one, True) for one in first]
    await move(recent, lasting)
    again = [await lasting.append(ROOM, one) for one in sent[2:]]
    assert [(one.message.id, one.duplicate) for one in again] == [(one, True) for one in first[2:]]


async def test_a_log_whose_mover_died_can_be_changed_again_after_half_a_minute(
    lasting: MessageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(lasting, ANN, "before")
    await lasting.take_out(ROOM)
    log = await RoomLog.objects.aget(room=ROOM)
    monkeypatch.setattr("chat.stores.moves._now", lambda: log.closed_until - 1)
    with pytest.raises(NotHere):
        await lasting.append(ROOM, draft())
    monkeypatch.setattr("chat.stores.moves._now", lambda: log.closed_until)
    assert (await lasting.append(ROOM, draft())).message.n == 2
    assert (await RoomLog.objects.aget(room=ROOM)).closed_until == log.closed_until


@pytest.mark.redis
async def test_on_redis_too(redis_server: Any) -> None:
    from chat.redis import Client
    from chat.stores.redis import RedisStore

    client = Client(redis_server.url, "test:")
    store = RedisStore(Limits(), client)
    await post(store, ANN, "before")
    await store.take_out(ROOM)
    key = f"test:room:{ROOM}:out"
    assert TAKEN_OUT_FOR - 5 < await client.command("TTL", key) <= TAKEN_OUT_FOR
    await client.command("DEL", key)  # as time does
    assert (await store.append(ROOM, draft())).message.n == 2
    await store.give_up(ROOM)
    assert await client.command("TTL", key) == -1
    await client.close()


def test_two_stores_on_the_same_tables_are_one() -> None:
    """A site may keep its channels in the database too: then there is nowhere to move."""
    assert DatabaseStore().is_one_with(DatabaseStore())
    assert not DatabaseStore().is_one_with(MemoryStore())
    assert not MemoryStore().is_one_with(MemoryStore())

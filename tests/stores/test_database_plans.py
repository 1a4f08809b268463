"""The database store in a room of 100,000 messages: as many queries as with 100, each by an index."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.domain import Unread
from chat.models import Message, ReadMarker, RoomEvent, RoomLog
from chat.stores.base import MessageStore
from chat.stores.database import DatabaseStore

from .contract import NOW, OTHER, ROOM, draft

pytestmark = pytest.mark.django_db(transaction=True)

FEW, MANY = 100, 100_000
EPOCH, MINUTE = "epoch", 60_000

# What people do all the time, in a room of so many messages: in its middle or near its end.
ACTS: dict[str, Callable[[MessageStore, str, int], Awaitable[Any]]] = {
    "open": lambda store, room, size: store.latest(room, 50),
    "page back": lambda store, room, size: store.before(room, size // 2, 50),
    "catch up": lambda store, room, size: store.read_after(room, EPOCH, size - 50),
    "count with a marker": lambda store, room, size: store.unread([room], "reader", 0),
    "count without one": lambda store, room, size: store.unread([room], "new", NOW + size // 2 * MINUTE),
    "mark as read": lambda store, room, size: store.mark_read(room, "another", EPOCH, size - 3, NOW),
    "send": lambda store, room, size: store.append(room, draft(cid="C")),
    "send again": lambda store, room, size: store.append(room, draft(cid="C")),
    "edit": lambda store, room, size: store.edit(room, f"{room[-4:]}-{size - 9}", "changed", NOW),
    "list": lambda store, room, size: store.heads([room]),
}


# In the database itself, as making a hundred thousand objects takes ten times as long.
FILL = """
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < %s)
    INSERT INTO chat_message
        (id, log_id, seq, n, cid, author_id, author_name, author_guest, body, ts, deleted, attachments)
    SELECT
        %s || i, %s, i, i, i, 'p' || i %% 50, 'P', 1 = 1, 'What was said at ' || i,
        %s + %s * CAST(i AS bigint), i %% 1000 = 7, '[]'
    FROM number
"""


def fill(room: str, size: int) -> None:
    """Messages of fifty people, one a minute, of which one in a thousand was deleted."""
    log = RoomLog.objects.create(room=room, epoch=EPOCH, seq=size, n=size)
    ReadMarker.objects.create(log=log, person="reader", n=size // 5)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [size, f"{room[-4:]}-", log.pk, NOW, MINUTE])
    RoomEvent.objects.bulk_create(
        RoomEvent(log=log, seq=n, kind="message", message=f"{room[-4:]}-{n}")
        for n in range(size - 90, size + 1)
    )


def queries_of(name: str, room: str, size: int) -> list[str]:
    async def act() -> None:
        await ACTS[name](DatabaseStore(), room, size)

    with CaptureQueriesContext(connection) as captured:
        async_to_sync(act)()
    return [query["sql"] for query in captured]


def plan(query: str) -> str:
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {query}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def looks_at_all(plan: str) -> bool:
    """Whether it walks through all messages. Only other tables may be so small that this is the way."""
    return bool(re.search(r"(SCAN|Seq Scan on) (chat_message|u\d+)\b", plan, re.IGNORECASE))


def test_100_000_messages_cost_as_many_queries_as_100_and_each_finds_its_rows_by_an_index() -> None:
    fill(OTHER, FEW)
    fill(ROOM, MANY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for name in ACTS:
        of_few, of_many = queries_of(name, OTHER, FEW), queries_of(name, ROOM, MANY)
        assert len(of_many) == len(of_few), name
        for query in of_many:
            if "chat_message" in query and query.startswith("SELECT"):
                found = plan(query)
                assert not looks_at_all(found), (name, query, found)
    # The counts themselves, by the rows.
    unread = async_to_sync(DatabaseStore().unread)
    late = Message.objects.filter(log__room=ROOM, n__gt=MANY // 5, deleted=False)
    assert unread([ROOM], "reader", 0)[ROOM] == Unread(MANY // 5, late.count())
    since = NOW + MANY // 2 * MINUTE
    after = Message.objects.filter(log__room=ROOM, n__gt=MANY // 2, deleted=False).exclude(author_id="p3")
    assert unread([ROOM], "p3", since)[ROOM] == Unread(MANY // 2, after.count())

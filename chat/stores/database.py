"""The database store: every message is kept, in the tables of ``chat.models.history``.

Each method is one visit to the database thread, each change one transaction that locks the room's head row
first: PostgreSQL by ``SELECT … FOR UPDATE``, SQLite by ``BEGIN IMMEDIATE`` (``transaction_mode`` in the
settings). So ``seq`` rises by exactly one in however many processes. Nothing is dropped but log entries over
``events_kept``; a send is remembered for ever, and a room's epoch ends only when it is cleared.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextvars import Context
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.db.models import Count, Max

from chat.conf import Limits
from chat.database import in_database
from chat.domain import DeleteEvent, Draft, EditEvent, Head, Message, Page, ReactionEvent, Unread
from chat.errors import NotFound, TooLong
from chat.models import Message as MessageRow
from chat.models import MessageReaction, ReadMarker, RoomEvent, RoomLog
from chat.stores import counts, moves, tables
from chat.stores.base import (
    Appended,
    Change,
    MessageStore,
    Moving,
    NotHere,
    Replay,
    Snapshot,
    new_id,
    numbered,
)

P = ParamSpec("P")
T = TypeVar("T")


async def _visit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do this in the process's database thread.

    Not in the context of whoever asks: an HTTP request has a thread of its own, and a connection in it
    until it ends, which for somebody who polls would be always.
    """
    visit = in_database(work, *args, **kwargs)
    return await asyncio.get_running_loop().create_task(visit, context=Context())


class DatabaseStore(MessageStore):
    """See ``MessageStore``. Of ``limits``, those of reactions hold, and ``events_kept``."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    async def append(self, room: str, draft: Draft) -> Appended:
        return await _visit(self._append, room, draft)

    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        return await _visit(_sent, room, author, cid)

    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        return await _visit(self._edit, room, message_id, body, ts)

    async def delete(self, room: str, message_id: str) -> Change:
        return await _visit(self._delete, room, message_id)

    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        return await _visit(self._react, room, message_id, person, emoji, on)

    async def get(self, room: str, message_id: str) -> Message:
        return await _visit(tables.get, room, message_id)

    async def latest(self, room: str, limit: int) -> Snapshot:
        return Snapshot(*await _visit(tables.at_one_moment, room, partial(tables.page, room, limit=limit)))

    async def before(self, room: str, n: int, limit: int) -> Page:
        return await _visit(lambda: tables.page(room, tables.find_log(room), limit, n))

    async def read_after(self, room: str, epoch: str, seq: int) -> Replay | None:
        def read(log: RoomLog | None) -> Replay | None:
            head = tables.head_of(log)
            if epoch != head.epoch or not max(0, head.seq - self._limits.events_kept) <= seq <= head.seq:
                return None
            events = () if log is None else tables.events(room, log, seq)
            return None if events is None else Replay(head, events)

        return (await _visit(tables.at_one_moment, room, read))[1]

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        return await _visit(tables.heads, rooms)

    async def active_at(self, rooms: Iterable[str]) -> dict[str, int]:
        return await _visit(tables.active_at, rooms)

    async def mark_read(self, room: str, person: str, epoch: str, n: int, since: int) -> Unread:
        return await _visit(_mark_read, room, person, epoch, n, since)

    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        return await _visit(counts.unread, rooms, person, since)

    async def clear(self, room: str) -> Head:
        return await _visit(_clear, room)

    async def take_out(self, room: str) -> Moving:
        return await _visit(self._take_out, room)

    async def put_back(self, room: str) -> None:
        await _visit(moves.put_back, room)

    async def give_up(self, room: str) -> None:
        await _visit(moves.give_up, room)

    async def take_in(self, room: str, moving: Moving) -> Head:
        return await _visit(moves.take_in, room, moving)

    def is_one_with(self, other: MessageStore) -> bool:
        """Their tables are the same."""
        return isinstance(other, DatabaseStore)

    async def close(self) -> None:
        """Connections belong to their threads, and nothing else is held."""

    # --- in the database thread ------------------------------------------------------------------------

    @transaction.atomic
    def _append(self, room: str, draft: Draft) -> Appended:
        log = _locked(room)
        author = draft.author
        before = _sent(room, author.id, draft.cid)
        if before is not None:
            return before
        log.n += 1
        log.active_at = draft.ts
        message = numbered(draft, room, new_id(), log.seq + 1, log.n)
        tables.row(log, message).save(force_insert=True)
        self._advance(log, tables.MESSAGE, message.id)
        _mark(log, author.id, log.n)
        return Appended(log.epoch, message, duplicate=False)

    def _advance(self, log: RoomLog, kind: str, message: str, **more: object) -> int:
        """Take the next number of the room for an event. Returns it."""
        log.seq += 1
        log.save(update_fields=["seq", "n", "active_at"])
        RoomEvent.objects.create(log=log, seq=log.seq, kind=kind, message=message, **more)
        RoomEvent.objects.filter(log_id=log.pk, seq__lte=log.seq - self._limits.events_kept).delete()
        return log.seq

    @transaction.atomic
    def _edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        log, row = _locked_message(room, message_id)
        if row.body == body:
            return None
        row.body, row.edited_at = body, ts
        row.save(update_fields=["body", "edited_at"])
        log.active_at = ts
        seq = self._advance(log, tables.EDIT, message_id)
        return Change(log.epoch, EditEvent(room, seq, message_id, body, ts))

    @transaction.atomic
    def _delete(self, room: str, message_id: str) -> Change:
        log, row = _locked_message(room, message_id)
        row.body, row.attachments, row.reply_to, row.deleted = "", [], None, True
        row.save(update_fields=["body", "attachments", "reply_to", "deleted"])
        MessageReaction.objects.filter(message_id=message_id).delete()
        seq = self._advance(log, tables.DELETE, message_id)
        return Change(log.epoch, DeleteEvent(room, seq, message_id))

    @transaction.atomic
    def _react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        log, _ = _locked_message(room, message_id)
        here = MessageReaction.objects.filter(message_id=message_id)
        mine = here.filter(emoji=emoji, person=person)
        if mine.exists() == on:
            return None
        kinds = here.order_by().values_list("emoji").annotate(people=Count("id"), place=Max("place"))
        placed = {kind: (people, place) for kind, people, place in kinds}
        people, place = placed.get(emoji, (0, log.seq + 1))
        if on:
            self._check_room_for(len(placed), people)
            here.create(message_id=message_id, emoji=emoji, person=person, place=place)
        else:
            mine.delete()
        people += 1 if on else -1
        seq = self._advance(log, tables.REACTION, message_id, emoji=emoji, person=person, on=on)
        return Change(log.epoch, ReactionEvent(room, seq, message_id, emoji, person, on, people))

    @transaction.atomic
    def _take_out(self, room: str) -> Moving:
        return moves.take_out(_locked(room), self._limits)

    def _check_room_for(self, kinds: int, people: int) -> None:
        if not people and kinds >= self._limits.reaction_kinds:
            raise TooLong(f"A message has at most {self._limits.reaction_kinds} kinds of reaction.")
        if people >= self._limits.reaction_people:
            raise TooLong(f"At most {self._limits.reaction_people} people share one reaction.")


def _lock(room: str) -> RoomLog | None:
    """Make other writers of this room wait until the transaction ends. Raises ``NotHere``."""
    log = RoomLog.objects.select_for_update().filter(room=room).first()
    if log is not None and moves.is_closed(log):
        raise NotHere
    return log


def _locked(room: str) -> RoomLog:
    """As ``_lock``. The first one to write makes the row; of several at once, one row is everybody's."""
    return _lock(room) or moves.locked(room)


def _locked_message(room: str, message_id: str) -> tuple[RoomLog, MessageRow]:
    log = _lock(room)
    if log is None:
        raise NotFound("This message is not here any more.")
    return log, tables.existing(room, message_id)


def _sent(room: str, author: str, cid: str) -> Appended | None:
    row = MessageRow.objects.filter(log__room=room, author_id=author, cid=cid).select_related("log").first()
    return None if row is None else Appended(row.log.epoch, tables.receipt(room, row), duplicate=True)


def _mark(log: RoomLog, person: str, n: int) -> None:
    ReadMarker.objects.bulk_create(
        [ReadMarker(log=log, person=person, n=n)],
        update_conflicts=True,
        unique_fields=["log", "person"],
        update_fields=["n"],
    )


@transaction.atomic
def _mark_read(room: str, person: str, epoch: str, n: int, since: int) -> Unread:
    log = _lock(room)
    state = counts.unread([room], person, since)[room]
    if log is None or log.epoch != epoch or n <= state.read:
        return state
    _mark(log, person, min(n, log.n))
    return counts.unread([room], person, since)[room]


@transaction.atomic
def _clear(room: str) -> Head:
    log = _locked(room)
    moves.empty(log)
    log.save()
    return tables.head_of(log)

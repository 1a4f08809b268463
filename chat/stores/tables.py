"""Reading the tables of ``chat.models.history``: rows in, values of ``chat.domain`` out.

Everything here is called in a database thread. Reading takes no lock, so it waits for no writer.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from django.db import transaction
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from msgspec import UNSET

from chat.domain import (
    Attachment,
    Author,
    DeleteEvent,
    EditEvent,
    Event,
    Head,
    Message,
    MessageEvent,
    Page,
    Quote,
    Reaction,
    ReactionEvent,
)
from chat.errors import NotFound
from chat.models import Message as MessageRow
from chat.models import MessageReaction, RoomEvent, RoomLog
from chat.stores.base import REACTORS_SHOWN, new_id

T = TypeVar("T")

# The room whose epoch is that of all rooms without a row.
NAMELESS: Final = ""

# Rooms in one query: all that there may be by default. SQLite takes 32,766 variables.
ROOMS_CHUNK: Final = 10_000

# How often a reader looks again, before it makes the writers wait.
LOOKS: Final = 5

MESSAGE, EDIT, DELETE, REACTION = (
    str(kind.__struct_config__.tag) for kind in (MessageEvent, EditEvent, DeleteEvent, ReactionEvent)
)

_COLUMNS: Final = (
    "id",
    "seq",
    "n",
    "author_id",
    "author_name",
    "author_guest",
    "body",
    "ts",
    "cid",
    "edited_at",
    "deleted",
    "reply_to",
    "attachments",
)


def chunks(rooms: Iterable[str]) -> Iterator[list[str]]:
    """The rooms, as many at a time as fit in one query."""
    ordered = iter(dict.fromkeys(rooms))
    while chunk := list(islice(ordered, ROOMS_CHUNK)):
        yield chunk


# --- heads ---------------------------------------------------------------------------------------------


def first_epoch() -> str:
    """The epoch of rooms that nobody has written to. Whoever asks first makes it, once a database."""
    logs = RoomLog.objects.filter(room=NAMELESS).values_list("epoch", flat=True)
    for epoch in logs:
        return epoch
    RoomLog.objects.bulk_create([RoomLog(room=NAMELESS, epoch=new_id())], ignore_conflicts=True)
    return logs.get()


def find_log(room: str) -> RoomLog | None:
    return RoomLog.objects.filter(room=room).first()


def head_of(log: RoomLog | None) -> Head:
    return Head(first_epoch(), 0, 0) if log is None else Head(log.epoch, log.seq, log.n)


def heads(rooms: Iterable[str]) -> dict[str, Head]:
    wanted = list(rooms)
    if not wanted:
        return {}
    found: dict[str, Head] = {}
    for chunk in chunks([NAMELESS, *wanted]):
        rows = RoomLog.objects.filter(room__in=chunk).values_list("room", "epoch", "seq", "n")
        found.update({room: Head(epoch, seq, n) for room, epoch, seq, n in rows})
    if found.keys() >= set(wanted):
        return {room: found[room] for room in wanted}
    untouched = found.get(NAMELESS) or head_of(None)
    return {room: found.get(room, untouched) for room in wanted}


def active_at(rooms: Iterable[str]) -> dict[str, int]:
    active: dict[str, int] = {}
    for chunk in chunks(rooms):
        active.update(
            RoomLog.objects.filter(room__in=chunk, active_at__gt=0).values_list("room", "active_at")
        )
    return active


def at_one_moment(room: str, read: Callable[[RoomLog | None], T]) -> tuple[Head, T]:
    """What ``read`` finds, and the head of the same moment.

    Every change moves the head. One that was made between two of the reader's queries is noticed by that,
    and the reader looks again; where changes come faster than it can look, it takes the writers' lock.
    """
    for _ in range(LOOKS):
        log = find_log(room)
        head, found = head_of(log), read(log)
        if head_of(find_log(room)) == head:
            return head, found
    with transaction.atomic():
        log = RoomLog.objects.select_for_update().filter(room=room).first()
        return head_of(log), read(log)


# --- messages ------------------------------------------------------------------------------------------


def _existing(room: str, message_id: str) -> QuerySet[MessageRow]:
    # PostgreSQL has no NUL in a text, and refuses to look for one.
    if "\0" in message_id:
        return MessageRow.objects.none()
    return MessageRow.objects.filter(id=message_id, log__room=room, deleted=False)


def existing(room: str, message_id: str) -> MessageRow:
    """The row of a message. Raises ``NotFound``, as for one that was deleted."""
    for row in _existing(room, message_id):
        return row
    raise NotFound("This message is not here any more.")


def get(room: str, message_id: str) -> Message:
    """The present state of a message. Raises ``NotFound``, as for one that was deleted."""
    for message in _messages(room, _existing(room, message_id)):
        return message
    raise NotFound("This message is not here any more.")


def page(room: str, log: RoomLog | None, limit: int, below: int | None = None) -> Page:
    """The newest ``limit`` messages, or those below a number."""
    if log is None:
        return Page((), more=False)
    rows = MessageRow.objects.filter(log_id=log.pk).order_by("-n")
    if below is not None:
        rows = rows.filter(n__lt=max(0, min(below, log.n + 1)))
    messages = _messages(room, rows[:limit])[::-1]
    # Numbers have no gaps.
    return Page(messages, more=bool(messages) and messages[0].n > log.base + 1)


def _messages(room: str, rows: QuerySet[MessageRow]) -> tuple[Message, ...]:
    found = list(rows.values_list(*_COLUMNS))
    reactions = _reactions([row[0] for row in found])
    return tuple(_message(room, row, reactions.get(row[0], ())) for row in found)


def _message(room: str, row: tuple[Any, ...], reactions: tuple[Reaction, ...]) -> Message:
    id_, seq, n, author, name, guest, body, ts, cid, edited_at, deleted, reply_to, attachments = row
    return Message(
        id=id_,
        room=room,
        seq=seq,
        n=n,
        author=Author(author, name, guest),
        body=body,
        ts=ts,
        cid=cid,
        attachments=msgspec.convert(attachments, tuple[Attachment, ...]),
        reactions=reactions,
        reply_to=UNSET if reply_to is None else msgspec.convert(reply_to, Quote),
        edited_at=UNSET if edited_at is None else edited_at,
        deleted=deleted or UNSET,
    )


def row(log: RoomLog, message: Message) -> MessageRow:
    """The row of a message, not saved yet."""
    return MessageRow(
        id=message.id,
        log=log,
        seq=message.seq,
        n=message.n,
        cid=message.cid,
        author_id=message.author.id,
        author_name=message.author.name,
        author_guest=message.author.guest,
        body=message.body,
        ts=message.ts,
        edited_at=message.edited_at or None,
        deleted=bool(message.deleted),
        reply_to=None if message.reply_to is UNSET else msgspec.to_builtins(message.reply_to),
        attachments=msgspec.to_builtins(message.attachments),
    )


def receipt(room: str, row: MessageRow) -> Message:
    """What an ack needs of a message that was sent before; its text is left out."""
    author = Author(row.author_id, row.author_name, row.author_guest)
    return Message(row.id, room, row.seq, row.n, author, "", row.ts, row.cid)


def _reactions(message_ids: Collection[str]) -> dict[str, tuple[Reaction, ...]]:
    """What is under these messages, each kind where it was first put."""
    if not message_ids:
        return {}
    kind = [F("message_id"), F("emoji")]
    rows = (
        MessageReaction.objects.filter(message_id__in=message_ids)
        .annotate(
            rank=Window(RowNumber(), partition_by=kind, order_by="id"),
            count=Window(Count("id"), partition_by=kind),
        )
        .filter(rank__lte=REACTORS_SHOWN)
        .order_by("place", "id")
        .values_list("message_id", "emoji", "count", "person")
    )
    counts: dict[str, dict[str, int]] = {}
    people: dict[tuple[str, str], list[str]] = {}
    for message, emoji, count, person in rows:
        counts.setdefault(message, {})[emoji] = count
        people.setdefault((message, emoji), []).append(person)
    return {
        message: tuple(
            Reaction(emoji, count, tuple(people[message, emoji])) for emoji, count in kinds.items()
        )
        for message, kinds in counts.items()
    }


# --- events --------------------------------------------------------------------------------------------


def events(room: str, log: RoomLog, seq: int) -> tuple[Event, ...] | None:
    """Every event after ``seq`` up to the log's head; None when they are not all kept."""
    if seq == log.seq:
        return ()
    rows = list(
        RoomEvent.objects.filter(log_id=log.pk, seq__gt=seq, seq__lte=log.seq)
        .order_by("seq")
        .values_list("seq", "kind", "message", "emoji", "person", "on")
    )
    if len(rows) != log.seq - seq:
        return None
    wanted = {message for _, kind, message, *_ in rows if kind != DELETE}
    present = {one.id: one for one in _messages(room, MessageRow.objects.filter(id__in=wanted))}
    if len(present) != len(wanted):
        return None
    return tuple(_event(room, present.get(row[2]), *row) for row in rows)


def _event(
    room: str, message: Message | None, seq: int, kind: str, id_: str, emoji: str, person: str, on: bool
) -> Event:
    """The event as it reads today."""
    if message is None or kind == DELETE:
        return DeleteEvent(room, seq, id_)
    if kind == MESSAGE:
        return MessageEvent(room, seq, message)
    if kind == REACTION:
        count = sum(one.count for one in message.reactions if one.emoji == emoji)
        return ReactionEvent(room, seq, id_, emoji, person, on, count)
    return EditEvent(room, seq, id_, message.body, message.edited_at or message.ts)

"""Messages as the scripts of ``lua/`` keep them, and back again."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from chat.conf import Limits
from chat.domain import (
    Attachment,
    Author,
    DeleteEvent,
    Draft,
    EditEvent,
    Event,
    Message,
    MessageEvent,
    Quote,
    Reaction,
    ReactionEvent,
)
from chat.stores.base import Appended, Moving


class Extras(Struct, frozen=True, omit_defaults=True):
    """What a message loses when it is deleted, besides its body and reactions."""

    attachments: tuple[Attachment, ...] = ()
    reply_to: Quote | UnsetType = UNSET


class Fixed(Struct, frozen=True):
    """What a message never loses."""

    id: str
    author: Author
    ts: int
    cid: str


class _Record(Struct, frozen=True, array_like=True):
    """A message as ``lua/room.lua`` writes it, its lines joined by commas."""

    seq: int
    n: int
    edited_at: int
    deleted: int
    body: str
    reactions: tuple[Reaction, ...]
    extras: Extras
    fixed: Fixed


encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_decode = msgspec.json.Decoder(_Record).decode


def read_message(room: str, record: bytes) -> Message:
    """The message of a record."""
    one = _decode(b"[" + record.replace(b"\n", b",") + b"]")
    return Message(
        id=one.fixed.id,
        room=room,
        seq=one.seq,
        n=one.n,
        author=one.fixed.author,
        body=one.body,
        ts=one.fixed.ts,
        cid=one.fixed.cid,
        attachments=one.extras.attachments,
        reactions=one.reactions,
        reply_to=one.extras.reply_to,
        edited_at=one.edited_at or UNSET,
        deleted=bool(one.deleted) or UNSET,
    )


def read_messages(room: str, records: Iterable[bytes]) -> tuple[Message, ...]:
    """The messages of records, in their order."""
    return tuple(read_message(room, record) for record in records)


def write_drafts(ids: Iterable[str], drafts: Iterable[Draft]) -> bytes:
    """What ``lua/append.lua`` takes of messages."""
    return _pack([_write_draft(message_id, draft) for message_id, draft in zip(ids, drafts, strict=True)])


def _write_draft(message_id: str, draft: Draft) -> tuple[str, ...]:
    author = draft.author
    extras = Extras(draft.attachments, draft.reply_to)
    fixed = Fixed(message_id, author, draft.ts, draft.cid)
    return (
        message_id,
        author.id,
        draft.cid,
        str(draft.ts),
        f"{int(author.guest)} {author.name}",
        *(encode(one).decode() for one in (draft.body, extras, fixed)),  # Lua's decoder knows texts only
    )


def _write_message(message: Message) -> str:
    """The record of a message."""
    numbers = f"{message.seq},{message.n},{message.edited_at or 0},{int(bool(message.deleted))}"
    fixed = Fixed(message.id, message.author, message.ts, message.cid)
    extras = Extras(message.attachments, message.reply_to)
    lines = (encode(one).decode() for one in (message.body, message.reactions, extras, fixed))
    return "\n".join((numbers, *lines))


def _write_send(message: Message) -> tuple[str, str]:
    """By what a send is remembered, and what is remembered of it."""
    author = message.author
    became = f"{message.id} {message.seq} {message.n} {message.ts} {int(author.guest)} {author.name}"
    return f"{author.id}\n{message.cid}", became


def read_send(room: str, author: str, cid: str, epoch: bytes, send: bytes) -> Appended:
    """What a remembered send became, without its text."""
    message_id, seq, n, ts, guest, name = send.decode().split(" ", 5)
    message = Message(
        id=message_id,
        room=room,
        seq=int(seq),
        n=int(n),
        author=Author(author, name, guest == "1"),
        body="",
        ts=int(ts),
        cid=cid,
    )
    return Appended(epoch.decode(), message, duplicate=True)


def read_event(room: str, seq: int, entry: list[bytes], held: dict[bytes, Message]) -> Event:
    """An event of the log as it reads today."""
    kind, message_id = entry[0], entry[1]
    if kind == b"d":
        return DeleteEvent(room, seq, message_id.decode())
    message = held[message_id]
    if kind == b"m":
        return MessageEvent(room, seq, message)
    if kind == b"e":
        return EditEvent(room, seq, message.id, message.body, message.edited_at or message.ts)
    emoji, person, on = (part.decode() for part in entry[2:])
    count = next((one.count for one in message.reactions if one.emoji == emoji), 0)
    return ReactionEvent(room, seq, message.id, emoji, person, on == "1", count)


def read_moving(room: str, answer: list[Any]) -> Moving:
    """What ``lua/take_out.lua`` gives of a room."""
    seq, n, active_at, records, reactors, markers = answer
    messages = read_messages(room, records)
    # Of sends, messages say themselves by which they came.
    return Moving(
        seq,
        n,
        active_at,
        messages,
        {one.id: _people(kinds) for one, kinds in zip(messages, reactors, strict=True)},
        {person.decode(): int(read) for person, read in _pairs(markers)},
    )


def _pairs(flat: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _people(kinds: list[Any]) -> dict[str, tuple[str, ...]]:
    return {emoji.decode(): tuple(person.decode() for person in people) for emoji, people in _pairs(kinds)}


def write_moving(moving: Moving, limits: Limits) -> tuple[bytes, bytes, bytes]:
    """Messages, sends and markers as ``lua/take_in.lua`` takes them: those that are kept."""
    messages = [
        (
            one.id,
            str(one.ts),
            "" if one.deleted else one.author.id,
            _write_message(one),
            list(moving.reactors.get(one.id, {}).items()),
        )
        for one in moving.messages[-limits.kept :]
    ]
    sends = [_write_send(one) for one in moving.remembered[-limits.cids_kept :]]
    furthest = sorted(moving.markers.items(), key=lambda one: one[1])[-limits.markers_kept :]
    return _pack(messages), _pack(sends), _pack(furthest)

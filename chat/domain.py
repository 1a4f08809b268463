"""The values that everything else speaks of. Frozen, comparable, no I/O.

They are msgspec structs because their fields are also the fields of the wire (PROTOCOL, "Frames"): a
message is encoded from the value the store holds, without a copy in between. A field that may be absent
on the wire is ``UNSET`` here, which is falsy.
"""

from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType


class RoomKind(StrEnum):
    CHANNEL = "channel"
    DIRECT = "direct"


class Author(Struct, frozen=True, gc=False):
    """A person as others see them: the opaque ``id`` stays, the ``name`` is the one at that time."""

    id: str
    name: str
    guest: bool = True


class Reaction(Struct, frozen=True, gc=False):
    """One emoji under a message: how many people, and the ids of the first fifty of them."""

    emoji: str
    count: int
    by: tuple[str, ...]


class Quote(Struct, frozen=True, gc=False):
    """What a reply shows of the message that it answers."""

    id: str
    author: Author
    excerpt: str


class Attachment(Struct, frozen=True, gc=False):
    """A file of a message. ``size`` in bytes; ``width`` and ``height`` in pixels, of images only."""

    id: str
    name: str
    type: str
    size: int
    url: str
    thumbnail: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class Message(Struct, frozen=True, gc=False):
    """One message. ``seq`` is its event's number, ``n`` its number among messages, ``ts`` Unix ms.

    A deleted message keeps its place and loses its body, attachments and reactions.
    """

    id: str
    room: str
    seq: int
    n: int
    author: Author
    body: str
    ts: int
    cid: str
    attachments: tuple[Attachment, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    reply_to: Quote | UnsetType = UNSET
    edited_at: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET


class Draft(NamedTuple):
    """A message before the store has numbered it."""

    author: Author
    cid: str
    body: str
    ts: int
    reply_to: Quote | UnsetType = UNSET
    attachments: tuple[Attachment, ...] = ()


class MessageEvent(Struct, frozen=True, gc=False, tag_field="kind", tag="message"):
    room: str
    seq: int
    message: Message


class EditEvent(Struct, frozen=True, gc=False, tag_field="kind", tag="edit"):
    room: str
    seq: int
    id: str
    body: str
    edited_at: int


class DeleteEvent(Struct, frozen=True, gc=False, tag_field="kind", tag="delete"):
    room: str
    seq: int
    id: str


class ReactionEvent(Struct, frozen=True, gc=False, tag_field="kind", tag="reaction"):
    """``count`` is the present number for this emoji, so that applying an event twice is harmless."""

    room: str
    seq: int
    id: str
    emoji: str
    by: str
    on: bool
    count: int


Event = MessageEvent | EditEvent | DeleteEvent | ReactionEvent


class Head(NamedTuple):
    """Where a room's log ends: ``seq`` of its last event, ``n`` of its last message (0: none)."""

    epoch: str
    seq: int
    n: int


class Page(NamedTuple):
    """Messages, oldest first; ``more`` says that older ones are held."""

    messages: tuple[Message, ...]
    more: bool


class Unread(NamedTuple):
    """A person's marker in a room, and how many messages after it still exist and are not theirs."""

    read: int
    unread: int


class Present(Struct, frozen=True):
    """Who is in a room: the first of them, in the order of a presence, and how many there are in all."""

    people: tuple[Author, ...]
    count: int


def channel_room(slug: str) -> str:
    """The room of the channel with this slug."""
    return f"{RoomKind.CHANNEL}:{slug}"


def direct_room(chat: str) -> str:
    """The room of the personal chat with this id."""
    return f"{RoomKind.DIRECT}:{chat}"


def split_room(room: str) -> tuple[str, str]:
    """``channel:pit-crew`` → ``("channel", "pit-crew")``."""
    kind, _, key = room.partition(":")
    return kind, key

"""The wire protocol, version 1: frames in, frames out, close codes. No I/O.

``decode`` takes what a client sent and returns one of the ``*Command`` structs or raises ``BadFrame``,
``UnknownType`` or ``Invalid``; nothing a client can send makes it raise anything else. ``encode`` takes
an outbound frame and returns the text to send. ``docs/protocol.md`` restates all of it for people, and
``tests/fixtures/protocol.json`` has one example of every frame, read by the tests of both languages.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, structs

from chat.domain import Author, Event, Message
from chat.errors import BadFrame, ChatError, Invalid, UnknownType

VERSION: Final = 1

# Integers that every JavaScript engine keeps exact.
LARGEST_NUMBER: Final = 2**53 - 1

# Messages, rooms or people in one answer, at most.
PAGE: Final = 100

# In ASCII the same in bytes, in other scripts up to three times that.
BATCH_CHARACTERS: Final = 256 * 1024


class CloseCode(IntEnum):
    """Why the server closed, and so what the client does next (PROTOCOL, "Close codes")."""

    POLICY = 1008  # ten bad frames in a row: stop and tell the person
    TOO_BIG = 1009  # a frame over the limit: stop and tell the person
    RESTART = 1012  # the server restarts: come back after a random moment
    NO_IDENTITY = 4401  # no name yet, or logged out: ask for one
    REMOVED = 4403  # removed or banned: stop and tell the person
    STALLED = 4408  # took nothing for 10 s, or silent for 60 s: come back and resume
    OLD_VERSION = 4409  # protocol version not served: load the page again
    FLOODING = 4429  # far over the limits: come back later


# --- inbound ---------------------------------------------------------------------------------------

Ref = Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Room = Annotated[str, Meta(pattern=r"^(channel:[a-z0-9-]{1,64}|direct:[A-Za-z0-9_-]{1,32})\Z")]
# PostgreSQL has no NUL in a text, and refuses to look for one.
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00]*\Z")]
# RFC 9562, lower or upper case: what crypto.randomUUID() and every UUID library print.
Cid = Annotated[
    str,
    Meta(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"),
]
Number = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
PageSize = Annotated[int, Meta(ge=1, le=PAGE)]
# Longer than any limit on a text: the exact limit is a setting and has its own error.
Text = Annotated[str, Meta(max_length=65_536)]
Query = Annotated[str, Meta(max_length=128, pattern=r"^[^\x00]*\Z")]
Keeps = Literal["recent", "all"]
# A refusal names the field, which may be one of 60,000 characters that the client made up.
DETAIL_CHARACTERS: Final = 200


class _Command(Struct, frozen=True, gc=False, tag_field="type", forbid_unknown_fields=True):
    """What a client asks for. All but ``typing`` and ``pong`` carry a ``ref`` and get one reply."""


class At(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The last event a client has applied, and in which life of the log."""

    epoch: Id
    seq: int


class JoinCommand(_Command, frozen=True, tag="join"):
    ref: Ref
    room: Room
    at: At | UnsetType = UNSET


class LeaveCommand(_Command, frozen=True, tag="leave"):
    ref: Ref
    room: Room


class SendCommand(_Command, frozen=True, tag="send"):
    ref: Ref
    room: Room
    cid: Cid
    body: Text
    attachments: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()  # the exact limit is a setting
    reply_to: Id | UnsetType = UNSET


class EditCommand(_Command, frozen=True, tag="edit"):
    ref: Ref
    room: Room
    id: Id
    body: Text


class DeleteCommand(_Command, frozen=True, tag="delete"):
    ref: Ref
    room: Room
    id: Id


class ReactCommand(_Command, frozen=True, tag="react"):
    ref: Ref
    room: Room
    id: Id
    emoji: Annotated[str, Meta(min_length=1, max_length=64)]
    on: bool


class HistoryCommand(_Command, frozen=True, tag="history"):
    ref: Ref
    room: Room
    before: Number
    limit: PageSize


class ReadCommand(_Command, frozen=True, tag="read"):
    ref: Ref
    room: Room
    epoch: Id
    n: Number


class TypingCommand(_Command, frozen=True, tag="typing"):
    room: Room


class CreateCommand(_Command, frozen=True, tag="create"):
    ref: Ref
    name: Text
    topic: Text = ""
    private: bool = False
    keeps: Keeps = "recent"


class UpdateCommand(_Command, frozen=True, tag="update"):
    ref: Ref
    room: Room
    name: Text | UnsetType = UNSET
    topic: Text | UnsetType = UNSET
    keeps: Keeps | UnsetType = UNSET


class RoomsCommand(_Command, frozen=True, tag="rooms"):
    ref: Ref
    limit: PageSize
    query: Query = ""
    after: Room | UnsetType = UNSET


class MembersCommand(_Command, frozen=True, tag="members"):
    ref: Ref
    room: Room
    after: Id | UnsetType = UNSET


class PeopleCommand(_Command, frozen=True, tag="people"):
    ref: Ref
    limit: PageSize
    query: Query = ""
    after: Id | UnsetType = UNSET


class DirectCommand(_Command, frozen=True, tag="direct"):
    ref: Ref
    person: Id


class InviteCommand(_Command, frozen=True, tag="invite"):
    ref: Ref
    room: Room
    person: Id


class RemoveCommand(_Command, frozen=True, tag="remove"):
    ref: Ref
    room: Room
    person: Id


class PongCommand(_Command, frozen=True, tag="pong"):
    ts: int


Command = (
    JoinCommand
    | LeaveCommand
    | SendCommand
    | EditCommand
    | DeleteCommand
    | ReactCommand
    | HistoryCommand
    | ReadCommand
    | TypingCommand
    | CreateCommand
    | UpdateCommand
    | RoomsCommand
    | MembersCommand
    | PeopleCommand
    | DirectCommand
    | InviteCommand
    | RemoveCommand
    | PongCommand
)


class _Envelope(Struct, frozen=True, gc=False):
    """Just enough of a bad frame to answer it."""

    ref: Ref | UnsetType = UNSET


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadFrame("A field is there twice.")
    return fields


_commands: Final = msgspec.json.Decoder(Command)
_envelope: Final = msgspec.json.Decoder(_Envelope)
# msgspec takes the last of two equal keys; what two parsers read differently we read not at all.
# It costs 1.6 µs on a frame of 100 bytes, after msgspec has bounded depth and types.
_keys: Final = json.JSONDecoder(object_pairs_hook=_unique_keys)


def decode(text: str) -> Command:
    """The command in a text frame.

    Raises ``BadFrame`` for what is not one strict JSON object, ``UnknownType`` for a type that the
    protocol does not have, ``Invalid`` with the name of the field for everything else.
    """
    try:
        command = _commands.decode(text)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadFrame("Not a JSON object in UTF-8.") from None
    _keys.decode(text)
    return cast(Command, command)


def _refusal(complaint: str) -> ChatError:
    if complaint.startswith("Expected `object`, got") and "at `$" not in complaint:
        return BadFrame("A frame is one JSON object.")
    if complaint.startswith("Invalid value") and complaint.endswith("`$.type`"):
        return UnknownType("The protocol has no frame of this type.")
    return Invalid(complaint[:DETAIL_CHARACTERS])


def ref_of(text: str) -> str | int | UnsetType:
    """The ``ref`` of a frame that could not be decoded, if it has a usable one."""
    try:
        return _envelope.decode(text).ref
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return UNSET


# --- outbound --------------------------------------------------------------------------------------


class ChannelInfo(Struct, frozen=True, gc=False):
    """A room as those who may see it see it.

    ``maker`` is the id of who made a channel; ``person`` is the other one of a personal chat (oneself, in
    one's notes), whose name the room has.
    """

    room: str
    slug: str
    name: str
    topic: str
    kind: str
    archived: bool
    private: bool
    keeps: str
    maker: str | UnsetType = UNSET
    person: Author | UnsetType = UNSET


class RoomNumbers(Struct, frozen=True, gc=False):
    """Where a room's log ends, and how far somebody has read.

    ``active``: when it last had a message or an edit, in Unix ms, 0 for never.
    """

    epoch: str
    seq: int
    n: int
    read: int
    unread: int
    active: int


class RoomState(ChannelInfo, frozen=True, gc=False, kw_only=True):
    """A room in somebody's list: what it is, and its numbers for them."""

    epoch: str
    seq: int
    n: int
    read: int
    unread: int
    active: int


class RoomHead(Struct, frozen=True, gc=False):
    epoch: str
    seq: int
    n: int


class Members(Struct, frozen=True, gc=False):
    """Who is in a room; ``away`` are those who belong to a private one and are not in it."""

    people: tuple[Author, ...]
    count: int
    away: tuple[Author, ...] | UnsetType = UNSET


class Renamed(Struct, frozen=True, gc=False, rename={"former": "from"}):
    person: Author
    former: str


class _Frame(Struct, frozen=True, gc=False, tag_field="type"):
    """What the server says."""


class WelcomeFrame(_Frame, frozen=True, tag="welcome"):
    version: int
    me: Author
    rooms: Sequence[RoomState]
    online: int
    limits: dict[str, int]
    may: Sequence[str]


class JoinedFrame(_Frame, frozen=True, tag="joined"):
    """``messages`` when ``reset``, else ``events``: encoded by whoever holds them, once."""

    room: str
    epoch: str
    seq: int
    n: int
    reset: bool
    more: bool
    members: Members
    ref: Ref | UnsetType = UNSET
    messages: Raw | UnsetType = UNSET
    events: Raw | UnsetType = UNSET
    first_unread: int | UnsetType = UNSET
    names: dict[str, str] | UnsetType = UNSET


class AckFrame(_Frame, frozen=True, tag="ack"):
    ref: Ref
    room: str
    cid: str
    id: str
    seq: int
    n: int
    ts: int
    duplicate: bool


class OkFrame(_Frame, frozen=True, tag="ok"):
    ref: Ref
    seq: int | UnsetType = UNSET
    unread: int | UnsetType = UNSET
    channel: ChannelInfo | UnsetType = UNSET
    room: RoomState | UnsetType = UNSET
    rooms: Sequence[RoomState] | UnsetType = UNSET
    people: Sequence[Author] | UnsetType = UNSET
    members: Members | UnsetType = UNSET
    more: bool | UnsetType = UNSET


class HistoryFrame(_Frame, frozen=True, tag="history"):
    ref: Ref
    room: str
    messages: Sequence[Message]
    more: bool


class PresenceFrame(_Frame, frozen=True, tag="presence"):
    room: str
    count: int
    joined: Sequence[Author] = ()
    left: Sequence[Author] = ()
    renamed: Sequence[Renamed] = ()

    def without(self, person: str) -> "PresenceFrame":
        """The same news for somebody who is part of it: nobody is told about themselves."""
        return structs.replace(
            self,
            joined=[one for one in self.joined if one.id != person],
            left=[one for one in self.left if one.id != person],
            renamed=[one for one in self.renamed if one.person.id != person],
        )

    def about(self) -> set[str]:
        """Ids of the people it speaks of."""
        people = {one.id for one in (*self.joined, *self.left)}
        return people | {one.person.id for one in self.renamed}


class TypingFrame(_Frame, frozen=True, tag="typing"):
    room: str
    by: Author


class ChannelFrame(_Frame, frozen=True, tag="channel"):
    """``gone``: no longer theirs to see. ``state``: their numbers, where the room may be new to them."""

    channel: ChannelInfo
    gone: bool | UnsetType = UNSET
    state: RoomNumbers | UnsetType = UNSET


class HeadsFrame(_Frame, frozen=True, tag="heads"):
    rooms: dict[str, RoomHead]


class OnlineFrame(_Frame, frozen=True, tag="online"):
    count: int


class MeFrame(_Frame, frozen=True, tag="me"):
    me: Author


class ReadFrame(_Frame, frozen=True, tag="read"):
    room: str
    epoch: str
    n: int
    unread: int


class PingFrame(_Frame, frozen=True, tag="ping"):
    ts: int


class ErrorFrame(_Frame, frozen=True, tag="error"):
    code: str
    detail: str
    ref: Ref | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET


Frame = (
    WelcomeFrame
    | JoinedFrame
    | AckFrame
    | OkFrame
    | HistoryFrame
    | PresenceFrame
    | TypingFrame
    | ChannelFrame
    | HeadsFrame
    | OnlineFrame
    | MeFrame
    | ReadFrame
    | PingFrame
    | ErrorFrame
)

_encoder: Final = msgspec.json.Encoder()
_presence: Final = msgspec.json.Decoder(PresenceFrame)


def encode(frame: Frame) -> str:
    """The text of one frame."""
    return _encoder.encode(frame).decode()


def encode_event(event: Event) -> str:
    """The text of an ``event`` frame. Every process and every member gets this very text."""
    return '{"type":"event",' + _encoder.encode(event).decode()[1:]


def encode_messages(messages: Iterable[Message], *, limit: int) -> tuple[Raw, int]:
    """The newest of ``messages`` (oldest first) that fit in ``limit`` bytes, and how many those are.

    At least one is taken, so that a page is never empty for size alone.
    """
    texts: list[bytes] = []
    total = 0
    for message in reversed(tuple(messages)):
        text = _encoder.encode(message)
        total += len(text) + 1
        if texts and total > limit:
            break
        texts.append(text)
    texts.reverse()
    return Raw(b"[" + b",".join(texts) + b"]"), len(texts)


def encode_events(events: Iterable[Event]) -> Raw:
    """A JSON array of ``event`` frames, for a replay inside ``joined``."""
    return Raw("[" + ",".join(map(encode_event, events)) + "]")


def decode_presence(text: str) -> PresenceFrame:
    """A presence frame of our own, back from the channel layer."""
    return _presence.decode(text)


def batch(texts: Sequence[str]) -> str:
    """One frame for several that are already encoded; a single one goes as it is."""
    if len(texts) == 1:
        return texts[0]
    return '{"type":"batch","frames":[' + ",".join(texts) + "]}"


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Runs of frames that fit in one ``batch`` of 256 KiB: servers bound what they send, too."""
    run: list[str] = []
    size = 0
    for text in texts:
        size += len(text)
        if run and size > BATCH_CHARACTERS:
            yield run
            run, size = [], len(text)
        run.append(text)
    if run:
        yield run


def error_frame(error: ChatError, ref: str | int | UnsetType = UNSET) -> ErrorFrame:
    """What a client is told of an error: ``retry_after`` only where waiting helps."""
    wait = UNSET if error.retry_after is None else round(error.retry_after, 3)
    return ErrorFrame(code=error.code, detail=error.detail, ref=ref, retry_after=wait)


def info_of(state: RoomState) -> ChannelInfo:
    """What a room in a list is, without its numbers."""
    return ChannelInfo(**{name: getattr(state, name) for name in ChannelInfo.__struct_fields__})


def numbers_of(state: RoomState) -> RoomNumbers:
    """The numbers of a room in a list."""
    return RoomNumbers(**{name: getattr(state, name) for name in RoomNumbers.__struct_fields__})


def room_state(info: ChannelInfo, numbers: RoomNumbers) -> RoomState:
    """Both in one, as lists have it."""
    return RoomState(*structs.astuple(info), **structs.asdict(numbers))

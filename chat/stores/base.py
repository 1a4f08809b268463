"""What a message store promises, whichever it is. ``tests/stores/contract.py`` is this text as tests.

A room's log begins on first use: nobody creates it. A store that lost, or may have lost, what it had
gives its rooms new epochs. All times are Unix milliseconds and are passed in. Methods raise
``Unavailable`` when the store cannot be reached, and then nothing has been stored.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

from chat.domain import Draft, Event, Head, Message, Page, Unread

# Ids of people that travel with a reaction; the count is exact.
REACTORS_SHOWN: Final = 50

# After this many seconds a log that was taken out and neither put back nor given up can be changed again:
# whoever took it has ended in the middle, or could not be told what is true.
TAKEN_OUT_FOR: Final = 30


def new_id() -> str:
    """An id that says nothing and is never used again (72 random bits)."""
    return secrets.token_urlsafe(9)


def numbered(draft: Draft, room: str, message_id: str, seq: int, n: int) -> Message:
    """The message that a draft becomes."""
    return Message(
        id=message_id,
        room=room,
        seq=seq,
        n=n,
        author=draft.author,
        body=draft.body,
        ts=draft.ts,
        cid=draft.cid,
        attachments=draft.attachments,
        reply_to=draft.reply_to,
    )


class Appended(NamedTuple):
    """What a send became. ``released`` are messages that the cap dropped for it."""

    epoch: str
    message: Message
    duplicate: bool
    released: tuple[Message, ...] = ()


class Change(NamedTuple):
    """What an edit, a delete or a reaction became."""

    epoch: str
    event: Event


class Snapshot(NamedTuple):
    """A room at one moment: ``page`` is what a reader sees who has applied ``head.seq``."""

    head: Head
    page: Page


class Replay(NamedTuple):
    """Every event after a position, up to ``head``, oldest first."""

    head: Head
    events: tuple[Event, ...]


class NotHere(Exception):
    """The log is on its way to another store, or there already. ``RoutedStore`` asks again which has it."""


class Moving(NamedTuple):
    """A room's log that another store goes on with.

    ``messages`` are the newest, oldest first, their numbers without a gap up to ``n``; ``reactors`` says who
    stands behind their reactions, by message and emoji, all in the order in which they came. ``sends`` are
    those that are remembered, oldest first and without texts, where the messages do not say it all.
    """

    seq: int
    n: int
    active_at: int
    messages: tuple[Message, ...]
    reactors: Mapping[str, Mapping[str, tuple[str, ...]]]
    markers: Mapping[str, int]
    sends: tuple[Message, ...] = ()

    @property
    def remembered(self) -> tuple[Message, ...]:
        """By which sends the messages came, and those of which only that is known."""
        return self.sends or self.messages


class MessageStore(ABC):
    """Rooms, each a log of events and the messages that the events made.

    ``in_process``: what it holds is this process's alone, and ends with it. ``needs_redis``: it is made
    with the process's Redis client as a second argument.
    """

    in_process: ClassVar[bool] = False
    needs_redis: ClassVar[bool] = False

    @abstractmethod
    async def append(self, room: str, draft: Draft) -> Appended:
        """Number and keep a message, in one atomic step, and move its author's marker to it.

        ``seq`` is the last one of the room plus 1, ``n`` likewise among messages. Twice: the same
        ``(author, cid)`` is not stored again, takes no number, and returns the message as it was first
        numbered (its text may be left out), with ``duplicate``; that holds while the send is remembered
        (docs/protocol.md, promise 2).
        """

    @abstractmethod
    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        """The answer that this send got before, as ``append`` would give it again; None if it is new."""

    @abstractmethod
    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        """Change the text of a message; it remembers ``ts`` as ``edited_at``.

        Returns None, and takes no number, when the text is the same already. Raises ``NotFound`` for a
        message that is not held or was deleted. Whose message it is, the service has asked.
        """

    @abstractmethod
    async def delete(self, room: str, message_id: str) -> Change:
        """Take a message's body, attachments and reactions away; its place stays.

        Raises ``NotFound`` for a message that is not held or was deleted already.
        """

    @abstractmethod
    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        """Put a person's emoji under a message, or take it away.

        Returns None, and takes no number, when it is so already. Raises ``NotFound`` as ``edit`` does,
        ``TooLong`` when the message has as many kinds, or the emoji as many people, as are kept.
        """

    @abstractmethod
    async def get(self, room: str, message_id: str) -> Message:
        """The present state of one message. Raises ``NotFound`` as ``edit`` does."""

    @abstractmethod
    async def latest(self, room: str, limit: int) -> Snapshot:
        """The newest ``limit`` messages and the head, of one moment."""

    @abstractmethod
    async def before(self, room: str, n: int, limit: int) -> Page:
        """The newest ``limit`` messages with a number below ``n``, by position and not by offset."""

    @abstractmethod
    async def read_after(self, room: str, epoch: str, seq: int) -> Replay | None:
        """Every event after ``seq``, with the present state of what it made.

        None when the log cannot tell: another epoch, a ``seq`` from the future or below zero, an event
        that is older than the log's beginning, or one whose message is not held any more.
        """

    @abstractmethod
    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        """The head of each room; of one that nobody has written to, too."""

    @abstractmethod
    async def active_at(self, rooms: Iterable[str]) -> dict[str, int]:
        """When each room last had a message or an edit, in Unix ms; rooms without one are left out."""

    @abstractmethod
    async def mark_read(self, room: str, person: str, epoch: str, n: int, since: int) -> Unread:
        """Move a person's marker forward to ``n`` (at most the room's last) and count what is unread.

        Monotonic: a lower ``n``, or one of another epoch, moves nothing and still answers.
        """

    @abstractmethod
    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        """A person's markers and counts in these rooms.

        Unread are messages after the marker that still exist and were written by others. A person
        without a marker in a room starts at ``since`` (Unix ms, when they first came): older messages
        are history, not news.
        """

    @abstractmethod
    async def clear(self, room: str) -> Head:
        """Drop everything of a room and begin a new epoch."""

    # --- to another store: all that changes a log raises ``NotHere`` while it is out, and when it is gone

    @abstractmethod
    async def take_out(self, room: str) -> Moving:
        """The log as it is: nothing changes it until it is put back or given up.

        Or until ``TAKEN_OUT_FOR`` has passed. Raises ``NotHere`` if it is out.
        """

    @abstractmethod
    async def put_back(self, room: str) -> None:
        """The move came to nothing: the log goes on here."""

    @abstractmethod
    async def give_up(self, room: str) -> None:
        """Drop the log: it is in another store from now on, until it is taken in again."""

    @abstractmethod
    async def take_in(self, room: str, moving: Moving) -> Head:
        """Go on with this log, in place of all that is here, and with a new epoch: numbers, unread counts,
        reactions and remembered sends are what they were, for as much as this store keeps."""

    def is_one_with(self, other: "MessageStore") -> bool:
        """Whether both are the same store, so that nothing can move between them."""
        return self is other

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections and memory. Twice is harmless. What is lost with it begins a new epoch."""

"""One room of the in-process store."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from msgspec import UNSET, structs

from chat.conf import Limits
from chat.domain import Event, Head, Message, Reaction, Unread
from chat.errors import NotFound
from chat.stores.base import REACTORS_SHOWN, Moving


class Entry(NamedTuple):
    """One event of the log. It has no text: a replay reads the present state of the message."""

    seq: int
    kind: type[Event]
    message_id: str
    reaction: tuple[str, str, bool] | None = None  # emoji, person, on


class Kept:
    """A message that is held, and who stands behind its reactions, in the order they came."""

    __slots__ = ("message", "reactors")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.reactors: dict[str, dict[str, None]] = {}

    def reactions(self) -> tuple[Reaction, ...]:
        return tuple(
            Reaction(emoji, len(people), tuple(islice(people, REACTORS_SHOWN)))
            for emoji, people in self.reactors.items()
        )


class Log:
    """One room."""

    __slots__ = ("active_at", "epoch", "events", "kept", "markers", "messages", "n", "sends", "seq")

    def __init__(self, epoch: str, limits: Limits) -> None:
        self.epoch = epoch
        self.seq = 0
        self.n = 0
        self.active_at = 0
        self.messages: deque[Kept] = deque(maxlen=limits.kept)
        self.kept: dict[str, Kept] = {}
        self.events: deque[Entry] = deque(maxlen=limits.events_kept)
        self.sends: OrderedDict[tuple[str, str], Message] = OrderedDict()
        self.markers: OrderedDict[str, int] = OrderedDict()

    @classmethod
    def taken_in(cls, epoch: str, moving: Moving, limits: Limits) -> "Log":
        """Another store's log goes on here."""
        log = cls(epoch, limits)
        log.seq, log.n, log.active_at = moving.seq, moving.n, moving.active_at
        for message in moving.messages:
            kept = Kept(message)
            by_emoji = moving.reactors.get(message.id, {})
            kept.reactors = {emoji: dict.fromkeys(people) for emoji, people in by_emoji.items()}
            log.messages.append(kept)
        log.kept = {kept.message.id: kept for kept in log.messages}
        for send in moving.remembered[-limits.cids_kept :]:
            log.sends[send.author.id, send.cid] = receipt(send)
        log.markers.update(_furthest(moving.markers.items(), limits.markers_kept))
        return log

    def moving(self) -> Moving:
        """What another store needs to go on with it."""
        reactors = {
            kept.message.id: {emoji: tuple(people) for emoji, people in kept.reactors.items()}
            for kept in self.messages
        }
        messages = tuple(kept.message for kept in self.messages)
        sends = tuple(self.sends.values())
        return Moving(self.seq, self.n, self.active_at, messages, reactors, dict(self.markers), sends)

    @property
    def head(self) -> Head:
        return Head(self.epoch, self.seq, self.n)

    def existing(self, message_id: str) -> Kept:
        kept = self.kept.get(message_id)
        if kept is None or kept.message.deleted:
            raise NotFound("This message is not here any more.")
        return kept

    def unread(self, person: str, since: int) -> Unread:
        marker = self.markers.get(person)
        count = 0
        for kept in reversed(self.messages):
            message = kept.message
            if message.n <= marker if marker is not None else message.ts <= since:
                return Unread(message.n if marker is None else marker, count)
            if not message.deleted and message.author.id != person:
                count += 1
        return Unread(self.n - len(self.messages) if marker is None else marker, count)


def receipt(message: Message) -> Message:
    """What an ack needs, and no text: 5,000 remembered sends must not be 5,000 kept messages."""
    return structs.replace(message, body="", attachments=(), reactions=(), reply_to=UNSET)


def _furthest(markers: Iterable[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """So many of these markers, the furthest last: who has read least is forgotten first."""
    return sorted(markers, key=lambda one: one[1])[-most:]

"""The in-process store: each channel's newest messages in a capped deque.

It belongs to one event loop. No method awaits anything, so each is one atomic step by nature; that is what
makes ``seq`` rise by exactly one without a lock. Memory is bounded per room: ``kept`` messages,
``events_kept`` log entries, ``cids_kept`` remembered sends, ``markers_kept`` markers.
"""

from collections.abc import Collection, Iterable
from itertools import islice
from math import inf
from time import monotonic

from msgspec import UNSET, structs

from chat.conf import Limits
from chat.domain import (
    DeleteEvent,
    Draft,
    EditEvent,
    Event,
    Head,
    Message,
    MessageEvent,
    Page,
    ReactionEvent,
    Unread,
)
from chat.errors import TooLong
from chat.stores.base import (
    TAKEN_OUT_FOR,
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
from chat.stores.logs import Entry, Kept, Log, receipt


class MemoryStore(MessageStore):
    """See ``MessageStore``. ``limits`` are the bounds above, by default those of the settings."""

    in_process = True

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._epoch = new_id()
        self._logs: dict[str, Log] = {}
        # Until when rooms are closed to changes (monotonic seconds): being moved, or for ever elsewhere.
        self._out: dict[str, float] = {}

    def _changed(self, room: str) -> Log:
        """The log of a room, for a change. Raises ``NotHere``."""
        if self._out.get(room, 0.0) > monotonic():
            raise NotHere
        return self._log(room)

    def _log(self, room: str) -> Log:
        log = self._logs.get(room)
        if log is None:
            log = self._logs[room] = Log(self._epoch, self._limits)
        return log

    async def append(self, room: str, draft: Draft) -> Appended:
        log = self._changed(room)
        before = await self.sent(room, draft.author.id, draft.cid)
        if before is not None:
            return before
        log.seq += 1
        log.n += 1
        message = numbered(draft, room, new_id(), log.seq, log.n)
        released = self._keep(log, message)
        log.events.append(Entry(log.seq, MessageEvent, message.id))
        log.sends[draft.author.id, draft.cid] = receipt(message)
        if len(log.sends) > self._limits.cids_kept:
            log.sends.popitem(last=False)
        self._mark(log, draft.author.id, log.n)
        log.active_at = draft.ts
        return Appended(log.epoch, message, duplicate=False, released=released)

    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        log = self._logs.get(room)  # asked of rooms that do not exist, too: they must not begin here
        first = None if log is None else log.sends.get((author, cid))
        return None if log is None or first is None else Appended(log.epoch, first, duplicate=True)

    def _keep(self, log: Log, message: Message) -> tuple[Message, ...]:
        kept = Kept(message)
        released: tuple[Message, ...] = ()
        if len(log.messages) == log.messages.maxlen:
            oldest = log.messages[0].message
            del log.kept[oldest.id]
            released = (oldest,)
        log.messages.append(kept)
        log.kept[message.id] = kept
        return released

    def _mark(self, log: Log, person: str, n: int) -> None:
        log.markers[person] = n
        log.markers.move_to_end(person)
        if len(log.markers) > self._limits.markers_kept:
            log.markers.popitem(last=False)

    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        log = self._changed(room)
        kept = log.existing(message_id)
        if kept.message.body == body:
            return None
        log.seq += 1
        kept.message = structs.replace(kept.message, body=body, edited_at=ts)
        log.events.append(Entry(log.seq, EditEvent, message_id))
        log.active_at = ts
        return Change(log.epoch, EditEvent(room, log.seq, message_id, body, ts))

    async def delete(self, room: str, message_id: str) -> Change:
        log = self._changed(room)
        kept = log.existing(message_id)
        log.seq += 1
        kept.reactors.clear()
        kept.message = structs.replace(
            kept.message, body="", attachments=(), reactions=(), reply_to=UNSET, deleted=True
        )
        log.events.append(Entry(log.seq, DeleteEvent, message_id))
        return Change(log.epoch, DeleteEvent(room, log.seq, message_id))

    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        log = self._changed(room)
        kept = log.existing(message_id)
        people = kept.reactors.get(emoji, {})
        if (person in people) == on:
            return None
        if on:
            self._check_room_for(kept, people)
            kept.reactors.setdefault(emoji, people)[person] = None
        else:
            del people[person]
            if not people:
                del kept.reactors[emoji]
        log.seq += 1
        kept.message = structs.replace(kept.message, reactions=kept.reactions())
        log.events.append(Entry(log.seq, ReactionEvent, message_id, (emoji, person, on)))
        event = ReactionEvent(room, log.seq, message_id, emoji, person, on, len(people))
        return Change(log.epoch, event)

    def _check_room_for(self, kept: Kept, people: dict[str, None]) -> None:
        if not people and len(kept.reactors) >= self._limits.reaction_kinds:
            raise TooLong(f"A message has at most {self._limits.reaction_kinds} kinds of reaction.")
        if len(people) >= self._limits.reaction_people:
            raise TooLong(f"At most {self._limits.reaction_people} people share one reaction.")

    async def get(self, room: str, message_id: str) -> Message:
        return self._log(room).existing(message_id).message

    async def latest(self, room: str, limit: int) -> Snapshot:
        log = self._log(room)
        return Snapshot(log.head, self._page(log, len(log.messages), limit))

    async def before(self, room: str, n: int, limit: int) -> Page:
        log = self._log(room)
        if not log.messages:
            return Page((), more=False)
        # Numbers in the deque have no gaps, so a number is a position.
        return self._page(log, max(0, min(n - log.messages[0].message.n, len(log.messages))), limit)

    @staticmethod
    def _page(log: Log, end: int, limit: int) -> Page:
        start = max(0, end - limit)
        messages = tuple(kept.message for kept in islice(log.messages, start, end))
        return Page(messages, more=start > 0)

    async def read_after(self, room: str, epoch: str, seq: int) -> Replay | None:
        log = self._log(room)
        if epoch != log.epoch or not 0 <= seq <= log.seq:
            return None
        missing = log.seq - seq
        if missing > len(log.events):
            return None
        events: list[Event] = []
        for entry in islice(log.events, len(log.events) - missing, None):
            event = self._present(room, log, entry)
            if event is None:
                return None
            events.append(event)
        return Replay(log.head, tuple(events))

    @staticmethod
    def _present(room: str, log: Log, entry: Entry) -> Event | None:
        """The event as it reads today; None when its message is not held any more."""
        if entry.kind is DeleteEvent:
            return DeleteEvent(room, entry.seq, entry.message_id)
        kept = log.kept.get(entry.message_id)
        if kept is None:
            return None
        message = kept.message
        if entry.kind is MessageEvent:
            return MessageEvent(room, entry.seq, message)
        if entry.reaction is not None:
            emoji, person, on = entry.reaction
            count = len(kept.reactors.get(emoji, ()))
            return ReactionEvent(room, entry.seq, message.id, emoji, person, on, count)
        return EditEvent(room, entry.seq, message.id, message.body, message.edited_at or message.ts)

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        untouched = Head(self._epoch, 0, 0)
        return {room: log.head if (log := self._logs.get(room)) else untouched for room in rooms}

    async def active_at(self, rooms: Iterable[str]) -> dict[str, int]:
        return {room: log.active_at for room in rooms if (log := self._logs.get(room)) and log.active_at}

    async def mark_read(self, room: str, person: str, epoch: str, n: int, since: int) -> Unread:
        log = self._changed(room)
        if epoch == log.epoch and n > log.unread(person, since).read:
            self._mark(log, person, min(n, log.n))
        return log.unread(person, since)

    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        nothing = Unread(0, 0)
        return {
            room: log.unread(person, since) if (log := self._logs.get(room)) else nothing for room in rooms
        }

    async def clear(self, room: str) -> Head:
        self._changed(room)
        log = self._logs[room] = Log(new_id(), self._limits)
        return log.head

    async def take_out(self, room: str) -> Moving:
        log = self._changed(room)
        self._out[room] = monotonic() + TAKEN_OUT_FOR
        return log.moving()

    async def put_back(self, room: str) -> None:
        self._out.pop(room, None)

    async def give_up(self, room: str) -> None:
        self._out[room] = inf
        self._logs.pop(room, None)

    async def take_in(self, room: str, moving: Moving) -> Head:
        log = self._logs[room] = Log.taken_in(new_id(), moving, self._limits)
        self._out.pop(room, None)
        return log.head

    async def close(self) -> None:
        self._logs.clear()
        self._epoch = new_id()

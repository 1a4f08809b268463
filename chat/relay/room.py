"""A room's local members, all at one position of its log: fill, deliver, reset."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Protocol

from chat.domain import Event, Head
from chat.protocol import batch, batches, encode_event
from chat.relay.member import Level, Member

# Relayed events kept while somebody is entering, to bring the newcomer level without the store.
RECENT_EVENTS: Final = 256
# Events waiting for fan-out; more than that is read from the store instead.
PENDING_EVENTS: Final = 1024
# Members written to before other tasks of the loop get a turn.
MEMBERS_A_TURN: Final = 512


class Source(Protocol):
    """What the relay is handed of the stores."""

    async def events_after(self, room: str, epoch: str, seq: int) -> list[Event] | None:
        """Every event after ``seq``, or None when the log cannot tell."""
        ...

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]: ...

    async def reset(self, room: str) -> Level:
        """A ``joined`` frame for everybody in a room, of its present state."""
        ...


class RoomLock:
    """A lock of which can be asked whether it is to be had without waiting: nobody has it, or is about to."""

    __slots__ = ("_lock", "_wanted")

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._wanted = 0

    @property
    def is_free(self) -> bool:
        return not self._wanted

    async def __aenter__(self) -> None:
        self._wanted += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._wanted -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._wanted -= 1
        self._lock.release()


class Room:
    """What the relay knows of a room with members here.

    All members have been written everything up to ``(epoch, seq)``, and nothing after it. Every method
    that awaits needs ``lock``: filling and delivering are one serial step, and so is joining.
    """

    __slots__ = (
        "_counters",
        "_source",
        "entering",
        "epoch",
        "expected",
        "lock",
        "members",
        "name",
        "pending",
        "recent",
        "seq",
        "stale",
    )

    def __init__(self, name: str, source: Source, counters: "Counter[str]") -> None:
        self.name = name
        self.lock = RoomLock()
        self.members: dict[Member, None] = {}
        self.epoch = ""  # empty: not subscribed
        self.seq = 0
        self.pending: list[tuple[int, str]] = []
        self.expected = 0  # the store's head at the last comparison
        self.stale = False  # the store must be asked before the next delivery
        self.entering = 0
        self.recent: deque[tuple[int, str]] = deque(maxlen=RECENT_EVENTS)
        self._source = source
        self._counters = counters

    async def begin(self) -> None:
        """Start at the store's head: after subscribing, or what is stored in between is missing for good."""
        head = (await self._source.heads([self.name]))[self.name]
        self.epoch, self.seq, self.expected = head.epoch, head.seq, head.seq
        self.stale, self.pending = False, []

    def take(self, epoch: str, events: Iterable[tuple[int, str]]) -> None:
        """Events that the layer has carried here, to be delivered in the next turn."""
        if epoch != self.epoch or len(self.pending) > PENDING_EVENTS:
            self.stale = True
        else:
            self.pending.extend((seq, text) for seq, text in events)

    def compare(self, head: Head) -> bool:
        """Look at the store's head. Returns whether something was lost and must be fetched.

        What is ahead now may be on its way; what was ahead last time too has been lost.
        """
        self.stale = self.stale or head.epoch != self.epoch or self.seq < self.expected
        self.expected = head.seq
        return self.stale

    async def deliver(self) -> None:
        """Write what waits to all members, in order, up to the first gap: there the room is ``stale``."""
        if not self.epoch or self.stale:
            return
        pending, self.pending = self.pending, []
        if any(later[0] < earlier[0] for earlier, later in pairwise(pending)):
            pending.sort()
        run: list[tuple[int, str]] = []
        following = self.seq + 1
        for event in pending:
            if event[0] == following:
                run.append(event)
                following += 1
            elif event[0] > following:
                self.stale = True
                break
        await self._pass_on(run)

    async def align(self, reached: Level) -> list[str] | None:
        """Make the room's position and a reader's the same; returns what the reader still misses.

        None: they have no position in common now, so the reader needs another frame. Only while
        ``entering`` counts the reader.
        """
        if reached.epoch != self.epoch or reached.seq > self.seq:
            await self.catch_up()
        if reached.epoch != self.epoch or reached.seq > self.seq:
            return None
        missed = [text for seq, text in self.recent if seq > reached.seq]
        if len(missed) == self.seq - reached.seq:
            return missed
        events = await self._source.events_after(self.name, self.epoch, reached.seq)
        return None if events is None else [encode_event(one) for one in events if one.seq <= self.seq]

    async def _pass_on(self, events: list[tuple[int, str]]) -> None:
        """Write events to all members. The position moves first: nobody may be told twice.

        Nor may anybody be left out when the one whose entering set this off goes away meanwhile.
        """
        if not events:
            return
        self.seq = events[-1][0]
        if self.entering:
            self.recent.extend(events)
        self._counters["events_relayed"] += len(events)
        cancelled: asyncio.CancelledError | None = None
        last = events[0][0] - 1
        for run in batches([text for _, text in events]):
            last += len(run)
            text = batch(run)
            frame = {"type": "websocket.send", "text": text}
            for written, member in enumerate(list(self.members), 1):
                if written > MEMBERS_A_TURN and member not in self.members:
                    continue  # gone while others had their turn
                member.start(frame, len(text), len(run), last)
                if not written % MEMBERS_A_TURN and cancelled is None:
                    try:
                        await asyncio.sleep(0)
                    except asyncio.CancelledError as error:
                        cancelled = error
        if cancelled is not None:
            raise cancelled

    async def catch_up(self) -> None:
        """Ask the store for what came after the position; deliver it, or reset everybody here.

        Raises what the store raises; the room stays stale then, for the next comparison of heads.
        """
        self.stale, self.pending = False, []
        try:
            events = await self._source.events_after(self.name, self.epoch, self.seq)
            if events is None:
                await self._reset()
        except BaseException:
            self.stale = True
            raise
        if events:
            self._counters["gaps_filled"] += 1
            await self._pass_on([(event.seq, encode_event(event)) for event in events])

    async def _reset(self) -> None:
        """Replace what everybody here has by the present state, encoded once."""
        level = await self._source.reset(self.name)
        self._counters["resets"] += 1
        self.epoch, self.seq, self.expected = level.epoch, level.seq, level.seq
        self.pending = []  # of the former life: what is of another has made the room stale
        self.recent.clear()
        frame = {"type": "websocket.send", "text": level.text}
        for member in list(self.members):
            member.drop_events()
            member.behind = False
            member.epoch = level.epoch
            member.start(frame, len(level.text), 0, level.seq)

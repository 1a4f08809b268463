"""One local connection as the relay sees it: a send that is never waited for, and a bounded queue."""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, NamedTuple

from chat.protocol import CloseCode

# A waiting member holds at most this much before it is behind (a room at 8,000 messages a second fills 256
# in 30 ms; a healthy client never gets there).
QUEUE_EVENTS: Final = 256
QUEUE_BYTES: Final = 1024 * 1024

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
Notice = Callable[[dict[str, Any]], None]


class Position(NamedTuple):
    """A place in a room's log: everything up to and with ``seq`` has been applied."""

    epoch: str
    seq: int


class Level(NamedTuple):
    """A frame that brings its reader to a position: a snapshot or a replay, encoded."""

    text: str
    epoch: str
    seq: int


# Makes the frame for a reader who has applied ``at`` (None: nothing).
Leveller = Callable[[Position | None], Awaitable[Level]]


class _Waiting(NamedTuple):
    """A frame in a member's queue. ``events`` is 0 for a reply: replies are never dropped."""

    frame: dict[str, Any]
    size: int
    events: int
    seq: int | None


class _Begun:
    """A coroutine that was started by hand and has to wait: awaiting this goes on with it.

    The future it waits for carries a mark until a task has been handed it (the one by which asyncio tells
    ``await`` from a plain ``yield``). It is taken off in between: others may wait for the same future.
    """

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for
        self._mark(False)

    def _mark(self, mark: bool) -> None:
        if asyncio.isfuture(self._waits_for):
            self._waits_for._asyncio_future_blocking = mark

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        self._mark(True)
        while True:
            try:
                value = yield waits_for
            except BaseException as error:
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, value)
            try:
                waits_for = step()
            except StopIteration:
                return


class Member:
    """A connection. ``send`` takes ASGI messages; ``notice`` is called, and must not block, with what
    concerns the person and not a room (a rename, the end of a session, an order to close).

    ``bring_back`` is awaited when the member takes frames again after it fell behind. ``seq`` is the last
    event whose send has begun; sends finish in the order in which they began. ``key`` names this
    connection, in every process.
    """

    __slots__ = (
        "_bring_back",
        "_clock",
        "_counters",
        "behind",
        "dead",
        "epoch",
        "key",
        "level",
        "membership",
        "notice",
        "person",
        "progress_at",
        "queue",
        "queued_bytes",
        "queued_events",
        "room",
        "send",
        "seq",
        "session",
        "writer",
    )

    def __init__(
        self,
        person: str,
        session: str,
        send: Send,
        notice: Notice,
        *,
        bring_back: Callable[["Member"], Awaitable[None]],
        clock: Callable[[], float],
        counters: "Counter[str]",
    ) -> None:
        self.key = secrets.token_urlsafe(9)
        self.person = person
        self.session = session
        self.send = send
        self.notice = notice
        self.room: str | None = None
        self.level: Leveller | None = None
        self.membership = 0  # by which it entered; the services give and compare it
        self.epoch = ""
        self.seq = 0
        self.queue: deque[_Waiting] = deque()
        self.queued_events = 0
        self.queued_bytes = 0
        self.behind = False
        self.dead = False
        self.writer: asyncio.Task[None] | None = None
        self.progress_at = 0.0
        self._bring_back = bring_back
        self._clock = clock
        self._counters = counters

    def write(self, text: str, events: int = 1, seq: int | None = None) -> None:
        """Send one frame. ``events`` is 0 for a reply, which no bound drops."""
        self.start({"type": "websocket.send", "text": text}, len(text), events, seq)

    def start(self, frame: dict[str, Any], size: int, events: int, seq: int | None) -> None:
        """Begin to send; most sends finish at once, without a task. The rest goes on in the writer.

        The coroutine's first step runs here, by hand: a task for each of a hundred members would cost
        more than the sends themselves.
        """
        if self.dead:
            return
        if self.writer is not None:
            self._enqueue(_Waiting(frame, size, events, seq))
            return
        coroutine = self.send(frame)
        try:
            waits_for = coroutine.send(None)
        except StopIteration:
            pass
        except (Exception, asyncio.CancelledError):
            # A cancellation can only be the transport's own: nobody could cancel us in this one step.
            self.lose()
            return
        else:
            self.progress_at = self._clock()
            self.writer = asyncio.get_running_loop().create_task(self._write_on(_Begun(coroutine, waits_for)))
        if seq is not None:
            self.seq = seq

    def _enqueue(self, waiting: _Waiting) -> None:
        if waiting.events:
            if self.behind:
                return
            if (
                self.queued_events + waiting.events > QUEUE_EVENTS
                or self.queued_bytes + waiting.size > QUEUE_BYTES
            ):
                self._counters["members_behind"] += 1
                self.drop_events()
                self.behind = True
                return
            self.queued_events += waiting.events
            self.queued_bytes += waiting.size
        self.queue.append(waiting)

    def drop_events(self) -> None:
        """Empty the queue of all but replies."""
        self.queue = deque(one for one in self.queue if not one.events)
        self.queued_events = self.queued_bytes = 0

    async def _write_on(self, begun: _Begun) -> None:
        """The writer: lives as long as the member cannot take everything at once."""
        try:
            await begun
            while self.queue or self.behind:
                self.progress_at = self._clock()
                if not self.queue:
                    await self._bring_back(self)
                    continue
                waiting = self.queue.popleft()
                if waiting.events:
                    self.queued_events -= waiting.events
                    self.queued_bytes -= waiting.size
                if waiting.seq is not None:
                    self.seq = waiting.seq
                await self.send(waiting.frame)
        except asyncio.CancelledError:
            self.lose()  # by the transport; where `end` asked for it, this does nothing
            raise
        except Exception:
            self.lose()
        finally:
            self.writer = None

    def lose(self) -> None:
        """The transport refused a frame, or the member cannot be brought level: it has to come again."""
        if not self.dead:
            self.end()
            self._counters["members_lost"] += 1
            self.notice({"close": int(CloseCode.STALLED)})

    def end(self) -> None:
        """Nothing is written any more. Twice is harmless."""
        self.dead = True
        self.behind = False
        self.queue.clear()
        if self.writer is not None and self.writer is not asyncio.current_task():
            self.writer.cancel()
            self.writer = None  # one that has not had its first turn would never say so

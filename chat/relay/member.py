"""One local connection as the relay sees it: a send that is never waited for, and a bounded queue."""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, NamedTuple

from chat.errors import Unavailable
from chat.protocol import CloseCode

# A waiting member holds at most this much before it is behind (a room at 8,000 messages a second fills 256
# in 30 ms; a healthy client never gets there).
QUEUE_EVENTS: Final = 256
QUEUE_BYTES: Final = 1024 * 1024
# Attempts to say how everything is while news of it keep coming.
RENEW_TRIES: Final = 5

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
# Makes the frame that says how everything outside of rooms is for a person now.
State = Callable[[], Awaitable[str]]


class _Waiting(NamedTuple):
    """A frame in a member's queue. ``events`` is 0 for a reply: replies are never dropped.

    ``is_news``: it is in no room's log, so that no replay repeats it.
    """

    frame: dict[str, Any]
    size: int
    events: int
    seq: int | None
    is_news: bool


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

    News of the person and the site are in no log. Once one was dropped they are only counted (``missed``),
    and as soon as the member takes frames again it is sent the frame that ``state`` makes, in place of all.
    """

    __slots__ = (
        "_bring_back",
        "_clock",
        "_counters",
        "_state",
        "behind",
        "dead",
        "epoch",
        "key",
        "level",
        "membership",
        "missed",
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
        state: State,
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
        self.missed = 0
        self.dead = False
        self.writer: asyncio.Task[None] | None = None
        self.progress_at = 0.0
        self._state = state
        self._bring_back = bring_back
        self._clock = clock
        self._counters = counters

    def write(self, text: str, events: int = 1, seq: int | None = None) -> None:
        """Send one frame. ``events`` is 0 for a reply, which no bound drops."""
        self.start({"type": "websocket.send", "text": text}, len(text), events, seq)

    def tell(self, text: str) -> None:
        """Send news that are in no room's log, or else, later, how things are then."""
        if self.missed:
            self.missed += 1
        else:
            self.start({"type": "websocket.send", "text": text}, len(text), 1, None, is_news=True)

    def start(
        self, frame: dict[str, Any], size: int, events: int, seq: int | None, *, is_news: bool = False
    ) -> None:
        """Begin to send; most sends finish at once, without a task. The rest goes on in the writer.

        The coroutine's first step runs here, by hand: a task for each of a hundred members would cost
        more than the sends themselves.
        """
        if self.dead:
            return
        if self.writer is not None:
            self._enqueue(_Waiting(frame, size, events, seq, is_news))
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
                self.missed += waiting.is_news
                return
            if (
                self.queued_events + waiting.events > QUEUE_EVENTS
                or self.queued_bytes + waiting.size > QUEUE_BYTES
            ):
                self._counters["members_behind"] += 1
                self.drop_events()
                self.behind = True
                self.missed += waiting.is_news
                return
            self.queued_events += waiting.events
            self.queued_bytes += waiting.size
        self.queue.append(waiting)

    def drop_events(self) -> None:
        """Empty the queue of all but replies."""
        self.missed += sum(one.is_news for one in self.queue)
        self.queue = deque(one for one in self.queue if not one.events)
        self.queued_events = self.queued_bytes = 0

    async def _write_on(self, begun: _Begun) -> None:
        """The writer: lives as long as the member cannot take everything at once."""
        try:
            await begun
            while self.queue or self.behind or self.missed:
                self.progress_at = self._clock()
                if self.behind and not self.queue:
                    await self._bring_back(self)
                    continue
                if self.missed and not self.behind:
                    await self._renew()
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

    async def _renew(self) -> None:
        """Say how everything is now, in place of the news that were dropped.

        Those that come meanwhile may be newer than what is read. Raises what ``state`` raises, and
        ``Unavailable``; then the member is lost.
        """
        for _ in range(RENEW_TRIES):
            missed = self.missed
            text = await self._state()
            if missed == self.missed:
                self.missed = 0
                self.write(text, events=0)
                return
        raise Unavailable("Too much happens to say how everything is. Try again.")

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
        self.missed = 0
        self.queue.clear()
        if self.writer is not None and self.writer is not asyncio.current_task():
            self.writer.cancel()
            self.writer = None  # one that has not had its first turn would never say so

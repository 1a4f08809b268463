"""What one process of the chat has while its event loop runs: store, presence, relay, limits, caches.

Nothing in it outlives its loop: it is made on first use and belongs to the running loop (pytest has a loop
a test, and not every server tells us of its start). Services take it as their first argument.
"""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Sequence
from contextvars import Context
from math import isfinite
from typing import Any, Final, Protocol, TypeVar

from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from chat import conf
from chat.domain import Author, Event, Head
from chat.errors import RateLimited, Unavailable
from chat.ratelimit import Rate
from chat.relay import Level, Relay
from chat.services.directory import Directory
from chat.services.ledger import FileLedger
from chat.services.parts import parts
from chat.services.visits import Visits
from chat.stores.routed import RoutedStore

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# Seconds that a task may take to end, before it is told again.
CANCELLED_AGAIN: Final = 1.0


class Live(Protocol):
    """An open connection, whatever its transport, as the sweep sees it."""

    key: str

    @property
    def author(self) -> Author: ...

    @property
    def session_key(self) -> str: ...

    @property
    def room(self) -> str | None:
        """The room it is in."""
        ...

    def check_silence(self) -> None:
        """Send a ping, or close with 4408, if it is time."""
        ...

    def notice(self, news: dict[str, Any]) -> None:
        """What concerns the person, as the relay carries it: another name, an order to close."""
        ...

    def close_soon(self, code: int) -> None: ...


class Runtime:
    """See the module.

    ``reset`` makes the frame for a room whose log is another one, ``sweep`` is the regular work; ``clock``
    gives monotonic seconds, ``now_ms`` the time of day in Unix ms.
    """

    def __init__(
        self,
        *,
        reset: Callable[["Runtime", str], Awaitable[Level]],
        sweep: Callable[["Runtime"], Coroutine[Any, Any, None]],
        clock: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        layer = get_channel_layer()
        if layer is None:
            raise ImproperlyConfigured(
                'Chit-Chat needs CHANNEL_LAYERS["default"]; one process can do with '
                '{"BACKEND": "channels.layers.InMemoryChannelLayer"}.'
            )
        self.settings = conf.get()
        self.reset = reset
        self._sweep = sweep
        self.clock = clock
        self.now_ms = now_ms
        self.directory = Directory()
        self.redis, recent, self.presence, self.limiter = parts(self.settings, clock, now_ms)
        lasting = import_string(self.settings.HISTORY_STORE)(self.settings.LIMITS)
        self.store = RoutedStore(recent, lasting, self.directory)
        self.relay = Relay(
            layer,
            _StoreSource(self),
            clock=clock,
            on_notice=self._notice,
            stalled_after=self.settings.TIMES.stalled_after,
        )
        self.live: dict[str, Live] = {}
        self.sockets: Counter[str] = Counter()
        self.counters: Counter[str] = Counter()
        # Rooms with news for those who are elsewhere, and markers that moved by posting: told by the
        # sweep, once a second, so that a busy room costs its quiet neighbours nothing.
        self.news: dict[str, Head] = {}
        self.views: OrderedDict[str, tuple[object, Any]] = OrderedDict()
        self.posted: set[tuple[str, str]] = set()
        self.files = FileLedger()
        self.image_workers = asyncio.Semaphore(self.settings.LIMITS.image_workers)
        # Personal chats in which something was taken away: their people are told what is unread now.
        self.recounted: set[str] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._visits: dict[Callable[..., Any], Visits[Any, Any]] = {}
        self._sweeping: asyncio.Task[object] | None = None

    def spawn(self, work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """Do something beside the caller; a failure is logged.

        In a context of its own: that of an HTTP request has a database thread that ends with the request.
        """
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("Work beside a request failed.", exc_info=error)

    def start_sweeping(self) -> None:
        """Begin the regular work, with the first connection. Twice is harmless."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = self.spawn(self._sweep(self))

    async def rest(self) -> None:
        """Let go of the network until it is needed again, if nobody has come here yet."""
        if self.redis is not None and self._sweeping is None:
            await self.redis.close()

    async def close(self) -> None:
        """End all tasks and let go of store and network."""
        # Until they have ended: what one waits for may take a cancellation for a timeout of its own.
        while tasks := [task for task in self._tasks if not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCELLED_AGAIN)
        await self.relay.close()
        await self.store.close()
        if self.redis is not None:
            await self.redis.close()

    def visits(self, answer: Callable[[list[Any]], Sequence[Answer]]) -> Visits[Any, Answer]:
        """Visits to the database for this kind of question, shared by all who ask it now."""
        return self._visits.setdefault(answer, Visits(answer))

    async def throttle(self, what: str, whose: Hashable, rate: Rate, cost: float = 1) -> None:
        """Pay for one act. Raises ``RateLimited`` when it comes too soon, or costs more than there ever is.

        A coroutine, because what all processes share is asked over the network.
        """
        if not self.settings.RATE_LIMITS:
            return
        wait = await self.limiter.take((what, whose), rate, cost)
        if wait:
            self.counters["rate_limited"] += 1
            raise RateLimited(
                "That was too fast. Wait a moment.", retry_after=wait if isfinite(wait) else None
            )

    async def forgive(self, what: str, whose: Hashable, cost: float = 1) -> None:
        """The act that was paid for did not happen."""
        await self.limiter.give_back((what, whose), cost)

    async def depart(self, room: str, person: str, connection: str, *, at_once: bool = False) -> None:
        """Somebody's connection has left a room. Where presence cannot be told, the lease runs out."""
        try:
            await self.presence.leave(room, person, connection, at_once=at_once)
        except Unavailable:
            self.counters["presence_failures"] += 1

    def _notice(self, notice: dict[str, Any]) -> None:
        """News for this process, from any process."""
        if slug := notice.get("channel"):
            self.spawn(self.directory.reload(slug))
        if slug := notice.get("members"):
            self.directory.forget_members(slug)
        if person := notice.get("renamed"):
            self.directory.rename(person, notice["name"])


class _StoreSource:
    """What the relay may ask."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def events_after(self, room: str, epoch: str, seq: int) -> list[Event] | None:
        replay = await self._runtime.store.read_after(room, epoch, seq)
        return None if replay is None else list(replay.events)

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        return await self._runtime.store.heads(rooms)

    async def reset(self, room: str) -> Level:
        return await self._runtime.reset(self._runtime, room)

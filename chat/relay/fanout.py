"""When rooms deliver: one after the other while nothing has to be waited for, else beside the others."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from chat.relay.room import Room

logger = logging.getLogger(__name__)

# Rooms that ask the store for what they missed at the same time.
CATCHING_UP: Final = 16


class FanOut:
    """Delivers what waits in rooms.

    ``clock`` gives seconds, ``sleep`` waits for some, ``spawn`` begins a task. A room whose store must be
    asked, or whose lock somebody holds who asks it, goes on in a task of its own, one a room: so a slow store
    holds up nobody else's room.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        counters: "Counter[str]",
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._spawn = spawn
        self._counters = counters
        self._dirty: dict[Room, None] = {}
        self._wake = asyncio.Event()
        self._apart: set[Room] = set()
        self._asking = asyncio.Semaphore(CATCHING_UP)

    def touch(self, room: Room) -> None:
        """Something waits in this room."""
        self._dirty[room] = None
        self._wake.set()

    async def run(self) -> None:
        """Deliver what waits, then leave the loop to others for about as long as that took.

        Measured: with the pause, 830 instead of 610 thousand deliveries a second of CPU, and half the
        latency under load: what comes meanwhile leaves in one frame. A lone event shows that there is
        nothing to join: after it there is no pause. (With one, a message every 3.3 ms that took 1.7 ms to
        write stayed on the wrong side of the pause for hundreds of messages: 99% in 5.9 ms instead of 3.)
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            started = self._clock()
            dirty, self._dirty = self._dirty, {}
            events = 0
            for room in dirty:
                if room not in self._apart:  # whoever is, looks again at the end
                    events += await self._deliver(room)
            await self._sleep((self._clock() - started) * (1 - 1 / max(events, 1)))

    async def _deliver(self, room: Room) -> int:
        """What can be done without waiting for anybody. Returns how many events waited."""
        if not room.lock.is_free:
            self._go_apart(room)
            return 0
        waited = len(room.pending)
        try:
            async with room.lock:
                await room.deliver()
        except Exception:
            self._failed(room)
        else:
            if room.stale:
                self._go_apart(room)
        return waited

    def _go_apart(self, room: Room) -> None:
        self._apart.add(room)
        self._spawn(self._catch_up(room))

    async def _catch_up(self, room: Room) -> None:
        """Deliver as soon as the room is free, and ask the store for what is missing."""
        try:
            async with room.lock:
                await room.deliver()
                if room.stale:
                    async with self._asking:
                        await room.catch_up()
        except Exception:
            # The store could not be asked: the next comparison of heads tries again.
            self._failed(room)
        else:
            if room.pending or room.stale:
                self.touch(room)
        finally:
            self._apart.discard(room)

    def _failed(self, room: Room) -> None:
        self._counters["fill_failures"] += 1
        logger.warning("%s could not be brought up to date.", room.name, exc_info=True)

"""Group commit: what comes while one change of a room is under way goes together in the next."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Final, Generic, NamedTuple, TypeVar

from chat.errors import Unavailable

One = TypeVar("One")
Answer = TypeVar("Answer")

# More would let the first ones wait for the last, and everybody else for all of them.
AT_ONCE: Final = 64
# Seconds between two steps at most, however long the first one took.
PAUSE: Final = 0.01


class _Waiting(NamedTuple, Generic[One, Answer]):
    one: One
    answer: "asyncio.Future[Answer]"
    since: float


class GroupCommit(Generic[One, Answer]):
    """``commit(room, some)`` makes some changes in one step, and answers each; it may raise for all of them.

    Whoever has no answer ``patience`` seconds after they came gets ``Unavailable``, though the change may be
    made. Who is cancelled before their step is left out of it.

    It regulates itself, as the relay's fan-out does: after a step of several that took t, the next begins t
    later. Senders who wait for their answers come in convoys of two or three, and the pause lets those become
    one. Who comes alone waits for nothing.
    """

    def __init__(
        self,
        commit: Callable[[str, Sequence[One]], Awaitable[Sequence[Answer]]],
        patience: Callable[[], float],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._commit = commit
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._waiting: dict[str, list[_Waiting[One, Answer]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, room: str, one: One) -> Answer:
        """One change; raises what ``commit`` raises, and ``Unavailable``."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        waiting = self._waiting.get(room)
        if waiting is None:
            waiting = self._waiting[room] = []
            # In a context of its own: it outlives whoever happened to come first.
            task = loop.create_task(self._go_on(room), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append(_Waiting(one, answer, self._clock()))
        return await answer

    async def close(self) -> None:
        """Whoever waits is cancelled."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _go_on(self, room: str) -> None:
        try:
            while waiting := self._waiting[room]:
                some = [one for one in waiting[:AT_ONCE] if not one.answer.done()]
                del waiting[:AT_ONCE]
                if some:
                    begun = self._clock()
                    await self._answer(room, some)
                    pause = min(self._clock() - begun, PAUSE) * (1 - 1 / len(some))
                    if pause > 0:
                        await self._sleep(pause)
        finally:
            for left in self._waiting.pop(room):
                left.answer.cancel()

    async def _answer(self, room: str, some: Sequence[_Waiting[One, Answer]]) -> None:
        try:
            answers = await self._step(room, some)
        except Exception as error:
            for one in some:
                if not one.answer.done():
                    # Each has its own: a traceback belongs to one.
                    one.answer.set_exception(type(error)(*error.args))
        except BaseException:
            for one in some:
                one.answer.cancel()
            raise
        else:
            for one, answer in zip(some, answers, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)

    async def _step(self, room: str, some: Sequence[_Waiting[One, Answer]]) -> Sequence[Answer]:
        waited = self._clock() - some[0].since
        try:
            async with asyncio.timeout(self._patience() - waited):
                return await self._commit(room, [one.one for one in some])
        except TimeoutError:
            raise Unavailable("Messages cannot be reached at the moment. Try again.") from None

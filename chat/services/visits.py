"""Visits to the database thread, shared by those who wait for the same kind of answer.

There is one such thread for the whole process, and a visit costs as much as several more people in it: after
a restart hundreds ask who they are at once.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from chat.database import in_database

Question = TypeVar("Question")
Answer = TypeVar("Answer")

SHARED_BY: Final = 100  # more would let the others wait too long
# Seconds between two visits. Who comes alone does not wait; in a rush, a dozen share what one had for itself.
GATHERING: Final = 0.01


class Visits(Generic[Question, Answer]):
    """``answer`` is called in the database thread with all questions that waited; it answers in order.

    ``sleep`` waits for some seconds.
    """

    def __init__(
        self,
        answer: Callable[[list[Question]], Sequence[Answer]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._answer = answer
        self._sleep = sleep
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._visiting: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises what the visit raised, for everybody who shared it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._visiting is None:
            # Not in the context of whoever comes first: a request has a thread of its own, and ends it.
            context = contextvars.Context()
            self._visiting = asyncio.get_running_loop().create_task(self._visit(), context=context)
        return await future

    async def _visit(self) -> None:
        try:
            while self._waiting:
                sharing, self._waiting = self._waiting[:SHARED_BY], self._waiting[SHARED_BY:]
                await self._visit_for(sharing)
                await self._sleep(GATHERING)
        finally:
            self._visiting = None
            for _, future in self._waiting:
                future.cancel()

    async def _visit_for(self, sharing: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        waiting = [future for _, future in sharing]
        try:
            answers = await in_database(self._answer, [question for question, _ in sharing])
        except asyncio.CancelledError:
            for future in waiting:
                future.cancel()
            raise
        except Exception as error:
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(waiting, answers, strict=True):
            if not future.done():  # whoever asked may have gone away
                future.set_result(answer)

"""Visits to the database thread, shared by those who wait."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from people import eventually

from chat.services import visits
from chat.services.visits import Visits

pytestmark = pytest.mark.django_db(transaction=True)


class Counting:
    """Doubles numbers; remembers which came together, and waits in the thread until it may go on."""

    def __init__(self) -> None:
        self.visits: list[list[int]] = []
        self.may_go_on = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.visits.append(list(numbers))
        assert self.may_go_on.wait(20)
        return [2 * number for number in numbers]


async def ask_all(asked: Visits[int, int], numbers: Sequence[int]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.get_running_loop().create_task(asked.ask(number)) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_those_who_come_during_a_visit_share_the_next_one_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visits, "SHARED_BY", 3)
    answer = Counting()
    asked: Visits[int, int] = Visits(answer)
    tasks = await ask_all(asked, [0])
    await eventually(lambda: answer.visits)
    tasks += await ask_all(asked, [1, 2, 3, 4])
    answer.may_go_on.set()
    assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]
    assert answer.visits == [[0], [1, 2, 3], [4]]
    assert await asked.ask(5) == 10


async def test_those_who_come_shortly_after_a_visit_wait_for_each_other() -> None:
    rest = asyncio.Event()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await rest.wait()
        rest.clear()

    answer = Counting()
    answer.may_go_on.set()
    asked: Visits[int, int] = Visits(answer, sleep=sleep)
    assert await asked.ask(0) == 0  # who comes alone has not waited
    await eventually(lambda: pauses)
    tasks = await ask_all(asked, [1])
    tasks += await ask_all(asked, [2])
    assert answer.visits == [[0]]
    rest.set()
    assert await asyncio.gather(*tasks) == [2, 4]
    assert answer.visits == [[0], [1, 2]]
    assert pauses[0] == visits.GATHERING
    rest.set()
    await eventually(lambda: asked._visiting is None)
    assert await asked.ask(3) == 6


async def test_a_failure_is_everybodys_who_shared_it_and_the_next_visit_is_new() -> None:
    fails = [True]

    def answer(numbers: Sequence[int]) -> Sequence[int]:
        if fails.pop():
            raise ConnectionError("no database")
        return numbers

    asked: Visits[int, int] = Visits(answer)
    results = await asyncio.gather(asked.ask(1), asked.ask(2), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError, ConnectionError]
    fails.append(False)
    assert await asked.ask(3) == 3


async def test_whoever_goes_away_leaves_the_others_their_answers() -> None:
    answer = Counting()
    asked: Visits[int, int] = Visits(answer)
    gone, stays = await ask_all(asked, [1, 2])
    await eventually(lambda: answer.visits)
    gone.cancel()
    answer.may_go_on.set()
    assert await stays == 4
    assert gone.cancelled()


async def test_a_failure_after_everybody_went_away_is_nobodys() -> None:
    may_go_on = threading.Event()

    def answer(numbers: Sequence[int]) -> Sequence[int]:
        may_go_on.wait(20)
        raise ConnectionError("no database")

    asked: Visits[int, int] = Visits(answer)
    [gone] = await ask_all(asked, [1])
    gone.cancel()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await eventually(lambda: asked._visiting is None)


async def test_a_visit_that_is_cancelled_leaves_nobody_waiting() -> None:
    answer = Counting()
    asked: Visits[int, int] = Visits(answer)
    first = await ask_all(asked, [1])
    await eventually(lambda: answer.visits)
    second = await ask_all(asked, [2])
    assert asked._visiting is not None
    asked._visiting.cancel()
    results = await asyncio.gather(*first, *second, return_exceptions=True)
    answer.may_go_on.set()
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2


async def test_a_visit_is_in_the_thread_of_the_process_and_not_of_the_request_that_came_first() -> None:
    def thread(questions: Sequence[int]) -> list[int]:
        return [threading.get_ident()] * len(questions)

    asked: Visits[int, int] = Visits(thread)
    here: Callable[..., object] = sync_to_async(threading.get_ident)
    ours = await here()
    async with ThreadSensitiveContext():
        assert await here() != ours
        assert await asked.ask(1) == ours

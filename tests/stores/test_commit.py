"""Group commit: one step for those who come meanwhile, and an answer for each."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from clocks import Clock

from chat.errors import Unavailable
from chat.stores.commit import AT_ONCE, PAUSE, GroupCommit

pytestmark = pytest.mark.in_process


class Steps:
    """What was asked, step by step; each waits until the gate is open."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[int]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def __call__(self, room: str, some: Sequence[int]) -> Sequence[int]:
        self.taken.append((room, list(some)))
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return [one * 10 for one in some]


@pytest.fixture
async def steps() -> Steps:
    return Steps()


@pytest.fixture
async def commit(steps: Steps) -> AsyncIterator[GroupCommit[int, int]]:
    made = GroupCommit(steps, lambda: 30.0)
    yield made
    await made.close()


def begun(commit: GroupCommit[int, int], *numbers: int, room: str = "a") -> list["asyncio.Task[int]"]:
    return [asyncio.ensure_future(commit.add(room, number)) for number in numbers]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_alone_goes_alone(commit: GroupCommit[int, int], steps: Steps) -> None:
    assert [await commit.add("a", 1), await commit.add("a", 2)] == [10, 20]
    assert steps.taken == [("a", [1]), ("a", [2])]


async def test_who_comes_while_a_step_is_under_way_goes_in_the_next_in_order(
    commit: GroupCommit[int, int], steps: Steps
) -> None:
    steps.gate.clear()
    first = begun(commit, 1, 2)
    await turns()
    rest = begun(commit, 3, 4, 5)
    await turns()
    assert steps.taken == [("a", [1, 2])]
    steps.gate.set()
    assert await asyncio.gather(*first, *rest) == [10, 20, 30, 40, 50]
    assert steps.taken == [("a", [1, 2]), ("a", [3, 4, 5])]


async def test_rooms_do_not_wait_for_each_other(commit: GroupCommit[int, int], steps: Steps) -> None:
    steps.gate.clear()
    tasks = [*begun(commit, 1), *begun(commit, 2, room="b")]
    await turns()
    assert steps.taken == [("a", [1]), ("b", [2])]
    steps.gate.set()
    assert await asyncio.gather(*tasks) == [10, 20]


async def test_a_step_is_bounded(commit: GroupCommit[int, int], steps: Steps) -> None:
    await asyncio.gather(*begun(commit, *range(AT_ONCE + 1)))
    assert [len(some) for _, some in steps.taken] == [AT_ONCE, 1]


async def test_what_fails_fails_for_all_of_the_step_and_for_nobody_else(
    commit: GroupCommit[int, int], steps: Steps
) -> None:
    steps.failure = Unavailable("away")
    failures = await asyncio.gather(*begun(commit, 1, 2), return_exceptions=True)
    assert [str(one) for one in failures] == ["away", "away"]
    assert {type(one) for one in failures} == {Unavailable}
    assert failures[0] is not failures[1]
    steps.failure = None
    assert await commit.add("a", 3) == 30


async def test_who_is_cancelled_before_the_step_is_left_out_and_after_it_holds_nobody_back(
    commit: GroupCommit[int, int], steps: Steps
) -> None:
    steps.gate.clear()
    under_way, stays = begun(commit, 1, 2)
    await turns()
    waiting, goes = begun(commit, 3, 4)
    await turns()
    for one in (under_way, waiting):
        one.cancel()
    await turns()
    steps.gate.set()
    assert await asyncio.gather(stays, goes) == [20, 40]
    assert steps.taken == [("a", [1, 2]), ("a", [4])]


async def test_closing_ends_who_waits(commit: GroupCommit[int, int], steps: Steps) -> None:
    steps.gate.clear()
    under_way = begun(commit, 1)
    await turns()
    waiting = begun(commit, 2)
    await turns()
    await commit.close()
    ends = await asyncio.gather(*under_way, *waiting, return_exceptions=True)
    assert {type(one) for one in ends} == {asyncio.CancelledError}


def timed(steps: Steps, clock: Clock, seconds: float, pauses: list[float]) -> GroupCommit[int, int]:
    """One whose steps take so long."""

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def step(room: str, some: Sequence[int]) -> Sequence[int]:
        clock.now += seconds
        return await steps(room, some)

    return GroupCommit(step, lambda: 30.0, clock=clock, sleep=pause)


async def test_after_a_step_of_several_the_next_waits_about_as_long_as_that_took(steps: Steps) -> None:
    pauses: list[float] = []
    await asyncio.gather(*begun(timed(steps, Clock(), 0.004, pauses), 1, 2, 3, 4))
    assert pauses == [pytest.approx(0.003)]


async def test_after_who_came_alone_nobody_waits(steps: Steps) -> None:
    pauses: list[float] = []
    await timed(steps, Clock(), 0.004, pauses).add("a", 1)
    assert pauses == []


async def test_no_pause_is_long_though_a_step_was(steps: Steps) -> None:
    pauses: list[float] = []
    await asyncio.gather(*begun(timed(steps, Clock(), 1.5, pauses), 1, 2))
    assert pauses == [PAUSE / 2]


async def test_nobody_waits_longer_for_a_step_before_theirs_and_their_own_together(steps: Steps) -> None:
    clock = Clock()

    async def step(room: str, some: Sequence[int]) -> Sequence[int]:
        answers = await steps(room, some)
        steps.gate.clear()
        return answers

    commit = GroupCommit(step, lambda: 2.0, clock=clock)
    steps.gate.clear()
    first = begun(commit, 1)
    await turns()
    second = begun(commit, 2)
    await turns()
    clock.now += 2
    steps.gate.set()
    assert await first[0] == 10
    with pytest.raises(Unavailable):
        await second[0]
    assert steps.taken == [("a", [1]), ("a", [2])]
    await commit.close()

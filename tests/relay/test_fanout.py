"""Rooms whose store is slow hold up nobody else's room, and keep their own order."""

import asyncio
import logging

import pytest

from chat.domain import Event
from chat.relay import Relay
from chat.relay.fanout import CATCHING_UP
from chat.relay.room import RoomLock

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import DroppingLayer
from .test_relay import all_at, crowd, post

BOXES = "channel:boxes"


class SlowLogs(Logs):
    """Stores of some rooms answer when the test says. ``reading`` are the rooms that wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[str] = set()
        self.go_on = asyncio.Event()
        self.reading: list[str] = []

    async def events_after(self, room: str, epoch: str, seq: int) -> list[Event] | None:
        events = await super().events_after(room, epoch, seq)
        if room in self.slow:
            self.reading.append(room)
            await self.go_on.wait()
        return events


@pytest.fixture
def logs() -> SlowLogs:
    return SlowLogs()


@pytest.fixture
def layer() -> DroppingLayer:
    return DroppingLayer()


async def lose_one(relay: Relay, layer: DroppingLayer, logs: Logs, *rooms: str) -> None:
    """The layer loses an event of each room; the next one shows the gap."""
    layer.dropping = True
    for room in rooms:
        post(relay, logs, room)
    await quiet()
    layer.dropping = False
    for room in rooms:
        post(relay, logs, room)


async def test_a_room_whose_store_is_slow_does_not_delay_another(
    relay: Relay, layer: DroppingLayer, logs: SlowLogs
) -> None:
    slow, quick = *(await crowd(relay, logs, 1)), *(await crowd(relay, logs, 1, BOXES))
    logs.slow = {ROOM}
    await lose_one(relay, layer, logs, ROOM)
    await until(lambda: logs.reading == [ROOM])
    post(relay, logs, BOXES, times=3)
    await until(lambda: all_at([quick], 3))
    assert slow.seqs == []
    logs.go_on.set()
    await until(lambda: all_at([slow], 2))


async def test_what_comes_while_a_room_catches_up_comes_after_it_and_once(
    relay: Relay, layer: DroppingLayer, logs: SlowLogs
) -> None:
    [tab] = await crowd(relay, logs, 1)
    logs.slow = {ROOM}
    await lose_one(relay, layer, logs, ROOM)
    await until(lambda: logs.reading == [ROOM])
    for _ in range(5):
        post(relay, logs)
        await quiet()
    assert logs.reading == [ROOM]
    logs.go_on.set()
    await until(lambda: all_at([tab], 7))
    await quiet()
    assert tab.seqs == [1, 2, 3, 4, 5, 6, 7]


async def test_a_room_that_somebody_enters_slowly_does_not_delay_another(
    relay: Relay, logs: SlowLogs
) -> None:
    here, quick = *(await crowd(relay, logs, 1)), *(await crowd(relay, logs, 1, BOXES))
    newcomer = await Tab("carol").open(relay)
    logs.slow = {ROOM}
    logs.add()  # not published yet: to make the two level, the store is asked under the room's lock
    entering = asyncio.create_task(newcomer.enter(relay, logs))
    await until(lambda: logs.reading == [ROOM])
    post(relay, logs)
    post(relay, logs, BOXES)
    await until(lambda: all_at([quick], 1))
    assert here.seqs == []
    logs.go_on.set()
    await entering
    await until(lambda: all_at([here, newcomer], 2))


async def test_rooms_catch_up_beside_one_another_up_to_a_bound(
    relay: Relay, layer: DroppingLayer, logs: SlowLogs
) -> None:
    rooms = [f"channel:room-{number}" for number in range(CATCHING_UP + 3)]
    tabs = [tab for room in rooms for tab in await crowd(relay, logs, 1, room)]
    logs.slow = set(rooms)
    await lose_one(relay, layer, logs, *rooms)
    await until(lambda: len(logs.reading) == CATCHING_UP)
    await quiet()
    assert len(logs.reading) == CATCHING_UP
    logs.go_on.set()
    await until(lambda: all_at(tabs, 2))


async def test_a_room_that_could_not_catch_up_is_asked_about_again(
    relay: Relay, layer: DroppingLayer, logs: SlowLogs, caplog: pytest.LogCaptureFixture
) -> None:
    [tab] = await crowd(relay, logs, 1)
    logs.down = True
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        await lose_one(relay, layer, logs, ROOM)
        await until(lambda: relay.counters["fill_failures"])
        await quiet()
    logs.down = False
    post(relay, logs)
    await until(lambda: all_at([tab], 3))


async def test_a_relay_that_closes_ends_what_catches_up(make_relay: MakeRelay, logs: SlowLogs) -> None:
    relay = make_relay(layer := DroppingLayer())
    await crowd(relay, logs, 1)
    logs.slow = {ROOM}
    await lose_one(relay, layer, logs, ROOM)
    await until(lambda: logs.reading == [ROOM])
    await relay.close()
    assert not relay._tasks


async def test_a_lock_that_somebody_waits_for_is_not_free() -> None:
    lock = RoomLock()
    may_leave = asyncio.Event()

    async def hold() -> None:
        async with lock:
            await may_leave.wait()

    assert lock.is_free
    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await quiet()
    assert not lock.is_free
    second.cancel()
    await quiet()
    assert not lock.is_free
    may_leave.set()
    await asyncio.gather(first, second, return_exceptions=True)
    assert lock.is_free

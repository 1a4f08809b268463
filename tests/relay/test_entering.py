"""Entering, leaving and the end of a connection: nothing lost, nothing twice, nothing left over."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from clocks import Clock

from chat.errors import Unavailable
from chat.relay import Level, Position, Relay, room_group
from chat.relay.room import MEMBERS_A_TURN, RECENT_EVENTS

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import DroppingLayer, HoldingLayer, SlowLayer, WatchedLayer, WildLayer
from .test_relay import all_at, crowd, post

BOXES = "channel:boxes"


def nothing_is_left(relay: Relay) -> bool:
    held = (
        relay._rooms,
        relay._people,
        relay._members,
        relay._held_groups,
        +relay._person_groups,
        relay._outboxes,
    )
    return not any(held)


def pausing(random: Random, most: int = 4) -> Callable[[str], "asyncio.Future[None]"]:
    async def pause(question: str) -> None:
        for _ in range(random.randrange(most)):
            await asyncio.sleep(0)

    return pause  # type: ignore[return-value]


# --- events while somebody enters --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", [WatchedLayer, WildLayer])
async def test_events_stored_while_people_enter_are_neither_lost_nor_doubled(
    make_relay: MakeRelay, logs: Logs, seed: int, kind: type
) -> None:
    random = Random(seed)
    layer = kind(random) if kind is WildLayer else kind()
    relay = make_relay(layer)
    logs.pause = pausing(random, 12)
    tabs = [await Tab(f"p{i}").open(relay) for i in range(8)]

    async def publish() -> None:
        while len(logs.events[ROOM]) < 1_000:
            post(relay, logs, times=random.randrange(1, 6))
            for _ in range(random.randrange(3)):
                await asyncio.sleep(0)

    async def enter(tab: Tab) -> None:
        for _ in range(random.randrange(400)):
            await asyncio.sleep(0)
        await tab.enter(relay, logs)

    await asyncio.gather(publish(), *map(enter, tabs))
    await quiet()
    layer.wild = False
    await relay.compare_heads()
    await relay.compare_heads()
    await until(lambda: all_at(tabs, len(logs.events[ROOM])))


@pytest.mark.parametrize("missed", [1, RECENT_EVENTS, RECENT_EVENTS + 1, 700])
async def test_what_comes_while_the_answer_is_made_follows_it(relay: Relay, logs: Logs, missed: int) -> None:
    [present] = await crowd(relay, logs, 1)
    tab = await Tab("carol").open(relay)

    async def publish(question: str) -> None:
        if question == "joined":
            logs.pause = None
            for _ in range(missed):
                post(relay, logs)
                await until(lambda: present.member.seq == len(logs.events[ROOM]))

    logs.pause = publish
    logs.asked.clear()
    await tab.enter(relay, logs)
    assert ("events_after" in logs.asked) == (missed > RECENT_EVENTS)
    assert tab.position == Position("first life", missed)
    assert len(tab.of("joined")) == 1  # the first answer served


async def test_the_answer_may_know_more_than_the_layer_has_carried(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := HoldingLayer())
    [present] = await crowd(relay, logs, 1)
    post(relay, logs, times=3)
    await quiet()
    [tab] = await crowd(relay, logs, 1)
    assert all_at([tab, present], 3)
    await layer.release()
    layer.holding = False
    post(relay, logs)
    await until(lambda: all_at([tab, present], 4))


async def test_what_the_store_knows_and_the_room_has_not_heard_of_comes_later(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := HoldingLayer())
    layer.holding = False
    [present] = await crowd(relay, logs, 1)
    tab = await Tab("carol").open(relay)

    async def publish(question: str) -> None:
        logs.pause = None
        for _ in range(RECENT_EVENTS + 1):
            post(relay, logs)
            await until(lambda: present.member.seq == len(logs.events[ROOM]))
        layer.holding = True
        post(relay, logs, times=5)
        await quiet()

    logs.pause = publish
    await tab.enter(relay, logs)
    assert all_at([tab, present], RECENT_EVENTS + 1)
    await layer.release()
    await until(lambda: all_at([tab, present], RECENT_EVENTS + 6))


async def test_a_room_whose_log_begins_again_meanwhile_is_entered_in_its_new_life(
    relay: Relay, logs: Logs
) -> None:
    [present] = await crowd(relay, logs, 1)
    post(relay, logs, times=3)
    await until(lambda: all_at([present], 3))
    tab = await Tab("carol").open(relay)

    async def begin_again(question: str) -> None:
        logs.pause = None
        logs.begin_again(events=2)

    logs.pause = begin_again
    await tab.enter(relay, logs)
    await relay.compare_heads()
    await until(lambda: tab.position == present.position == Position("second life", 2))


async def test_a_log_of_another_life_is_noticed_by_who_enters(relay: Relay, logs: Logs) -> None:
    [present] = await crowd(relay, logs, 1)
    logs.begin_again(events=2)
    [tab] = await crowd(relay, logs, 1)
    assert tab.position == present.position == Position("second life", 2)


async def test_who_says_where_they_were_gets_what_they_missed(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs, times=2)
    await until(lambda: all_at([tab], 2))
    await relay.leave(tab.member)
    post(relay, logs, times=3)
    await tab.enter(relay, logs, at=tab.position)
    assert tab.resets == 1
    assert all_at([tab], 5)


async def test_a_room_that_never_stands_still_cannot_be_entered(relay: Relay, logs: Logs) -> None:
    tab = await Tab().open(relay)

    async def another_life(question: str) -> None:
        logs.begin_again(epoch=f"life {len(logs.asked)}")

    logs.pause = another_life
    with pytest.raises(Unavailable):
        await tab.enter(relay, logs)
    assert tab.frames == []
    assert tab.member.room is None
    await until(lambda: not relay._rooms)


async def test_whose_answer_fails_is_in_no_room(relay: Relay, layer: WatchedLayer, logs: Logs) -> None:
    tab = await Tab().open(relay)

    async def fail() -> Level:
        raise Unavailable("the database is down")

    with pytest.raises(Unavailable):
        await relay.enter(tab.member, ROOM, fail, partial(logs.joined, ROOM))
    assert tab.member.room is None
    await until(lambda: not relay._rooms)
    assert room_group(ROOM) not in layer.groups
    await tab.enter(relay, logs)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_a_store_that_is_down_leaves_nobody_subscribed(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    tab = await Tab().open(relay)
    logs.down = True
    with pytest.raises(Unavailable):
        await tab.enter(relay, logs)
    await until(lambda: not relay._rooms)
    assert room_group(ROOM) not in layer.groups
    logs.down = False
    await tab.enter(relay, logs)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_who_goes_away_while_a_gap_is_filled_takes_nothing_from_the_others(
    make_relay: MakeRelay, logs: Logs
) -> None:
    """Their entering found the gap; the read, and the room, are everybody's."""
    relay = make_relay(layer := DroppingLayer())
    tabs = await crowd(relay, logs, 3)
    layer.dropping = True
    post(relay, logs, times=3)
    await quiet()
    newcomer = await Tab("carol").open(relay)
    reading = asyncio.Event()

    async def pause(question: str) -> None:
        if question == "events_after":
            reading.set()
            await asyncio.Event().wait()

    logs.pause = pause
    entering = asyncio.ensure_future(newcomer.enter(relay, logs))
    await until(reading.is_set)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    logs.pause = None
    await relay.compare_heads()
    await until(lambda: all_at(tabs, 3))
    assert newcomer.frames == []


async def test_who_goes_away_while_a_large_room_is_written_to_takes_nothing_from_the_others(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := DroppingLayer())
    tabs = await crowd(relay, logs, MEMBERS_A_TURN + 3)
    layer.dropping = True
    post(relay, logs, times=3)
    await quiet()
    newcomer = await Tab("carol").open(relay)
    entering = asyncio.ensure_future(newcomer.enter(relay, logs))
    await until(lambda: all_at(tabs[:MEMBERS_A_TURN], 3))
    assert tabs[-1].seqs == []
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    assert all_at(tabs, 3)
    assert entering.cancelled()


# --- leaving, and the end ----------------------------------------------------------------------------


async def test_who_left_gets_no_more_of_the_room(relay: Relay, logs: Logs) -> None:
    stays, leaves = await crowd(relay, logs, 2)
    await relay.leave(leaves.member)
    await relay.leave(leaves.member)
    post(relay, logs)
    await until(lambda: all_at([stays], 1))
    assert leaves.seqs == []
    assert leaves.member.room is None


async def test_entering_a_room_leaves_the_other_one(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    await tab.enter(relay, logs, BOXES)
    await until(lambda: relay.rooms() == [BOXES] and len(relay._rooms) == 1)
    post(relay, logs)
    post(relay, logs, BOXES)
    await until(lambda: tab.seqs)
    await quiet()
    assert [frame["room"] for frame in tab.of("event")] == [BOXES]


async def test_entering_the_same_room_again_is_a_fresh_answer(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs)
    await until(lambda: all_at([tab], 1))
    await tab.enter(relay, logs)
    assert tab.resets == 2
    post(relay, logs)
    await until(lambda: all_at([tab], 2))
    assert tab.seqs == [1, 2]


async def test_detaching_leaves_nothing_and_twice_is_harmless(relay: Relay, logs: Logs) -> None:
    tabs = await crowd(relay, logs, 3)
    tabs += [await Tab("p0").open(relay)]
    assert relay.connections == 4
    post(relay, logs)
    await until(lambda: all_at(tabs[:3], 1))
    for tab in (*tabs, *tabs):
        await relay.detach(tab.member)
    assert relay.connections == 0
    assert nothing_is_left(relay)


async def test_detaching_does_not_wait_for_a_stalled_send(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    tab.gate.clear()
    post(relay, logs, times=3)
    await until(lambda: tab.member.writer is not None)
    await relay.detach(tab.member)
    assert nothing_is_left(relay)
    await until(lambda: tab.member.writer is None)
    assert tab.seqs == []


async def test_a_detaching_that_is_cancelled_leaves_nothing_either(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.gate.clear()
    ending = asyncio.ensure_future(relay.detach(tab.member))
    await until(lambda: layer.waiting)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)
    await relay.detach(tab.member)
    layer.gate.set()
    await until(lambda: nothing_is_left(relay))
    assert room_group(ROOM) not in layer.groups


async def test_a_connection_that_ends_while_it_enters_is_in_no_room(relay: Relay, logs: Logs) -> None:
    tab = await Tab().open(relay)

    async def end(question: str) -> None:
        if question == "joined":
            await relay.detach(tab.member)

    logs.pause = end
    await tab.enter(relay, logs)
    assert tab.frames == []
    await until(lambda: nothing_is_left(relay))


@pytest.mark.parametrize("seed", range(10))
async def test_through_a_storm_of_entering_and_leaving_nobody_stays_deaf(
    make_relay: MakeRelay, logs: Logs, seed: int
) -> None:
    random = Random(seed)
    layer = WatchedLayer()
    relay = make_relay(layer)
    logs.pause = pausing(random)
    rooms = [ROOM, BOXES, "channel:paddock"]
    tabs = [await Tab(f"p{i}").open(relay) for i in range(10)]

    async def move(tab: Tab) -> None:
        for _ in range(20):
            act = random.random()
            if act < 0.7:
                work = asyncio.ensure_future(tab.enter(relay, logs, random.choice(rooms)))
                if act < 0.15:  # some go away in the middle of it
                    for _ in range(random.randrange(6)):
                        await asyncio.sleep(0)
                    work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            else:
                await relay.leave(tab.member)

    async def publish() -> None:
        for _ in range(200):
            post(relay, logs, random.choice(rooms))
            await asyncio.sleep(0)

    await asyncio.gather(publish(), *map(move, tabs))
    await until(lambda: set(relay._rooms) == set(relay.rooms()))
    for room in rooms:
        is_subscribed = room_group(room) in layer.groups
        assert is_subscribed == any(tab.member.room == room for tab in tabs)
    logs.pause = None
    for room in rooms:
        post(relay, logs, room)
    for tab in tabs:
        if tab.member.room is not None:
            head = len(logs.events[tab.member.room])
            await until(lambda tab=tab, head=head: all_at([tab], head))
    for tab in tabs:
        await relay.detach(tab.member)
    await until(lambda: nothing_is_left(relay))


async def test_closing_ends_every_task(make_relay: MakeRelay, clock: Clock, logs: Logs) -> None:
    before = asyncio.all_tasks()
    relay = make_relay(WatchedLayer())
    [tab] = await crowd(relay, logs, 1)
    tab.gate.clear()
    post(relay, logs, times=2)
    await until(lambda: tab.member.writer is not None)
    post(relay, logs)
    await relay.close()
    await relay.close()
    assert asyncio.all_tasks() == before

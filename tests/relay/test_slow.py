"""Members that take nothing: they cost the others nothing, a bounded amount of memory, and no event."""

import asyncio

import pytest
from clocks import Clock

from chat.protocol import CloseCode
from chat.relay import Level, Position, Relay
from chat.relay.member import QUEUE_EVENTS

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import HoldingLayer
from .test_relay import all_at, crowd, post

BOXES = "channel:boxes"


async def stall(relay: Relay, logs: Logs, tab: Tab) -> None:
    """The tab takes nothing from now on, and a first event is stuck in it."""
    tab.gate.clear()
    post(relay, logs)
    await until(lambda: tab.member.writer is not None)


async def flood(relay: Relay, logs: Logs, witness: Tab, events: int = QUEUE_EVENTS + 20) -> None:
    """One event a frame, until the witness has them all."""
    for _ in range(events):
        post(relay, logs)
        await until(lambda: witness.member.seq == len(logs.events[ROOM]))


async def test_a_stalled_member_does_not_delay_the_others(relay: Relay, logs: Logs) -> None:
    slow, *others = await crowd(relay, logs, 5)
    await stall(relay, logs, slow)
    post(relay, logs, times=9)
    await until(lambda: all_at(others, 10))
    assert slow.seqs == []
    slow.gate.set()
    await until(lambda: all_at([slow], 10))


async def test_who_fell_behind_gets_exactly_what_they_missed_in_order(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    assert slow.member.behind
    assert relay.counters["members_behind"] == 1
    slow.gate.set()
    head = len(logs.events[ROOM])
    await until(lambda: all_at([slow], head))
    assert slow.resets == 1  # the entry: what was missed came as events
    assert slow.of("joined")[1]["events"] == list(range(2, head + 1))
    post(relay, logs)
    await until(lambda: all_at([slow, witness], head + 1))


async def test_who_fell_too_far_behind_is_reset(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    logs.forget()
    slow.gate.set()
    await until(lambda: all_at([slow], len(logs.events[ROOM])))
    assert slow.resets == 2
    assert witness.resets == 1


async def test_who_is_brought_back_while_events_go_on_misses_none(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    asked = 0

    async def publish(question: str) -> None:
        nonlocal asked
        if question == "joined" and (asked := asked + 1) < 50:
            post(relay, logs, times=3)
            await until(lambda: witness.member.seq == len(logs.events[ROOM]))

    logs.pause = publish
    slow.gate.set()
    await until(lambda: all_at([slow, witness], len(logs.events[ROOM])) and not slow.member.behind)
    assert asked == 1


async def test_who_is_brought_back_may_know_more_than_the_layer_has_carried(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := HoldingLayer())
    layer.holding = False
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    layer.holding = True
    post(relay, logs, times=5)
    await quiet()
    slow.gate.set()
    await until(lambda: all_at([slow, witness], len(logs.events[ROOM])))


async def test_what_waits_for_a_slow_member_is_dropped_by_a_reset(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness, 10)
    assert slow.member.queued_events == 10
    logs.begin_again(events=2)
    await relay.compare_heads()
    await until(lambda: witness.position == Position("second life", 2))
    assert slow.member.queued_events == 0
    slow.gate.set()
    await until(lambda: slow.position == Position("second life", 2))
    assert slow.seqs == [1]


async def test_a_room_that_is_reset_resets_a_member_that_is_behind_once(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    logs.begin_again(events=2)
    await relay.compare_heads()
    await until(lambda: witness.position == Position("second life", 2))
    assert not slow.member.behind
    slow.gate.set()
    await until(lambda: slow.position == Position("second life", 2))
    assert slow.resets == 2


async def test_a_reset_while_somebody_is_brought_back_is_told_once(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)

    async def begin_again(question: str) -> None:
        logs.pause = None
        logs.begin_again(events=2)
        await relay.compare_heads()
        await until(lambda: witness.position == Position("second life", 2))

    logs.pause = begin_again
    slow.gate.set()
    await until(lambda: slow.member.writer is None)
    assert slow.position == Position("second life", 2)
    assert slow.resets == 2


async def test_who_leaves_while_being_brought_back_hears_no_more_of_the_room(
    relay: Relay, logs: Logs
) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)

    async def leave(question: str) -> None:
        logs.pause = None
        await relay.leave(slow.member)

    logs.pause = leave
    slow.gate.set()
    await until(lambda: slow.member.writer is None)
    assert slow.seqs == [1]
    assert len(slow.of("joined")) == 1


async def test_who_moves_on_while_being_brought_back_and_falls_behind_there_misses_nothing_there(
    relay: Relay, logs: Logs
) -> None:
    slow, witness = await crowd(relay, logs, 2)
    [boxes] = await crowd(relay, logs, 1, BOXES)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)

    async def move_on(question: str) -> None:
        logs.pause = None
        await slow.enter(relay, logs, BOXES)
        for _ in range(QUEUE_EVENTS + 1):
            post(relay, logs, BOXES)
            await until(lambda: boxes.member.seq == len(logs.events[BOXES]))
        assert slow.member.behind

    logs.pause = move_on
    slow.gate.set()
    await until(lambda: slow.member.writer is None)
    assert slow.position == Position("first life", QUEUE_EVENTS + 1)


async def test_a_slow_member_that_is_put_out_hears_of_it_and_no_more_of_the_room(
    relay: Relay, logs: Logs
) -> None:
    [witness] = await crowd(relay, logs, 1)
    slow = Tab("slow")
    slow._member = await relay.attach("slow", "", slow.send, lambda _: relay.expel(slow.member), slow.welcome)
    await slow.enter(relay, logs)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness, 10)
    await relay.tell("slow", text='{"type":"channel"}', notice={"expelled": ROOM})
    await until(lambda: slow.member.room is None)
    slow.gate.set()
    await until(lambda: slow.of("channel"))
    assert slow.seqs == [1]


async def test_who_left_their_room_may_still_overflow(relay: Relay, logs: Logs) -> None:
    [slow] = await crowd(relay, logs, 1)
    await stall(relay, logs, slow)
    await relay.leave(slow.member)
    for _ in range(QUEUE_EVENTS + 1):
        await relay.tell("p0", text='{"type":"me"}')
        await quiet()
    assert slow.member.behind
    slow.gate.set()
    await until(lambda: slow.member.writer is None)
    assert not slow.member.behind
    await relay.tell("p0", text='{"type":"me"}')
    await until(lambda: slow.of("me"))


async def test_a_member_that_cannot_be_brought_back_is_lost_and_comes_again(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    logs.down = True
    slow.gate.set()
    await until(lambda: slow.notices == [{"close": CloseCode.STALLED}])
    assert not witness.member.dead


async def test_a_position_that_the_room_does_not_reach_is_not_waited_for_for_ever(
    relay: Relay, logs: Logs
) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)

    async def ahead_of_the_log(at: Position | None) -> Level:
        return Level("{}", "first life", 9_999)

    slow.member.level = ahead_of_the_log
    slow.gate.set()
    await until(lambda: slow.notices == [{"close": CloseCode.STALLED}])
    assert slow.frames[-1]["seq"] == 1
    assert not witness.member.dead


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("closed")])
async def test_a_send_that_raises_loses_that_member_alone(relay: Relay, logs: Logs, error: Exception) -> None:
    first, broken, last = await crowd(relay, logs, 3)
    broken.broken = error
    post(relay, logs)
    post(relay, logs)
    await until(lambda: all_at([first, last], 2))
    assert broken.notices == [{"close": CloseCode.STALLED}]
    assert relay.counters["members_lost"] == 1
    await relay.detach(broken.member)
    post(relay, logs)
    await until(lambda: all_at([first, last], 3))


async def test_a_stalled_writer_is_found_by_the_clock_and_closed_once_with_4408(
    relay: Relay, logs: Logs, clock: Clock
) -> None:
    slow, other = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    clock.now += 10
    assert relay.stalled() == []
    clock.now += 0.001
    assert relay.stalled() == [slow.member]
    relay.close_stalled()
    relay.close_stalled()
    assert slow.notices == [{"close": CloseCode.STALLED}]
    assert other.notices == []
    assert relay.counters["members_stalled"] == 1
    post(relay, logs, times=3)
    await until(lambda: all_at([other], 4))
    assert not slow.member.queue


async def test_a_slow_writer_that_makes_progress_is_not_closed(
    relay: Relay, logs: Logs, clock: Clock
) -> None:
    class Sluggish(Tab):
        async def send(self, message: dict[str, object]) -> None:
            await self.gate.wait()
            self.gate.clear()
            await super().send(message)

    tab = Sluggish()
    tab.gate.set()
    await (await tab.open(relay)).enter(relay, logs)
    for _ in range(3):
        post(relay, logs)
        await quiet()
    for _ in range(3):
        clock.now += 9
        assert relay.stalled() == []
        tab.gate.set()
        await quiet()


async def test_a_quiet_member_is_not_stalled(relay: Relay, logs: Logs, clock: Clock) -> None:
    await crowd(relay, logs, 1)
    clock.now += 86_400
    assert relay.stalled() == []


async def test_replies_reach_a_member_that_is_behind(relay: Relay, logs: Logs) -> None:
    slow, witness = await crowd(relay, logs, 2)
    await stall(relay, logs, slow)
    await flood(relay, logs, witness)
    slow.member.write('{"type":"ok","ref":7}', events=0)
    await asyncio.sleep(0)
    slow.gate.set()
    await until(lambda: all_at([slow], len(logs.events[ROOM])))
    assert slow.of("ok") == [{"type": "ok", "ref": 7}]


async def test_many_slow_members_share_what_brings_the_room_level(relay: Relay, logs: Logs) -> None:
    *slow, witness = await crowd(relay, logs, 8)
    for tab in slow:
        tab.gate.clear()
    post(relay, logs)
    await flood(relay, logs, witness)
    for tab in slow:
        tab.gate.set()
        post(relay, logs)
    await until(lambda: all_at([*slow, witness], len(logs.events[ROOM])))

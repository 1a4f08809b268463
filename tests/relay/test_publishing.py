"""Publishing: never fails, never waits, one group_send of a room at a time."""

import logging

import pytest

from chat.relay import Relay
from chat.relay.relay import OUTBOX_EVENTS

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import SlowLayer, WatchedLayer
from .test_relay import all_at, compare_twice, crowd, post

BOXES = "channel:boxes"


async def test_a_layer_that_is_down_costs_the_publisher_nothing_and_nobody_an_event(
    relay: Relay, layer: WatchedLayer, logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    tabs = await crowd(relay, logs, 2)
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        layer.down = True
        post(relay, logs, times=2)
        await quiet()
        post(relay, logs)
        await quiet()
    assert relay.counters["publish_failures"] == 2
    assert tabs[0].seqs == []
    layer.down = False
    await compare_twice(relay)
    await until(lambda: all_at(tabs, 3))
    assert tabs[0].seqs == [1, 2, 3]


async def test_a_relay_publishes_without_members_and_without_having_started(
    relay: Relay, make_relay: MakeRelay, layer: WatchedLayer, logs: Logs
) -> None:
    [tab] = await crowd(make_relay(layer), logs, 1)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_while_one_send_is_under_way_the_next_events_go_together(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := SlowLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.gate.clear()
    post(relay, logs)
    await until(lambda: layer.waiting == 1)
    for _ in range(20):
        post(relay, logs)
        await quiet()
    assert layer.waiting == 1
    layer.gate.set()
    await until(lambda: all_at([tab], 21))
    assert layer.carried == [[1], list(range(2, 22))]


async def test_rooms_do_not_wait_for_each_other(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    await crowd(relay, logs, 1)
    layer.gate.clear()
    post(relay, logs)
    post(relay, logs, BOXES)
    await until(lambda: layer.waiting == 2)
    layer.gate.set()
    await until(lambda: not relay._outboxes)


async def test_events_of_two_lives_never_share_a_message(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.gate.clear()
    post(relay, logs, times=2)
    await until(lambda: layer.waiting)
    post(relay, logs)
    logs.begin_again()
    post(relay, logs, times=2)
    layer.gate.set()
    await until(lambda: tab.position == ("second life", 2))
    await until(lambda: not relay._outboxes)
    lives = [(message["epoch"], len(message["events"])) for message in layer.sent]
    assert sorted(lives) == [("first life", 1), ("first life", 2), ("second life", 2)]


async def test_a_layer_that_hangs_holds_a_bounded_number_of_events(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.gate.clear()
    post(relay, logs)
    await until(lambda: layer.waiting)
    post(relay, logs, times=OUTBOX_EVENTS + 50)
    assert len(relay._outboxes[ROOM].events) == OUTBOX_EVENTS
    assert relay.counters["publish_failures"] == 50
    layer.gate.set()
    await until(lambda: not relay._outboxes)
    await compare_twice(relay)
    await until(lambda: all_at([tab], OUTBOX_EVENTS + 51))


async def test_news_cannot_fail_either(
    relay: Relay, layer: WatchedLayer, caplog: pytest.LogCaptureFixture
) -> None:
    await Tab().open(relay)
    layer.down = True
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        await relay.tell("bob", text="{}")
        await relay.tell_all("{}")
        await relay.tell_processes({"channel": "a"})
        await relay.hint(ROOM, "{}", but="")
    assert relay.counters["publish_failures"] == 4

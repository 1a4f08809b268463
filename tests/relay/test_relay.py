"""Every event once and in order at everybody, over a layer that loses, doubles, reorders and delays."""

import asyncio
import logging
from random import Random

import pytest
from clocks import Clock

from chat.protocol import BATCH_CHARACTERS
from chat.relay import Position, Relay
from chat.relay import relay as relay_module
from chat.relay.room import MEMBERS_A_TURN, PENDING_EVENTS

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import DoublingLayer, DroppingLayer, HoldingLayer, WatchedLayer, WildLayer


def post(relay: Relay, logs: Logs, room: str = ROOM, times: int = 1) -> None:
    """Store messages and hand them over, as the services do."""
    for _ in range(times):
        event = logs.add(room)
        relay.publish(room, logs.epochs[room], event)


async def compare_twice(*relays: Relay) -> None:
    """What was lost is what the second look finds still missing."""
    for relay in (*relays, *relays):
        await relay.compare_heads()


async def crowd(relay: Relay, logs: Logs, size: int, room: str = ROOM) -> list[Tab]:
    return [await (await Tab(f"p{i}").open(relay)).enter(relay, logs, room) for i in range(size)]


def all_at(tabs: list[Tab], seq: int) -> bool:
    return all(tab.position is not None and tab.position.seq == seq for tab in tabs)


# --- an honest layer -------------------------------------------------------------------------------


async def test_an_event_reaches_every_member_of_its_room_and_nobody_else(relay: Relay, logs: Logs) -> None:
    here = await crowd(relay, logs, 3)
    elsewhere = await crowd(relay, logs, 2, "channel:boxes")
    nowhere = await Tab("carol").open(relay)
    post(relay, logs)
    await until(lambda: all(tab.seqs == [1] for tab in here))
    await quiet()
    assert [tab.seqs for tab in elsewhere] == [[], []]
    assert nowhere.frames == []


async def test_everybody_gets_the_very_same_text(relay: Relay, logs: Logs) -> None:
    texts: list[str] = []

    class Listener(Tab):
        async def send(self, message: dict[str, str]) -> None:
            texts.append(message["text"])
            await super().send(message)

    tabs = [await (await Listener(f"p{i}").open(relay)).enter(relay, logs) for i in range(3)]
    del texts[:]
    post(relay, logs)
    await until(lambda: all_at(tabs, 1))
    assert len({id(text) for text in texts}) == 1


async def test_events_that_wait_together_leave_as_one_frame(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs, times=5)
    await until(lambda: all_at([tab], 5))
    assert tab.sizes[-1] == 5
    post(relay, logs)
    await until(lambda: all_at([tab], 6))
    assert tab.sizes[-1] == 1


async def test_more_than_a_server_takes_at_once_leaves_in_several_frames(relay: Relay, logs: Logs) -> None:
    [present] = await crowd(relay, logs, 1)
    newcomer = await Tab("carol").open(relay)

    async def publish(question: str) -> None:
        logs.pause = None
        for _ in range(10):
            relay.publish(ROOM, logs.epochs[ROOM], logs.add(text="x" * (BATCH_CHARACTERS // 4)))
        await until(lambda: present.member.seq == 10)

    logs.pause = publish
    await newcomer.enter(relay, logs)
    for tab in (present, newcomer):
        assert all_at([tab], 10)
        assert max(tab.sizes) == 3


async def test_two_processes_on_one_layer_both_deliver_in_order(
    make_relay: MakeRelay, layer: WatchedLayer, logs: Logs
) -> None:
    relays = [make_relay(layer), make_relay(layer)]
    tabs = [tab for relay in relays for tab in await crowd(relay, logs, 3)]
    for turn in range(60):
        post(relays[turn % 2], logs, times=1 + turn % 3)
        if turn % 5 == 0:
            await asyncio.sleep(0)
    # Their messages cross: what is missing is filled from the store, what comes again is dropped.
    await until(lambda: all_at(tabs, 120))


async def test_more_members_than_fit_in_a_turn_all_get_it(relay: Relay, logs: Logs) -> None:
    tabs = await crowd(relay, logs, 2 * MEMBERS_A_TURN + 1)
    post(relay, logs)
    await until(lambda: all_at(tabs, 1))


# --- what the layer does to events -----------------------------------------------------------------


async def test_who_is_expelled_while_others_have_their_turn_gets_nothing_more(
    relay: Relay, logs: Logs
) -> None:
    first, *_, last = tabs = await crowd(relay, logs, MEMBERS_A_TURN + 2)

    async def expel() -> None:
        await until(lambda: bool(first.seqs))
        relay.expel(last.member)

    expelling = asyncio.create_task(expel())
    post(relay, logs)
    await until(lambda: all_at(tabs[:-1], 1))
    await expelling
    await quiet()
    assert last.seqs == []


async def test_a_lost_event_is_filled_from_the_store_when_the_next_one_comes(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := DroppingLayer())
    tabs = await crowd(relay, logs, 2)
    layer.dropping = True
    post(relay, logs, times=3)
    await quiet()
    layer.dropping = False
    post(relay, logs)
    await until(lambda: all_at(tabs, 4))
    assert tabs[0].seqs == [1, 2, 3, 4]
    assert relay.counters["gaps_filled"] == 1


async def test_events_before_and_after_a_gap_come_once(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := HoldingLayer())
    [tab] = await crowd(relay, logs, 1)
    for _ in range(4):
        post(relay, logs)
        await quiet()
    await layer.release(0, 3, 1, 2)
    await until(lambda: all_at([tab], 4))
    await quiet()
    assert tab.seqs == [1, 2, 3, 4]


async def test_a_doubled_event_is_delivered_once(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(DoublingLayer())
    [tab] = await crowd(relay, logs, 1)
    for _ in range(10):
        post(relay, logs)
        await asyncio.sleep(0)
    await until(lambda: all_at([tab], 10))
    await quiet()
    assert tab.seqs == list(range(1, 11))
    assert relay.counters["gaps_filled"] == 0


async def test_reordered_events_come_in_order(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := HoldingLayer())
    [tab] = await crowd(relay, logs, 1)
    for _ in range(5):
        post(relay, logs)
        await quiet()
    async with relay._rooms[ROOM].lock:  # all of them wait for the same turn
        await layer.release(4, 2, 0, 3, 1)
        await quiet()
    await until(lambda: all_at([tab], 5))
    await quiet()
    assert tab.seqs == [1, 2, 3, 4, 5]
    assert relay.counters["gaps_filled"] == 0


async def test_an_event_that_is_held_back_comes_when_it_comes(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := HoldingLayer())
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs)
    await quiet()
    assert tab.seqs == []
    await layer.release()
    await until(lambda: tab.seqs == [1])


async def test_a_lost_last_event_is_found_by_the_second_look_at_the_heads(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := DroppingLayer())
    tabs = await crowd(relay, logs, 2)
    layer.dropping = True
    post(relay, logs, times=2)
    await quiet()
    await relay.compare_heads()
    await quiet()
    assert tabs[0].seqs == []  # it may be on its way
    await relay.compare_heads()
    await until(lambda: all_at(tabs, 2))
    logs.asked.clear()
    await compare_twice(relay)
    await quiet()
    assert logs.asked == ["heads", "heads"]  # nothing is missing, nothing is read


async def test_a_look_at_the_heads_of_no_rooms_and_of_quiet_rooms_does_nothing(
    relay: Relay, logs: Logs
) -> None:
    await compare_twice(relay)
    [tab] = await crowd(relay, logs, 1)
    await compare_twice(relay)
    await quiet()
    assert tab.resets == 1
    assert tab.seqs == []


async def test_a_room_that_was_left_during_the_look_is_no_matter(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)

    async def leave(question: str) -> None:
        logs.pause = None
        await relay.leave(tab.member)

    logs.pause = leave
    await relay.compare_heads()
    assert relay.rooms() == []


async def test_too_many_waiting_events_are_read_from_the_store_instead(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := HoldingLayer())
    tabs = await crowd(relay, logs, 2)
    for _ in range(3):
        post(relay, logs, times=PENDING_EVENTS - 1)
        await quiet()
    post(relay, logs)
    await quiet()
    logs.asked.clear()
    room = relay._rooms[ROOM]
    async with room.lock:  # nothing can be delivered now
        await layer.release()
        await quiet()
        assert len(room.pending) <= 3 * PENDING_EVENTS
        assert room.stale
    await until(lambda: all_at(tabs, 3 * PENDING_EVENTS - 2))
    assert logs.asked == ["events_after"]


# --- gaps that cannot be filled, other lives, broken stores ------------------------------------------


async def test_a_gap_that_cannot_be_filled_resets_everybody_here_with_one_encoding(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := DroppingLayer())
    tabs = await crowd(relay, logs, 3)
    layer.dropping = True
    post(relay, logs, times=3)
    await quiet()
    layer.dropping = False
    logs.asked.clear()
    logs.forget()
    post(relay, logs)
    await until(lambda: all_at(tabs, 4))
    assert [tab.resets for tab in tabs] == [2, 2, 2]
    assert tabs[0].seqs == []
    assert logs.asked.count("joined") == 1
    assert relay.counters["resets"] == 1


async def test_a_new_epoch_in_an_event_resets_everybody_here(relay: Relay, logs: Logs) -> None:
    tabs = await crowd(relay, logs, 3)
    post(relay, logs, times=5)
    await until(lambda: all_at(tabs, 5))
    logs.begin_again()
    post(relay, logs)
    await until(lambda: all(tab.position == Position("second life", 1) for tab in tabs))
    assert [tab.resets for tab in tabs] == [2, 2, 2]
    post(relay, logs)
    await until(lambda: all_at(tabs, 2))
    assert tabs[0].seqs == [1, 2, 3, 4, 5, 2]


async def test_a_new_epoch_is_found_by_the_first_look_at_the_heads(relay: Relay, logs: Logs) -> None:
    tabs = await crowd(relay, logs, 2)
    logs.begin_again(events=3)
    await relay.compare_heads()
    await until(lambda: all(tab.position == Position("second life", 3) for tab in tabs))


async def test_an_event_of_a_former_life_is_not_one_of_the_new_one(make_relay: MakeRelay, logs: Logs) -> None:
    """It waits for fan-out while the room is reset, and its number is the next one there too."""
    relay = make_relay(layer := HoldingLayer())
    tabs = await crowd(relay, logs, 2)
    post(relay, logs, times=3)
    await quiet()
    reading = asyncio.Event()
    go_on = asyncio.Event()

    async def pause(question: str) -> None:
        if question == "events_after":
            reading.set()
            await go_on.wait()

    logs.pause = pause
    logs.begin_again(events=2)
    await relay.compare_heads()
    await until(reading.is_set)
    await layer.release()  # 1, 2, 3 of the former life
    await quiet()
    go_on.set()
    await until(lambda: all(tab.position == Position("second life", 2) for tab in tabs))
    await quiet()
    logs.pause = None
    assert tabs[0].seqs == []
    layer.holding = False
    post(relay, logs)
    await until(lambda: all_at(tabs, 3))
    assert tabs[0].seqs == [3]


async def test_a_store_that_fails_is_asked_again_with_the_next_look(
    make_relay: MakeRelay, logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    relay = make_relay(layer := DroppingLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.dropping = True
    post(relay, logs)
    await quiet()
    layer.dropping = False
    logs.down = True
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        post(relay, logs)
        await until(lambda: relay.counters["fill_failures"])
    assert tab.seqs == []
    logs.down = False
    await relay.compare_heads()  # one look is enough: it is known that something is missing
    await until(lambda: all_at([tab], 2))


async def test_a_store_that_fails_in_one_room_does_not_stop_the_others(
    make_relay: MakeRelay, logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    relay = make_relay(layer := DroppingLayer())
    [tab] = await crowd(relay, logs, 1, "channel:boxes")
    await crowd(relay, logs, 1)
    layer.dropping = True
    post(relay, logs)
    await quiet()
    layer.dropping = False
    logs.down = True
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        post(relay, logs)
        post(relay, logs, "channel:boxes")
        await until(lambda: relay.counters["fill_failures"])
    await until(lambda: tab.seqs == [1])


# --- all of it at once -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
async def test_over_a_wild_layer_everybody_ends_level_and_nobody_sees_a_gap(
    make_relay: MakeRelay, logs: Logs, seed: int
) -> None:
    random = Random(seed)
    layer = WildLayer(random)
    relays = [make_relay(layer), make_relay(layer)]
    tabs = [tab for relay in relays for tab in await crowd(relay, logs, 3)]

    async def pause(question: str) -> None:
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)

    logs.pause = pause
    for _ in range(300):
        post(random.choice(relays), logs, times=random.randrange(1, 4))
        for _ in range(random.randrange(6)):
            await asyncio.sleep(0)
        if random.random() < 0.02:
            await random.choice(relays).compare_heads()
        if random.random() < 0.005:
            logs.begin_again(epoch=f"life of {random.random()}")
        if random.random() < 0.01:
            logs.forget()
    await quiet()
    layer.wild = False
    await compare_twice(*relays)
    await until(lambda: all(tab.position == Position(*logs.head(ROOM)[:2]) for tab in tabs))


# --- garbage and the pause -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        {},
        {"type": "chat.events"},
        {"type": "chat.events", "room": ROOM, "epoch": "first life", "events": [7]},
        {"type": "chat.events", "room": ROOM, "epoch": "first life", "events": None},
        {"type": "chat.presence", "room": ROOM, "text": "{"},
        {"type": "chat.hint", "room": ROOM, "text": "x"},
        {"type": "chat.personal", "person": []},
        {"type": "chat.notice"},
        {"type": "chat.site"},
        {"type": "websocket.disconnect"},
    ],
)
async def test_garbage_in_the_layer_does_not_stop_the_listener(
    relay: Relay,
    layer: WatchedLayer,
    logs: Logs,
    garbage: dict[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    [tab] = await crowd(relay, logs, 1)
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        await layer.group_send(relay_module.room_group(ROOM), garbage)
        await until(lambda: relay.counters["layer_garbage"] == 1)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_numbers_that_are_none_do_not_stop_the_fan_out(
    relay: Relay, layer: WatchedLayer, logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    [tab] = await crowd(relay, logs, 1)
    events = [[2, "{}"], ["one", "{}"]]
    garbage = {"type": "chat.events", "room": ROOM, "epoch": "first life", "events": events}
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        await layer.group_send(relay_module.room_group(ROOM), garbage)
        await until(lambda: relay.counters["fill_failures"] == 1)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_what_comes_for_a_room_without_members_is_dropped(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    tab = await Tab().open(relay)
    post(relay, logs, "channel:boxes")
    message = {"type": "chat.events", "room": ROOM, "epoch": "first life", "events": [(1, "{}")]}
    await layer.group_send(relay_module.SITE_GROUP, message)
    await layer.group_send(
        relay_module.SITE_GROUP, {"type": "chat.hint", "room": ROOM, "text": "{}", "but": ""}
    )
    await relay.tell_all('{"type":"online","count":1}')
    await until(lambda: tab.of("online"))
    assert tab.frames == [{"type": "online", "count": 1}]


async def test_a_layer_that_cannot_be_read_is_tried_again(
    relay: Relay,
    layer: WatchedLayer,
    logs: Logs,
    naps: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    [tab] = await crowd(relay, logs, 1)
    with caplog.at_level(logging.CRITICAL, "chat.relay"):
        post(relay, logs)
        await until(lambda: tab.seqs == [1])
        layer.down = True
        await super(WatchedLayer, layer).group_send(
            relay_module.SITE_GROUP, {"type": "chat.site", "text": '{"type":"online"}', "but_room": ""}
        )
        await until(lambda: relay.counters["layer_failures"] > 2)
        layer.down = False
    post(relay, logs)
    await until(lambda: tab.seqs == [1, 2])
    assert 1 in naps


class Laborious(Tab):
    """Takes an eighth of a second of the relay's clock for each frame."""

    clock: Clock

    async def send(self, message: dict[str, object]) -> None:
        self.clock.now += 0.125
        await super().send(message)


@pytest.mark.parametrize(("events", "pause"), [(1, 0.0), (2, 0.1875), (4, 0.28125)])
async def test_after_a_flush_the_relay_pauses_the_longer_the_more_events_had_come_for_it(
    relay: Relay, logs: Logs, naps: list[float], clock: Clock, events: int, pause: float
) -> None:
    """A lone event: nothing is won by waiting. Many: for nearly as long as the flush took (0.375 s here)."""
    tabs = [Laborious(f"p{number}") for number in range(3)]
    for tab in tabs:
        tab.clock = clock
        await (await tab.open(relay)).enter(relay, logs)
    await quiet()
    del naps[:]
    for _ in range(events):
        post(relay, logs)
    await until(lambda: all_at(list(tabs), events))
    await until(lambda: naps)
    assert naps == [pause]


# --- a room that was cleared -------------------------------------------------------------------------


async def test_a_cleared_room_is_reset_at_once_in_every_process(
    make_relay: MakeRelay, layer: WatchedLayer, logs: Logs
) -> None:
    relays = [make_relay(layer), make_relay(layer)]
    tabs = [tab for relay in relays for tab in await crowd(relay, logs, 2)]
    logs.begin_again(events=1)
    await relays[0].reset(ROOM, "second life")
    await until(lambda: all(tab.position == Position("second life", 1) for tab in tabs))
    await relays[1].reset(ROOM, "second life")
    await quiet()
    assert [tab.resets for tab in tabs] == [2, 2, 2, 2]

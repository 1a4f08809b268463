"""One membership a process for each group that somebody here needs, whatever the layer does."""

import asyncio

import pytest

from chat.errors import Unavailable
from chat.relay import Relay, person_group, room_group
from chat.relay.groups import PERSON_GROUPS, SITE_GROUP

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import SlowLayer, WatchedLayer
from .test_entering import nothing_is_left
from .test_relay import all_at, crowd, post


def test_group_names_are_what_every_layer_takes() -> None:
    layer = WatchedLayer()
    rooms = (f"channel:{'a' * 64}", f"direct:{'_-Z' * 10}")
    for group in (*map(room_group, rooms), person_group("пёс\x00 and more"), SITE_GROUP):
        assert layer.require_valid_group_name(group)
    assert room_group("channel:a") != room_group("direct:a")


def test_the_number_of_personal_groups_is_bounded() -> None:
    assert len({person_group(f"person {i}") for i in range(5_000)}) == PERSON_GROUPS


async def test_a_group_is_joined_with_the_first_member_and_left_with_the_last(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    group = room_group(ROOM)
    tabs = await crowd(relay, logs, 5)
    assert layer.added[group] == 1
    for tab in tabs[:-1]:
        await relay.leave(tab.member)
    assert layer.discarded[group] == 0
    await relay.leave(tabs[-1].member)
    assert (layer.added[group], layer.discarded[group]) == (1, 1)
    assert group not in layer.groups
    assert relay.rooms() == []


async def test_a_disconnect_of_the_last_member_leaves_the_group_too(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    tabs = await crowd(relay, logs, 2)
    for tab in tabs:
        await relay.detach(tab.member)
    assert layer.discarded[room_group(ROOM)] == 1


async def test_who_enters_together_joins_the_group_once(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    tabs = [await Tab(f"p{i}").open(relay) for i in range(6)]
    layer.gate.clear()
    entering = asyncio.gather(*(tab.enter(relay, logs) for tab in tabs))
    await until(lambda: layer.waiting)
    await quiet()
    assert layer.waiting == 1
    layer.gate.set()
    await entering
    assert layer.added[room_group(ROOM)] == 1
    post(relay, logs)
    await until(lambda: all_at(tabs, 1))


async def test_who_enters_while_the_last_one_leaves_is_not_deaf(make_relay: MakeRelay, logs: Logs) -> None:
    relay = make_relay(layer := SlowLayer())
    [first] = await crowd(relay, logs, 1)
    second = await Tab("carol").open(relay)
    layer.gate.clear()
    leaving = asyncio.ensure_future(relay.leave(first.member))
    await until(lambda: layer.waiting)  # under way out of the group
    entering = asyncio.ensure_future(second.enter(relay, logs))
    await quiet()
    layer.gate.set()
    await asyncio.gather(leaving, entering)
    assert layer.added[room_group(ROOM)] == 2
    post(relay, logs)
    await until(lambda: second.seqs == [1])
    await relay.leave(second.member)
    assert room_group(ROOM) not in layer.groups


async def test_the_same_channel_serves_all_groups_and_starting_twice_takes_no_other(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    await asyncio.gather(relay.start(), relay.start())
    await relay.start()
    await crowd(relay, logs, 2)
    assert layer.added[SITE_GROUP] == 1
    assert len({channel for group in layer.groups.values() for channel in group}) == 1


async def test_a_personal_group_is_held_as_long_as_one_connection_needs_it(
    relay: Relay, layer: WatchedLayer
) -> None:
    group = person_group("bob")
    tabs = [await Tab("bob").open(relay) for _ in range(3)]
    assert layer.added[group] == 1
    assert relay.members() == [tab.member for tab in tabs]
    for tab in tabs:
        assert group in layer.groups
        await relay.detach(tab.member)
    assert group not in layer.groups
    assert layer.discarded[group] == 1


async def test_who_attaches_while_the_last_one_detaches_is_not_deaf(make_relay: MakeRelay) -> None:
    relay = make_relay(layer := SlowLayer())
    first = await Tab("bob").open(relay)
    layer.gate.clear()
    ending = asyncio.ensure_future(relay.detach(first.member))
    await until(lambda: layer.waiting)
    second = Tab("bob")
    beginning = asyncio.ensure_future(second.open(relay))
    await quiet()
    layer.gate.set()
    await asyncio.gather(ending, beginning)
    await relay.tell("bob", text='{"type":"me"}')
    await until(lambda: second.of("me"))


async def test_a_layer_that_is_down_at_the_start_is_asked_again(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    layer.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await Tab("bob").open(relay)
    assert nothing_is_left(relay)
    layer.down = False
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_a_connection_whose_group_cannot_be_joined_leaves_nothing(
    relay: Relay, layer: WatchedLayer
) -> None:
    await relay.start()
    layer.down = True
    with pytest.raises(Unavailable):
        await Tab("bob").open(relay)
    assert nothing_is_left(relay)
    layer.down = False
    tab = await Tab("bob").open(relay)  # and the next one does join it
    await relay.tell("bob", text='{"type":"me"}')
    await until(lambda: tab.of("me"))


async def test_a_room_whose_group_cannot_be_joined_is_unavailable(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    tab = await Tab("bob").open(relay)
    layer.down = True
    with pytest.raises(Unavailable):
        await tab.enter(relay, logs)
    assert tab.member.room is None
    await until(lambda: not relay._rooms)
    layer.down = False
    await tab.enter(relay, logs)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_regrouping_takes_no_group_of_a_room_that_nobody_could_enter(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    tab = await Tab("bob").open(relay)
    regrouping: list[asyncio.Future[None]] = []

    async def regroup(question: str) -> None:
        regrouping.append(asyncio.ensure_future(relay.regroup()))
        await quiet()  # it waits for the room
        logs.down = True

    logs.pause = regroup
    with pytest.raises(Unavailable):
        await tab.enter(relay, logs)
    await asyncio.gather(*regrouping)
    await until(lambda: not relay._rooms)
    assert room_group(ROOM) not in layer.groups
    assert layer.added[room_group(ROOM)] == 1


async def test_a_group_that_cannot_be_left_holds_nobody_back(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    [tab] = await crowd(relay, logs, 1)
    layer.down = True
    await relay.leave(tab.member)
    await relay.detach(tab.member)
    assert nothing_is_left(relay)
    assert relay.counters["layer_failures"] >= 2
    layer.down = False
    [tab] = await crowd(relay, logs, 1)
    post(relay, logs)
    await until(lambda: tab.seqs == [1])


async def test_regrouping_takes_memberships_again_that_the_layer_forgot(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    await relay.regroup()  # before the start there is nothing to take
    assert not layer.groups
    tabs = await crowd(relay, logs, 2)
    await layer.flush()
    await relay.regroup()
    post(relay, logs)
    await relay.tell("p0", text='{"type":"me"}')
    await relay.tell_all('{"type":"online"}')
    await until(lambda: all_at(tabs, 1) and tabs[0].of("me") and all(tab.of("online") for tab in tabs))
    assert layer.discarded == {}


async def test_a_leave_that_is_cancelled_leaves_the_group_all_the_same(
    make_relay: MakeRelay, logs: Logs
) -> None:
    relay = make_relay(layer := SlowLayer())
    [tab] = await crowd(relay, logs, 1)
    layer.gate.clear()
    leaving = asyncio.ensure_future(relay.leave(tab.member))
    await until(lambda: layer.waiting)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    layer.gate.set()
    await until(lambda: not relay._rooms)
    assert room_group(ROOM) not in layer.groups


async def test_regrouping_over_a_layer_that_is_down_is_unavailable(
    relay: Relay, layer: WatchedLayer, logs: Logs
) -> None:
    await crowd(relay, logs, 1)
    layer.down = True
    with pytest.raises(Unavailable):
        await relay.regroup()
    layer.down = False
    await relay.regroup()

"""Presence on Redis: the promise of every presence, shared by processes, and that it forgets."""

import asyncio
from collections.abc import Callable

import pytest
from clocks import Clock
from redis_server import RedisServer

from chat.conf import Times
from chat.domain import Author
from chat.errors import Unavailable
from chat.presence.base import SITE, Changes, Presence
from chat.presence.redis import RedisPresence
from chat.redis import Client

from .contract import ANN, BOB, OTHER, ROOM, TIMES, MakePresence, PresenceContract

pytestmark = pytest.mark.redis


class TestRedisPresence(PresenceContract):
    @pytest.fixture
    def make_presence(self, redis_client: Client) -> MakePresence:
        def make(clock: Callable[[], float], times: Times) -> Presence:
            return RedisPresence(redis_client, clock, times)

        return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(redis_client: Client, clock: Clock) -> RedisPresence:
    return RedisPresence(redis_client, clock, TIMES)


@pytest.fixture
def there(other_redis_client: Client, clock: Clock) -> RedisPresence:
    return RedisPresence(other_redis_client, clock, TIMES)


async def told(clock: Clock, *processes: Presence) -> list[Changes]:
    """What all processes together announce, sweeping at the same moment, a second later."""
    clock.now += 1
    found = await asyncio.gather(*(one.sweep() for _ in range(3) for one in processes))
    return [changes for some in found for changes in some]


async def test_people_of_all_processes_are_in_one_list(here: Presence, there: Presence) -> None:
    await here.enter(ROOM, ANN, "a")
    await there.enter(ROOM, BOB, "b")
    for process in (here, there):
        assert (await process.present(ROOM, 10)).people == (ANN, BOB)


async def test_each_change_is_announced_by_exactly_one_process(
    here: Presence, there: Presence, clock: Clock
) -> None:
    for step in range(20):
        person = Author(f"p{step}", f"P{step}")
        await (here if step % 2 else there).enter(ROOM, person, person.id)
        [changes] = await told(clock, here, there)
        assert (changes.joined, changes.count) == ((person,), step + 1)
    assert await told(clock, here, there) == []


async def test_a_tab_in_another_process_keeps_a_person(here: Presence, there: Presence, clock: Clock) -> None:
    await here.enter(ROOM, ANN, "here")
    await there.enter(ROOM, ANN, "there")
    await told(clock, here)
    await here.leave(ROOM, ANN.id, "here", at_once=True)
    assert await told(clock, here, there) == []
    await there.leave(ROOM, ANN.id, "there", at_once=True)
    assert await told(clock, here, there) == [Changes(ROOM, (), (ANN,), (), 0)]


async def test_the_people_of_a_process_that_died_are_gone_in_time(
    here: Presence, there: Presence, clock: Clock
) -> None:
    await here.enter(ROOM, ANN, "here")
    for i in range(10):
        await there.enter(ROOM, Author(f"p{i}", f"P{i}"), f"there-{i}")
    await told(clock, here, there)
    gone: list[Changes] = []
    passed = 0
    while not gone:
        passed += 1
        await here.renew(["here"])
        gone = await told(clock, here)
    assert TIMES.lease <= passed <= TIMES.lease + TIMES.grace + 1
    assert len(gone[0].left) == 10
    assert (await here.present(ROOM, 20)).people == (ANN,)


async def test_who_redis_has_lost_is_taken_again_at_once(
    here: Presence, clock: Clock, redis_server: RedisServer
) -> None:
    await here.enter(ROOM, ANN, "a")
    await here.enter(OTHER, ANN, "a")
    await here.enter(ROOM, BOB, "b")
    await told(clock, here)
    await here.leave(ROOM, BOB.id, "b")
    redis_server.say("FLUSHALL")
    await here.sweep()
    [changes] = [one for one in await told(clock, here) if one.room == ROOM]
    assert changes == Changes(ROOM, (ANN,), (), (), 1)
    assert (await here.present(OTHER, 10)).people == (ANN,)


async def test_who_was_given_up_while_the_process_slept_is_taken_again(
    here: Presence, there: Presence, clock: Clock
) -> None:
    await here.enter(ROOM, ANN, "a")
    clock.now += 2 * TIMES.lease
    await told(clock, there)
    assert (await there.present(ROOM, 10)).count == 0
    await here.rename(anna := Author("ann", "Anna"), "Ann")
    await here.renew(["a"])
    assert await told(clock, there) == [Changes(ROOM, (anna,), (), (), 1)]


@pytest.mark.parametrize("what", ["left", "was refused"])
async def test_who_left_while_redis_was_away_is_not_renewed_with_the_connection(
    here: RedisPresence, redis_client: Client, clock: Clock, redis_server: RedisServer, what: str
) -> None:
    await here.enter(SITE, ANN, "a")
    if what == "left":
        await here.enter(ROOM, ANN, "a")
    redis_client.timeout = 0.2
    redis_server.hang()
    with pytest.raises(Unavailable):
        await (here.leave(ROOM, ANN.id, "a") if what == "left" else here.enter(ROOM, ANN, "a"))
    redis_server.go_on()
    redis_client.timeout = 2.0
    for _ in range(6):
        await here.renew(["a"])
        await told(clock, here)
    assert (await here.present(ROOM, 10)).count == 0
    assert (await here.present(SITE, 10)).count == 1


async def test_who_comes_back_is_not_given_back_later(
    here: RedisPresence, redis_client: Client, clock: Clock, redis_server: RedisServer
) -> None:
    await here.enter(ROOM, ANN, "a")
    redis_client.timeout = 0.2
    redis_server.hang()
    with pytest.raises(Unavailable):
        await here.leave(ROOM, ANN.id, "a")
    redis_server.go_on()
    redis_client.timeout = 2.0
    await here.enter(ROOM, ANN, "a")
    for _ in range(6):
        await here.renew(["a"])
        await told(clock, here)
    assert (await here.present(ROOM, 10)).count == 1


async def test_who_comes_back_while_what_is_owed_is_given_back_is_here(
    here: RedisPresence, redis_client: Client, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    await here.sweep()
    await here.enter(SITE, ANN, "tab")
    for room in (OTHER, ROOM):
        await here.enter(room, ANN, "tab")
    with monkeypatch.context() as patch:
        patch.setattr(redis_client, "run", away)
        for room in (OTHER, ROOM):
            with pytest.raises(Unavailable):
                await here.leave(room, ANN.id, "tab")
    renewing = asyncio.create_task(here.renew(["tab"]))
    await asyncio.sleep(0)  # now the first of the two is being given back
    await here.enter(ROOM, ANN, "tab")
    await renewing
    clock.now += TIMES.grace
    await here.sweep()
    assert (await here.present(ROOM, 1)).people == (ANN,)
    assert (await here.present(OTHER, 1)).count == 0


async def test_what_was_told_is_announced_though_redis_goes_away_in_the_middle_of_a_sweep(
    here: RedisPresence, redis_client: Client, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    await here.enter(ROOM, ANN, "tab")
    clock.now += 1
    with monkeypatch.context() as patch:
        patch.setattr(here, "_take", away)
        [changes] = await here.sweep()
    assert changes.joined == (ANN,)


async def test_nothing_is_kept_of_who_has_gone(
    here: RedisPresence, redis_client: Client, clock: Clock
) -> None:
    for i in range(50):
        person = Author(f"p{i}", f"P{i}")
        await here.enter(f"{ROOM}-{i % 5}", person, f"c{i}")
        await here.rename(Author(f"p{i}", "renamed"), person.name)
    await told(clock, here)
    for i in range(0, 50, 2):
        await here.leave(f"{ROOM}-{i % 5}", f"p{i}", f"c{i}")
    for _ in range(20):
        clock.now += 5
        await here.sweep()  # the others' leases run out
    assert await redis_client.command("KEYS", "test:presence:*") == [b"test:presence:arrivals"]

"""Two processes of the site on one Redis, of which one may die, or the Redis of both."""

import asyncio
import signal
from uuid import uuid4

import pytest
from e2e.workers import Pair
from redis_server import ALWAYS, RedisServer
from websockets import ConnectionClosed

from .clients import GENERAL, Client
from .conftest import Come, StartPair, StartRedis

pytestmark = pytest.mark.redis


@pytest.fixture
def processes(start_redis: StartRedis, start_pair: StartPair) -> Pair:
    """On a Redis that loses nothing."""
    return start_pair(start_redis(**ALWAYS))


async def test_of_a_process_that_was_killed_people_go_on_at_the_other_or_are_gone_in_time(
    processes: Pair, come: Come
) -> None:
    here, there = processes
    people = await crowd(come, processes)
    await come("somebody who stays away", here)
    acknowledged: dict[str, int] = {}
    halfway = asyncio.Event()

    async def talk(client: Client) -> None:
        """As the page does: what was not acknowledged is sent again, with its cid, elsewhere."""
        for number in range(40):
            body, cid = f"{id(client)} {number}", str(uuid4())
            while body not in acknowledged:
                try:
                    acknowledged[body] = (await client.say(body, cid=cid))["seq"]
                except ConnectionClosed:
                    await client.enter(there.url)
            if number == 20:
                halfway.set()

    async def kill() -> None:
        await halfway.wait()
        await asyncio.to_thread(here.end, signal.SIGKILL)

    await asyncio.gather(kill(), *(talk(client) for client in people))
    assert sorted(acknowledged.values()) == list(range(1, 241))
    for client in people:
        if client.url != there.url:
            await client.enter(there.url)
        await client.reaches(240)
        assert client.trouble == []
        assert len(client.bodies) == len(set(client.bodies))
        assert {acknowledged[body] for body in client.bodies} == set(client.seen)
    bob = people[1]
    await bob.until(lambda frame: "somebody who stays away" in [one["name"] for one in frame.get("left", ())])
    await bob.until(lambda frame: frame["type"] == "online" and frame["count"] == len(people))


async def crowd(come: Come, processes: Pair) -> list[Client]:
    """Six people, at one process and at the other in turn."""
    return [await come(f"person {number}", processes[number % 2]) for number in range(6)]


# --- Redis in the middle of a conversation -------------------------------------------------------


async def talk_while_redis_is_restarted(redis: RedisServer, people: list[Client]) -> dict[str, int]:
    """Each says forty things, again and again until they are acknowledged. The number of each that was
    acknowledged last: a Redis that forgot gives numbers anew."""
    acknowledged: dict[str, int] = {}
    halfway, back = asyncio.Event(), asyncio.Event()

    async def talk(client: Client) -> None:
        for number in range(40):
            body, cid = f"{id(client)} {number}", str(uuid4())
            while body not in acknowledged:
                reply = await client.ask("send", room=GENERAL, cid=cid, body=body)
                if reply["type"] == "ack":
                    acknowledged[body] = reply["seq"]
                else:
                    assert reply["code"] == "unavailable", reply
                    await back.wait()
            if number == 20:
                halfway.set()

    async def restart() -> None:
        await halfway.wait()
        await asyncio.to_thread(redis.end, signal.SIGKILL)
        await asyncio.to_thread(redis.start)
        back.set()

    await asyncio.gather(restart(), *(talk(client) for client in people))
    return acknowledged


async def test_a_redis_that_keeps_everything_comes_back_in_mid_stream_without_a_loss(
    start_redis: StartRedis, start_pair: StartPair, come: Come
) -> None:
    redis = start_redis(**ALWAYS)
    people = await crowd(come, start_pair(redis, outage=True))
    acknowledged = await talk_while_redis_is_restarted(redis, people)
    assert sorted(acknowledged.values()) == list(range(1, 241))
    for client in people:
        await client.reaches(240)
        assert client.trouble == []
        assert {acknowledged[body] for body in client.bodies} == set(client.seen)


async def test_a_redis_that_forgets_in_mid_stream_resets_everybody_and_leaves_no_gap(
    start_redis: StartRedis, start_pair: StartPair, come: Come
) -> None:
    redis = start_redis()
    processes = start_pair(redis, outage=True)
    people = await crowd(come, processes)
    first = people[0].epoch
    await talk_while_redis_is_restarted(redis, people)
    last = await people[0].say("the end")
    shown = await come("late", processes[1])
    assert shown.epoch != first
    for client in people:
        await client.reaches(last["seq"], shown.epoch)
        assert client.trouble
        assert [one for one in client.trouble if not one.startswith("reset")] == []
        assert client.bodies[-len(shown.bodies) :] == shown.bodies

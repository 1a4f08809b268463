"""A process of the chat on Redis, which goes away and comes back in the middle of a conversation."""

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from conftest import redis_layer
from people import GENERAL, Frame, Site, Tab
from redis_server import ALWAYS, RedisServer

from .conftest import StartRedis

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]

OnRedis = Callable[..., RedisServer]


@pytest.fixture
def on_redis(settings: Any, start_redis: StartRedis) -> OnRedis:
    """``on_redis(**configured)`` lets the site use a server of the test's own."""

    def use(**configured: str) -> RedisServer:
        server = start_redis(**configured)
        settings.CHITCHAT = {**settings.CHITCHAT, "REDIS_URL": server.url}
        settings.CHANNEL_LAYERS = redis_layer(server.url)
        return server

    return use


async def end(server: RedisServer, how: signal.Signals = signal.SIGTERM) -> None:
    await asyncio.to_thread(server.end, how)


async def begin(server: RedisServer) -> None:
    await asyncio.to_thread(server.start)


async def until_told(site: Site, tab: Tab, fits: Callable[[Frame], bool]) -> Frame:
    """A frame that comes with what the layer carries or with the regular work, whichever is first."""
    while True:
        found = asyncio.ensure_future(tab.first(fits))
        await site.tick(site.runtime.settings.TIMES.compare)
        done, _ = await asyncio.wait([found], timeout=0.2)
        if done:
            return found.result()
        found.cancel()


def says(body: str) -> Callable[[Frame], bool]:
    return lambda frame: frame["type"] == "event" and frame["message"]["body"] == body


async def names_here(tab: Tab) -> list[str]:
    return [one["name"] for one in (await tab.ask("members", room=GENERAL))["members"]["people"]]


async def test_messages_presence_and_typing_travel_over_redis(site: Site, on_redis: OnRedis) -> None:
    on_redis()
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("hello")
    assert (await bob.hears("hello"))["id"] == ack["id"]
    await bob.send(type="typing", room=GENERAL)
    assert (await alice.until("typing"))["by"]["name"] == "bob"
    await site.tick(1)
    joined = await alice.first(lambda frame: frame["type"] == "presence" and bool(frame.get("joined")))
    assert [one["name"] for one in joined["joined"]] == ["bob"]


async def test_while_redis_is_away_nothing_is_acknowledged_and_nobody_is_thrown_out(
    site: Site, on_redis: OnRedis
) -> None:
    server = on_redis(**ALWAYS)
    alice, bob = await site.enter("alice", "bob")
    await alice.say("before")
    await bob.hears("before")
    await end(server)
    for _ in range(3):
        assert await alice.refusal("send", room=GENERAL, cid=str(uuid4()), body="lost?") == "unavailable"
    assert await alice.refusal("join", room=GENERAL) == "unavailable"
    await site.tick(1)
    await begin(server)
    assert not alice.over
    assert not bob.over
    await alice.join()
    await alice.say("after")
    assert (await until_told(site, bob, says("after")))["seq"] == 2
    assert not bob.heard("joined"), "nothing was lost, so nobody is reset"


async def test_a_retry_after_the_outage_is_one_message(site: Site, on_redis: OnRedis) -> None:
    server = on_redis(**ALWAYS)
    alice, bob = await site.enter("alice", "bob")
    cid = str(uuid4())
    await alice.say("hello", cid=cid)
    await end(server, signal.SIGKILL)
    assert await alice.refusal("send", room=GENERAL, cid=cid, body="hello") == "unavailable"
    await begin(server)
    assert (await alice.say("hello", cid=cid))["duplicate"] is True
    await until_told(site, bob, says("hello"))


async def test_what_the_layer_loses_while_it_reconnects_is_filled_in_order(
    site: Site, on_redis: OnRedis
) -> None:
    server = on_redis(**ALWAYS)
    alice, bob = await site.enter("alice", "bob")
    await alice.say("0")
    await bob.hears("0")
    # Only those who listen are thrown out: the store goes on, the layer has a gap that nobody announces.
    server.say("CLIENT", "KILL", "TYPE", "pubsub")
    bodies = [str(number) for number in range(1, 9)]
    for body in bodies:
        await alice.say(body)
    await until_told(site, bob, lambda frame: frame["type"] == "event" and frame["seq"] == 9)
    events = [frame for frame in bob.unclaimed if frame["type"] == "event"]
    assert [frame["message"]["body"] for frame in events] == bodies[:-1]
    await alice.say("live again")
    await until_told(site, bob, says("live again"))


async def test_a_redis_that_forgot_resets_everybody_and_they_are_here_again(
    site: Site, on_redis: OnRedis
) -> None:
    server = on_redis()
    alice, bob = await site.enter("alice", "bob")
    await alice.say("forgotten")
    await bob.hears("forgotten")
    await end(server, signal.SIGKILL)
    await begin(server)
    for tab in (alice, bob):
        reset = await until_told(site, tab, lambda frame: frame["type"] == "joined")
        assert (reset["reset"], reset["messages"], reset["seq"]) == (True, [], 0)
    assert sorted(await names_here(bob)) == ["alice", "bob"]
    await alice.say("new life")
    assert (await until_told(site, bob, says("new life")))["seq"] == 1


async def test_who_comes_while_redis_is_away_is_told_to_come_back(site: Site, on_redis: OnRedis) -> None:
    server = on_redis()
    alice = await site.visitor("alice")
    tab = await alice.enter()
    await end(server)
    socket = await alice.knock()
    await socket.connect(20)
    output = [await socket.receive_output(20) for _ in range(2)]
    assert output[-1] == {"type": "websocket.close", "code": 1012}
    await begin(server)
    assert not tab.over
    assert (await alice.enter()).welcome["type"] == "welcome"


async def test_a_page_is_left_while_redis_is_away_without_an_error(
    site: Site, on_redis: OnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = on_redis()
    alice, bob = await site.enter("alice", "bob")
    await end(server)
    caplog.clear()
    await alice.leave()
    assert alice.over
    # The layer says by itself, sooner or later, that its connection is gone.
    errors = {record.name for record in caplog.records if record.levelname == "ERROR"}
    assert errors <= {"channels_redis.pubsub"}
    assert site.runtime.counters["presence_failures"] == 2
    await begin(server)
    await until_told(site, bob, lambda frame: frame["type"] == "joined")
    assert await names_here(bob) == ["bob"]


async def test_a_hanging_redis_is_answered_in_time_and_heals(
    site: Site, on_redis: OnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.relay.groups.LAYER_TIMEOUT", 0.3)
    server = on_redis()
    alice, bob = await site.enter("alice", "bob")
    assert site.runtime.redis is not None
    site.runtime.redis.timeout = 0.3
    server.hang()
    async with asyncio.timeout(2):
        assert await alice.refusal("send", room=GENERAL, cid=str(uuid4()), body="x") == "unavailable"
    server.go_on()
    await alice.say("again")
    await until_told(site, bob, says("again"))


async def test_it_is_not_ready_while_redis_is_away_or_may_throw_messages_away(
    site: Site, on_redis: OnRedis
) -> None:
    server = on_redis()
    visitor = await site.visitor("alice")

    async def answers() -> dict[str, bool]:
        found: dict[str, bool] = (await visitor.http.get("/readyz")).json()
        return found

    assert await answers() == {"database": True, "layer": True, "store": True}
    await end(server)
    assert await answers() == {"database": True, "layer": False, "store": False}
    server = on_redis(**{"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    await site.restart()
    assert await answers() == {"database": True, "layer": True, "store": False}


async def test_the_layer_carries_everything_again_after_redis_was_restarted(
    site: Site, on_redis: OnRedis
) -> None:
    server = on_redis(**ALWAYS)
    [alice] = await site.enter("alice")
    await end(server)
    await begin(server)
    relay = site.runtime.relay
    for name, send in {
        "site": lambda text: relay.tell_all(text),
        "person": lambda text: relay.tell(alice.id, text=text),
        "room": lambda text: relay.hint(GENERAL, text, but=""),
    }.items():
        marker = {"type": "marker", "id": name}
        found = asyncio.ensure_future(alice.until(**marker))
        while not found.done():
            await send(json.dumps(marker))  # it is not known when the layer listens again
            await asyncio.wait([found], timeout=0.1)
        found.result()

"""Redis goes and comes back: who asks is answered in time, and knows whether something may be lost."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from people import eventually
from redis_server import ALWAYS, HOST, RedisServer

from chat.domain import Author, Draft
from chat.errors import Unavailable
from chat.presence.redis import RedisPresence
from chat.ratelimit import Rate
from chat.redis import Client
from chat.redis.limiter import RedisLimiter
from chat.stores.redis import RedisStore

from .conftest import Connect, StartRedis

pytestmark = pytest.mark.redis

ROOM = "channel:pit-crew"
ANN = Author("ann", "Ann")
EVERY_SECOND = {"appendonly": "yes", "appendfsync": "everysec"}


def draft(cid: str) -> Draft:
    return Draft(ANN, cid, "hello", 1_700_000_000_000)


async def epoch(client: Client) -> str:
    return (await RedisStore(None, client).heads([ROOM]))[ROOM].epoch


async def bodies_kept(client: Client) -> int:
    return len((await RedisStore(None, client).latest(ROOM, 1_000)).page.messages)


async def restart(server: RedisServer, how: signal.Signals = signal.SIGTERM) -> None:
    """In a thread: who is connected notices the end meanwhile, as in life."""
    await asyncio.to_thread(server.end, how)
    await asyncio.to_thread(server.start)


def asked(client: Client) -> list[Callable[[], Awaitable[Any]]]:
    """Everything that can be asked of Redis."""
    store, limiter = RedisStore(None, client), RedisLimiter(client, time.time)
    presence = RedisPresence(client, time.time)
    return [
        lambda: store.append(ROOM, draft("c")),
        lambda: store.sent(ROOM, "ann", "c"),
        lambda: store.edit(ROOM, "m", "x", 1),
        lambda: store.delete(ROOM, "m"),
        lambda: store.react(ROOM, "m", "ann", "👍", True),
        lambda: store.get(ROOM, "m"),
        lambda: store.latest(ROOM, 10),
        lambda: store.before(ROOM, 5, 10),
        lambda: store.read_after(ROOM, "e", 0),
        lambda: store.heads([ROOM]),
        lambda: store.active_at([ROOM]),
        lambda: store.mark_read(ROOM, "ann", "e", 1, 0),
        lambda: store.unread([ROOM], "ann", 0),
        lambda: store.clear(ROOM),
        lambda: presence.enter(ROOM, ANN, "c"),
        lambda: presence.leave(ROOM, "ann", "c"),
        lambda: presence.rename(ANN, "Anna"),
        lambda: presence.renew(["c"]),
        lambda: presence.present(ROOM, 10),
        lambda: presence.sweep(),
        lambda: limiter.take("k", Rate(1, 1, 1)),
        lambda: limiter.give_back("k"),
        lambda: client.check(),
    ]


# --- away ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["gone", "hanging"])
async def test_everything_that_is_asked_is_answered_in_time(
    start_redis: StartRedis, connect: Connect, how: str
) -> None:
    server = start_redis()
    client = connect(server, timeout=0.5)
    await client.check()
    if how == "gone":
        server.end()
    else:
        server.hang()
    started = time.monotonic()
    answers = await asyncio.gather(*(ask() for ask in asked(client) * 10), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert time.monotonic() - started < 10  # one after the other it would be a minute and more


def test_the_time_that_an_answer_may_take_is_two_seconds() -> None:
    assert Client("redis://127.0.0.1:1").timeout == 2.0


async def test_what_was_refused_is_not_stored(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis(**ALWAYS)
    store = RedisStore(None, connect(server))
    await store.append(ROOM, draft("before"))
    server.end()
    with pytest.raises(Unavailable):
        await store.append(ROOM, draft("meanwhile"))
    server.start()
    assert (await store.heads([ROOM]))[ROOM].seq == 1
    assert await store.sent(ROOM, "ann", "meanwhile") is None


async def test_it_heals_with_the_first_call_after_a_hang(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis()
    client = connect(server, timeout=0.3)
    before = await epoch(client)
    server.hang()
    with pytest.raises(Unavailable):
        await client.check()
    server.go_on()
    assert await epoch(client) == before


async def test_who_gives_up_leaves_no_answer_for_another(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis()
    client = connect(server, timeout=5)
    for number in range(20):
        await client.command("SET", f"k{number}", number)
    server.hang()
    asking = [asyncio.ensure_future(client.command("GET", f"k{number}")) for number in range(20)]
    await asyncio.sleep(0)
    for one in asking[::2]:
        one.cancel()
    server.go_on()
    answers = await asyncio.gather(*asking[1::2])
    assert answers == [str(number).encode() for number in range(1, 20, 2)]
    assert await client.command("GET", "k0") == b"0"


async def test_closing_ends_who_waits_and_may_come_twice(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis()
    client = connect(server, timeout=30)
    await client.check()
    server.hang()
    asking = [asyncio.ensure_future(client.check()) for _ in range(3)]
    await asyncio.sleep(0)
    await client.close()
    assert {type(one) for one in await asyncio.gather(*asking, return_exceptions=True)} == {Unavailable}
    await client.close()


# --- back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_with_every_write_synced_nothing_acknowledged_is_lost_and_the_life_goes_on(
    start_redis: StartRedis, connect: Connect, how: signal.Signals
) -> None:
    server = start_redis(**ALWAYS)
    client = connect(server)
    store = RedisStore(None, client)
    before = await epoch(client)
    sent = 0

    async def send_until_it_ends() -> None:
        nonlocal sent
        while True:
            await store.append(ROOM, draft(f"c{sent}"))
            sent += 1
            if sent == 50:
                busy.set()

    busy = asyncio.Event()
    sending = asyncio.ensure_future(send_until_it_ends())
    await busy.wait()
    await asyncio.to_thread(server.end, how)
    with pytest.raises(Unavailable):
        await sending
    server.start()
    head = (await store.heads([ROOM]))[ROOM]
    assert head.epoch == before
    assert head.seq in (sent, sent + 1)  # the last one may be stored without its answer
    for number in range(sent):
        assert await store.sent(ROOM, "ann", f"c{number}") is not None


@pytest.mark.parametrize("configured", [{}, EVERY_SECOND], ids=["in memory", "synced every second"])
async def test_a_redis_that_may_be_older_is_another_life(
    start_redis: StartRedis, connect: Connect, configured: dict[str, str]
) -> None:
    server = start_redis(**configured)
    clients = [connect(server), connect(server)]
    store = RedisStore(None, clients[0])
    stored = await store.append(ROOM, draft("c"))
    assert {await epoch(client) for client in clients} == {stored.epoch}
    await restart(server, signal.SIGKILL)
    after = {await epoch(client) for client in clients}
    assert len(after) == 1
    assert after != {stored.epoch}
    assert await store.read_after(ROOM, stored.epoch, 1) is None


async def test_synced_writes_that_were_not_read_again_are_another_life(
    start_redis: StartRedis, connect: Connect
) -> None:
    server = start_redis(**ALWAYS)
    client = connect(server)
    await RedisStore(None, client).append(ROOM, draft("c"))
    before = await epoch(client)
    server.say("SAVE")
    await RedisStore(None, client).append(ROOM, draft("d"))
    server.end()
    forgetful = start_redis()  # reads the snapshot, not the log
    after = connect(forgetful)
    assert await bodies_kept(after) == 1
    assert await epoch(after) != before


async def test_a_redis_that_does_not_tell_how_it_writes_may_be_older(
    start_redis: StartRedis, connect: Connect
) -> None:
    server = start_redis(**ALWAYS, **{"rename-command": "CONFIG HIDDEN"})
    client = connect(server)
    before = await epoch(client)
    await restart(server)
    assert await epoch(client) != before


async def test_a_life_that_was_not_synced_for_a_while_is_not_trusted(
    start_redis: StartRedis, connect: Connect
) -> None:
    server = start_redis(**ALWAYS)
    before = await epoch(connect(server))
    server.say("CONFIG", "SET", "appendfsync", "no")
    client = connect(server)
    assert await epoch(client) == before
    server.say("CONFIG", "SET", "appendfsync", "always")
    assert await epoch(connect(server)) == before
    await restart(server)
    assert await epoch(client) != before


async def test_a_replica_that_took_over_may_be_older(
    start_redis: StartRedis, connect: Connect, tmp_path: Path
) -> None:
    """It is told of a write after the one who wrote."""
    server = start_redis(**ALWAYS, **{"repl-diskless-sync-delay": "0"})
    before = await epoch(connect(server))
    (tmp_path / "replica").mkdir()
    replica = RedisServer(tmp_path / "replica", replicaof=f"{HOST} {server.port}", **ALWAYS)
    replica.start()
    try:
        await eventually(lambda: before.encode() in replica.say("GET", "test:epoch"))
        with pytest.raises(Unavailable):
            await epoch(connect(replica))
        server.end(signal.SIGKILL)
        replica.say("REPLICAOF", "NO", "ONE")
        after = await epoch(connect(replica))
        assert after != before
        assert await epoch(connect(replica)) == after
    finally:
        # Told to end while it writes its first file, it says that it cannot, and goes on.
        replica.end(signal.SIGKILL)


async def test_a_redis_that_was_emptied_is_another_life(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis()
    clients = [connect(server), connect(server)]
    before = (await RedisStore(None, clients[0]).append(ROOM, draft("c"))).epoch
    server.say("FLUSHALL")
    after = await asyncio.gather(*(epoch(client) for client in clients * 5))
    assert len(set(after)) == 1
    assert after[0] != before


async def test_scripts_that_redis_has_forgotten_are_sent_again(
    start_redis: StartRedis, connect: Connect
) -> None:
    server = start_redis()
    store = RedisStore(None, connect(server))
    for number in range(3):
        await store.append(ROOM, draft(f"c{number}"))
        server.say("SCRIPT", "FLUSH")
    assert (await store.heads([ROOM]))[ROOM].seq == 3


# --- full ----------------------------------------------------------------------------------------


async def test_a_full_redis_stores_nothing_and_says_so(start_redis: StartRedis, connect: Connect) -> None:
    server = start_redis()
    store = RedisStore(None, connect(server))
    await store.append(ROOM, draft("c"))
    server.say("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable):
        await store.append(ROOM, draft("d"))
    assert (await store.heads([ROOM]))[ROOM].seq == 1
    server.say("CONFIG", "SET", "maxmemory", "0")
    assert (await store.append(ROOM, draft("d"))).message.seq == 2


async def test_a_redis_that_throws_away_what_it_holds_is_not_ready(
    start_redis: StartRedis, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis(**{"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    with pytest.raises(Unavailable, match="set maxmemory-policy noeviction"):
        await connect(server).check()
    assert "allkeys-lru" in caplog.text


@pytest.mark.parametrize("configured", [{"maxmemory": "100mb"}, {"maxmemory-policy": "allkeys-lru"}])
async def test_a_redis_that_throws_nothing_away_is_ready(
    start_redis: StartRedis, connect: Connect, configured: dict[str, str]
) -> None:
    await connect(start_redis(**configured)).check()

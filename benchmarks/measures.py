"""The measurements. Each takes a fresh server and returns its numbers by name; each is bounded in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Final

from benchmarks.servers import Server
from benchmarks.wire import EVENT, Client, clock, events, latencies, message

MEMBERS: Final = 100
SENDERS: Final = 10
UNDER_WAY: Final = 4  # messages of one sender without an ack
SAMPLERS: Final = 5  # members whose latency is measured while the server is saturated
RATE: Final = 300  # messages a second, of all senders together
BURST: Final = 500
NEWCOMERS: Final = 500
KEPT: Final = 100
ROUNDS: Final = 3
IDLE: Final = 1_000

WARM_UP: Final = 1.0
CONNECTING_AT_ONCE: Final = 20
JOIN_TIMEOUT: Final = 30.0
DRAIN_TIMEOUT: Final = 20.0
DRAIN: Final = 2.0  # without any news, after which nothing is under way any more

Numbers = dict[str, float]
Measure = Callable[[Server, float], Awaitable[Numbers]]


class Stopwatch:
    """Wall time, the server's CPU and the client's, in seconds since it was made."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._wall, self._cpu, self._own = time.perf_counter(), server.cpu(), time.process_time()

    def read(self) -> tuple[float, float, float]:
        return (
            time.perf_counter() - self._wall,
            self._server.cpu() - self._cpu,
            time.process_time() - self._own,
        )


async def connect(server: Server, sessions: Sequence[str]) -> list[Client]:
    """A joined client for each session, some connecting at once."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    waiting = iter(sessions)

    async def visitor() -> None:
        for session in waiting:
            client = Client(server.port, session)
            clients.append(client)
            await loop.create_connection(lambda client=client: client, "127.0.0.1", server.port)
            await client.joined

    async with asyncio.timeout(JOIN_TIMEOUT), asyncio.TaskGroup() as group:
        for _ in range(CONNECTING_AT_ONCE):
            group.create_task(visitor())
    return clients


async def disconnect(clients: Sequence[Client]) -> None:
    for client in clients:
        client.close()
    await asyncio.wait([client.gone for client in clients], timeout=JOIN_TIMEOUT)


@asynccontextmanager
async def room(server: Server) -> AsyncIterator[list[Client]]:
    """A hundred members who have seen each other come."""
    members = await connect(server, server.sessions[:MEMBERS])
    try:
        await server.quiet()
        yield members
    finally:
        await disconnect(members)


async def saturated(server: Server, seconds: float) -> Numbers:
    """As much as the server can: each of the senders has 4 messages under way, and sends on an ack."""
    async with room(server) as members:
        senders, samplers, counters = members[:SENDERS], members[-SAMPLERS:], members[:-SAMPLERS]
        running = True

        def keep_sending(sender: Client) -> Callable[[int], None]:
            def go_on(acks: int) -> None:
                if running:
                    sender.send(b"".join(message(sender.room) for _ in range(acks)))

            return go_on

        for client in counters:
            client.count(keep_sending(client) if client in senders else None)
        for client in samplers:
            client.record()
        for client in senders:
            keep_sending(client)(UNDER_WAY)
        await asyncio.sleep(WARM_UP)

        watch, begun, asked = Stopwatch(server), clock(), _redis(server)
        seen = sum(client.seen.total for client in counters)
        acks = sum(client.acks.total for client in senders)
        await asyncio.sleep(seconds)
        wall, cpu, own = watch.read()
        ended, asked = clock(), _redis(server, asked)
        seen = sum(client.seen.total for client in counters) - seen
        acks = sum(client.acks.total for client in senders) - acks
        running = False
        await _until_nothing_comes(samplers)
        closed = _closed(members)
    seen += sum(data.count(EVENT) for one in samplers for at, data in one.chunks if begun <= at <= ended)
    times = sorted(ms for one in samplers for ms in latencies(one.chunks, begun))
    return {
        "deliveries_per_cpu_second": seen / cpu,
        "messages_per_second": acks / wall,
        "saturated_p50_ms": quantile(times, 0.50),
        "saturated_p99_ms": quantile(times, 0.99),
        "saturated_server_cpu": cpu / wall,
        "saturated_client_cpu": own / wall,
        "saturated_closed": closed,
        **_of_redis(asked, acks, wall),
    }


def _redis(server: Server, before: Numbers | None = None) -> Numbers:
    """What its Redis was asked, since ``before``; nothing without one."""
    now = {} if server.redis is None else server.redis.read()
    return {what: value - (before or {}).get(what, 0) for what, value in now.items()}


def _of_redis(asked: Numbers, messages: int, seconds: float) -> Numbers:
    """The same for each message; its CPU as a share of a core."""
    return {
        what: value / (seconds if what == "redis_cpu" else max(messages, 1)) for what, value in asked.items()
    }


async def steady(server: Server, seconds: float) -> Numbers:
    """300 messages a second by the clock, whether or not the server keeps up; the latency at every member."""
    async with room(server) as members:
        for client in members:
            client.record()
        await _send_by_the_clock(members[:SENDERS], WARM_UP)
        watch, begun = Stopwatch(server), clock()
        sent = await _send_by_the_clock(members[:SENDERS], seconds)
        wall, cpu, own = watch.read()
        await _until_nothing_comes(members)
        closed = _closed(members)
    times = sorted(ms for one in members for ms in latencies(one.chunks, begun))
    return {
        "steady_p50_ms": quantile(times, 0.50),
        "steady_p99_ms": quantile(times, 0.99),
        "steady_max_ms": quantile(times, 1.0),
        "steady_closed": closed,
        "steady_undelivered": sent * MEMBERS - len(times),
        "steady_server_cpu": cpu / wall,
        "steady_client_cpu": own / wall,
    }


async def _send_by_the_clock(senders: Sequence[Client], seconds: float) -> int:
    """Evenly, each in its turn. When a timer is late the next ones make up for it."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    total = int(RATE * seconds)
    for number in range(total):
        pause = begun + number / RATE - loop.time()
        if pause > 0:
            await asyncio.sleep(pause)
        sender = senders[number % len(senders)]
        sender.send(message(sender.room))
    return total


async def joins(server: Server, _: float) -> Numbers:
    """People who have been here before come back, 20 at a time: connect, welcome, join, joined.

    First into a room without messages, then into one with the 100 that a channel keeps (33 KB to each).
    """
    await disconnect(await connect(server, server.sessions[:CONNECTING_AT_ONCE]))
    wall, cpu, own = await _rounds(server)
    await _fill_the_room(server)
    full_wall, full_cpu, full_own = await _rounds(server)
    count = ROUNDS * NEWCOMERS
    return {
        "joins_per_cpu_second": count / cpu,
        "joins_per_second": count / wall,
        "full_joins_per_cpu_second": count / full_cpu,
        "full_joins_per_second": count / full_wall,
        "joins_client_cpu": (own + full_own) / (wall + full_wall),
    }


async def _rounds(server: Server) -> list[float]:
    """Seconds of wall, server's CPU and client's CPU that all joins took; leaving is not counted."""
    total = [0.0, 0.0, 0.0]
    for _ in range(ROUNDS):
        await server.quiet()
        watch = Stopwatch(server)
        clients = await connect(server, server.sessions[:NEWCOMERS])
        total = [sum(pair) for pair in zip(total, watch.read(), strict=True)]
        await disconnect(clients)
    return total


async def _fill_the_room(server: Server) -> None:
    (author,) = await connect(server, server.sessions[-1:])
    author.record()
    for _ in range(KEPT):
        author.send(message(author.room))
    await _until_nothing_comes([author])
    await disconnect([author])


async def idle(server: Server, _: float) -> Numbers:
    """What a connection in a room keeps of the server's memory while nobody says anything."""
    warm = await connect(server, server.sessions[-CONNECTING_AT_ONCE:])
    await server.quiet()
    before = server.memory()
    clients = await connect(server, server.sessions[:IDLE])
    await server.quiet()
    grown = server.memory() - before
    await disconnect([*warm, *clients])
    return {"kb_per_connection": grown / len(clients) / 1024}


async def burst(server: Server, _: float) -> Numbers:
    """500 messages of 10 senders at once, nobody waiting for anything: what reaches each of 100 members?"""
    async with room(server) as members:
        for client in members:
            client.record()
        begun = clock()
        for number in range(BURST):
            sender = members[number % SENDERS]
            sender.send(message(sender.room))
        await _until_nothing_comes(members)
        closed = _closed(members)
    lost = disordered = 0
    last = begun
    for client in members:
        numbers = [event["seq"] for event in events(client.chunks)]
        lost += BURST - len(set(numbers))
        disordered += sum(later <= earlier for earlier, later in pairwise(numbers))
        last = max(last, client.chunks[-1][0] if client.chunks else begun)
    return {
        "burst_lost": lost,
        "burst_out_of_order": disordered,
        "burst_closed": closed,
        "burst_ms": (last - begun) / 1e6,
    }


async def _until_nothing_comes(members: Sequence[Client]) -> None:
    """Until everybody has been left alone for the time that stragglers get."""
    deadline = time.monotonic() + DRAIN_TIMEOUT
    while time.monotonic() < deadline:
        await asyncio.sleep(DRAIN / 4)
        latest = max(client.chunks[-1][0] if client.chunks else 0 for client in members)
        if latest and clock() - latest > DRAIN * 1e9:
            return


def _closed(members: Sequence[Client]) -> int:
    """Connections that the server has ended: there is no reason for it to do so."""
    return sum(client.gone.done() for client in members)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of sorted numbers; NaN of none."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


MEASURES: Final[dict[str, Measure]] = {
    "saturated": saturated,
    "steady": steady,
    "joins": joins,
    "idle": idle,
    "burst": burst,
}
# What a peer without sessions, names and rooms can be compared in.
OF_PEERS: Final = ("saturated", "steady", "burst")

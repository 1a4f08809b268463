"""Two processes of the site on one Redis: what happens in one arrives in the other, and one may die."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from e2e.servers import HOST, ROOT, Server, sqlite
from redis_server import ALWAYS
from websockets import ConnectionClosed

from .clients import GENERAL, Client
from .conftest import StartRedis

pytestmark = pytest.mark.redis

UVICORN = (
    *(sys.executable, "-m", "uvicorn", "chitchat_site.asgi:application"),
    *("--ws", "websockets-sansio", "--timeout-graceful-shutdown", "5"),
    *("--host", HOST, "--port", "{port}"),
)

Come = Callable[[str, Server], Awaitable[Client]]


@pytest.fixture
async def processes(
    start_redis: StartRedis, tmp_path_factory: pytest.TempPathFactory, database: Path
) -> AsyncIterator[tuple[Server, Server]]:
    redis = start_redis(**ALWAYS)
    folders = [tmp_path_factory.mktemp(f"process-{number}") for number in range(2)]
    servers = [
        Server(
            UVICORN,
            folder,
            database,
            DATABASE_URL=sqlite(folders[0] / "db.sqlite3"),
            REDIS_URL=redis.url,
            DJANGO_SETTINGS_MODULE="processes.quick_settings",
            PYTHONPATH=f"{ROOT / 'tests'}:{ROOT}",
        )
        for folder in folders
    ]
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
    yield servers[0], servers[1]
    for server in servers:
        await asyncio.to_thread(server.end)
    for server in servers:
        assert not server.complaints(), server.log


@pytest.fixture
async def come() -> AsyncIterator[Come]:
    """``await come("alice", server)``: somebody in a room of that process."""
    clients: list[Client] = []

    async def arrive(name: str, server: Server) -> Client:
        clients.append(await Client.named(name, server.url))
        return clients[-1]

    yield arrive
    for client in clients:
        await client.leave()


async def test_what_happens_in_one_process_arrives_in_the_other(
    processes: tuple[Server, Server], come: Come
) -> None:
    here, there = processes
    alice, bob = await come("alice", here), await come("bob", there)

    ack = await alice.say("hello")
    assert (await bob.hears("hello"))["id"] == ack["id"]
    assert (await bob.say("hello yourself"))["seq"] == ack["seq"] + 1
    await alice.hears("hello yourself")

    await alice.tell(type="typing", room=GENERAL)
    await bob.until(lambda frame: frame["type"] == "typing" and frame["by"]["name"] == "alice")

    joined = await alice.until(lambda frame: frame["type"] == "presence" and frame.get("joined"))
    assert [one["name"] for one in joined["joined"]] == ["bob"]
    await bob.until(lambda frame: frame["type"] == "online" and frame["count"] == 2)

    await alice.post("/name/", name="alison")
    renamed = await bob.until(lambda frame: frame["type"] == "presence" and frame.get("renamed"))
    assert renamed["renamed"][0]["person"]["name"] == "alison"

    channel = (await alice.post("/channels/", name="Pit crew"))["channel"]
    await bob.until(lambda frame: frame["type"] == "channel" and frame["channel"] == channel)
    await alice.say("unread", room=channel["room"])
    heads = await bob.until(lambda frame: frame["type"] == "heads" and channel["room"] in frame["rooms"])
    assert heads["rooms"][channel["room"]]["n"] == 1

    await alice.post("/logout/")
    left = await bob.until(lambda frame: frame["type"] == "presence" and frame.get("left"))
    assert [one["name"] for one in left["left"]] == ["alison"]


async def test_the_people_of_a_process_that_was_killed_are_gone_in_time(
    processes: tuple[Server, Server], come: Come
) -> None:
    here, there = processes
    alice, bob = await come("alice", here), await come("bob", there)
    await alice.say("hello")
    await bob.until(lambda frame: frame["type"] == "online" and frame["count"] == 2)
    await asyncio.to_thread(here.end, signal.SIGKILL)
    left = await bob.until(lambda frame: frame["type"] == "presence" and frame.get("left"))
    assert [one["name"] for one in left["left"]] == ["alice"]
    await bob.until(lambda frame: frame["type"] == "online" and frame["count"] == 1)


async def test_clients_of_a_process_that_was_killed_go_on_in_the_other_without_a_loss(
    processes: tuple[Server, Server], come: Come
) -> None:
    here, there = processes
    people = [await come(f"person {number}", (here, there)[number % 2]) for number in range(6)]
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
        bodies = [client.seen[seq]["message"]["body"] for seq in sorted(client.seen)]
        assert len(bodies) == len(set(bodies))
        assert {acknowledged[body] for body in bodies} == set(client.seen)

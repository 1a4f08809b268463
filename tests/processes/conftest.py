"""Redis servers that end and come back, clients of them, and two processes of the site.

Their database is where ``DATABASE_URL`` says: SQLite, or a PostgreSQL.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e.installs import Install, install
from e2e.servers import Server
from e2e.workers import Pair, two_workers
from redis_server import ALWAYS, RedisServer

from chat.redis import Client as RedisClient

from .clients import Client

StartRedis = Callable[..., RedisServer]
Connect = Callable[..., RedisClient]
StartPair = Callable[..., Pair]
Come = Callable[[str, Server], Awaitable[Client]]


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[StartRedis]:
    """``start_redis(appendonly="yes")`` starts a server with this setting, in a folder of the test's own."""
    started: list[RedisServer] = []

    def start(**settings: str) -> RedisServer:
        server = RedisServer(tmp_path, **settings)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.end()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """``connect(server)`` is what one process has."""
    made: list[RedisClient] = []

    def make(server: RedisServer, timeout: float = 2.0) -> RedisClient:
        made.append(RedisClient(server.url, "test:", timeout=timeout))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """A fresh install's."""
    with install(tmp_path_factory.mktemp("install")) as made:
        yield made


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, database: Install) -> Iterator[Pair]:
    """For all tests of a module, none of which ends one: names and channels are of one test each."""
    redis = RedisServer(tmp_path_factory.mktemp("redis"), **ALWAYS)
    redis.start()
    try:
        with two_workers(tmp_path_factory.mktemp("workers"), database, redis.url) as pair:
            yield pair
    finally:
        redis.end()


@pytest.fixture
def start_pair(start_redis: StartRedis, tmp_path: Path, database: Install) -> Iterator[StartPair]:
    """``start_pair(redis)``: for one test, which may end them. With ``outage=True`` it ends their Redis."""
    with ExitStack() as stack:

        def start(redis: RedisServer, **options: bool) -> Pair:
            return stack.enter_context(two_workers(tmp_path, database, redis.url, **options))

        yield start


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


@pytest.fixture
def redis_patience() -> float:
    """As in life: here servers end, and are given up in time."""
    return 2.0

"""Redis servers that end and come back, and clients of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer

from chat.redis import Client

StartRedis = Callable[..., RedisServer]
Connect = Callable[..., Client]


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
    made: list[Client] = []

    def make(server: RedisServer, timeout: float = 2.0) -> Client:
        made.append(Client(server.url, "test:", timeout=timeout))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def redis_patience() -> float:
    """As in life: here servers end, and are given up in time."""
    return 2.0

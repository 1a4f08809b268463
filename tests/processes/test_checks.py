"""System checks that ask a real Redis."""

from typing import Any

import pytest
from redis_server import ALWAYS, free_port

from chat.checks import check_redis

from .conftest import StartRedis

pytestmark = pytest.mark.redis


@pytest.mark.parametrize(
    ("configured", "found"),
    [
        (ALWAYS, []),
        ({"appendonly": "yes"}, ["chat.W024"]),
        ({}, ["chat.W024"]),
        ({**ALWAYS, "cluster-enabled": "yes", "cluster-port": str(free_port())}, ["chat.E022"]),
        ({**ALWAYS, "replicaof": "127.0.0.1 1"}, ["chat.E022"]),
        ({**ALWAYS, "maxmemory-policy": "allkeys-lru"}, ["chat.W023"]),
        ({**ALWAYS, "rename-command": "CONFIG HIDDEN"}, ["chat.W024"]),
    ],
)
def test_how_redis_keeps_what_it_is_given(
    settings: Any, start_redis: StartRedis, configured: dict[str, str], found: list[str]
) -> None:
    settings.CHITCHAT = {"REDIS_URL": start_redis(**configured).url}
    messages = check_redis(None, databases=["default"])
    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)

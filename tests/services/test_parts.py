"""What a process is made of, by its settings."""

import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat import conf
from chat.presence.memory import MemoryPresence
from chat.presence.redis import RedisPresence
from chat.redis.limiter import RedisLimiter
from chat.services.parts import OwnLimiter, Parts, parts
from chat.stores.memory import MemoryStore
from chat.stores.redis import RedisStore

REDIS = "redis://127.0.0.1:1/0"


def made(settings: Any, **chat: Any) -> Parts:
    settings.CHITCHAT = chat
    return parts(conf.get(), lambda: 1.0, lambda: 1)


def test_by_default_everything_is_in_process(settings: Any) -> None:
    redis, store, presence, limiter = made(settings)
    assert redis is None
    assert [type(part) for part in (store, presence, limiter)] == [MemoryStore, MemoryPresence, OwnLimiter]


async def test_a_redis_switches_all_of_them_together(settings: Any) -> None:
    redis, store, presence, limiter = made(settings, REDIS_URL=REDIS, REDIS_PREFIX="mine:")
    assert redis is not None
    assert redis.prefix == "mine:"
    assert [type(part) for part in (store, presence, limiter)] == [RedisStore, RedisPresence, RedisLimiter]
    await redis.close()


async def test_a_store_of_ones_own_may_be_beside_redis(settings: Any) -> None:
    redis, store, _, _ = made(settings, REDIS_URL=REDIS, CHANNEL_STORE=conf.MEMORY_STORE)
    assert redis is not None
    assert type(store) is MemoryStore
    await redis.close()


@pytest.mark.parametrize(
    ("chat", "says"),
    [
        ({"CHANNEL_STORE": conf.REDIS_STORE}, "needs CHITCHAT.*redis://127.0.0.1:6379/0"),
        ({"CHANNEL_STORE": "chat.stores.nothing.Store"}, "CHANNEL_STORE"),
        ({"REDIS_URL": "nonsense"}, "an address such as"),
    ],
)
def test_what_cannot_be_made_says_what_to_write(settings: Any, chat: Any, says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        made(settings, **chat)


def test_redis_without_its_package_says_what_to_install(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "chat.redis", None)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="pip install channels-redis"):
        made(settings, REDIS_URL=REDIS, CHANNEL_STORE=conf.MEMORY_STORE)

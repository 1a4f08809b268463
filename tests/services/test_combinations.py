"""Which parts go together. Each wrong combination is refused at the start and by a system check alike, with
what to write instead."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat import checks, conf
from chat.services import combinations, startup

pytestmark = pytest.mark.in_process

REDIS = {"REDIS_URL": "redis://127.0.0.1:6379/0"}
MEMORY_STORE = "chat.stores.memory.MemoryStore"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
IN_MEMORY = "channels.layers.InMemoryChannelLayer"
BACKENDS = "django.contrib.sessions.backends"
LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SHARED_CACHE = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}

IN_MEMORY_DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}

CHECKS = (checks.check_layer, checks.check_store, checks.check_parts)


Write = Callable[..., None]


@pytest.fixture
def write(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Write:
    """``write(CHITCHAT, layer, NAME=value, database={…})``. The process is not let in yet."""
    monkeypatch.setattr(startup, "_admitted", set())

    def change(
        chat: dict[str, Any], layer: str | None, database: dict[str, str] | None = None, **rest: Any
    ) -> None:
        settings.CHITCHAT = chat
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer}} if layer else {}
        for key, value in (database or {}).items():
            monkeypatch.setitem(settings.DATABASES["default"], key, value)
        for key, value in rest.items():
            setattr(settings, key, value)

    return change


@pytest.mark.parametrize(
    ("chat", "layer", "rest"),
    [
        ({}, IN_MEMORY, {}),
        ({}, IN_MEMORY, {"SESSION_ENGINE": f"{BACKENDS}.cached_db", "CACHES": LOCMEM}),
        (
            {},
            IN_MEMORY,
            {"database": IN_MEMORY_DATABASE},
        ),
        ({"CHANNEL_STORE": "chat.stores.database.DatabaseStore"}, IN_MEMORY, {}),
        (REDIS, PUBSUB, {}),
        (REDIS, PUBSUB, {"SESSION_ENGINE": f"{BACKENDS}.cached_db", "CACHES": SHARED_CACHE}),
        (REDIS, PUBSUB, {"SESSION_ENGINE": f"{BACKENDS}.cache", "CACHES": SHARED_CACHE}),
        (REDIS | {"CHANNEL_STORE": "chat.stores.database.DatabaseStore"}, PUBSUB, {}),
        ({"REDIS_URL": "unix:///run/redis.sock"}, PUBSUB, {}),
    ],
)
def test_all_in_process_and_all_shared_go_together(
    write: Write, chat: dict[str, Any], layer: str, rest: dict[str, Any]
) -> None:
    write(chat, layer, **rest)
    assert list(combinations.problems(conf.get())) == []


@pytest.mark.parametrize(
    ("chat", "layer", "rest", "id", "says", "write_instead"),
    [
        ({}, None, {}, "chat.E002", "There is no channel layer", IN_MEMORY),
        (REDIS, None, {}, "chat.E002", "There is no channel layer", PUBSUB),
        ({}, "channels_redis.nothing.Layer", {}, "chat.E002", "cannot be imported", IN_MEMORY),
        ({"CHANNEL_STORE": "chat.nothing.Store"}, IN_MEMORY, {}, "chat.E010", "CHANNEL_STORE", MEMORY_STORE),
        (
            {"HISTORY_STORE": "chat.nothing.Store"},
            IN_MEMORY,
            {},
            "chat.E010",
            "HISTORY_STORE",
            "DatabaseStore",
        ),
        (
            {"REDIS_URL": "nonsense"},
            PUBSUB,
            {},
            "chat.E021",
            "no address of a Redis",
            "redis://127.0.0.1:6379/0",
        ),
        (REDIS, IN_MEMORY, {}, "chat.E021", "they would not hear each other", PUBSUB),
        (REDIS, f"{__name__}.OwnLayer", {}, "chat.E021", "they would not hear each other", PUBSUB),
        ({}, PUBSUB, {}, "chat.E021", "presence and rate limits and messages are in the memory", "REDIS_URL"),
        (
            {"CHANNEL_STORE": "chat.stores.database.DatabaseStore"},
            *(PUBSUB, {}, "chat.E021", "presence and rate limits are in the memory", "REDIS_URL"),
        ),
        ({"CHANNEL_STORE": conf.REDIS_STORE}, IN_MEMORY, {}, "chat.E021", "nothing says where", "REDIS_URL"),
        (
            REDIS | {"CHANNEL_STORE": MEMORY_STORE},
            *(PUBSUB, {}, "chat.E021", 'CHITCHAT["CHANNEL_STORE"] keeps messages in the memory of one'),
            'Leave out CHITCHAT["CHANNEL_STORE"]',
        ),
        (
            REDIS | {"HISTORY_STORE": MEMORY_STORE},
            *(PUBSUB, {}, "chat.E021", 'CHITCHAT["HISTORY_STORE"] keeps messages in the memory of one'),
            'Leave out CHITCHAT["HISTORY_STORE"]',
        ),
        (
            REDIS | {"HISTORY_STORE": conf.REDIS_STORE},
            *(
                PUBSUB,
                {},
                "chat.E021",
                "Redis keeps the newest messages",
                'Leave out CHITCHAT["HISTORY_STORE"]',
            ),
        ),
        (
            *(REDIS, PUBSUB, {"SESSION_ENGINE": f"{BACKENDS}.cache", "CACHES": LOCMEM}),
            *("chat.E021", "in another one nobody has a name", f"{BACKENDS}.db"),
        ),
        (
            *(REDIS, PUBSUB, {"SESSION_ENGINE": f"{BACKENDS}.cached_db", "CACHES": LOCMEM}),
            *("chat.E021", "who logs out in one stays logged in in another", "SESSION_CACHE_ALIAS"),
        ),
        (
            *(
                REDIS,
                PUBSUB,
                {"database": IN_MEMORY_DATABASE},
            ),
            *("chat.E021", "people of its own", 'DATABASES["default"]'),
        ),
        (
            *(
                REDIS,
                PUBSUB,
                {"STORAGES": {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}},
            ),
            *("chat.E021", "uploads are kept in the memory of one", "FileSystemStorage"),
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_write_instead(
    write: Write,
    chat: dict[str, Any],
    layer: str | None,
    rest: dict[str, Any],
    id: str,
    says: str,
    write_instead: str,
) -> None:
    write(chat, layer, **rest)
    [found] = [message for check in CHECKS for message in check(None)]
    assert found.id == id
    assert says in found.msg
    assert write_instead in found.hint
    with pytest.raises(ImproperlyConfigured) as refused:
        startup.admit()
    assert str(refused.value) == f"{found.msg} {found.hint}"


class OwnLayer(combinations.InMemoryChannelLayer):
    """Made of the one in memory."""


@pytest.mark.parametrize("package", ["redis", "channels_redis"])
def test_redis_without_its_package_is_refused_with_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    write(REDIS, PUBSUB)
    monkeypatch.setitem(sys.modules, package, None)  # type: ignore[arg-type]
    assert [message.id for check in CHECKS for message in check(None)] == ["chat.E020"]
    with pytest.raises(ImproperlyConfigured, match="pip install channels-redis"):
        startup.admit()

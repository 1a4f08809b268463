"""What several processes share: parts that go together, and a Redis that keeps what it is given."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import DEFAULT_STORAGE_ALIAS, settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import FileSystemStorage, storages

from chat.checks.readable import readable_settings
from chat.services import combinations
from chat.services.combinations import REDIS_LAYER_HINT, SESSIONS_HINT, layer_backend

# Seconds that a check waits for Redis.
PATIENCE: Final = 2.0


@register(Tags.compatibility)
def check_parts(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Channel layer, stores, sessions and files are all in process, or all shared."""
    chat = readable_settings()
    if chat is None:
        return []
    found = [one for one in combinations.problems(chat) if one.id in ("chat.E020", "chat.E021")]
    return [Error(one.words, hint=one.hint, id=one.id) for one in found]


@register(Tags.compatibility)
def check_redis_layer(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The layer on Redis is the one that hears again after Redis was restarted."""
    if not layer_backend().startswith("channels_redis.core."):
        return []
    words = "After a restart of Redis this channel layer hears nothing any more, until the process restarts."
    return [Warning(words, hint=REDIS_LAYER_HINT, id="chat.W020")]


@register(Tags.compatibility)
def check_machines(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Several machines have one database and the same sessions."""
    chat = readable_settings()
    if chat is None or not chat.REDIS_URL or _is_here(chat.REDIS_URL):
        return []
    messages: list[CheckMessage] = []
    if settings.DATABASES["default"].get("ENGINE", "").endswith("sqlite3"):
        words = "Redis is on another machine, but the database is a file on this one: others do not see it."
        hint = "Use PostgreSQL (the example site: DATABASE_URL=postgres://…), if there are several machines."
        messages.append(Warning(words, hint=hint, id="chat.W021"))
    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.file":
        words = "Redis is on another machine, but sessions are files on this one: others do not see them."
        hint = f"{SESSIONS_HINT}, if there are several machines."
        messages.append(Warning(words, hint=hint, id="chat.W021"))
    return messages


@register(Tags.files, deploy=True)
def check_shared_files(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Several machines have the same uploads. Nobody can tell a folder of theirs from one that they share."""
    chat = readable_settings()
    if chat is None or not chat.REDIS_URL or _is_here(chat.REDIS_URL):
        return []
    storage = storages[DEFAULT_STORAGE_ALIAS]
    if not isinstance(storage, FileSystemStorage):
        return []
    words = f"Redis is on another machine, and uploads go to {storage.location}: do others have that folder?"
    hint = (
        'Mount it on all machines, or set STORAGES["default"] to one that they share. '
        'Where that is so, or there is one machine: SILENCED_SYSTEM_CHECKS = ["chat.W025"].'
    )
    return [Warning(words, hint=hint, id="chat.W025")]


def _is_here(address: str) -> bool:
    url = urlsplit(address)
    host = url.hostname or ""
    return url.scheme == "unix" or host in ("localhost", "::1") or host.startswith("127.")


@register(Tags.database)
def check_redis(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Redis answers, and keeps what it is given. Asked where databases are: ``check --database default``."""
    chat = readable_settings()
    if chat is None or not databases or not chat.REDIS_URL or any(combinations.missing_packages(chat)):
        return []
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            chat.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
        ) as redis:
            memory: dict[str, Any] = redis.info("memory")
            return [*_kind(redis), *_eviction(memory), *_durability(redis)]
    except (RedisError, OSError, ValueError) as error:
        hint = 'Start it, or correct CHITCHAT["REDIS_URL"]; the chat waits for it and goes on by itself.'
        return [Warning(f"Redis does not answer: {type(error).__name__}.", hint=hint, id="chat.W022")]


def _kind(redis: Any) -> list[CheckMessage]:
    """One that takes writes, of any keys."""
    if redis.info("cluster").get("cluster_enabled"):
        words = "This is a Redis Cluster, where the chat's scripts find only a part of what they need."
        hint = 'Set CHITCHAT["REDIS_URL"] to a Redis of its own: one carries many processes.'
        return [Error(words, hint=hint, id="chat.E022")]
    if redis.info("replication").get("role") != "master":
        words = "This Redis is a replica, which takes no messages."
        return [Error(words, hint='Set CHITCHAT["REDIS_URL"] to its master.', id="chat.E022")]
    return []


def _eviction(memory: dict[str, Any]) -> list[CheckMessage]:
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return []
    words = f"Redis may throw messages away when its memory is full (maxmemory-policy {policy})."
    return [Warning(words, hint="Write maxmemory-policy noeviction in redis.conf.", id="chat.W023")]


def _durability(redis: Any) -> list[CheckMessage]:
    from redis.exceptions import ResponseError

    try:
        found = {**redis.config_get("appendonly"), **redis.config_get("appendfsync")}
    except ResponseError:
        found = {}
    if found == {"appendonly": "yes", "appendfsync": "always"}:
        return []
    words = "Redis may lose messages when it restarts: everybody is told so and begins with what is left."
    hint = (
        "Write appendonly yes and appendfsync always in redis.conf, if no acknowledged message may be lost."
    )
    return [Warning(words, hint=hint, id="chat.W024")]

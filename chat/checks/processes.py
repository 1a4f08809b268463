"""What several processes share: parts that go together, and a Redis that keeps what it is given."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from chat import conf
from chat.services.startup import REDIS_LAYER_HINT, layer_backend, wrong_combinations

# Seconds that a check waits for Redis.
PATIENCE: Final = 2.0


def _chat() -> conf.Settings | None:
    """The app's settings; None when chat.E001 says what is wrong with them."""
    try:
        return conf.get()
    except (ImproperlyConfigured, TypeError, ValueError):
        return None


@register(Tags.compatibility)
def check_parts(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Channel layer, store and sessions are all in process, or all shared."""
    chat = _chat()
    if chat is None:
        return []
    if chat.REDIS_URL and not _has_redis():
        words = 'CHITCHAT["REDIS_URL"] is set, but the package channels-redis is missing.'
        return [Error(words, hint="Write pip install channels-redis (the extra `redis`).", id="chat.E020")]
    try:
        return [Error(one.words, hint=one.hint, id="chat.E021") for one in wrong_combinations(chat)]
    except ImportError:
        return []  # chat.E010 says it


def _has_redis() -> bool:
    try:
        import channels_redis  # noqa: F401
        import redis  # noqa: F401
    except ImportError:
        return False
    return True


@register(Tags.compatibility)
def check_redis_layer(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The layer on Redis is the one that hears again after Redis was restarted."""
    if not layer_backend().startswith("channels_redis.core."):
        return []
    words = "After a restart of Redis this channel layer hears nothing any more, until the process restarts."
    return [Warning(words, hint=REDIS_LAYER_HINT, id="chat.W020")]


@register(Tags.compatibility)
def check_machines(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Several machines have one database."""
    chat = _chat()
    if chat is None or not chat.REDIS_URL or _is_here(chat.REDIS_URL):
        return []
    if not settings.DATABASES["default"].get("ENGINE", "").endswith("sqlite3"):
        return []
    words = "Redis is on another machine, but the database is a file on this one: others would not see it."
    hint = "Use PostgreSQL (the example site: DATABASE_URL=postgres://…), if there are several machines."
    return [Warning(words, hint=hint, id="chat.W021")]


def _is_here(address: str) -> bool:
    url = urlsplit(address)
    host = url.hostname or ""
    return url.scheme == "unix" or host in ("localhost", "::1") or host.startswith("127.")


@register(Tags.database)
def check_redis(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Redis answers, and keeps what it is given. Asked where databases are: ``check --database default``."""
    chat = _chat()
    if chat is None or not databases or not chat.REDIS_URL or not _has_redis():
        return []
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            chat.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
        ) as redis:
            memory: dict[str, Any] = redis.info("memory")
            return [*_eviction(memory), *_durability(redis)]
    except (RedisError, OSError, ValueError) as error:
        hint = 'Start it, or correct CHITCHAT["REDIS_URL"]; the chat waits for it and goes on by itself.'
        return [Warning(f"Redis does not answer: {type(error).__name__}.", hint=hint, id="chat.W022")]


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

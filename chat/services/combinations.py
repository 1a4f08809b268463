"""Parts that are missing or do not go together: a process with any of this lets nobody in.

What is right for one process may be silently wrong for two: each would have its own messages, sessions or
files, and half of the people would not see the others. The system checks say the same before anybody comes.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final, NamedTuple

from channels.layers import InMemoryChannelLayer
from django.conf import DEFAULT_STORAGE_ALIAS
from django.conf import settings as django_settings
from django.contrib.sessions.backends.cache import SessionStore as CacheSessions
from django.contrib.sessions.backends.cached_db import SessionStore as CachedSessions
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.storage import InMemoryStorage
from django.utils.module_loading import import_string

from chat import conf

REDIS_EXAMPLE: Final = '"redis://127.0.0.1:6379/0"'
REDIS_LAYER_HINT: Final = (
    'Set CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", '
    f'"CONFIG": {{"hosts": [{{"address": {REDIS_EXAMPLE}}}]}}}}}}.'
)
MEMORY_LAYER_HINT: Final = (
    'Set CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", '
    '"CONFIG": {"capacity": 10_000}}} for one process.'
)
SESSIONS_HINT: Final = 'Set SESSION_ENGINE = "django.contrib.sessions.backends.db"'


class Problem(NamedTuple):
    """What is wrong, what to write instead, and the id of the system check that says so."""

    words: str
    hint: str
    id: str = "chat.E021"


def problems(settings: conf.Settings) -> Iterator[Problem]:
    """Everything of this module; what is missing alone, as nothing can be said of the rest then."""
    missing = [*missing_packages(settings)] or [*missing_layer(settings), *missing_stores(settings)]
    yield from missing or wrong_combinations(settings)


# --- what is missing -----------------------------------------------------------------------------


def missing_packages(settings: conf.Settings) -> Iterator[Problem]:
    if settings.REDIS_URL and not _has_redis():
        words = 'CHITCHAT["REDIS_URL"] is set, but the package channels-redis is missing.'
        yield Problem(words, "Write pip install channels-redis (the extra `redis`).", "chat.E020")


def _has_redis() -> bool:
    try:
        import channels_redis  # noqa: F401
        import redis  # noqa: F401
    except ImportError:
        return False
    return True


def missing_layer(settings: conf.Settings) -> Iterator[Problem]:
    hint = REDIS_LAYER_HINT if settings.REDIS_URL else MEMORY_LAYER_HINT
    name = layer_backend()
    if not name:
        words = "There is no channel layer, so no message would reach anybody."
        yield Problem(words, hint, "chat.E002")
        return
    try:
        import_string(name)
    except ImportError as error:
        yield Problem(f"The channel layer cannot be imported: {error}.", hint, "chat.E002")


def missing_stores(settings: conf.Settings) -> Iterator[Problem]:
    for key, name, default in (
        ("CHANNEL_STORE", settings.CHANNEL_STORE, "chat.stores.memory.MemoryStore"),
        ("HISTORY_STORE", settings.HISTORY_STORE, "chat.stores.database.DatabaseStore"),
    ):
        try:
            import_string(name)
        except ImportError as error:
            hint = f'The one that needs nothing is "{default}".'
            yield Problem(f'CHITCHAT["{key}"]: {error}.', hint, "chat.E010")


# --- what does not go together -------------------------------------------------------------------


def wrong_combinations(settings: conf.Settings) -> Iterator[Problem]:
    """Of parts that can be imported."""
    yield from _wrong_history(settings)
    if settings.REDIS_URL:
        yield from _wrong_address(settings)
        yield from _in_memory_beside_redis(settings)
    else:
        yield from _on_redis_without_the_rest(settings)


def _wrong_history(settings: conf.Settings) -> Iterator[Problem]:
    if _has(settings.HISTORY_STORE, "needs_redis"):
        words = 'CHITCHAT["HISTORY_STORE"] is for what is kept for ever, and Redis keeps the newest messages.'
        yield Problem(words, 'Leave out CHITCHAT["HISTORY_STORE"].')


def _wrong_address(settings: conf.Settings) -> Iterator[Problem]:
    from redis.asyncio.connection import parse_url

    try:
        parse_url(settings.REDIS_URL)
    except ValueError:
        words = 'CHITCHAT["REDIS_URL"] is no address of a Redis.'
        yield Problem(words, f"Write one like {REDIS_EXAMPLE} (also rediss:// and unix://).")


def _on_redis_without_the_rest(settings: conf.Settings) -> Iterator[Problem]:
    hint = f'Set CHITCHAT["REDIS_URL"] too, for example to {REDIS_EXAMPLE}.'
    if _has(settings.CHANNEL_STORE, "needs_redis"):
        words = 'CHITCHAT["CHANNEL_STORE"] is on Redis, but nothing says where that is.'
        yield Problem(words, hint)
    elif layer_backend().startswith("channels_redis."):
        messages = " and messages" if keeps_messages_in_process(settings) else ""
        words = (
            f"The channel layer is on Redis, but presence and rate limits{messages} "
            "are in the memory of each process."
        )
        yield Problem(words, hint)


def _in_memory_beside_redis(settings: conf.Settings) -> Iterator[Problem]:
    several = 'CHITCHAT["REDIS_URL"] is for several processes, but'
    if layer_is_in_memory():
        words = f"{several} the channel layer is in the memory of one: they would not hear each other."
        yield Problem(words, REDIS_LAYER_HINT)
    for key in ("CHANNEL_STORE", "HISTORY_STORE"):
        if _has(getattr(settings, key), "in_process"):
            words = f'{several} CHITCHAT["{key}"] keeps messages in the memory of one.'
            yield Problem(words, f'Leave out CHITCHAT["{key}"].')
    if sessions_are_in_memory():
        words = "Each process would have sessions of its own: in another one nobody has a name."
        yield Problem(words, f"{SESSIONS_HINT}.")
    elif _sessions_are_copied_into_memory():
        words = "Each process would keep copies of sessions: who logs out in one stays logged in in another."
        yield Problem(words, f"{SESSIONS_HINT}, or SESSION_CACHE_ALIAS to a cache that processes share.")
    if _database_is_in_memory():
        words = f"{several} the database is in the memory of one: each would have people of its own."
        yield Problem(words, 'Write a file, or a PostgreSQL, in DATABASES["default"].')
    if issubclass(_storage(), InMemoryStorage):
        words = f"{several} uploads are kept in the memory of one."
        hint = 'Set STORAGES["default"] = {"BACKEND": "django.core.files.storage.FileSystemStorage"}.'
        yield Problem(words, hint)


# --- where things are ----------------------------------------------------------------------------


def layer_backend() -> str:
    """The dotted path of the channel layer, or ``""``."""
    layers: dict[str, Any] = getattr(django_settings, "CHANNEL_LAYERS", {})
    return str(layers.get("default", {}).get("BACKEND", ""))


def layer_is_in_memory() -> bool:
    return _is(layer_backend(), InMemoryChannelLayer)


def keeps_messages_in_process(settings: conf.Settings) -> bool:
    """Whether messages end with the process. Raises ``ImportError`` when there is no such store."""
    return _has(settings.CHANNEL_STORE, "in_process")


def sessions_are_in_memory() -> bool:
    """Whether who somebody is ends with the process."""
    return _engine_is(CacheSessions) and _is(_session_cache(), LocMemCache, DummyCache)


def _sessions_are_copied_into_memory() -> bool:
    return _engine_is(CachedSessions) and _is(_session_cache(), LocMemCache)


def _engine_is(kind: type) -> bool:
    try:
        return issubclass(import_module(django_settings.SESSION_ENGINE).SessionStore, kind)
    except ImportError:
        return False  # Django says it with the first request


def _session_cache() -> str:
    cache: dict[str, Any] = django_settings.CACHES.get(django_settings.SESSION_CACHE_ALIAS, {})
    return str(cache.get("BACKEND", ""))


def _database_is_in_memory() -> bool:
    database = django_settings.DATABASES["default"]
    return str(database.get("ENGINE", "")).endswith("sqlite3") and database.get("NAME") == ":memory:"


def _storage() -> type:
    found: type = import_string(django_settings.STORAGES[DEFAULT_STORAGE_ALIAS]["BACKEND"])
    return found


def _has(store: str, quality: str) -> bool:
    return bool(getattr(import_string(store), quality, False))


def _is(path: str, *kinds: type) -> bool:
    """Whether a dotted path leads to one of these classes, or to something made of it."""
    try:
        return issubclass(import_string(path), kinds)
    except ImportError:
        return False

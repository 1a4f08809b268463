"""What must be so before a process lets anybody in.

Parts that live in a process's memory are right for one process and silently wrong for two: each would have
its own messages, and half of the people would not see the others. So such a process holds a lock beside the
database, and a second one refuses to start.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.module_loading import import_string

from chat import conf

try:
    import fcntl
except ImportError:  # Windows, where nobody deploys this
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

MEMORY_LAYER: Final = "channels.layers.InMemoryChannelLayer"

REDIS_LAYER_HINT: Final = (
    'Set CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", '
    '"CONFIG": {"hosts": [{"address": "redis://127.0.0.1:6379/0"}]}}}.'
)

# Kept open as long as the process lives, by process: a lock is not that of a child.
_locks: dict[tuple[int, Path], IO[str]] = {}
_admitted: set[int] = set()


class Problem(NamedTuple):
    """What is wrong, and what to write instead."""

    words: str
    hint: str


def layer_backend() -> str:
    """The dotted path of the channel layer, or ``""``."""
    layers: dict[str, Any] = getattr(django_settings, "CHANNEL_LAYERS", {})
    return str(layers.get("default", {}).get("BACKEND", ""))


def keeps_messages_in_process(settings: conf.Settings) -> bool:
    """Whether messages end with the process. Raises ``ImportError`` when there is no such store."""
    return bool(import_string(settings.CHANNEL_STORE).in_process)


def wrong_combinations(settings: conf.Settings) -> Iterator[Problem]:
    """Parts that do not go together. Raises ``ImportError`` when there is no such store."""
    in_process = keeps_messages_in_process(settings)
    in_memory = layer_backend() == MEMORY_LAYER
    if settings.REDIS_URL and in_memory:
        words = (
            'CHITCHAT["REDIS_URL"] is for several processes, but the channel layer is in the memory of one: '
            "they would not hear each other."
        )
        yield Problem(words, REDIS_LAYER_HINT)
    if settings.REDIS_URL and in_process:
        words = (
            'CHITCHAT["REDIS_URL"] is for several processes, but CHITCHAT["CHANNEL_STORE"] keeps messages in '
            "the memory of one."
        )
        yield Problem(words, 'Leave out CHITCHAT["CHANNEL_STORE"].')
    if not settings.REDIS_URL and layer_backend().startswith("channels_redis."):
        words = (
            "The channel layer is on Redis, but presence and rate limits"
            f"{' and messages' if in_process else ''} are in the memory of each process."
        )
        yield Problem(words, 'Set CHITCHAT["REDIS_URL"] too, for example to "redis://127.0.0.1:6379/0".')
    if settings.REDIS_URL and sessions_are_in_memory():
        words = "Each process would have sessions of its own: in another one nobody has a name."
        yield Problem(words, 'Set SESSION_ENGINE = "django.contrib.sessions.backends.db".')


def sessions_are_in_memory() -> bool:
    """Whether who somebody is ends with the process."""
    if django_settings.SESSION_ENGINE != "django.contrib.sessions.backends.cache":
        return False
    cache = django_settings.CACHES.get(django_settings.SESSION_CACHE_ALIAS, {})
    return str(cache.get("BACKEND", "")).rpartition(".")[2] in ("LocMemCache", "DummyCache")


def admit() -> None:
    """Let this process serve. Twice is harmless.

    Raises ``ImproperlyConfigured`` with one sentence that says what to do instead.
    """
    if os.getpid() in _admitted:
        return
    settings = conf.get()
    for problem in wrong_combinations(settings):
        raise ImproperlyConfigured(f"{problem.words} {problem.hint}")
    if not settings.REDIS_URL:
        hold(lock_file())
    _admitted.add(os.getpid())


def lock_file() -> Path:
    """Where a process that serves from its own memory says so: beside the database, if that is a file."""
    database = connections[DEFAULT_DB_ALIAS].settings_dict
    name = str(database["NAME"])
    if database["ENGINE"].endswith("sqlite3") and not name.startswith("file:") and name != ":memory:":
        return Path(f"{name}.serving")
    place = f"{database.get('HOST', '')} {database.get('PORT', '')} {name}"
    digest = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"chit-chat-{digest}.serving"


def hold(path: Path) -> None:
    """Hold the lock until this process ends, however it ends. Twice is harmless.

    Raises ``ImproperlyConfigured`` when another process holds it.
    """
    key = (os.getpid(), path)
    if fcntl is None or key in _locks:
        return
    try:
        file = path.open("a", encoding="ascii")
    except OSError as error:
        logger.warning("Whether another process serves this chat cannot be told: %s", error)
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ImproperlyConfigured(
            "Another process serves this chat from its own memory, and two would not hear each other: "
            "run one process (uvicorn without --workers), or set REDIS_URL (for the app alone "
            'CHITCHAT["REDIS_URL"] and a Redis channel layer). '
            f"The lock is {path}."
        ) from None
    _locks[key] = file

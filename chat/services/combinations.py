"""Parts that are missing or do not go together: a process with any of this lets nobody in.

What is right for one process may be silently wrong for two: each would have its own messages, sessions or
files, and half of the people would not see the others. The system checks say the same before anybody comes.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final, NamedTuple

from channels.layers import InMemoryChannelLayer
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
    """Everything of this module. What cannot be imported is not looked into."""
    missing = [*missing_layer(), *missing_stores(settings), *missing_packages(settings)]
    yield from missing
    if not missing:
        yield from wrong_combinations(settings)


# --- what is missing -----------------------------------------------------------------------------


def missing_layer() -> Iterator[Problem]:
    hint = REDIS_LAYER_HINT if _wants_redis() else MEMORY_LAYER_HINT
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
        ("CHANNEL_STORE", settings.CHANNEL_STORE, conf.MEMORY_STORE),
        ("HISTORY_STORE", settings.HISTORY_STORE, conf.Settings.HISTORY_STORE),
    ):
        try:
            import_string(name)
        except ImportError as error:
            if not _is_ours_without_its_package(error):
                hint = f'The one that needs nothing is "{default}".'
                yield Problem(f'CHITCHAT["{key}"]: {error}.', hint, "chat.E010")


def missing_packages(settings: conf.Settings) -> Iterator[Problem]:
    if settings.REDIS_URL and not has_redis():
        words = 'CHITCHAT["REDIS_URL"] is set, but the package channels-redis is missing.'
        yield Problem(words, "Write pip install channels-redis (the extra `redis`).", "chat.E020")

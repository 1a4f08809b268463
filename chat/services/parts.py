"""Which parts a process is made of: its own memory, or Redis that it shares with others.

``CHITCHAT["REDIS_URL"]`` decides; store, presence and rate limits go together.
"""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from chat.conf import Settings
from chat.presence.base import Presence
from chat.presence.memory import MemoryPresence
from chat.ratelimit import Limiter, Rate
from chat.stores.base import MessageStore

if TYPE_CHECKING:
    from chat.redis import Client


class RateLimiter(Protocol):
    """The answers of ``chat.ratelimit.Limiter``, which may come over the network.

    Both raise ``Unavailable`` when the limits cannot be reached.
    """

    async def take(self, key: Hashable, rate: Rate, cost: float = 1) -> float: ...
    async def give_back(self, key: Hashable, cost: float = 1) -> None: ...


class OwnLimiter:
    """The limits of this process alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._limiter = Limiter(clock)

    async def take(self, key: Hashable, rate: Rate, cost: float = 1) -> float:
        return self._limiter.take(key, rate, cost)

    async def give_back(self, key: Hashable, cost: float = 1) -> None:
        self._limiter.give_back(key, cost)


class Parts(NamedTuple):
    """``redis`` is None where everything is in process."""

    redis: "Client | None"
    store: MessageStore
    presence: Presence
    limiter: RateLimiter


def parts(settings: Settings, clock: Callable[[], float], now_ms: Callable[[], int]) -> Parts:
    """The parts that the settings ask for, for the running event loop.

    ``clock`` gives monotonic seconds. What processes share goes by the time of day, ``now_ms``, as
    monotonic clocks of two machines have nothing in common. Raises ``ImproperlyConfigured``.
    """
    try:
        store = import_string(settings.CHANNEL_STORE)
    except ImportError as error:
        raise ImproperlyConfigured(f'CHITCHAT["CHANNEL_STORE"]: {error}.') from error
    needs_redis = getattr(store, "needs_redis", False)
    if not settings.REDIS_URL:
        if needs_redis:
            raise ImproperlyConfigured(
                f'CHITCHAT["CHANNEL_STORE"] is {settings.CHANNEL_STORE!r}, which needs '
                'CHITCHAT["REDIS_URL"]: set it, for example to "redis://127.0.0.1:6379/0".'
            )
        own = store(settings.LIMITS)
        return Parts(None, own, MemoryPresence(clock, settings.TIMES), OwnLimiter(clock))

    client = connect(settings)  # first: it says what is missing
    from chat.presence.redis import RedisPresence
    from chat.redis.limiter import RedisLimiter

    def seconds() -> float:
        return now_ms() / 1000

    shared: dict[str, Any] = {"client": client} if needs_redis else {}
    return Parts(
        client,
        store(settings.LIMITS, **shared),
        RedisPresence(client, seconds, settings.TIMES),
        RedisLimiter(client, seconds),
    )


def connect(settings: Settings) -> "Client":
    """A client for the Redis of the settings. Nothing is asked yet. Raises ``ImproperlyConfigured``."""
    try:
        from chat.redis import Client
    except ImportError as error:
        raise ImproperlyConfigured(
            'CHITCHAT["REDIS_URL"] needs the package channels-redis (the extra `redis`): '
            "install it with pip install channels-redis."
        ) from error
    try:
        return Client(settings.REDIS_URL, settings.REDIS_PREFIX)
    except ValueError as error:
        raise ImproperlyConfigured(
            'CHITCHAT["REDIS_URL"] is an address such as "redis://127.0.0.1:6379/0" '
            "(also rediss:// and unix://)."
        ) from error

"""Rate limits that processes share: the token buckets of ``chat.ratelimit``, kept in Redis.

A bucket is forgotten when it is full, so there are as many as there were acts in the time that the slowest
rate takes to forgive.
"""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Final

from chat.ratelimit import TOLERANCE, Rate
from chat.redis.client import Client, script

_LUA: Final = Path(__file__).parent / "lua"
_TAKE, _GIVE_BACK = script(_LUA / "take.lua"), script(_LUA / "give_back.lua")


class RedisLimiter:
    """The answers of ``chat.ratelimit.Limiter``, the same in every process.

    ``clock`` gives seconds that all processes share: the time of day. Raises ``Unavailable``.
    """

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock

    async def take(self, key: Hashable, rate: Rate, cost: float = 1) -> float:
        """Returns 0.0 when allowed and paid, else the seconds until it would be, ``inf`` if never.

        A key whose rate differs from last time's starts anew. Raises ``ValueError`` for a rate that would
        never allow anything.
        """
        if min(rate) <= 0:
            raise ValueError(f"a rate needs numbers above zero: {rate}")
        now = repr(self._clock())
        numbers = (rate.count, rate.seconds, rate.burst, cost, TOLERANCE)
        return float(await self._client.run(_TAKE, repr(key), now, *map(repr, numbers)))

    async def give_back(self, key: Hashable, cost: float = 1) -> None:
        """Return what ``take`` took: for limits that count successes only. Harmless if unknown."""
        await self._client.run(_GIVE_BACK, repr(key), repr(cost))

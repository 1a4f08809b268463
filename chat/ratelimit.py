"""Token buckets: how often somebody may do something. No I/O, no clock of its own.

A bucket holds at most ``burst`` tokens, an act costs one, and ``count`` of them come back every
``seconds``: "5 a second, burst 10" is ``Rate(5, 1, 10)``. Times are in seconds of any clock that
does not run backwards; ``time.monotonic`` is the one to pass in.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import inf
from typing import NamedTuple

# What a long-running clock loses in a float must not refuse somebody who waited exactly as told.
TOLERANCE = 1e-6

_SWEPT_AT_ONCE = 8  # forgotten buckets per new one: more than one, so that the idle never pile up


class Rate(NamedTuple):
    """``count`` acts every ``seconds``, and up to ``burst`` of them at once. All above zero."""

    count: float  # type: ignore[assignment]  # hides tuple.count, which nobody asks a rate for
    seconds: float
    burst: int

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


class TokenBucket:
    """One allowance. It starts full.

    Raises ``ValueError`` for a rate that would never allow anything.
    """

    __slots__ = ("_tokens", "_updated", "rate")

    def __init__(self, rate: Rate, now: float) -> None:
        if min(rate) <= 0:
            raise ValueError(f"a rate needs numbers above zero: {rate}")
        self.rate = rate
        self._tokens = float(rate.burst)
        self._updated = now

    def tokens(self, now: float) -> float:
        """How many there are at ``now``: never more than ``burst``, never fewer than zero."""
        elapsed = max(0.0, now - self._updated)
        return min(float(self.rate.burst), self._tokens + elapsed * self.rate.per_second)

    def take(self, now: float, cost: float = 1) -> float:
        """Pay ``cost``. Returns 0.0 when it was there, else the seconds until it will be.

        A refusal costs nothing. A cost above ``burst`` never fits: ``inf``.
        """
        tokens = self.tokens(now)
        if tokens < cost * (1 - TOLERANCE):
            return (cost - tokens) / self.rate.per_second if cost <= self.rate.burst else inf
        self._set(max(0.0, tokens - cost), now)
        return 0.0

    def give_back(self, now: float, cost: float = 1) -> None:
        """Undo a ``take``: the act did not count. Twice is not more than full."""
        self._set(min(float(self.rate.burst), self.tokens(now) + cost), now)

    def full_at(self) -> float:
        """When it is full if nobody takes any more. From then on it is as good as a new one."""
        return self._updated + (self.rate.burst - self._tokens) / self.rate.per_second

    def _set(self, tokens: float, now: float) -> None:
        self._tokens = tokens
        self._updated = max(self._updated, now)


class Limiter:
    """Buckets by key, such as ``("message", person_id)``: made when used, at most ``max_keys``.

    Full ones are forgotten first, which nobody can notice. When none is full, of the longest unused
    (one for each rate) the one nearest to full makes room: who floods with new keys pays with
    those, and memory stays bounded. A call costs O(1), times the number of different rates. For one
    thread.
    """

    def __init__(self, clock: Callable[[], float], max_keys: int = 50_000) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._buckets: dict[Hashable, TokenBucket] = {}
        # Per rate, longest unused first: buckets that fill equally fast are idle in this order.
        self._idle: dict[Rate, OrderedDict[Hashable, None]] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, rate: Rate, cost: float = 1) -> float:
        """Returns 0.0 when allowed and paid, else the seconds until it would be, ``inf`` if never.

        A key whose rate differs from last time's starts anew.
        """
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None or bucket.rate != rate:
            self._forget(key)
            self._sweep(now)
            bucket = self._buckets[key] = TokenBucket(rate, now)
            self._idle.setdefault(rate, OrderedDict())[key] = None
        self._idle[rate].move_to_end(key)
        return bucket.take(now, cost)

    def give_back(self, key: Hashable, cost: float = 1) -> None:
        """Return what ``take`` took: for limits that count successes only. Harmless if unknown."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.give_back(self._clock(), cost)

    def _sweep(self, now: float) -> None:
        """Make room for one more."""
        for _ in range(_SWEPT_AT_ONCE):
            heads = [next(iter(keys)) for keys in self._idle.values()]
            if not heads:
                return
            oldest = min(heads, key=lambda key: self._buckets[key].full_at())
            if self._buckets[oldest].full_at() > now and len(self) < self._max_keys:
                return
            self._forget(oldest)

    def _forget(self, key: Hashable) -> None:
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            return
        keys = self._idle[bucket.rate]
        del keys[key]
        if not keys:
            del self._idle[bucket.rate]

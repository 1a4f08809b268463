"""Rate limits that processes share: the same answers as in one process."""

import asyncio

import pytest
from clocks import Clock

from chat.ratelimit import Limiter, Rate
from chat.redis import Client
from chat.redis.limiter import RedisLimiter

pytestmark = pytest.mark.redis

MESSAGES = Rate(5, 1, 10)
TYPING = Rate(1, 3, 1)
HOURLY = Rate(5, 3600, 5)


@pytest.fixture
def clock() -> Clock:
    """As large as the time of day."""
    return Clock(1_800_000_000.123456)


@pytest.fixture
def limiter(redis_client: Client, clock: Clock) -> RedisLimiter:
    return RedisLimiter(redis_client, clock)


async def test_a_long_history_has_the_answers_of_one_process(limiter: RedisLimiter, clock: Clock) -> None:
    single = Limiter(clock)
    for step in range(400):
        key = ("message", f"p{step % 3}")
        rate = (MESSAGES, TYPING, HOURLY)[(step + step // 90) % 3]  # a key has another one now and then
        cost = 1 + step % 4
        if step % 7:
            wait = single.take(key, rate, cost)
            assert await limiter.take(key, rate, cost) == pytest.approx(wait, abs=1e-5)
        else:
            await limiter.give_back(key, cost)
            single.give_back(key, cost)
        clock.now += (0, 0.05, 0.7, -0.3, 4)[step % 5]


async def test_who_waits_as_told_is_let_through(limiter: RedisLimiter, clock: Clock) -> None:
    await limiter.take("ann", TYPING)
    clock.now += 1
    wait = await limiter.take("ann", TYPING)
    assert wait == pytest.approx(2)
    clock.now += wait
    assert await limiter.take("ann", TYPING) == 0.0


async def test_of_many_at_once_only_the_burst_goes_through(limiter: RedisLimiter) -> None:
    waits = await asyncio.gather(*(limiter.take("ann", MESSAGES) for _ in range(50)))
    assert waits.count(0.0) == 10


async def test_processes_share_one_allowance(
    limiter: RedisLimiter, clock: Clock, other_redis_client: Client
) -> None:
    await limiter.take("ann", TYPING)
    assert await RedisLimiter(other_redis_client, clock).take("ann", TYPING) == pytest.approx(3)


async def test_a_rate_that_would_never_allow_anything_is_refused(limiter: RedisLimiter) -> None:
    with pytest.raises(ValueError, match="above zero"):
        await limiter.take("ann", Rate(0, 1, 1))


async def test_giving_back_to_nobody_is_harmless(limiter: RedisLimiter, redis_client: Client) -> None:
    await limiter.give_back("nobody")
    assert await redis_client.command("KEYS", "*limit*") == []


async def test_a_bucket_is_forgotten_when_it_is_full(limiter: RedisLimiter, redis_client: Client) -> None:
    await limiter.take("ann", HOURLY, 5)
    [key] = await redis_client.command("KEYS", "*limit*")
    left = await redis_client.command("TTL", key)
    assert 3_600 <= left <= 3_700

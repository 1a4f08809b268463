"""Token buckets, on a clock that the tests move."""

from math import inf

import pytest
from clocks import Clock
from hypothesis import given
from hypothesis import strategies as st

from chat.ratelimit import Limiter, Rate, TokenBucket

MESSAGES = Rate(5, 1, 10)
TYPING = Rate(1, 3, 1)
HOURLY = Rate(5, 3600, 5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    return Limiter(clock)


def test_a_burst_goes_through_and_the_next_one_waits(limiter: Limiter) -> None:
    assert [limiter.take("ann", MESSAGES) for _ in range(10)] == [0.0] * 10
    assert limiter.take("ann", MESSAGES) == pytest.approx(0.2)


def test_who_waits_as_told_is_let_through(limiter: Limiter, clock: Clock) -> None:
    limiter.take("ann", TYPING)
    clock.now += 1
    wait = limiter.take("ann", TYPING)
    assert wait == pytest.approx(2)
    clock.now += wait
    assert limiter.take("ann", TYPING) == 0.0


def test_a_refusal_does_not_make_the_wait_longer(limiter: Limiter) -> None:
    limiter.take("ann", TYPING)
    assert [limiter.take("ann", TYPING) for _ in range(3)] == [3.0, 3.0, 3.0]


def test_one_person_does_not_pay_for_another(limiter: Limiter) -> None:
    limiter.take("ann", TYPING)
    assert limiter.take("bob", TYPING) == 0.0


def test_a_bucket_fills_no_further_than_its_burst(limiter: Limiter, clock: Clock) -> None:
    limiter.take("ann", MESSAGES)
    clock.now += 86_400
    assert [limiter.take("ann", MESSAGES) > 0 for _ in range(12)] == [False] * 10 + [True] * 2


def test_an_act_may_cost_more_than_one(limiter: Limiter) -> None:
    assert limiter.take("ann", MESSAGES, 8) == 0.0
    assert limiter.take("ann", MESSAGES, 8) == pytest.approx(1.2)
    assert limiter.take("ann", MESSAGES, 2) == 0.0


def test_what_is_above_the_burst_never_fits(limiter: Limiter) -> None:
    assert limiter.take("ann", MESSAGES, 11) == inf
    assert limiter.take("ann", MESSAGES, 10) == 0.0


def test_an_act_that_did_not_count_is_given_back(limiter: Limiter) -> None:
    limiter.take("ann", TYPING)
    limiter.give_back("ann")
    assert limiter.take("ann", TYPING) == 0.0
    assert limiter.take("ann", TYPING) > 0


def test_giving_back_twice_is_not_more_than_full(limiter: Limiter) -> None:
    limiter.take("ann", TYPING)
    limiter.give_back("ann")
    limiter.give_back("ann", 5)
    limiter.take("ann", TYPING)
    assert limiter.take("ann", TYPING) > 0


def test_giving_back_to_nobody_is_harmless(limiter: Limiter) -> None:
    limiter.give_back("nobody")
    assert len(limiter) == 0


def test_another_rate_for_the_same_key_starts_anew(limiter: Limiter) -> None:
    limiter.take("ann", TYPING)
    assert limiter.take("ann", MESSAGES) == 0.0
    assert len(limiter) == 1


def test_a_clock_that_runs_backwards_gives_nothing_away(limiter: Limiter, clock: Clock) -> None:
    limiter.take("ann", TYPING)
    clock.now -= 500
    assert limiter.take("ann", TYPING) > 0
    limiter.give_back("ann")
    limiter.take("ann", TYPING)
    clock.now += 500
    assert limiter.take("ann", TYPING) == pytest.approx(3)


@pytest.mark.parametrize("rate", [Rate(0, 1, 1), Rate(1, 0, 1), Rate(1, 1, 0), Rate(-1, 1, 1)])
def test_a_rate_that_allows_nothing_is_a_mistake(rate: Rate) -> None:
    with pytest.raises(ValueError, match="above zero"):
        TokenBucket(rate, 0.0)


def test_idle_buckets_are_forgotten(limiter: Limiter, clock: Clock) -> None:
    for person in range(100):
        limiter.take(person, TYPING)
    assert len(limiter) == 100
    clock.now += 3
    for newcomer in range(1_000, 1_020):
        limiter.take(newcomer, TYPING)
    assert len(limiter) == 20


def test_memory_is_bounded_when_nobody_is_idle(clock: Clock) -> None:
    limiter = Limiter(clock, max_keys=10)
    for person in range(1_000):
        limiter.take(person, TYPING)
        assert len(limiter) <= 10


def test_the_flood_pays_for_the_room_it_needs(clock: Clock) -> None:
    limiter = Limiter(clock, max_keys=10)
    for _ in range(5):
        limiter.take("maker of channels", HOURLY)
    for stranger in range(1_000):
        limiter.take(stranger, TYPING)
    assert limiter.take("maker of channels", HOURLY) > 0


def test_who_keeps_coming_is_remembered_longest(clock: Clock) -> None:
    limiter = Limiter(clock, max_keys=3)
    for person in ("ann", "bob", "eve"):
        limiter.take(person, TYPING)
    limiter.take("ann", TYPING)
    limiter.take("new", TYPING)  # bob makes room
    assert limiter.take("ann", TYPING) > 0
    assert limiter.take("eve", TYPING) > 0
    assert limiter.take("bob", TYPING) == 0.0


rates = st.builds(Rate, st.integers(1, 50), st.integers(1, 3600), st.integers(1, 50))
steps = st.lists(
    st.tuples(st.floats(0, 100), st.sampled_from(["take", "back"]), st.integers(1, 5)), max_size=60
)


@given(rates, steps)
def test_a_bucket_never_holds_more_than_its_burst_nor_less_than_nothing(
    rate: Rate, acts: list[tuple[float, str, int]]
) -> None:
    now = 0.0
    bucket = TokenBucket(rate, now)
    for passed, act, cost in acts:
        now += passed
        wait = bucket.take(now, cost) if act == "take" else bucket.give_back(now, cost) or 0.0
        assert wait >= 0.0
        assert 0.0 <= bucket.tokens(now) <= rate.burst
        assert bucket.full_at() - now <= rate.burst / rate.per_second * 1.001


@given(rates, st.lists(st.floats(0, 10), max_size=200))
def test_in_any_time_no_more_goes_through_than_the_burst_and_the_rate(
    rate: Rate, pauses: list[float]
) -> None:
    now, allowed = 0.0, 0
    bucket = TokenBucket(rate, now)
    for pause in pauses:
        now += pause
        allowed += bucket.take(now) == 0.0
    assert allowed <= (rate.burst + now * rate.per_second) * 1.00001


@given(rates, st.floats(0, 1e6))
def test_waiting_for_the_time_given_is_always_enough(rate: Rate, now: float) -> None:
    bucket = TokenBucket(rate, now)
    for _ in range(rate.burst):
        assert bucket.take(now) == 0.0
    wait = bucket.take(now)
    assert wait > 0.0
    assert bucket.take(now + wait) == 0.0

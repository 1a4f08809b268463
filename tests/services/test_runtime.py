"""One process of the chat: made on first use, of one event loop, with limits and work beside requests."""

import asyncio
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from people import GENERAL, Site, eventually

from chat.errors import RateLimited
from chat.ratelimit import Rate
from chat.services import process
from chat.services.runtime import Runtime

pytestmark = pytest.mark.django_db(transaction=True)

ONCE = Rate(1, 10, 1)


def test_each_event_loop_has_its_own_and_closed_loops_are_forgotten() -> None:
    async def both() -> tuple[Runtime, Runtime]:
        return process.current(), process.current()

    first, again = asyncio.run(both())
    second, _ = asyncio.run(both())
    assert first is again
    assert first is not second
    assert first not in process._runtimes.values()


async def test_without_a_channel_layer_it_says_what_to_write(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(ImproperlyConfigured, match="CHANNEL_LAYERS"):
        process.new_runtime()


async def test_by_default_time_is_the_real_one() -> None:
    here = process.new_runtime()
    assert here.now_ms() > 1_700_000_000_000
    assert here.clock() <= here.clock()


async def test_a_throttled_act_is_refused_until_time_has_passed_and_counted(site: Site) -> None:
    here = site.runtime
    await here.throttle("act", "a", ONCE)
    await here.throttle("act", "b", ONCE)
    await here.throttle("another act", "a", ONCE)
    with pytest.raises(RateLimited) as refused:
        await here.throttle("act", "a", ONCE)
    assert refused.value.retry_after == pytest.approx(10, abs=1)
    assert here.counters["rate_limited"] == 1
    site.clock.advance(10)
    await here.throttle("act", "a", ONCE)


async def test_what_did_not_happen_is_not_paid_for(site: Site) -> None:
    await site.runtime.throttle("act", "a", ONCE)
    await site.runtime.forgive("act", "a")
    await site.runtime.throttle("act", "a", ONCE)
    await site.runtime.forgive("act", "nobody")


async def test_lifted_limits_refuse_nothing(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    for _ in range(3):
        await site.runtime.throttle("act", "a", ONCE)


async def test_work_beside_a_request_that_fails_is_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise RuntimeError("beside")

    async def work() -> str:
        return "done"

    failing, working = site.runtime.spawn(fail()), site.runtime.spawn(work())
    await asyncio.wait([failing, working])
    await site.work_done()
    assert working.result() == "done"
    assert [record.getMessage() for record in caplog.records] == ["Work beside a request failed."]
    assert "beside" in caplog.text


@pytest.mark.in_process
async def test_closing_ends_all_work_and_empties_the_store(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("alice")
    tab = await alice.enter()
    await tab.say("hello")
    await tab.leave()
    here = site.runtime
    waiting = here.spawn(asyncio.Event().wait())
    await here.close()
    assert waiting.cancelled()
    assert (await here.store.heads([GENERAL]))[GENERAL].seq == 0
    assert not caplog.records


async def test_the_regular_work_begins_with_the_first_connection_and_only_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = site.runtime
    assert here._sweeping is None
    here.start_sweeping()
    first = here._sweeping
    here.start_sweeping()
    assert here._sweeping is first
    assert first is not None
    first.cancel()
    await eventually(first.done)
    here.start_sweeping()
    assert here._sweeping is not first


async def test_the_end_is_told_again_to_work_that_did_not_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.services.runtime.CANCELLED_AGAIN", 0.01)
    here = process.new_runtime()
    begun = asyncio.Event()

    async def deaf_once() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    work = here.spawn(deaf_once())
    await begun.wait()
    async with asyncio.timeout(20):
        await here.close()
    assert work.cancelled()

"""The regular work: what is due is done, what fails comes again, on a clock that the test moves."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Site, eventually

from chat.errors import Unavailable
from chat.presence.base import Changes
from chat.services.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs, each time one runs."""
    made: list[str] = []

    def record(name: str) -> Callable[[Sweep], Any]:
        async def job(_: Sweep) -> None:
            made.append(name)

        return job

    for name in ("announce", "spread_news", "check_connections", "compare", "renew", "recheck"):
        monkeypatch.setattr(Sweep, name, record(name))
    return made


async def test_each_job_comes_in_its_own_rhythm(site: Site, calls: list[str]) -> None:
    for _ in range(60):
        await site.tick(1)
    assert {name: calls.count(name) for name in set(calls)} == {
        "announce": 60,
        "spread_news": 60,
        "check_connections": 60,
        "compare": 20,
        "renew": 4,
        "recheck": 2,
    }


async def test_nothing_is_due_before_its_time(site: Site, calls: list[str]) -> None:
    await site.tick(0.25)
    assert calls == ["announce"]


async def test_time_that_jumps_is_not_made_up_for(site: Site, calls: list[str]) -> None:
    await site.tick(3_600)
    await site.tick(0.25)
    assert calls.count("recheck") == 1


async def test_a_job_that_fails_is_logged_and_the_others_are_done(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    [bob] = await site.enter("bob")

    async def fail() -> None:
        raise ConnectionError("presence is down")

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.presence, "sweep", fail)
        await alice.say("news", room)
        await site.tick(1)
    await bob.until("heads")
    assert site.runtime.counters["sweep_failures"] == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "announce" in caplog.text
    await site.tick(1)
    assert (await bob.until("online"))["count"] == 2


async def test_it_goes_on_by_itself_until_it_is_cancelled(
    site: Site, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    monkeypatch.setattr("chat.services.sweep.TICK", 0)
    running = asyncio.get_running_loop().create_task(Sweep(site.runtime).run())
    await eventually(lambda: len(calls) > 2)
    running.cancel()
    await eventually(running.done)


async def test_a_job_that_hangs_keeps_no_other_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    begun: list[str] = []

    async def hang(_: Sweep) -> None:
        begun.append("spread_news")
        await asyncio.Event().wait()

    monkeypatch.setattr("chat.services.sweep.TICK", 0)
    monkeypatch.setattr(Sweep, "spread_news", hang)
    running = site.runtime.spawn(Sweep(site.runtime).run())
    for due in (1, 2, 3):
        site.clock.advance(site.runtime.settings.TIMES.lease_renewed)
        await eventually(lambda due=due: calls.count("renew") == due)
    assert begun == ["spread_news"]
    running.cancel()
    await eventually(running.done)


@pytest.mark.redis
async def test_it_hears_that_it_is_over_whenever_it_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What publishes over Redis may take a cancellation for itself."""

    async def told() -> list[Changes]:
        return [Changes(GENERAL, (), (), (), 1)]

    await site.enter("alice")
    monkeypatch.setattr("chat.services.sweep.TICK", 0)
    monkeypatch.setattr(site.runtime.presence, "sweep", told)
    for turns in range(12):
        running = asyncio.create_task(Sweep(site.runtime).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await eventually(running.done)


async def test_a_process_that_stood_still_for_longer_than_a_lease_knows_who_is_here(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await site.tick(1)
    site.clock.advance(site.runtime.settings.TIMES.lease + 5)
    for tab in (alice, bob):
        await tab.say("still here")
    await site.pass_time(10)
    assert (await bob.ask("members", room=GENERAL))["members"]["count"] == 2
    assert all(frame["joined"] or frame["renamed"] for frame in alice.heard("presence"))


async def test_a_database_that_is_down_closes_nobody(
    site: Site, no_database: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    [alice] = await site.enter("alice")
    with no_database():
        await site.tick(30)
    assert site.runtime.counters["sweep_failures"] == 1
    assert "recheck" in caplog.text
    await alice.say("still here")
    await alice.hears("still here")


async def test_channels_that_changed_without_a_notice_are_found(site: Site) -> None:
    from chat.models import Channel

    await site.runtime.directory.channels()
    await Channel.objects.acreate(slug="new", name="New")
    await site.tick(30)
    assert set(await site.runtime.directory.channels()) == {"general-talk", "new"}


async def test_a_poster_whose_room_has_no_news_is_told_nothing(site: Site) -> None:
    [alice] = await site.enter("alice")
    site.runtime.posted.add((alice.id, GENERAL))
    await site.tick(1)
    await site.settle(alice)
    assert not alice.heard("read")
    assert not site.runtime.posted


async def test_group_memberships_are_taken_again(site: Site) -> None:
    """The in-memory layer lets them lapse after a day."""
    alice, bob = await site.enter("alice", "bob")
    site.runtime.relay._layer.groups.clear()
    await site.pass_time(30)
    await alice.ask("members", room=GENERAL)
    await bob.ask("members", room=GENERAL)
    await site.pass_time(30)
    await alice.send(type="typing", room=GENERAL)
    await bob.until("typing")


async def test_an_outage_is_told_when_it_begins_and_when_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The store is away.")

    [alice] = await site.enter("alice")
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.presence, "sweep", away)
        await site.pass_time(5)
    await site.pass_time(5)
    assert [record.getMessage() for record in caplog.records if record.name == "chat.services.sweep"] == [
        "Regular work waits for what it needs: The store is away.",
        "What the regular work needs is back.",
    ]
    assert site.runtime.counters["sweep_failures"] == 5
    assert not alice.over


async def test_news_that_could_not_be_spread_are_spread_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    alice, bob = await site.enter("alice", "bob")
    await bob.ask("leave", room=GENERAL)
    await alice.say("news")
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "unread", away)
        await site.tick(1)
    assert not bob.heard("heads")
    await site.tick(1)
    assert (await bob.until("heads"))["rooms"][GENERAL]["n"] == 1

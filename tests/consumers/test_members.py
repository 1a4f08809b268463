"""``members``: who is in a room; and the announcements of who comes and goes."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Frame, Site, Tab

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_members_are_those_who_are_in_the_room(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await (await site.visitor("carol")).open()
    reply = await alice.ask("members", room=GENERAL)
    assert reply["members"] == {"people": [alice.me, bob.me], "count": 2}
    assert reply["more"] is False


async def test_pages_follow_each_other(site: Site, limits: Callable[..., None]) -> None:
    limits(members_listed=2)
    tabs = await site.enter("alice", "bob", "carol", "dave", "erin")
    found: list[Frame] = []
    after: dict[str, str] = {}
    for more in (True, True, False):
        reply = await tabs[0].ask("members", room=GENERAL, **after)
        assert (reply["more"], reply["members"]["count"]) == (more, 5)
        found += reply["members"]["people"]
        after = {"after": found[-1]["id"]}
    assert found == [tab.me for tab in tabs]


async def test_who_is_in_a_room_that_one_may_not_read_is_not_told(site: Site) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    for room in ("channel:secret", "channel:nowhere", "direct:x"):
        assert await alice.refusal("members", room=room) == "not_found"


@pytest.mark.parametrize(
    "fields", [{}, {"room": 1}, {"room": GENERAL, "after": 1}, {"room": GENERAL, "limit": 5}]
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("members", **fields) == "invalid"


async def test_asking_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    await alice.ask("members", room=GENERAL)
    refused = await alice.ask("members", room=GENERAL)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("members", room=GENERAL))["type"] == "ok"


# --- announcements (A12) --------------------------------------------------------------------------


def told(tab: Tab) -> list[tuple[list[str], list[str], int]]:
    """Presence frames a tab got since it was asked last: names joined, names left, count."""
    frames = tab.heard("presence")
    tab.unclaimed.clear()
    names = [
        ([one["name"] for one in frame["joined"]], [one["name"] for one in frame["left"]]) for frame in frames
    ]
    return [(*both, frame["count"]) for both, frame in zip(names, frames, strict=True)]


async def test_the_others_are_told_who_came_and_went_once_a_person(site: Site) -> None:
    """A12."""
    alice = (await site.enter("alice"))[0]
    await site.tick()
    await site.settle(alice)
    assert told(alice) == [([], [], 1)]  # nothing about herself
    visitor = await site.visitor("bob")
    tabs = [await visitor.enter(), await visitor.enter()]
    await site.tick(1)
    await site.settle(alice)
    assert told(alice) == [(["bob"], [], 2)]
    await tabs[0].leave()
    await site.pass_time(7)
    await site.settle(alice)
    assert told(alice) == []
    await tabs[1].leave()
    await site.pass_time(7)
    await site.settle(alice)
    assert told(alice) == [([], ["bob"], 1)]


async def test_a_reload_is_silent(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    visitor = await site.visitor("bob")
    bob = await visitor.enter()
    await site.tick(1)
    await site.settle(alice)
    told(alice)
    await bob.leave()
    await site.pass_time(3)
    await visitor.enter()
    await site.pass_time(10)
    await site.settle(alice)
    assert told(alice) == []


async def test_nobody_is_told_about_themselves(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await site.tick(1)
    await site.settle(alice, bob)
    assert told(bob) == [(["alice"], [], 2)]
    assert told(alice) == [(["bob"], [], 2)]


async def test_announcements_are_at_most_one_a_second(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    await site.tick(1)
    await site.enter("bob")
    await site.tick(0.25)
    await site.enter("carol")
    for _ in range(3):
        await site.tick(0.25)
    await site.settle(alice)
    frames = alice.heard("presence")
    assert [one["name"] for frame in frames for one in frame["joined"]] == ["bob", "carol"]
    await site.tick(1)
    await site.settle(alice)
    assert len(alice.heard("presence")) == len(frames)


async def test_a_large_room_is_told_the_count_only(site: Site, limits: Callable[..., None]) -> None:
    limits(members_listed=2)
    alice, _, _ = await site.enter("alice", "bob", "carol")
    await site.tick(1)
    presence = await alice.until("presence")
    assert presence == {
        "type": "presence",
        "room": GENERAL,
        "count": 3,
        "joined": [],
        "left": [],
        "renamed": [],
    }


# --- online (A17) ---------------------------------------------------------------------------------


async def test_the_online_counter_counts_people_and_not_sockets(site: Site) -> None:
    """A17."""
    visitor = await site.visitor("alice")
    alice = await visitor.open()
    assert alice.welcome["online"] == 1
    assert (await visitor.open()).welcome["online"] == 1
    bob = await (await site.visitor("bob")).open()
    assert bob.welcome["online"] == 2
    await site.tick(1)
    assert (await alice.until("online"))["count"] == 2
    await bob.leave()
    await site.pass_time(6)
    assert (await alice.until("online"))["count"] == 1

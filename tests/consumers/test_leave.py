"""``leave``: out of a room, still connected."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Site

pytestmark = pytest.mark.django_db(transaction=True)


async def test_who_left_hears_nothing_more_of_the_room(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    assert (await bob.ask("leave", room=GENERAL))["type"] == "ok"
    await alice.say("without bob")
    await alice.hears("without bob")
    await site.settle(bob)
    assert not bob.heard("event")


async def test_others_are_told_once_the_grace_is_over(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await site.tick()
    await bob.ask("leave", room=GENERAL)
    await site.pass_time(4)
    await site.settle(alice)
    assert not [frame for frame in alice.heard("presence") if frame["left"]]
    await site.pass_time(2)
    left = await alice.first(lambda frame: frame["type"] == "presence" and bool(frame["left"]))
    assert [person["name"] for person in left["left"]] == ["bob"]
    assert left["count"] == 1


async def test_a_room_that_one_is_not_in_cannot_be_left(site: Site) -> None:
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    assert await tab.refusal("leave", room=room) == "not_found"
    assert await tab.refusal("leave", room="channel:nowhere") == "not_found"
    await tab.say("still in general")
    await tab.hears("still in general")


async def test_leaving_twice_is_refused_and_harmless(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.ask("leave", room=GENERAL)
    assert await alice.refusal("leave", room=GENERAL) == "not_found"
    await alice.join()


@pytest.mark.parametrize("fields", [{}, {"room": 1}, {"room": "x"}, {"room": GENERAL, "person": "x"}])
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("leave", **fields) == "invalid"


async def test_leaving_too_often_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    await alice.ask("leave", room=GENERAL)
    refused = await alice.ask("leave", room=GENERAL)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert await alice.refusal("leave", room=GENERAL) == "not_found"

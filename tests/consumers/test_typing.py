"""``typing``: a hint that is never stored and has no reply."""

from datetime import UTC, datetime
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_others_in_the_room_are_told_and_no_tab_of_the_person(site: Site) -> None:
    visitor = await site.visitor("alice")
    alice, also_alice, elsewhere = await visitor.enter(), await visitor.enter(), await visitor.open()
    [bob] = await site.enter("bob")
    await alice.send(type="typing", room=GENERAL)
    assert await bob.until("typing") == {"type": "typing", "room": GENERAL, "by": alice.me}
    await site.settle(alice, also_alice, elsewhere)
    for tab in (alice, also_alice, elsewhere):
        assert not tab.heard("typing")


async def test_typing_takes_no_number_and_has_no_reply(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.send(type="typing", room=GENERAL)
    assert (await alice.say("done"))["seq"] == 1
    assert not [frame for frame in alice.unclaimed if frame["type"] in ("ok", "error")]


@pytest.mark.parametrize("room", ["channel:nowhere", "channel:secret", "direct:x"])
async def test_nobody_types_where_they_may_not_be(site: Site, room: str) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    await alice.send(type="typing", room=room)
    error = await alice.until("error")
    assert error["code"] == "not_found"
    assert "ref" not in error


async def test_nobody_types_in_an_archived_channel(site: Site) -> None:
    await Channel.objects.acreate(slug="old", name="Old", archived_at=datetime.now(UTC))
    [alice] = await site.enter("alice")
    await alice.send(type="typing", room="channel:old")
    assert (await alice.until("error"))["code"] == "forbidden"


@pytest.mark.parametrize(
    "fields", [{}, {"room": 1}, {"room": GENERAL, "by": "bob"}, {"room": GENERAL, "ref": 1}]
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.send(type="typing", **fields)
    assert (await alice.until("error"))["code"] == "invalid"
    await site.settle(bob)
    assert not bob.heard("typing")


async def test_typing_is_told_at_most_once_in_three_seconds(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    for _ in range(3):
        await alice.send(type="typing", room=GENERAL)
    for _ in range(2):
        assert (await alice.until("error"))["code"] == "rate_limited"
    await bob.until("typing")
    await site.settle(bob)
    assert not bob.heard("typing")
    site.clock.advance(3)
    await alice.send(type="typing", room=GENERAL)
    await bob.until("typing")

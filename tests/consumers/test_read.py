"""``read``: how far somebody has read, the same in all their tabs."""

from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_reading_counts_down_and_other_tabs_follow(site: Site) -> None:
    bob = await site.visitor("bob")
    here, there = await bob.enter(), await bob.open()
    [alice] = await site.enter("alice")
    for body in ("one", "two", "three"):
        await alice.say(body)
    epoch = (await here.join())["epoch"]
    assert (await here.ask("read", room=GENERAL, epoch=epoch, n=2))["unread"] == 1
    read = await there.until("read")
    assert read == {"type": "read", "room": GENERAL, "epoch": epoch, "n": 2, "unread": 1}
    await site.settle(here, alice)
    assert not here.heard("read")
    assert not alice.heard("read")
    assert (await bob.open()).welcome["rooms"][0]["unread"] == 1


async def test_the_marker_never_goes_back_and_never_past_the_end(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.say("one")
    await alice.say("two")
    epoch = (await bob.join())["epoch"]
    for n, unread in ((2, 0), (1, 0), (2**53 - 1, 0)):
        assert (await bob.ask("read", room=GENERAL, epoch=epoch, n=n))["unread"] == unread
        site.clock.advance(1)
    await alice.say("three")
    assert (await bob.join())["first_unread"] == 3


async def test_one_s_own_and_deleted_messages_are_not_unread(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await bob.say("mine")
    gone = await alice.say("taken back")
    await alice.say("stays")
    await alice.ask("delete", room=GENERAL, id=gone["id"])
    epoch = (await bob.join())["epoch"]
    assert (await bob.ask("read", room=GENERAL, epoch=epoch, n=0))["unread"] == 1


async def test_a_marker_of_another_epoch_moves_nothing_and_other_tabs_are_not_misled(site: Site) -> None:
    bob = await site.visitor("bob")
    here, there = await bob.enter(), await bob.open()
    [alice] = await site.enter("alice")
    await alice.say("one")
    epoch = (await here.join())["epoch"]
    assert (await here.ask("read", room=GENERAL, epoch="of-before", n=1))["unread"] == 1
    read = await there.until("read")
    assert (read["epoch"], read["n"], read["unread"]) == (epoch, 0, 1)


async def test_there_is_no_marker_where_one_may_not_read(site: Site) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    for room in ("channel:secret", "channel:nowhere", "direct:x"):
        assert await alice.refusal("read", room=room, epoch="e", n=1) == "not_found"


@pytest.mark.parametrize(
    "changed", [{"n": -1}, {"n": "1"}, {"n": 2**53}, {"epoch": ""}, {"epoch": 1}, {"unread": 0}, {"ts": 1}]
)
async def test_garbage_is_refused_as_invalid(site: Site, changed: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("read", **{"room": GENERAL, "epoch": "e", "n": 1, **changed}) == "invalid"


async def test_reading_is_told_once_a_second_a_room_and_once_more_when_a_page_is_left(site: Site) -> None:
    visitor = await site.visitor("alice")
    elsewhere = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    read = {"epoch": "e", "n": 1}
    for _ in range(2):
        assert (await alice.ask("read", room=GENERAL, **read))["type"] == "ok"
    refused = await alice.ask("read", room=GENERAL, **read)
    assert refused["code"] == "rate_limited"
    assert refused["retry_after"] == pytest.approx(1, abs=0.5)
    assert (await alice.ask("read", room=elsewhere, **read))["type"] == "ok"
    site.clock.advance(1)
    assert (await alice.ask("read", room=GENERAL, **read))["type"] == "ok"

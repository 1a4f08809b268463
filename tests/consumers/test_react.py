"""``react``: an emoji under a message, or away from it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_everybody_sees_who_reacted_and_how_many(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("good news")
    reply = await bob.ask("react", room=GENERAL, id=ack["id"], emoji="🎉", on=True)
    assert (reply["type"], reply["seq"]) == ("ok", 2)
    await alice.ask("react", room=GENERAL, id=ack["id"], emoji="🎉", on=True)
    events = [await alice.until("event", kind="reaction") for _ in range(2)]
    assert [(one["by"], one["on"], one["count"]) for one in events] == [
        (bob.id, True, 1),
        (alice.id, True, 2),
    ]
    [message] = (await bob.join())["messages"]
    assert message["reactions"] == [{"emoji": "🎉", "count": 2, "by": [bob.id, alice.id]}]


async def test_a_reaction_can_be_taken_back(site: Site) -> None:
    [alice] = await site.enter("alice")
    ack = await alice.say("hm")
    react = {"room": GENERAL, "id": ack["id"], "emoji": "👍"}
    await alice.ask("react", **react, on=True)
    assert (await alice.ask("react", **react, on=False))["seq"] == 3
    [message] = (await alice.join())["messages"]
    assert message["reactions"] == []


async def test_what_is_so_already_takes_no_number(site: Site) -> None:
    [alice] = await site.enter("alice")
    ack = await alice.say("hm")
    react = {"room": GENERAL, "id": ack["id"], "emoji": "👍"}
    assert "seq" not in await alice.ask("react", **react, on=False)
    await alice.ask("react", **react, on=True)
    assert "seq" not in await alice.ask("react", **react, on=True)
    assert (await alice.say("next"))["seq"] == 3


async def test_a_message_has_a_bounded_number_of_kinds(site: Site, limits: Callable[..., None]) -> None:
    limits(reaction_kinds=2)
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("hm")
    for emoji in ("👍", "🎉"):
        await alice.ask("react", room=GENERAL, id=ack["id"], emoji=emoji, on=True)
    assert await bob.refusal("react", room=GENERAL, id=ack["id"], emoji="👎", on=True) == "too_long"
    assert (await bob.ask("react", room=GENERAL, id=ack["id"], emoji="👍", on=True))["type"] == "ok"


async def test_nobody_reacts_where_nothing_is(site: Site) -> None:
    visitor = await site.visitor("alice")
    elsewhere = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    ack = await alice.say("hm")
    for room, message_id in ((elsewhere, ack["id"]), ("channel:nowhere", ack["id"]), (GENERAL, "nothing")):
        assert await alice.refusal("react", room=room, id=message_id, emoji="👍", on=True) == "not_found"


async def test_nobody_reacts_in_an_archived_channel(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    ack = await alice.say("then", room)
    channel = await Channel.objects.aget(slug="pit-crew")
    channel.archived_at = datetime.now(UTC)
    await channel.asave()
    await site.runtime.directory.refresh()
    assert await alice.refusal("react", room=room, id=ack["id"], emoji="👍", on=True) == "forbidden"


@pytest.mark.parametrize(
    "changed",
    [
        {"emoji": ""},
        {"emoji": "x"},
        {"emoji": "👍👍"},
        {"emoji": "👍 "},
        {"emoji": "<b>"},
        {"emoji": "👍" * 100},
        {"emoji": 5},
        {"on": 1},
        {"on": "true"},
        {"by": "somebody"},
        {"count": 100},
    ],
)
async def test_garbage_is_refused_as_invalid(site: Site, changed: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    ack = await alice.say("hm")
    fields = {"room": GENERAL, "id": ack["id"], "emoji": "👍", "on": True, **changed}
    assert await alice.refusal("react", **fields) == "invalid"
    [message] = (await alice.join())["messages"]
    assert message["reactions"] == []


async def test_deletions_and_reactions_have_a_rate_for_each_person_over_all_their_tabs(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(change=(1, 1, 2))
    visitor = await site.visitor("alice")
    tabs = [await visitor.enter() for _ in range(2)]
    ids = [(await tabs[0].say(body))["id"] for body in ("one", "two")]
    for tab, id in zip(tabs, ids, strict=True):
        assert (await tab.ask("react", room=GENERAL, id=id, emoji="👍", on=True))["type"] == "ok"
    assert await tabs[0].refusal("react", room=GENERAL, id=ids[1], emoji="🎉", on=True) == "rate_limited"
    refused = await tabs[1].ask("delete", room=GENERAL, id=ids[0])
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await tabs[1].ask("delete", room=GENERAL, id=ids[0]))["type"] == "ok"


async def test_reacting_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    ack = await alice.say("hm")
    react = {"room": GENERAL, "id": ack["id"], "emoji": "👍"}
    await alice.ask("react", **react, on=True)
    refused = await alice.ask("react", **react, on=False)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("react", **react, on=False))["type"] == "ok"

"""``delete``: taking one's own message away."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_message_is_gone_for_everybody_and_its_text_for_good(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    start = await bob.join()
    ack = await alice.say("a secret")
    await bob.hears("a secret")
    reply = await alice.ask("delete", room=GENERAL, id=ack["id"])
    assert (reply["type"], reply["seq"]) == ("ok", 2)
    event = await bob.until("event", kind="delete")
    assert event == {"type": "event", "kind": "delete", "room": GENERAL, "seq": 2, "id": ack["id"]}
    resumed = await bob.join(at={"epoch": start["epoch"], "seq": 0})
    history = await bob.ask("history", room=GENERAL, before=10, limit=10)
    for answer in (await bob.join(), resumed, history):
        assert "a secret" not in str(answer)
    [message] = history["messages"]
    assert (message["deleted"], message["body"], message["n"]) == (True, "", 1)


async def test_nobody_deletes_the_message_of_somebody_else(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("mine")
    assert await bob.refusal("delete", room=GENERAL, id=ack["id"]) == "forbidden"
    [message] = (await bob.join())["messages"]
    assert message["body"] == "mine"


async def test_what_is_not_there_is_not_deleted(site: Site) -> None:
    visitor = await site.visitor("alice")
    elsewhere = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    ack = await alice.say("going")
    for room in (elsewhere, "channel:nowhere"):
        assert await alice.refusal("delete", room=room, id=ack["id"]) == "not_found"
    await alice.ask("delete", room=GENERAL, id=ack["id"])
    for message_id in (ack["id"], "nothing"):
        assert await alice.refusal("delete", room=GENERAL, id=message_id) == "not_found"


async def test_nothing_is_deleted_in_an_archived_channel(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    ack = await alice.say("then", room)
    channel = await Channel.objects.aget(slug="pit-crew")
    channel.archived_at = datetime.now(UTC)
    await channel.asave()
    await site.runtime.directory.refresh()
    assert await alice.refusal("delete", room=room, id=ack["id"]) == "forbidden"


@pytest.mark.parametrize("fields", [{}, {"id": None}, {"id": 5}, {"id": ["x"]}, {"id": "x", "body": "x"}])
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("delete", room=GENERAL, **fields) == "invalid"


async def test_deleting_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    acks = [await alice.say(f"{number}") for number in range(2)]
    await alice.ask("delete", room=GENERAL, id=acks[0]["id"])
    refused = await alice.ask("delete", room=GENERAL, id=acks[1]["id"])
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("delete", room=GENERAL, id=acks[1]["id"]))["type"] == "ok"

"""``edit``: changing the text of one's own message."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_everybody_sees_the_new_text_at_once(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("helo")
    reply = await alice.ask("edit", room=GENERAL, id=ack["id"], body=" hello ")
    assert (reply["type"], reply["seq"]) == ("ok", 2)
    edit = await bob.until("event", kind="edit")
    assert (edit["id"], edit["body"], edit["seq"]) == (ack["id"], "hello", 2)
    assert edit["edited_at"] >= ack["ts"]
    [message] = (await bob.join())["messages"]
    assert (message["body"], message["edited_at"], message["n"]) == ("hello", edit["edited_at"], 1)


async def test_the_same_text_again_takes_no_number(site: Site) -> None:
    [alice] = await site.enter("alice")
    ack = await alice.say("hello")
    assert "seq" not in await alice.ask("edit", room=GENERAL, id=ack["id"], body="hello\n")
    assert (await alice.say("next"))["seq"] == 2


async def test_nobody_edits_the_message_of_somebody_else(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("mine")
    assert await bob.refusal("edit", room=GENERAL, id=ack["id"], body="bob was here") == "forbidden"
    [message] = (await bob.join())["messages"]
    assert message["body"] == "mine"


async def test_a_message_is_not_edited_by_way_of_another_room(site: Site) -> None:
    visitor = await site.visitor("alice")
    elsewhere = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    ack = await alice.say("here")
    for room in (elsewhere, "channel:nowhere", "direct:x"):
        assert await alice.refusal("edit", room=room, id=ack["id"], body="x") == "not_found"


async def test_what_is_not_there_is_not_edited(site: Site) -> None:
    [alice] = await site.enter("alice")
    ack = await alice.say("going")
    await alice.ask("delete", room=GENERAL, id=ack["id"])
    for message_id in (ack["id"], "nothing"):
        assert await alice.refusal("edit", room=GENERAL, id=message_id, body="x") == "not_found"


async def test_nothing_is_edited_in_an_archived_channel(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    ack = await alice.say("then", room)
    channel = await Channel.objects.aget(slug="pit-crew")
    channel.archived_at = datetime.now(UTC)
    await channel.asave()
    await site.runtime.directory.refresh()
    assert await alice.refusal("edit", room=room, id=ack["id"], body="x") == "forbidden"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"body": " "}, "empty"),
        ({"body": "x" * 4_001}, "too_long"),
        ({"body": "\u0000"}, "invalid"),
        ({"body": 1}, "invalid"),
        ({"id": ""}, "invalid"),
        ({"id": 1}, "invalid"),
        ({"id": "x" * 65}, "invalid"),
        ({"edited_at": 1}, "invalid"),
        ({"author": "x"}, "invalid"),
    ],
)
async def test_garbage_is_refused_and_changes_nothing(site: Site, changed: dict[str, Any], code: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    ack = await alice.say("hello")
    fields = {"room": GENERAL, "id": ack["id"], "body": "x", **changed}
    assert await alice.refusal("edit", **fields) == code
    [message] = (await bob.join())["messages"]
    assert message["body"] == "hello"


async def test_edits_have_a_rate_for_each_person_over_all_their_tabs(site: Site) -> None:
    visitor = await site.visitor("alice")
    tabs = [await visitor.enter() for _ in range(2)]
    ack = await tabs[0].say("0")
    for number in range(10):
        edit = {"room": GENERAL, "id": ack["id"], "body": f"changed {number}"}
        assert (await tabs[number % 2].ask("edit", **edit))["type"] == "ok"
    refused = await tabs[1].ask("edit", room=GENERAL, id=ack["id"], body="too fast")
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await tabs[0].ask("edit", room=GENERAL, id=ack["id"], body="in time"))["type"] == "ok"


async def test_editing_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    ack = await alice.say("one")
    edit = {"room": GENERAL, "id": ack["id"]}
    await alice.ask("edit", **edit, body="two")
    refused = await alice.ask("edit", **edit, body="three")
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("edit", **edit, body="three"))["type"] == "ok"

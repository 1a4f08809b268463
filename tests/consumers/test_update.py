"""``update``: the maker changes a channel's name or topic."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_maker_changes_name_and_topic_and_everybody_sees_it(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    [bob] = await site.enter("bob")
    reply = await alice.ask("update", room=room, name="Pit lane", topic="Tyres")
    assert (reply["channel"]["name"], reply["channel"]["topic"]) == ("Pit lane", "Tyres")
    assert (await bob.until("channel"))["channel"] == reply["channel"]
    # The address never changes.
    assert reply["channel"]["slug"] == "pit-crew"
    carol = await (await site.visitor("carol")).open()
    assert [one["name"] for one in carol.welcome["rooms"]] == ["General Talk", "Pit lane"]


async def test_what_is_not_said_stays(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew", topic="Tyres")
    alice = await visitor.enter(room)
    assert (await alice.ask("update", room=room, name="Pit lane"))["channel"]["topic"] == "Tyres"
    assert (await alice.ask("update", room=room, topic=""))["channel"]["name"] == "Pit lane"
    channel = await Channel.objects.aget(slug="pit-crew")
    assert (channel.name, channel.topic, channel.maker_id) == ("Pit lane", "", alice.id)


async def test_the_old_name_is_free_and_the_new_one_taken(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    await alice.ask("update", room=room, name="Pit lane")
    assert await alice.refusal("create", name="pit lane") == "name_taken"
    assert (await alice.ask("create", name="Pit crew"))["channel"]["slug"] == "pit-crew-2"


async def test_a_change_of_case_of_its_own_name_is_allowed(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    assert (await alice.ask("update", room=room, name="PIT CREW"))["channel"]["name"] == "PIT CREW"


async def test_a_taken_name_changes_nothing(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    assert await alice.refusal("update", room=room, name="General Talk", topic="new") == "name_taken"
    channel = await Channel.objects.aget(slug="pit-crew")
    assert (channel.name, channel.topic) == ("Pit crew", "")


async def test_nobody_else_changes_it(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    [bob] = await site.enter("bob")
    assert await bob.refusal("update", room=room, name="Bob's") == "forbidden"
    assert await bob.refusal("update", room=GENERAL, topic="nobody made it") == "forbidden"
    assert (await Channel.objects.aget(slug="pit-crew")).name == "Pit crew"


async def test_what_is_not_there_is_not_changed(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    for nowhere in ("channel:nowhere", "direct:x"):
        assert await alice.refusal("update", room=nowhere, name="x") == "not_found"
    await Channel.objects.filter(slug="pit-crew").adelete()
    assert await alice.refusal("update", room=room, name="x") == "not_found"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": 5}, "invalid"),
        ({"name": ""}, "invalid_name"),
        ({"name": "x" * 33}, "invalid_name"),
        ({"name": "system"}, "invalid_name"),
        ({"topic": "x" * 201}, "too_long"),
        ({"topic": "\u001b[2J"}, "invalid"),
        ({"slug": "general-talk"}, "invalid"),
        ({"archived": True}, "invalid"),
    ],
)
async def test_garbage_is_refused_and_changes_nothing(site: Site, fields: dict[str, Any], code: str) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    assert await alice.refusal("update", room=room, **fields) == code
    channel = await Channel.objects.aget(slug="pit-crew")
    assert (channel.name, channel.topic) == ("Pit crew", "")


async def test_changing_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 1))
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.open()
    await alice.ask("update", room=room, topic="one")
    refused = await alice.ask("update", room=room, topic="two")
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("update", room=room, topic="two"))["channel"]["topic"] == "two"

"""``create``: anybody makes a channel."""

from collections.abc import Callable
from typing import Any

import pytest
from people import Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_everybody_s_list_shows_it_at_once_and_the_maker_enters_it(site: Site) -> None:
    """A6."""
    alice, bob = await site.enter("alice", "bob")
    reply = await alice.ask("create", name=" Pit  crew ", topic="Tyres\nand fuel")
    assert reply["channel"] == {
        "room": "channel:pit-crew",
        "slug": "pit-crew",
        "name": "Pit crew",
        "topic": "Tyres and fuel",
        "kind": "channel",
        "archived": False,
        "private": False,
        "keeps": "recent",
        "maker": alice.id,
    }
    for tab in (alice, bob):
        assert (await tab.until("channel"))["channel"] == reply["channel"]
    await alice.join("channel:pit-crew")
    await bob.join("channel:pit-crew")
    await alice.say("first", "channel:pit-crew")
    await bob.hears("first", "channel:pit-crew")
    carol = await (await site.visitor("carol")).open()
    assert [room["name"] for room in carol.welcome["rooms"]] == ["General Talk", "Pit crew"]


async def test_the_maker_is_the_person_of_the_session(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.ask("create", name="Pit crew")
    assert (await Channel.objects.aget(slug="pit-crew")).maker_id == alice.id


@pytest.mark.parametrize("name", ["General Talk", "general  talk", "Genera1 Talk", "ＧＥＮＥＲＡＬ ＴＡＬＫ"])
async def test_a_name_that_looks_like_one_that_exists_is_taken(site: Site, name: str) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("create", name=name) == "name_taken"
    assert await Channel.objects.acount() == 1


async def test_names_with_the_same_address_get_different_ones(site: Site) -> None:
    [alice] = await site.enter("alice")
    slugs = [
        (await alice.ask("create", name=name))["channel"]["slug"]
        for name in ("Pit crew", "Pit-crew", "Pit.crew")
    ]
    assert slugs == ["pit-crew", "pit-crew-2", "pit-crew-3"]


@pytest.mark.parametrize("name", ["ห้องนั่งเล่น", "雑談", "Болталка", "🎉"])
async def test_a_channel_can_have_a_name_in_any_script(site: Site, name: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    channel = (await alice.ask("create", name=name))["channel"]
    assert channel["name"] == name
    assert channel["slug"].isascii()
    for tab in (alice, bob):
        await tab.join(channel["room"])
    await alice.say("hello", channel["room"])
    await bob.hears("hello", channel["room"])


@pytest.mark.parametrize("name", ["../x", "a/b", "a?b#c", "direct:1", "<b>x</b>", "{{7*7}}", "%s"])
async def test_a_name_is_never_another_route_or_room(site: Site, name: str) -> None:
    visitor = await site.visitor("alice")
    alice = await visitor.enter()
    channel = (await alice.ask("create", name=name))["channel"]
    assert channel["name"] == name
    assert channel["room"] == f"channel:{channel['slug']}"
    page = await visitor.http.get(f"/c/{channel['slug']}/")
    assert page.status_code == 200
    assert page.context["channel"]["name"] == name


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid"),
        ({"name": 5}, "invalid"),
        ({"name": None}, "invalid"),
        ({"name": ["x"]}, "invalid"),
        ({"name": "x" * 10_000}, "invalid_name"),
        ({"name": ""}, "invalid_name"),
        ({"name": " "}, "invalid_name"),
        ({"name": "x" * 33}, "invalid_name"),
        ({"name": "a\u0000b"}, "invalid_name"),
        ({"name": "admin"}, "invalid_name"),
        ({"name": "x", "topic": 5}, "invalid"),
        ({"name": "x", "topic": "a\u0000b"}, "invalid"),
        ({"name": "x", "topic": "x" * 201}, "too_long"),
        ({"name": "x", "slug": "y"}, "invalid"),
        ({"name": "x", "maker": "somebody"}, "invalid"),
        ({"name": "x", "private": "yes"}, "invalid"),
        ({"name": "x", "private": 1}, "invalid"),
        ({"name": "x", "keeps": "some"}, "invalid"),
        ({"name": "x", "keeps": None}, "invalid"),
        ({"name": "x", "keeps": "all"}, "forbidden"),
    ],
)
async def test_garbage_is_refused_and_makes_nothing(site: Site, fields: dict[str, Any], code: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    assert await alice.refusal("create", **fields) == code
    assert await Channel.objects.acount() == 1
    await site.settle(bob)
    assert not bob.heard("channel")


async def test_a_person_makes_five_an_hour(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    for number in range(5):
        assert (await alice.ask("create", name=f"Room {number}"))["type"] == "ok"
    refused = await alice.ask("create", name="Room 5")
    assert refused["code"] == "rate_limited"
    assert refused["retry_after"] == pytest.approx(720)
    assert (await bob.ask("create", name="Room 5"))["type"] == "ok"
    site.clock.advance(720)
    assert (await alice.ask("create", name="Room 6"))["type"] == "ok"


async def test_an_address_makes_a_bounded_number_an_hour(site: Site, limits: Callable[..., None]) -> None:
    limits(channel_by_address=(1, 3_600, 1), channel_by_person=(1, 3_600, 1))
    alice, bob = await site.enter("alice", "bob")
    await alice.ask("create", name="One")
    assert await bob.refusal("create", name="Two") == "rate_limited"
    # The refusal for the address did not use up what bob himself may do.
    elsewhere = await (await site.visitor("carol")).open(client=("192.0.2.1", 1))
    assert (await elsewhere.ask("create", name="Three"))["type"] == "ok"
    site.clock.advance(3_600)
    assert (await bob.ask("create", name="Two"))["type"] == "ok"


async def test_a_name_that_is_refused_does_not_count(site: Site, limits: Callable[..., None]) -> None:
    limits(channel_by_person=(1, 3_600, 1), channel_by_address=(1, 3_600, 1))
    [alice] = await site.enter("alice")
    for name in ("General Talk", "x" * 33, "general talk"):
        assert await alice.refusal("create", name=name) in ("name_taken", "invalid_name")
    assert (await alice.ask("create", name="Pit crew"))["type"] == "ok"


async def test_there_are_at_most_so_many_channels(site: Site, limits: Callable[..., None]) -> None:
    limits(channels=2)
    [alice] = await site.enter("alice")
    assert (await alice.ask("create", name="Second"))["type"] == "ok"
    assert await alice.refusal("create", name="Third") == "too_long"

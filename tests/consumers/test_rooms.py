"""``rooms``: finding channels; and what ``welcome`` and ``heads`` say of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def make(*names: str, **fields: Any) -> None:
    for name in names:
        await Channel.objects.acreate(slug=name.lower().replace(" ", "-"), name=name, **fields)


async def test_channels_are_found_by_any_part_of_their_name_in_any_case(site: Site) -> None:
    await make("Pit crew", "Cockpit", "Grand stand")
    [alice] = await site.enter("alice")
    reply = await alice.ask("rooms", query="PIT", limit=10)
    assert [room["name"] for room in reply["rooms"]] == ["Cockpit", "Pit crew"]
    assert reply["more"] is False


async def test_pages_follow_each_other_by_name_and_repeat_nothing(site: Site) -> None:
    await make("Alpha", "beta", "Zeta", "gamma", "omega", "Gamma 2")
    [alice] = await site.enter("alice")
    found: list[str] = []
    after: dict[str, str] = {}
    for more in (True, True, True, False):
        reply = await alice.ask("rooms", limit=2, **after)
        assert reply["more"] is more
        found += [room["name"] for room in reply["rooms"]]
        after = {"after": reply["rooms"][-1]["room"]}
    assert found == ["Alpha", "beta", "gamma", "Gamma 2", "General Talk", "omega", "Zeta"]


async def test_private_and_archived_channels_are_not_found(site: Site) -> None:
    await make("Secret", private=True)
    await make("Old", archived_at=datetime.now(UTC))
    [alice] = await site.enter("alice")
    assert [room["name"] for room in (await alice.ask("rooms", limit=10))["rooms"]] == ["General Talk"]
    assert await alice.refusal("rooms", limit=10, after="channel:secret") == "not_found"


@pytest.mark.parametrize(
    "query", ["nothing like it", "%", "_", "'; DROP TABLE chat_channel; --", "\\", "<b>"]
)
async def test_a_query_is_text(site: Site, query: str) -> None:
    [alice] = await site.enter("alice")
    reply = await alice.ask("rooms", query=query, limit=10)
    assert (reply["rooms"], reply["more"]) == ([], False)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"limit": 0},
        {"limit": 101},
        {"limit": 1, "query": 5},
        {"limit": 1, "query": "x" * 129},
        {"limit": 1, "after": "x"},
        {"limit": 1, "offset": 10},
    ],
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("rooms", **fields) == "invalid"


async def test_asking_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    await alice.ask("rooms", limit=1)
    refused = await alice.ask("rooms", limit=1)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("rooms", limit=1))["type"] == "ok"


# --- the list -------------------------------------------------------------------------------------


async def test_a_fresh_install_has_general_talk(site: Site) -> None:
    """A5."""
    alice = await (await site.visitor("alice")).open()
    [general] = alice.welcome["rooms"]
    assert (general["room"], general["name"], general["slug"]) == (GENERAL, "General Talk", "general-talk")
    assert (general["seq"], general["n"], general["read"], general["unread"]) == (0, 0, 0, 0)


async def test_the_list_says_where_each_log_ends_and_what_is_unread(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    first = await alice.say("one")
    await alice.say("two")
    await alice.ask("delete", room=GENERAL, id=first["id"])
    epoch = (await bob.join())["epoch"]
    for person, unread in ((bob, 1), (alice, 0)):
        state = (await person.ask("rooms", limit=1))["rooms"][0]
        assert (state["epoch"], state["seq"], state["n"], state["unread"]) == (epoch, 3, 2, unread)


async def test_the_default_channel_is_first_and_the_rest_is_by_name(site: Site) -> None:
    await make("Alpha", "zeta", "Beta")
    alice = await (await site.visitor("alice")).open()
    assert [room["name"] for room in alice.welcome["rooms"]] == ["General Talk", "Alpha", "Beta", "zeta"]


async def test_a_long_list_has_the_default_the_current_and_the_most_active(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(rooms_listed=3)
    await make("One", "Two", "Three", "Four", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    visitor = await site.visitor("alice")
    await (await visitor.enter("channel:two")).say("activity", "channel:four")
    await site.work_done()
    alice = await visitor.open()
    assert [room["name"] for room in alice.welcome["rooms"]] == ["General Talk", "Four", "Two"]


async def test_private_channels_are_in_nobody_s_list_and_archived_ones_only_while_current(site: Site) -> None:
    await make("Secret", private=True)
    visitor = await site.visitor("alice")
    await visitor.make_channel("Old")
    await visitor.enter("channel:old")
    await site.work_done()
    await Channel.objects.filter(slug="old").aupdate(
        archived_at=datetime.now(UTC), changed_at=datetime.now(UTC)
    )
    await site.runtime.directory.refresh()
    alice, bob = await visitor.open(), await (await site.visitor("bob")).open()
    assert [(room["name"], room["archived"]) for room in alice.welcome["rooms"]] == [
        ("General Talk", False),
        ("Old", True),
    ]
    assert [room["name"] for room in bob.welcome["rooms"]] == ["General Talk"]


# --- heads ----------------------------------------------------------------------------------------


async def test_those_who_are_elsewhere_hear_that_a_room_went_on(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    [bob] = await site.enter("bob")
    await alice.say("one", room)
    ack = await alice.say("two", room)
    await site.tick(1)
    heads = await bob.until("heads")
    epoch = (await alice.join(room))["epoch"]
    assert heads["rooms"] == {room: {"epoch": epoch, "seq": ack["seq"], "n": ack["n"]}}
    await site.settle(alice, bob)
    assert not alice.heard("heads")
    assert not bob.heard("heads")


async def test_heads_come_at_most_once_a_second_and_only_with_news(site: Site) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter(room)
    [bob] = await site.enter("bob")
    await site.tick(1)
    await alice.say("one", room)
    await site.tick(0.25)
    await site.settle(bob)
    assert not bob.heard("heads")
    await site.tick(0.75)
    await site.tick(1)
    await bob.until("heads")
    await site.settle(bob)
    assert not bob.heard("heads")


async def test_many_rooms_with_news_come_in_frames_of_a_bounded_size(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(rooms_listed=2)
    await make("One", "Two", "Three")
    alice, bob = await site.enter("alice", "bob")
    for slug in ("one", "two", "three"):
        await alice.say("news", f"channel:{slug}")
    await site.tick(1)
    frames = [await bob.until("heads") for _ in range(2)]
    assert [len(frame["rooms"]) for frame in frames] == [2, 1]

"""``history``: older messages, by position."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def test_pages_lead_to_the_beginning_by_position(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    for number in range(1, 8):
        await alice.say(f"{number}")
    first = await bob.ask("history", room=GENERAL, before=8, limit=3)
    assert first["type"] == "history"
    assert first["room"] == GENERAL
    assert ([message["n"] for message in first["messages"]], first["more"]) == ([5, 6, 7], True)
    await alice.say("new messages shift nothing")
    second = await bob.ask("history", room=GENERAL, before=5, limit=3)
    assert ([message["n"] for message in second["messages"]], second["more"]) == ([2, 3, 4], True)
    third = await bob.ask("history", room=GENERAL, before=2, limit=3)
    assert ([message["n"] for message in third["messages"]], third["more"]) == ([1], False)


async def test_before_the_beginning_is_nothing_and_after_the_end_is_the_newest(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("only")
    for before in (0, 1):
        page = await alice.ask("history", room=GENERAL, before=before, limit=10)
        assert (page["messages"], page["more"]) == ([], False)
    page = await alice.ask("history", room=GENERAL, before=2**53 - 1, limit=10)
    assert [message["body"] for message in page["messages"]] == ["only"]


async def test_a_page_that_is_too_large_for_a_frame_has_the_newest_and_says_more(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(snapshot_bytes=2_000)
    [alice] = await site.enter("alice")
    for _ in range(4):
        await alice.say("x" * 600)
    page = await alice.ask("history", room=GENERAL, before=5, limit=100)
    assert ([message["n"] for message in page["messages"]], page["more"]) == ([3, 4], True)


async def test_there_is_no_history_of_what_one_may_not_read(site: Site) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    for room in ("channel:secret", "channel:nowhere", "direct:x"):
        assert await alice.refusal("history", room=room, before=1, limit=1) == "not_found"


@pytest.mark.parametrize(
    "changed",
    [
        {"before": -1},
        {"before": "1"},
        {"before": 1.5},
        {"before": 2**53},
        {"before": None},
        {"limit": 0},
        {"limit": 101},
        {"limit": "all"},
        {"offset": 5},
    ],
)
async def test_garbage_is_refused_as_invalid(site: Site, changed: dict[str, Any]) -> None:
    [alice] = await site.enter("alice")
    fields = {"room": GENERAL, "before": 1, "limit": 1, **changed}
    assert await alice.refusal("history", **fields) == "invalid"


async def test_asking_too_fast_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(command=(1, 1, 2))
    [alice] = await site.enter("alice")
    page = {"room": GENERAL, "before": 1, "limit": 1}
    await alice.ask("history", **page)
    refused = await alice.ask("history", **page)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("history", **page))["type"] == "history"

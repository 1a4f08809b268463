"""``keeps``: channels whose every message is in the database."""

from typing import Any

import pytest
from people import GENERAL, Site, Tab

from chat.models import Channel, Message

pytestmark = pytest.mark.django_db(transaction=True)


async def lasting(site: Site, tab: Tab, name: str = "Archive") -> str:
    reply = await tab.ask("create", name=name, keeps="all")
    assert reply["type"] == "ok", reply
    return reply["channel"]["room"]


@pytest.fixture
def accounts_keep_all(settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "ACCOUNTS_KEEP_ALL": True}


@pytest.mark.usefixtures("accounts_keep_all")
async def test_such_a_channel_keeps_more_than_a_hundred_and_survives_a_restart(
    site: Site, settings: Any
) -> None:
    """B20."""
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    visitor = await site.account("alice")
    alice = await visitor.open()
    room = await lasting(site, alice)
    for number in range(1, 106):
        await alice.say(f"line {number}", room)
    await site.restart()
    alice = await visitor.open()
    joined = await alice.join(room)
    assert [message["n"] for message in joined["messages"]] == list(range(86, 106))
    assert joined["more"] is True
    oldest = await alice.ask("history", room=room, before=11, limit=10)
    assert [message["body"] for message in oldest["messages"]] == [f"line {n}" for n in range(1, 11)]
    assert await Message.objects.acount() == 105


async def test_who_may_make_one_is_told_in_the_welcome(site: Site, settings: Any) -> None:
    staff = await (await site.account("dora", staff=True)).open()
    [alice] = await site.accounts("alice")
    [carol] = await site.enter("carol")
    assert [tab.welcome["may"] for tab in (staff, alice, carol)] == [
        ["direct", "keep_all", "moderate"],
        ["direct"],
        [],
    ]
    await lasting(site, staff)
    for tab in (alice, carol):
        assert await tab.refusal("create", name="Mine", keeps="all") == "forbidden"
    assert await Channel.objects.filter(keeps="all").acount() == 1


@pytest.mark.usefixtures("accounts_keep_all")
async def test_where_the_site_allows_it_accounts_make_them_and_guests_do_not(site: Site) -> None:
    [alice] = await site.accounts("alice")
    [carol] = await site.enter("carol")
    assert alice.welcome["may"] == ["direct", "keep_all"]
    assert carol.welcome["may"] == []
    await lasting(site, alice)
    assert await carol.refusal("create", name="Mine", keeps="all") == "forbidden"
    response = await (await site.account("bob")).http.post("/channels/", {"name": "Web", "keeps": "all"})
    assert response.json()["channel"]["keeps"] == "all"


async def test_staff_turn_a_channel_and_everybody_in_it_is_reset(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("in memory")
    former = (await bob.join())["epoch"]
    turned = await staff.ask("update", room=GENERAL, keeps="all")
    assert turned["channel"]["keeps"] == "all"
    resets = [
        await tab.first(lambda frame: frame["type"] == "joined" and "ref" not in frame)
        for tab in (alice, bob)
    ]
    for reset in resets:
        assert (reset["reset"], reset["messages"]) == (True, [])
        assert reset["epoch"] != former
    await alice.say("in the database")
    await bob.hears("in the database")
    assert await Message.objects.acount() == 1
    # Turned back, the former log goes on.
    await staff.ask("update", room=GENERAL, keeps="recent")
    reset = await bob.first(lambda frame: frame["type"] == "joined" and "ref" not in frame)
    assert (reset["epoch"], [message["body"] for message in reset["messages"]]) == (former, ["in memory"])


async def test_a_position_in_the_former_log_is_answered_with_a_reset(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("one")
    at = {"epoch": (await bob.join())["epoch"], "seq": 1}
    await staff.ask("update", room=GENERAL, keeps="all")
    assert (await bob.join(at=at))["reset"] is True


async def test_what_was_cleared_does_not_come_back_when_the_channel_is_turned(site: Site) -> None:
    from chat.services import moderation

    [alice] = await site.enter("alice")
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("in memory")
    await staff.ask("update", room=GENERAL, keeps="all")
    await moderation.clear_room(site.runtime, "admin", GENERAL)
    await staff.ask("update", room=GENERAL, keeps="recent")
    assert (await alice.join())["messages"] == []


async def test_only_staff_turn_a_channel(site: Site) -> None:
    [alice] = await site.accounts("alice")
    room = (await alice.ask("create", name="Mine"))["channel"]["room"]
    assert await alice.refusal("update", room=room, keeps="all") == "forbidden"
    assert (await alice.ask("update", room=room, keeps="recent"))["type"] == "ok"
    assert await alice.refusal("update", room=room, keeps="some") == "invalid"


async def test_another_process_finds_a_turned_channel_by_itself(site: Site) -> None:
    """The notice was lost."""
    alice, bob = await site.enter("alice", "bob")
    await alice.say("in memory")
    channel = await Channel.objects.aget(slug="general-talk")
    channel.keeps = "all"
    await channel.asave()
    await site.tick(30)
    await site.pass_time(4)
    reset = await bob.first(lambda frame: frame["type"] == "joined" and "ref" not in frame)
    assert reset["messages"] == []

"""``invite`` and ``remove``: channels that are there for those who belong to them.

alice makes the channel, bob is invited, carol is outside.
"""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from people import GENERAL, Site, Tab, thread_of_a_request

from chat.models import Channel, ChannelMember, ChannelNameKey
from chat.services import directory, moderation

pytestmark = pytest.mark.django_db(transaction=True)


async def make(tab: Tab, name: str = "Contracts", **fields: Any) -> str:
    reply = await tab.ask("create", name=name, private=True, **fields)
    assert reply["type"] == "ok", reply
    return reply["channel"]["room"]


async def channel(site: Site) -> tuple[Tab, Tab, Tab, str]:
    """alice and bob in alice's private channel, and carol, who is not."""
    alice, bob, carol = await site.enter("alice", "bob", "carol")
    room = await make(alice)
    await alice.ask("invite", room=room, person=bob.id)
    await alice.join(room)
    await bob.join(room)
    return alice, bob, carol, room


def gone(room: str) -> Callable[[dict[str, Any]], bool]:
    return lambda frame: frame["type"] == "channel" and frame["channel"]["room"] == room and "gone" in frame


async def test_a_private_channel_is_in_its_maker_s_list_alone(site: Site) -> None:
    """B19."""
    alice, bob = await site.enter("alice", "bob")
    room = await make(alice)
    assert (await alice.until("channel"))["channel"]["private"] is True
    assert room in await alice.rooms()
    await site.settle(bob)
    assert not bob.heard("channel")
    assert room not in await bob.rooms()
    assert (await alice.join(room))["members"] == {"people": [alice.me], "count": 1, "away": []}


async def test_who_is_invited_sees_it_at_once_and_nothing_in_it_is_unread(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    room = await make(alice)
    await alice.say("before you came", room)
    assert (await alice.ask("invite", room=room, person=bob.id))["type"] == "ok"
    frame = await bob.until("channel")
    assert (frame["channel"]["room"], frame["state"]["unread"]) == (room, 0)
    assert room in await bob.rooms()
    joined = await bob.join(room)
    assert [message["body"] for message in joined["messages"]] == ["before you came"]
    assert "first_unread" not in joined
    await alice.say("after", room)
    await bob.hears("after", room)


async def test_an_invitation_twice_is_harmless(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    await site.settle(bob)
    bob.unclaimed.clear()
    assert (await alice.ask("invite", room=room, person=bob.id))["type"] == "ok"
    await site.settle(bob)
    assert not bob.heard("channel")
    assert await ChannelMember.objects.acount() == 2


async def test_who_is_invited_twice_has_read_no_more_than_before(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    await bob.join(GENERAL)
    await alice.say("while you were elsewhere", room)
    await alice.ask("invite", room=room, person=bob.id)
    assert (await bob.rooms())[room]["unread"] == 1


async def test_an_invitation_that_this_process_has_not_heard_of_yet_keeps_nobody_out(site: Site) -> None:
    alice, _, _, room = await channel(site)
    dora = await site.visitor("dora")
    slug = room.partition(":")[2]
    # What was told of the others makes the process forget the members; now it knows them again.
    await site.settle(alice)
    assert room in await alice.rooms()
    await ChannelMember.objects.acreate(
        channel=await Channel.objects.aget(slug=slug), person_id=dora.me["id"]
    )
    tab = await dora.open()
    assert room not in [state["room"] for state in tab.welcome["rooms"]]
    assert room not in await tab.rooms()
    assert (await dora.http.get("/c/general-talk/")).status_code == 200
    await site.runtime.relay.tell_processes({"members": slug})
    await site.settle(tab, alice)
    assert room in await tab.rooms()


async def test_a_removed_member_stops_receiving_at_once_in_all_tabs(site: Site) -> None:
    alice, [visitor, carol] = (
        (await site.enter("alice"))[0],
        [await site.visitor(n) for n in ("bob", "carol")],
    )
    room = await make(alice)
    tabs = [await visitor.open() for _ in range(2)]
    await alice.ask("invite", room=room, person=visitor.me["id"])
    for tab in tabs:
        await tab.join(room)
    await alice.join(room)
    assert (await alice.ask("remove", room=room, person=visitor.me["id"]))["type"] == "ok"
    await alice.say("now we are alone", room)
    await alice.hears("now we are alone", room)
    await alice.send(type="typing", room=room)
    await site.tick(1)
    await site.settle(*tabs)
    for tab in tabs:
        assert gone(room)(tab.heard("channel")[-1])
        assert not tab.heard("event")
        assert not tab.heard("typing")
        assert not [frame for frame in tab.heard("heads") if room in frame["rooms"]]
        assert (await tab.join(GENERAL))["type"] == "joined"
    assert carol


async def test_a_removed_member_cannot_rejoin(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    await alice.ask("remove", room=room, person=bob.id)
    assert await bob.refusal("join", room=room) == "not_found"
    assert room not in await bob.rooms()
    assert await bob.refusal("history", room=room, before=100, limit=10) == "not_found"
    await site.tick()
    members = (await alice.ask("members", room=room))["members"]
    assert (members["people"], members["away"]) == ([alice.me], [])


async def test_a_removed_member_can_be_invited_again(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    await alice.ask("remove", room=room, person=bob.id)
    await alice.say("while you were out", room)
    await alice.ask("invite", room=room, person=bob.id)
    await bob.join(room)
    await alice.say("welcome back", room)
    await bob.hears("welcome back", room)


async def test_a_notice_of_removal_that_comes_after_the_next_invitation_removes_nobody(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    before = await ChannelMember.objects.aget(person=bob.id)
    await alice.ask("remove", room=room, person=bob.id)
    await bob.until("channel", gone=True)
    await alice.ask("invite", room=room, person=bob.id)
    await bob.join(room)
    await site.runtime.relay.tell(bob.id, notice={"expelled": room, "membership": before.pk})
    await site.settle(bob)
    await alice.say("still here?", room)
    await bob.hears("still here?", room)


async def test_who_is_removed_while_they_enter_does_not_stay(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _, room = await channel(site)
    await bob.join(GENERAL)
    latest = site.runtime.store.latest

    async def removed_meanwhile(*args: Any) -> Any:
        snapshot = await latest(*args)
        await ChannelMember.objects.filter(person=bob.id).adelete()
        site.runtime.directory.forget_members(room.partition(":")[2])
        return snapshot

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "latest", removed_meanwhile)
        await bob.join(room)
    await bob.first(gone(room))
    await alice.say("alone", room)
    await alice.hears("alone", room)
    await site.settle(bob)
    assert not bob.heard("event")


async def test_a_join_is_answered_once_when_it_cannot_be_found_out_whether_they_still_belong(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notice comes while they enter, and then the database goes away: they are asked to come again."""
    alice, bob, _, room = await channel(site)
    await bob.join(GENERAL)
    enter = site.runtime.relay.enter

    def away(*_: Any) -> Any:
        raise OperationalError("the server is gone")

    with monkeypatch.context() as patch:

        async def enter_and_lose_the_database(*args: Any) -> None:
            await enter(*args)
            site.runtime.directory.forget_members(room.partition(":")[2])
            patch.setattr(directory, "_read_members", away)

        patch.setattr(site.runtime.relay, "enter", enter_and_lose_the_database)
        await bob.send(type="join", ref="once", room=room)
        assert await bob.closed() == 1012
    assert [frame["type"] for frame in bob.unclaimed if frame.get("ref") == "once"] == ["joined"]
    await alice.say("alone", room)
    assert room not in {frame.get("room") for frame in bob.heard("event")}


async def test_a_removal_whose_notice_was_lost_is_found_within_half_a_minute(site: Site) -> None:
    """Rule 9."""
    alice, bob, _, room = await channel(site)
    await ChannelMember.objects.filter(person=bob.id).adelete()
    await site.tick(30)
    await alice.say("alone", room)
    await alice.hears("alone", room)
    await site.settle(bob)
    assert not bob.heard("event")
    assert await bob.refusal("join", room=room) == "not_found"


async def test_another_process_hears_of_a_removal(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    directory = site.runtime.directory
    assert bob.id in await directory.members(room.partition(":")[2])
    await ChannelMember.objects.filter(person=bob.id).adelete()
    await site.runtime.relay.tell_processes({"members": room.partition(":")[2]})
    await site.settle(alice)
    assert bob.id not in await directory.members(room.partition(":")[2])


async def test_leaving_is_removing_oneself(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    assert (await bob.ask("remove", room=room, person=bob.id))["type"] == "ok"
    await bob.first(gone(room))
    assert await bob.refusal("join", room=room) == "not_found"
    assert await alice.refusal("remove", room=room, person=bob.id) == "not_found"


async def test_who_made_a_channel_stays_in_it(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    assert await alice.refusal("remove", room=room, person=alice.id) == "forbidden"
    assert await bob.refusal("remove", room=room, person=alice.id) == "forbidden"
    await alice.say("still mine", room)


async def test_only_the_maker_and_staff_invite_and_remove(site: Site) -> None:
    alice, bob, carol, room = await channel(site)
    for deed in ("invite", "remove"):
        assert await bob.refusal(deed, room=room, person=carol.id) == "forbidden"
        assert await carol.refusal(deed, room=room, person=carol.id) == "not_found"
    staff = await (await site.account("dora", staff=True)).open()
    assert (await staff.ask("invite", room=room, person=carol.id))["type"] == "ok"
    await carol.join(room)
    assert (await staff.ask("remove", room=room, person=alice.id))["type"] == "ok"
    await alice.first(gone(room))
    assert await alice.refusal("invite", room=room, person=alice.id) == "not_found"


async def test_staff_read_a_private_channel_only_when_invited(site: Site) -> None:
    _, _, _, room = await channel(site)
    staff = await (await site.account("dora", staff=True)).open()
    assert await staff.refusal("join", room=room) == "not_found"
    assert room not in await staff.rooms()
    await staff.ask("invite", room=room, person=staff.id)
    await staff.join(room)


async def test_staff_take_away_anybody_s_message_in_a_channel_and_change_it(site: Site) -> None:
    """B17."""
    alice, bob, carol = await site.enter("alice", "bob", "carol")
    staff = await (await site.account("dora", staff=True)).enter()
    ack = await alice.say("rude")
    assert await bob.refusal("delete", room=GENERAL, id=ack["id"]) == "forbidden"
    assert (await staff.ask("delete", room=GENERAL, id=ack["id"]))["type"] == "ok"
    assert (await carol.until("event", kind="delete"))["id"] == ack["id"]
    assert (await staff.ask("update", room=GENERAL, topic="Be kind"))["channel"]["topic"] == "Be kind"


async def test_public_channels_have_no_invitations(site: Site) -> None:
    [alice, bob] = await site.enter("alice", "bob")
    room = (await alice.ask("create", name="Pit crew"))["channel"]["room"]
    for deed in ("invite", "remove"):
        assert await alice.refusal(deed, room=room, person=bob.id) == "forbidden"


async def test_nobody_is_invited_to_a_personal_chat_nor_removed(site: Site) -> None:
    alice, bob, dora = await site.accounts("alice", "bob", "dora")
    staff = await (await site.account("erin", staff=True)).open()
    room = await alice.direct(bob.id)
    for deed in ("invite", "remove"):
        assert await alice.refusal(deed, room=room, person=dora.id) == "forbidden"
        assert await alice.refusal(deed, room=room, person=alice.id) == "forbidden"
        assert await staff.refusal(deed, room=room, person=staff.id) == "not_found"


async def test_nobody_invites_who_does_not_exist(site: Site) -> None:
    alice, _, _, room = await channel(site)
    assert await alice.refusal("invite", room=room, person="nobody") == "not_found"


async def test_a_channel_has_a_bounded_number_of_members(site: Site, limits: Callable[..., None]) -> None:
    limits(channel_members=2)
    alice, _, carol, room = await channel(site)
    assert await alice.refusal("invite", room=room, person=carol.id) == "too_long"


async def test_invitations_have_a_rate(site: Site, limits: Callable[..., None]) -> None:
    limits(invite=(1, 60, 1))
    alice, _, carol, room = await channel(site)
    refused = await alice.ask("invite", room=room, person=carol.id)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    assert (await alice.ask("invite", room=room, person=carol.id))["type"] == "ok"


async def test_the_name_of_a_private_channel_claims_nothing(site: Site) -> None:
    """Else the name check would tell of it."""
    alice, bob = await site.enter("alice", "bob")
    visitor = await site.visitor("carol")
    room = await make(alice, "Take over")
    check = (await visitor.http.get("/channels/check/", {"name": "Take over"})).json()
    assert (check["available"], check["slug"]) == (True, "take-over")
    other = (await bob.ask("create", name="Take over"))["channel"]
    assert other["slug"] == "take-over"
    assert room.startswith("channel:c-")
    assert await make(bob, "Take over") != room
    claims = ChannelNameKey.objects.filter(owner__private=True)
    assert not await claims.aexists()
    # Not by renaming, either.
    assert (await alice.ask("update", room=room, name="General Talk"))["channel"]["name"] == "General Talk"
    assert not await claims.aexists()


async def test_a_private_channel_may_be_called_what_a_public_one_is_called(site: Site) -> None:
    visitor = await site.visitor("alice")
    private = {"name": "General Talk", "private": "1"}
    assert (await visitor.http.get("/channels/check/", private)).json()["available"] is True
    response = await visitor.http.post("/channels/", private)
    assert response.status_code == 201
    assert response.json()["channel"]["private"] is True


async def test_a_change_is_told_to_members_only(site: Site) -> None:
    alice, bob, carol, room = await channel(site)
    await alice.ask("update", room=room, topic="Secret numbers")
    told = await bob.first(lambda frame: frame["type"] == "channel" and frame["channel"]["topic"] != "")
    assert told["channel"]["topic"] == "Secret numbers"
    await site.settle(carol)
    assert not carol.heard("channel")


async def test_news_is_told_to_members_only(site: Site) -> None:
    alice, bob, carol, room = await channel(site)
    await bob.join(GENERAL)
    await alice.say("news", room)
    await alice.say("more", room)
    await site.tick(1)
    heads = await bob.until("heads")
    assert list(heads["rooms"]) == [room]
    await site.settle(bob, carol)
    assert not bob.heard("heads")
    assert not carol.heard("heads")
    assert (await bob.rooms())[room]["unread"] == 2


async def test_an_archived_private_channel_leaves_the_list(site: Site) -> None:
    alice, bob, _, room = await channel(site)
    async with thread_of_a_request():
        await sync_to_async(moderation.archive_channel)("admin", room)
    await bob.first(lambda frame: frame["type"] == "channel" and frame["channel"]["archived"])
    assert room not in await bob.rooms()
    cid = "00000000-0000-4000-8000-000000000000"
    assert await alice.refusal("send", room=room, cid=cid, body="x") == "forbidden"


async def test_who_belongs_is_remembered_so_that_a_message_needs_no_database(
    site: Site, no_database: Callable[[], Any]
) -> None:
    alice, bob, _, room = await channel(site)
    with no_database():
        await alice.say("quick", room)
        await bob.hears("quick", room)


async def test_members_are_remembered_up_to_a_bound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.services.directory.MEMBERS_KEPT", 1)
    [alice] = await site.enter("alice")
    for name in ("One", "Two"):
        await alice.join(await make(alice, name))
    assert len(site.runtime.directory._members) == 1


async def test_the_maker_is_the_first_member(site: Site) -> None:
    [alice] = await site.enter("alice")
    room = await make(alice)
    made = await Channel.objects.aget(slug=room.partition(":")[2])
    member = await ChannelMember.objects.select_related("channel", "person").aget()
    assert (member.channel, member.person_id, member.invited_by_id) == (made, alice.id, alice.id)
    assert str(member) == "alice in Contracts"

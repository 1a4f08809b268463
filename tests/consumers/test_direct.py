"""``direct``: personal chats between two accounts, and with oneself."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Frame, Site, Tab

from chat.models import DirectChat, Person

pytestmark = pytest.mark.django_db(transaction=True)


async def pair(site: Site) -> tuple[Tab, Tab, str]:
    """alice and bob, and the chat that alice has opened."""
    alice, bob = await site.accounts("alice", "bob")
    return alice, bob, await alice.direct(bob.id)


async def test_a_personal_chat_is_called_what_the_other_one_is_called(site: Site) -> None:
    """A20."""
    alice, bob = await site.accounts("alice", "bob")
    mine = (await alice.ask("direct", person=bob.id))["room"]
    theirs = (await bob.ask("direct", person=alice.id))["room"]
    assert mine["room"] == theirs["room"]
    assert (mine["name"], mine["person"]) == ("bob", {"id": bob.id, "name": "bob", "guest": False})
    assert (theirs["name"], theirs["person"]["id"]) == ("alice", alice.id)
    assert (mine["kind"], mine["private"], mine["keeps"], mine["archived"]) == ("direct", True, "all", False)
    assert mine["room"] == f"direct:{mine['slug']}"
    assert (mine["n"], mine["unread"], mine["active"]) == (0, 0, 0)


async def test_both_hear_each_other_in_every_tab(site: Site) -> None:
    alice, bob, room = await pair(site)
    for tab in (alice, bob):
        assert (await tab.join(room))["messages"] == []
    await alice.say("hello", room)
    for tab in (alice, bob):
        await tab.hears("hello", room)
    await bob.say("hi", room)
    for tab in (alice, bob):
        await tab.hears("hi", room)


async def test_the_name_of_a_chat_is_not_made_of_the_two_people(site: Site) -> None:
    """TRAPS: concatenated ids, where 1 + 112 is 11 + 12."""
    people = [await Person.objects.acreate(id=one, name=f"p{one}") for one in ("1", "11", "12", "112")]
    chats = [
        await DirectChat.objects.acreate(first=people[0], second=people[3]),
        await DirectChat.objects.acreate(first=people[1], second=people[2]),
    ]
    assert len({chat.id for chat in chats}) == 2
    for chat in chats:
        assert len(chat.id) == 22
        assert not any(one.id in ("1112", "1-112", "11-12") for one in chats)


async def test_fifty_who_open_it_at_once_open_one(site: Site, limits: Callable[..., None]) -> None:
    limits(direct=(1_000, 1, 1_000), command=(1_000, 1, 1_000), session_sockets=100)
    visitors = [await site.account(name) for name in ("alice", "bob")]
    ids = [visitor.me["id"] for visitor in visitors]
    tabs = [await visitor.open() for visitor in visitors for _ in range(5)]
    replies = await asyncio.gather(
        *(tab.direct(ids[1 - number // 5]) for number, tab in enumerate(tabs) for _ in range(1))
    )
    more = [
        await asyncio.gather(*(tab.direct(ids[1 - n // 5]) for n, tab in enumerate(tabs))) for _ in range(4)
    ]
    assert len({*replies, *(room for rooms in more for room in rooms)}) == 1
    assert await DirectChat.objects.acount() == 1


async def test_fifty_first_messages_at_once_are_in_one_chat(site: Site, settings: Any) -> None:
    """From both sides, each from somebody who has not heard of the chat yet."""
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    visitors = [await site.account(name) for name in ("alice", "bob")]
    ids = [visitor.me["id"] for visitor in visitors]
    tabs = [(await visitor.open(), ids[1 - one]) for one, visitor in enumerate(visitors) for _ in range(25)]

    async def write_first(tab: Tab, other: str) -> Frame:
        return await tab.say("hello", await tab.direct(other))

    acks = await asyncio.gather(*(write_first(tab, other) for tab, other in tabs))
    assert len({ack["room"] for ack in acks}) == 1
    assert sorted(ack["n"] for ack in acks) == list(range(1, 51))
    assert await DirectChat.objects.acount() == 1
    for tab in (tabs[0][0], tabs[-1][0]):
        assert [room["kind"] for room in (await tab.rooms()).values()].count("direct") == 1


async def test_threads_that_open_it_at_once_make_one_row(site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from chat.services.directs import _open

    alice, bob = await site.accounts("alice", "bob")

    def open_it(number: int) -> str:
        try:
            return _open(*((alice.id, bob.id) if number % 2 else (bob.id, alice.id))).id
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        found = await asyncio.gather(
            *(asyncio.get_running_loop().run_in_executor(pool, open_it, number) for number in range(50))
        )
    assert len(set(found)) == 1
    chat = await DirectChat.objects.aget()
    assert (chat.first_opened, chat.second_opened) == (True, True)


async def test_notes_are_a_chat_with_oneself(site: Site) -> None:
    visitor = await site.account("alice")
    alice, other_tab = await visitor.open(), await visitor.open()
    room = await alice.direct(alice.id)
    assert (await other_tab.until("channel"))["channel"]["person"]["id"] == alice.id
    for tab in (alice, other_tab):
        await tab.join(room)
    await alice.say("milk", room)
    await other_tab.hears("milk", room)
    assert (await alice.rooms())[room]["unread"] == 0
    assert await alice.direct(alice.id) == room
    members = (await alice.ask("members", room=room))["members"]
    assert ([one["id"] for one in members["people"]], members["away"]) == ([alice.id], [])


async def test_guests_have_no_personal_chats(site: Site) -> None:
    [alice] = await site.accounts("alice")
    [carol] = await site.enter("carol")
    for tab, person in ((carol, alice.id), (carol, carol.id), (alice, carol.id)):
        refused = await tab.ask("direct", person=person)
        assert (refused["code"], refused["detail"]) == (
            "forbidden",
            "Personal chats are for people with an account.",
        )
    assert not await DirectChat.objects.aexists()


@pytest.mark.parametrize("person", ["nobody", "1", "' OR 1=1 --", "x" * 64])
async def test_a_chat_with_nobody_is_not_found(site: Site, person: str) -> None:
    [alice] = await site.accounts("alice")
    assert await alice.refusal("direct", person=person) == "not_found"


async def test_an_account_that_may_not_log_in_any_more_gets_no_new_chat_and_keeps_the_old_one(
    site: Site, django_user_model: Any
) -> None:
    alice, bob, room = await pair(site)
    [dora] = await site.accounts("dora")
    await django_user_model.objects.filter(username="bob").aupdate(is_active=False)
    assert await dora.refusal("direct", person=bob.id) == "not_found"
    assert await alice.direct(bob.id) == room


@pytest.mark.parametrize(
    "fields", [{}, {"person": 1}, {"person": ""}, {"person": "x" * 65}, {"room": "direct:x"}]
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.accounts("alice")
    assert await alice.refusal("direct", **fields) == "invalid"


async def test_opening_too_many_is_refused_until_time_has_passed(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(direct=(1, 60, 1))
    alice, bob = await site.accounts("alice", "bob")
    await alice.direct(bob.id)
    refused = await alice.ask("direct", person=bob.id)
    assert refused["code"] == "rate_limited"
    site.clock.advance(refused["retry_after"])
    await alice.direct(bob.id)


# --- the list (A25) -------------------------------------------------------------------------------


async def test_opening_alone_is_not_seen_by_the_other_one(site: Site) -> None:
    alice, bob, room = await pair(site)
    await site.tick(1)
    await site.settle(bob)
    assert not bob.heard("channel")
    assert room not in await bob.rooms()
    assert room in await alice.rooms()
    assert room not in {one["room"] for one in (await bob_again(site, bob)).welcome["rooms"]}


async def bob_again(site: Site, bob: Tab) -> Tab:
    """Another tab of bob, with the cookies of the first."""
    cookie = dict(bob.socket.scope["headers"])[b"cookie"]
    visitor = await site.visitor()
    return await visitor.open((b"cookie", cookie))


async def test_the_first_message_makes_the_chat_appear_at_the_other_one(site: Site) -> None:
    """A25."""
    alice, bob, room = await pair(site)
    ack = await alice.say("hello", room)
    await site.tick(1)
    frame = await bob.until("channel")
    assert (frame["channel"]["room"], frame["channel"]["name"]) == (room, "alice")
    head = (await alice.rooms())[room]
    assert frame["state"] == {
        "epoch": head["epoch"],
        "seq": 1,
        "n": 1,
        "read": 0,
        "unread": 1,
        "active": ack["ts"],
    }
    assert (await bob.until("heads"))["rooms"] == {room: {"epoch": head["epoch"], "seq": 1, "n": 1}}
    [listed] = [one for one in (await bob_again(site, bob)).welcome["rooms"] if one["room"] == room]
    assert (listed["unread"], listed["active"]) == (1, ack["ts"])


async def test_chats_are_listed_by_their_last_message(site: Site) -> None:
    """A25."""
    alice, *others = await site.accounts("alice", "bob", "carol", "dora")
    rooms = [await alice.direct(other.id) for other in others]
    for number in (1, 2, 0):
        site.clock.advance(60)
        await others[number].say("hello", rooms[number])
    welcome = (await bob_again(site, alice)).welcome
    assert [one["room"] for one in welcome["rooms"]] == [GENERAL, rooms[0], rooms[2], rooms[1]]
    assert [one["unread"] for one in welcome["rooms"][1:]] == [1, 1, 1]


async def test_a_long_list_has_one_s_own_rooms_before_the_public_ones(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(rooms_listed=3)
    visitor = await site.account("alice")
    await visitor.make_channel("Zebra")
    alice = await visitor.open()
    others = await site.accounts("bob", "carol", "dora")
    rooms = [await alice.direct(other.id) for other in others]
    for room, other in zip(rooms, others, strict=True):
        site.clock.advance(1)
        await other.say("hello", room)
    welcome = (await visitor.open()).welcome
    assert [one["room"] for one in welcome["rooms"]] == [GENERAL, rooms[2], rooms[1]]


async def test_a_rename_reaches_the_name_of_the_chat_at_once(site: Site) -> None:
    visitors = [await site.account(name) for name in ("alice", "bob")]
    alice, bob = [await visitor.open() for visitor in visitors]
    room = await alice.direct(bob.id)
    await bob.say("hello", room)
    await site.tick(1)
    alice.unclaimed.clear()
    await visitors[1].choose_name("Robert")
    renamed = await alice.first(
        lambda frame: frame["type"] == "channel" and frame["channel"]["name"] == "Robert"
    )
    assert renamed["channel"]["room"] == room
    assert renamed["channel"]["person"]["name"] == "Robert"
    assert (await alice.rooms())[room]["name"] == "Robert"


async def test_who_has_never_heard_of_a_chat_is_not_told_of_the_rename(site: Site) -> None:
    visitors = [await site.account(name) for name in ("alice", "bob")]
    alice, bob = [await visitor.open() for visitor in visitors]
    await alice.direct(bob.id)
    await visitors[0].choose_name("Alicia")
    await site.settle(bob)
    assert not bob.heard("channel")


# --- reading (A22 to A24) -------------------------------------------------------------------------


async def fill(alice: Tab, room: str, count: int, site: Site) -> None:
    for number in range(1, count + 1):
        site.clock.advance(1)
        await alice.say(f"line {number}", room)


@pytest.mark.parametrize(
    ("said", "read", "shown", "more", "line"),
    [
        (10, 10, (1, 10), False, None),
        (50, 50, (31, 50), True, None),
        (50, 40, (31, 50), True, 41),
        (50, 15, (16, 50), True, 16),
        (130, 20, (31, 130), True, 21),
    ],
)
async def test_a_chat_opens_with_the_last_twenty_or_all_unread_up_to_a_hundred(
    site: Site, said: int, read: int, shown: tuple[int, int], more: bool, line: int | None
) -> None:
    """A22."""
    alice, bob, room = await pair(site)
    await fill(alice, room, said, site)
    epoch = (await bob.join(room))["epoch"]
    await bob.ask("read", room=room, epoch=epoch, n=read)
    joined = await bob.join(room)
    numbers = [message["n"] for message in joined["messages"]]
    assert (numbers[0], numbers[-1], len(numbers)) == (*shown, shown[1] - shown[0] + 1)
    assert (joined["more"], joined.get("first_unread")) == (more, line)


async def test_older_messages_come_by_position_and_not_by_offset(site: Site) -> None:
    """A23. New messages shift no page."""
    alice, bob, room = await pair(site)
    await fill(alice, room, 45, site)
    joined = await bob.join(room)
    seen = [message["n"] for message in joined["messages"]]
    while seen[0] > 1:
        await alice.say("meanwhile", room)
        site.clock.advance(1)
        page = await bob.ask("history", room=room, before=seen[0], limit=10)
        assert page["more"] is (seen[0] > 11)
        seen = [message["n"] for message in page["messages"]] + seen
    assert seen == list(range(1, 46))


async def test_everything_survives_a_restart(site: Site) -> None:
    """A21."""
    visitors = [await site.account(name) for name in ("alice", "bob")]
    alice, bob = [await visitor.open() for visitor in visitors]
    room = await alice.direct(bob.id)
    await fill(alice, room, 3, site)
    before = (await bob.rooms())[room]
    at = {"epoch": before["epoch"], "seq": 1}
    await site.restart()
    bob = await visitors[1].open()
    [after] = [one for one in bob.welcome["rooms"] if one["room"] == room]
    assert after == before
    joined = await bob.join(room, at=at)
    assert (joined["reset"], [event["seq"] for event in joined["events"]]) == (False, [2, 3])


async def test_unread_is_the_same_in_all_tabs(site: Site) -> None:
    """A24."""
    alice, bob, room = await pair(site)
    other_tab = await bob_again(site, bob)
    await fill(alice, room, 3, site)
    epoch = (await bob.join(room))["epoch"]
    assert (await bob.ask("read", room=room, epoch=epoch, n=2))["unread"] == 1
    told = await other_tab.until("read")
    assert (told["room"], told["n"], told["unread"]) == (room, 2, 1)
    for tab in (bob, other_tab):
        state = (await tab.rooms())[room]
        assert (state["read"], state["unread"]) == (2, 1)


async def test_a_message_that_is_taken_back_is_not_unread_any_more(site: Site) -> None:
    alice, bob, room = await pair(site)
    ack = await alice.say("oh", room)
    await site.tick(1)
    assert (await bob.until("channel"))["state"]["unread"] == 1
    await alice.ask("delete", room=room, id=ack["id"])
    await site.tick(1)
    assert (await bob.until("read"))["unread"] == 0


async def test_who_is_away_is_told_with_who_is_here(site: Site) -> None:
    """B7."""
    alice, bob, room = await pair(site)
    joined = await alice.join(room)
    assert joined["members"] == {"people": [alice.me], "count": 1, "away": [bob.me]}
    await bob.join(room)
    members = (await alice.ask("members", room=room))["members"]
    assert members == {"people": [alice.me, bob.me], "count": 2, "away": []}

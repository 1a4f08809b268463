"""``keeps``: channels whose every message is in the database."""

from collections.abc import Callable
from typing import Any

import pytest
from files.forms import content_of, uploaded
from people import GENERAL, Frame, Site, Tab

from chat.models import Attachment, Channel, Message

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


async def reset(tab: Tab) -> Frame:
    return await tab.first(lambda frame: frame["type"] == "joined" and "ref" not in frame)


async def turn(staff: Tab, keeps: str, room: str = GENERAL) -> None:
    reply = await staff.ask("update", room=room, keeps=keeps)
    assert reply["type"] == "ok", reply
    assert reply["channel"]["keeps"] == keeps


async def test_staff_turn_a_channel_its_messages_go_along_and_everybody_in_it_is_reset(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    staff = await (await site.account("dora", staff=True)).open()
    first = await alice.say("in memory")
    await bob.ask("react", room=GENERAL, id=first["id"], emoji="👍", on=True)
    former = await bob.join()
    for keeps, text in (("all", "in the database"), ("recent", "in memory again")):
        await turn(staff, keeps)
        for tab in (alice, bob):
            shown = await reset(tab)
            assert (shown["reset"], shown["messages"]) == (True, former["messages"])
            assert (shown["seq"], shown["n"]) == (former["seq"], former["n"])
            assert shown["epoch"] != former["epoch"]
        assert await Message.objects.acount() == (former["n"] if keeps == "all" else 0)
        ack = await alice.say(text)
        assert (ack["seq"], ack["n"]) == (former["seq"] + 1, former["n"] + 1)
        await bob.hears(text)
        assert (await bob.ask("edit", room=GENERAL, id=first["id"], body="not mine"))["code"] == "forbidden"
        former = await bob.join()
    assert [message["body"] for message in former["messages"]] == [
        "in memory",
        "in the database",
        "in memory again",
    ]
    assert former["messages"][0]["reactions"] == [{"emoji": "👍", "count": 1, "by": [bob.id]}]


async def test_what_is_unread_stays_unread_when_a_channel_is_turned(site: Site) -> None:
    alice, _ = await site.enter("alice", "bob")
    reader = await (await site.visitor("carol")).open()
    staff = await (await site.account("dora", staff=True)).open()
    acks = [await alice.say(f"{number}") for number in range(5)]
    await reader.ask("read", room=GENERAL, epoch=(await reader.join())["epoch"], n=2)
    for keeps in ("all", "recent"):
        await turn(staff, keeps)
        assert (await reader.rooms())[GENERAL]["unread"] == 3
        assert (await reader.join())["first_unread"] == acks[2]["n"]


async def test_a_channel_that_keeps_all_from_now_on_outlives_the_process(site: Site) -> None:
    visitor = await site.visitor("alice")
    alice = await visitor.enter()
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("said before it was turned")
    await turn(staff, "all")
    await site.restart()
    alice = await visitor.enter()
    assert [one["body"] for one in (await alice.join())["messages"]] == ["said before it was turned"]


async def test_of_a_channel_that_keeps_the_newest_from_now_on_the_others_are_gone(
    site: Site, limits: Callable[..., None], settings: Any
) -> None:
    limits(kept=3)
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    staff = await (await site.account("dora", staff=True)).open()
    room = await lasting(site, staff)
    for number in range(1, 8):
        await staff.say(f"{number}", room)
    await turn(staff, "recent", room)
    assert [one["body"] for one in (await staff.join(room))["messages"]] == ["5", "6", "7"]
    assert await Message.objects.acount() == 0
    assert (await staff.ask("history", room=room, before=6, limit=10))["messages"][0]["body"] == "5"


@pytest.mark.parametrize("noted", [True, False])
async def test_files_go_along_and_those_of_what_is_left_behind_are_let_go(
    site: Site, limits: Callable[..., None], noted: bool
) -> None:
    """Also those whose message the sweep has not noted yet."""
    limits(kept=1)
    visitor = await site.visitor("alice")
    alice = await visitor.enter()
    staff = await (await site.account("dora", staff=True)).open()
    await turn(staff, "all")
    old, new = await uploaded(visitor, name="old.txt"), await uploaded(visitor, name="new.txt")
    for file in (old, new):
        await alice.say(file["name"], attachments=[file["id"]])
    if noted:
        await site.tick(1)
    for keeps in ("recent", "all", "recent"):
        await turn(staff, keeps)
        assert await content_of(await visitor.http.get(new["url"])) == b"hello"
        assert (await visitor.http.get(old["url"])).status_code == 404
        await site.pass_time(2)
        states = {row.name: row.state async for row in Attachment.objects.all()}
        assert states == {"old.txt": "released", "new.txt": "sent"}
    [message] = (await alice.join())["messages"]
    assert [one["id"] for one in message["attachments"]] == [new["id"]]


async def test_the_next_process_lets_no_file_of_a_turned_channel_go(site: Site) -> None:
    visitor = await site.visitor("alice")
    alice = await visitor.enter()
    staff = await (await site.account("dora", staff=True)).open()
    file = await uploaded(visitor)
    await alice.say("here", attachments=[file["id"]])
    await site.tick(1)
    await turn(staff, "all")
    await site.tick(1)
    await site.restart()
    await visitor.enter()
    await site.pass_time(31)
    assert (await Attachment.objects.aget()).state == "sent"
    assert await content_of(await visitor.http.get(file["url"])) == b"hello"


async def test_a_name_that_is_taken_turns_nothing(site: Site) -> None:
    staff = await (await site.account("dora", staff=True)).open()
    room = (await staff.ask("create", name="Pit crew"))["channel"]["room"]
    await staff.ask("create", name="Boxes")
    ack = await staff.say("before", room)
    assert await staff.refusal("update", room=room, keeps="all", name="boxes") == "name_taken"
    again = await staff.say("after", room)
    assert again["n"] == ack["n"] + 1
    assert await Message.objects.acount() == 0
    assert (await Channel.objects.aget(slug="pit-crew")).keeps == "recent"


async def test_who_goes_away_while_a_channel_is_turned_leaves_it_whole(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("before")
    await staff.send(type="update", ref=1, room=GENERAL, keeps="all")
    await staff.leave()
    await alice.say("after")
    await site.work_done()
    await site.pass_time(4)
    bodies = [one["body"] for one in (await bob.join())["messages"]]
    assert bodies == ["before", "after"]
    assert (await bob.rooms())[GENERAL]["keeps"] == (await Channel.objects.aget(slug="general-talk")).keeps


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


async def test_a_process_finds_by_itself_that_another_one_has_turned_a_channel(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All notices were lost, and it still believes what was."""
    alice, bob = await site.enter("alice", "bob")
    staff = await (await site.account("dora", staff=True)).open()
    await alice.say("before")
    before = dict(await site.runtime.directory.channels())

    async def lose(*_: Any, **__: Any) -> None: ...

    with monkeypatch.context() as lost:
        lost.setattr(site.runtime.relay, "tell_processes", lose)
        lost.setattr(site.runtime.relay, "reset", lose)
        await turn(staff, "all")
    (await site.runtime.directory.channels()).update(before)
    assert not await site.runtime.directory.lasts(GENERAL)
    ack = await alice.say("after")
    assert ack["n"] == 2
    assert await Message.objects.acount() == 2
    await site.pass_time(4)
    shown = await reset(bob)
    assert [message["body"] for message in shown["messages"]] == ["before", "after"]

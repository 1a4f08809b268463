"""Private rooms are, for those they are not for, in every way what does not exist.

alice and bob have a personal chat and a private channel; in both something was said. Strangers are a guest,
an account, one of the staff, and somebody who was a member once.
"""

from typing import Any, NamedTuple

import pytest
from people import GENERAL, Site, Tab, Visitor

from chat.errors import NotFound
from chat.services import access

pytestmark = pytest.mark.django_db(transaction=True)

CID = "0198c7a2-5f3e-7c11-9d55-6a1f0e2b3c4d"
NOWHERE = {"direct": "direct:AAAAAAAAAAAAAAAAAAAAAA", "channel": "channel:c-0000000000000000"}

# Everything that names a room, and what else it needs. `MESSAGE` is the id of a message in the room.
DEEDS: dict[str, dict[str, Any]] = {
    "join": {},
    "join at": {"at": {"epoch": "EPOCH", "seq": 1}},
    "leave": {},
    "send": {"cid": CID, "body": "hello"},
    "send answer": {"cid": CID, "body": "hello", "reply_to": "MESSAGE"},
    "edit": {"id": "MESSAGE", "body": "changed"},
    "delete": {"id": "MESSAGE"},
    "react": {"id": "MESSAGE", "emoji": "👍", "on": True},
    "history": {"before": 10, "limit": 10},
    "read": {"epoch": "EPOCH", "n": 1},
    "members": {},
    "members after": {"after": "PERSON"},
    "update": {"name": "Mine now"},
    "update topic": {"topic": "x"},
    "invite": {"person": "STRANGER"},
    "remove": {"person": "PERSON"},
    "remove oneself": {"person": "STRANGER"},
}
STRANGERS = ("guest", "account", "staff", "former member")
# Staff may do to any channel what they may do; that is tested with private channels.
STAFF_MAY = {"update", "update topic", "invite", "remove", "remove oneself"}


class Scene(NamedTuple):
    alice: Tab
    bob: Tab
    rooms: dict[str, str]
    messages: dict[str, str]
    epochs: dict[str, str]

    def fill(self, kind: str, deed: str, stranger: Tab) -> dict[str, Any]:
        words = {
            "MESSAGE": self.messages[kind],
            "EPOCH": self.epochs[kind],
            "PERSON": self.alice.id,
            "STRANGER": stranger.id,
        }

        def put(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: put(one) for key, one in value.items()}
            return words.get(value, value) if isinstance(value, str) else value

        filled: dict[str, Any] = put(DEEDS[deed])
        return filled


async def scene(site: Site) -> Scene:
    alice, bob = await site.accounts("alice", "bob")
    made = await alice.ask("create", name="Contracts", private=True)
    rooms = {"direct": await alice.direct(bob.id), "channel": made["channel"]["room"]}
    await alice.ask("invite", room=rooms["channel"], person=bob.id)
    messages, epochs = {}, {}
    for kind, room in rooms.items():
        messages[kind] = (await alice.say(f"a secret in a {kind}", room))["id"]
        epochs[kind] = (await alice.join(room))["epoch"]
    return Scene(alice, bob, rooms, messages, epochs)


async def stranger(site: Site, kind: str, scene: Scene) -> tuple[Visitor, Tab]:
    if kind == "guest":
        visitor = await site.visitor("carol")
        return visitor, await visitor.open()
    visitor = await site.account("carol", staff=kind == "staff")
    tab = await visitor.open()
    if kind == "former member":
        room = scene.rooms["channel"]
        await scene.alice.ask("invite", room=room, person=tab.id)
        await tab.join(room)
        await scene.alice.ask("remove", room=room, person=tab.id)
        await site.settle(tab)
        tab.unclaimed.clear()
    return visitor, tab


def answer(frame: dict[str, Any]) -> tuple[str, str, str]:
    return frame["type"], frame.get("code", ""), frame.get("detail", "")


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("kind", ["direct", "channel"])
async def test_a_stranger_gets_for_every_deed_what_they_get_for_a_room_that_does_not_exist(
    site: Site, who: str, kind: str, settings: Any
) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    here = await scene(site)
    _, tab = await stranger(site, who, here)
    for deed in DEEDS:
        if who == "staff" and kind == "channel" and deed in STAFF_MAY:
            continue
        fields, command = here.fill(kind, deed, tab), deed.split()[0]
        theirs = await tab.ask(command, room=here.rooms[kind], **fields)
        nowhere = await tab.ask(command, room=NOWHERE[kind], **fields)
        assert theirs["type"] == "error", (deed, theirs)
        assert theirs["code"] == "not_found", (deed, theirs)
        assert answer(theirs) == answer(nowhere), deed
    # And nothing came of it.
    for room in here.rooms.values():
        history = await here.alice.ask("history", room=room, before=100, limit=100)
        assert [message["body"][:8] for message in history["messages"]] == ["a secret"]
        assert history["messages"][0]["reactions"] == []


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("kind", ["direct", "channel"])
async def test_a_stranger_hears_nothing_of_it(site: Site, who: str, kind: str) -> None:
    """No head, presence, typing, event, name or marker."""
    here = await scene(site)
    _, tab = await stranger(site, who, here)
    room = here.rooms[kind]
    await tab.join(GENERAL)
    for person in (here.alice, here.bob):
        await person.join(room)
    await here.alice.send(type="typing", room=room)
    ack = await here.alice.say("between us", room)
    await here.bob.ask("react", room=room, id=ack["id"], emoji="👍", on=True)
    await here.alice.ask("edit", room=room, id=ack["id"], body="still between us")
    await here.alice.ask("delete", room=room, id=ack["id"])
    await here.bob.hears("between us", room)
    if kind == "channel":
        await here.alice.ask("update", room=room, topic="Secret")
    await site.pass_time(31)
    await site.settle(tab)
    assert room not in str(tab.unclaimed)
    assert "secret" not in str(tab.unclaimed).lower()


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("kind", ["direct", "channel"])
async def test_a_stranger_finds_it_in_no_list(site: Site, who: str, kind: str) -> None:
    here = await scene(site)
    visitor, tab = await stranger(site, who, here)
    room = here.rooms[kind]
    listed = [*(await visitor.open()).welcome["rooms"], *(await tab.rooms()).values()]
    assert room not in {one["room"] for one in listed}
    for query in ("alice", "bob", "contr", room.partition(":")[2]):
        assert (await tab.ask("rooms", query=query, limit=100))["rooms"] == []
    theirs = await tab.ask("rooms", limit=10, after=room)
    assert answer(theirs) == answer(await tab.ask("rooms", limit=10, after=NOWHERE[kind]))
    page = (await visitor.http.get("/c/general-talk/")).content.decode()
    assert room.partition(":")[2] not in page


@pytest.mark.parametrize("who", ["nobody", *STRANGERS])
@pytest.mark.parametrize("kind", ["direct", "channel"])
@pytest.mark.parametrize("method", ["get", "head"])
async def test_a_stranger_s_page_is_the_one_of_a_wrong_address(
    site: Site, who: str, kind: str, method: str
) -> None:
    here = await scene(site)
    visitor = await site.visitor() if who == "nobody" else (await stranger(site, who, here))[0]
    prefix = {"direct": "/d", "channel": "/c"}[kind]
    theirs, nowhere = [
        await getattr(visitor.http, method)(f"{prefix}/{room.partition(':')[2]}/")
        for room in (here.rooms[kind], NOWHERE[kind])
    ]
    assert (theirs.status_code, nowhere.status_code) == (404, 404)
    strange = here.rooms[kind].partition(":")[2]
    hidden = NOWHERE[kind].partition(":")[2]
    assert theirs.content.decode().replace(strange, hidden) == nowhere.content.decode()


@pytest.mark.parametrize("kind", ["direct", "channel"])
async def test_those_it_is_for_see_its_page(site: Site, kind: str) -> None:
    visitors = [await site.account(name) for name in ("alice", "bob")]
    alice, bob = [await visitor.open() for visitor in visitors]
    if kind == "direct":
        room, prefix = await alice.direct(bob.id), "/d"
    else:
        room = (await alice.ask("create", name="Contracts", private=True))["channel"]["room"]
        await alice.ask("invite", room=room, person=bob.id)
        prefix = "/c"
    await alice.say("our secret", room)
    for visitor in visitors:
        page = await visitor.http.get(f"{prefix}/{room.partition(':')[2]}/")
        assert page.status_code == 200
        assert "our secret" in page.content.decode()
        assert page.context["channel"]["room"] == room
        assert room in [one["room"] for one in page.context["rooms"]]
    if kind == "direct":
        assert page.context["channel"]["name"] == "alice"
        assert page.context["page"]["may"] == ["direct"]


async def test_the_home_page_leads_a_removed_member_elsewhere(site: Site) -> None:
    visitors = [await site.visitor(name) for name in ("alice", "bob")]
    alice, bob = [await visitor.open() for visitor in visitors]
    room = (await alice.ask("create", name="Contracts", private=True))["channel"]["room"]
    await alice.ask("invite", room=room, person=bob.id)
    await bob.join(room)
    await site.work_done()
    assert (await visitors[1].http.get("/")).headers["Location"] == f"/c/{room.partition(':')[2]}/"
    await alice.ask("remove", room=room, person=bob.id)
    assert (await visitors[1].http.get("/")).headers["Location"] == "/c/general-talk/"


@pytest.mark.parametrize("kind", ["direct", "channel"])
async def test_a_message_of_a_private_room_is_reached_through_no_other_room(site: Site, kind: str) -> None:
    """TRAPS: an edit or delete of a private message that is broadcast to a public room."""
    here = await scene(site)
    carol = await (await site.account("carol", staff=True)).enter()
    for tab in (carol, here.alice):
        message = here.messages[kind]
        assert await tab.refusal("edit", room=GENERAL, id=message, body="x") == "not_found"
        assert await tab.refusal("delete", room=GENERAL, id=message) == "not_found"
        assert await tab.refusal("react", room=GENERAL, id=message, emoji="👍", on=True) == "not_found"
        refused = await tab.ask("send", room=GENERAL, cid=CID, body="see", reply_to=message)
        assert refused["code"] == "not_found"
    await site.settle(carol)
    assert not carol.heard("event")


async def test_an_edit_of_a_private_message_is_told_in_its_room_only(site: Site) -> None:
    here = await scene(site)
    bob = here.bob
    await bob.join(GENERAL)
    room = here.rooms["direct"]
    await here.alice.join(room)
    await here.alice.ask("edit", room=room, id=here.messages["direct"], body="changed")
    await here.alice.until("event", kind="edit")
    await site.settle(bob)
    assert not bob.heard("event")


async def test_the_staff_do_not_touch_the_messages_of_others_in_a_personal_chat(site: Site) -> None:
    alice = await (await site.account("alice", staff=True)).open()
    [bob] = await site.accounts("bob")
    room = await alice.direct(bob.id)
    ack = await bob.say("mine", room)
    assert await alice.refusal("delete", room=room, id=ack["id"]) == "forbidden"
    assert await alice.refusal("update", room=room, name="x") == "forbidden"
    assert await alice.refusal("update", room=room, keeps="recent") == "forbidden"


async def test_the_look_alike_of_a_room_is_no_room(site: Site) -> None:
    """`direct:<slug of a channel>` and `channel:<id of a chat>` are nothing."""
    here = await scene(site)
    crossed = [
        f"direct:{here.rooms['channel'].partition(':')[2]}",
        f"direct:{here.rooms['direct'].partition(':')[2][:-1]}",
        "direct:general-talk",
    ]
    for room in crossed:
        assert await here.alice.refusal("join", room=room) == "not_found"


@pytest.mark.parametrize("person", ["", "nobody"])
async def test_a_service_asks_for_a_person_and_a_visitor_is_none(site: Site, person: str) -> None:
    here = await scene(site)
    for room in (*here.rooms.values(), *NOWHERE.values()):
        for question in (access.readable, access.writable, access.changeable):
            with pytest.raises(NotFound, match="There is no such room"):
                await question(site.runtime, room, person)
    assert (await access.readable(site.runtime, GENERAL, person)).info.room == GENERAL


@pytest.mark.in_process
async def test_sending_into_rooms_that_do_not_exist_leaves_nothing_behind(site: Site) -> None:
    [alice] = await site.enter("alice")
    for number in range(5):
        await alice.refusal("send", room=f"channel:no-{number}", cid=CID, body="x")
    assert list(site.runtime.store._recent._logs) == [GENERAL]


async def test_the_current_room_of_a_tab_is_the_tab_s(site: Site) -> None:
    """TRAPS: the current channel kept in the session, so that two tabs post into each other's."""
    visitor = await site.account("alice")
    [bob] = await site.accounts("bob")
    first, second = await visitor.enter(), await visitor.open()
    room = await second.direct(bob.id)
    await second.join(room)
    await first.say("public")
    await second.say("private", room)
    await first.hears("public")
    await second.hears("private", room)
    await site.settle(first, second)
    assert not first.heard("event")
    assert not second.heard("event")


async def test_a_client_sets_no_sender_time_or_count_of_its_own(site: Site) -> None:
    """TRAPS."""
    alice, bob = await site.accounts("alice", "bob")
    room = await alice.direct(bob.id)
    for forged in ({"author": bob.id}, {"ts": 1}, {"unread": 0}, {"seq": 5}):
        assert await alice.refusal("send", room=room, cid=CID, body="x", **forged) == "invalid"
    epoch = (await bob.join(room))["epoch"]
    for forged in ({"unread": 0}, {"person": alice.id}):
        assert await bob.refusal("read", room=room, epoch=epoch, n=0, **forged) == "invalid"

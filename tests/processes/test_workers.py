"""Two processes that serve one site: whatever somebody does at one of them is so at the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.error import HTTPError
from uuid import uuid4

import pytest
from e2e.servers import Server
from e2e.workers import Pair
from files import samples

from .clients import GENERAL, PATIENCE, Client, Frame
from .conftest import Come

pytestmark = pytest.mark.redis

PASSWORD = "fourteen wheels and a chain"

OpenTab = Callable[..., Awaitable[Client]]


async def registered(name: str, server: Server) -> Client:
    """The browser of an account, without a socket yet."""
    client = await Client.visiting(server.url)
    await client.submit("/account/register/", name=name, password=PASSWORD, again=PASSWORD)
    return client


@pytest.fixture
async def tab() -> AsyncIterator[OpenTab]:
    """``await tab(browser, server, room)``: one of its tabs, at that process; in a room if one is given."""
    tabs: list[Client] = []

    async def appear(browser: Client, server: Server, room: str = "") -> Client:
        tabs.append(Client(browser))
        await tabs[-1].open(server.url)
        await tabs[-1].until(lambda frame: frame["type"] == "welcome")
        if room:
            await tabs[-1].join(room)
        return tabs[-1]

    yield appear
    for one in tabs:
        await one.leave()


async def channel(maker: Client, name: str, **fields: object) -> str:
    """A new channel, which the maker is in."""
    reply = await maker.ask("create", name=name, **fields)
    room: str = reply["channel"]["room"]
    await maker.join(room)
    return room


async def status(client: Client, path: str) -> int:
    try:
        await client.get(path)
    except HTTPError as error:
        return error.code
    return 200


async def test_messages_typing_presence_and_unread_heads(workers: Pair, come: Come) -> None:
    here, there = workers
    alice, bob = await come("alice", here), await come("bob", there)
    room = await channel(alice, "Pit crew")
    made = await bob.until(lambda frame: frame["type"] == "channel" and frame["channel"]["room"] == room)
    assert made["channel"]["name"] == "Pit crew"
    await alice.say("unread", room)
    heads = await bob.until(lambda frame: frame["type"] == "heads" and room in frame["rooms"])
    assert heads["rooms"][room]["n"] == 1
    listed = (await bob.ask("rooms", query="pit", limit=10))["rooms"]
    assert [(one["room"], one["n"], one["unread"]) for one in listed] == [(room, 1, 1)]

    joined = await bob.join(room)
    assert (joined["seq"], joined["members"]["count"]) == (1, 2)
    told = await alice.until(lambda frame: frame["type"] == "presence" and frame.get("joined"))
    assert [one["name"] for one in told["joined"]] == ["bob"]
    ack = await bob.say("hello", room)
    assert (await alice.hears("hello"))["id"] == ack["id"]
    assert (await alice.say("hello yourself", room))["seq"] == ack["seq"] + 1
    await bob.hears("hello yourself")
    await alice.tell(type="typing", room=room)
    await bob.until(lambda frame: frame["type"] == "typing" and frame["by"]["name"] == "alice")

    edited = await alice.ask("edit", room=room, id=(await bob.hears("hello yourself"))["id"], body="well met")
    change = await bob.until(lambda frame: frame.get("kind") == "edit")
    assert (change["seq"], change["body"]) == (edited["seq"], "well met")
    assert alice.trouble == bob.trouble == []

    await alice.post("/logout/")
    left = await bob.until(lambda frame: frame["type"] == "presence" and frame.get("left"))
    assert [one["name"] for one in left["left"]] == ["alice"]


async def test_a_change_of_name(workers: Pair, come: Come, tab: OpenTab) -> None:
    here, there = workers
    ines, bodil = await come("Ines", here), await come("Bodil", there)
    room = await channel(ines, "Names")
    await bodil.join(room)
    # Who has just come is told of with the name of this moment: nobody has, from here on.
    await ines.until(lambda frame: frame["type"] == "presence" and frame.get("joined"))
    other_tab = await tab(ines, there, room)
    await ines.post("/name/", name="Ines of the lamp")
    for one in (ines, other_tab):
        told = await one.until(lambda frame: frame["type"] == "me")
        assert told["me"]["name"] == "Ines of the lamp"
    renamed = await bodil.until(lambda frame: frame["type"] == "presence" and frame.get("renamed"))
    assert renamed["renamed"] == [{"person": told["me"], "from": "Ines"}]
    for one, body in ((ines, "from here"), (other_tab, "from there")):
        await one.say(body, room)
        assert (await bodil.hears(body))["author"]["name"] == "Ines of the lamp"
    taken = await come("Ines", there)
    assert taken.me["id"] != ines.me["id"]
    with pytest.raises(HTTPError, match="409"):
        await bodil.post("/name/", name="ines of the lamp")


async def test_a_file_is_sent_here_read_there_and_gone_with_its_message(workers: Pair, come: Come) -> None:
    here, there = workers
    orla, piet = await come("Orla", here), await come("Piet", there)
    room = await channel(orla, "Files")
    await piet.join(room)
    content = samples.picture("PNG", (900, 900))
    attachment = await orla.upload(content, "bench.png", room)
    assert await status(piet, attachment["url"]) == 404, "it is not sent yet"
    ack = await orla.ask("send", room=room, cid=str(uuid4()), body="look", attachments=[attachment["id"]])
    assert (await piet.hears("look"))["attachments"] == [attachment]
    seen = await piet.get(attachment["url"])
    assert seen == await orla.get(attachment["url"])
    assert seen.startswith(b"\x89PNG")
    assert len(await piet.get(attachment["thumbnail"])) < len(seen)

    await orla.ask("delete", room=room, id=ack["id"])
    await piet.until(lambda frame: frame.get("kind") == "delete")
    assert await status(orla, attachment["url"]) == 404
    async with asyncio.timeout(PATIENCE):
        while await status(piet, attachment["url"]) != 404:  # with the regular work of the other process
            pass
    assert "Deleted 1 released" in there.manage("chat_prune")


async def test_a_personal_chat_and_its_unread_count_in_all_tabs(workers: Pair, tab: OpenTab) -> None:
    here, there = workers
    mika, noor = await registered("Mika", here), await registered("Noor", there)
    mika_tab = await tab(mika, here)
    noor_tabs = [await tab(noor, there), await tab(noor, here)]
    opened = await mika_tab.ask("direct", person=noor_tabs[0].me["id"])
    room = opened["room"]["room"]
    await mika_tab.join(room)
    for body, count in (("one", 1), ("two", 2)):
        await mika_tab.say(body, room)
        for one in noor_tabs:
            assert (await one.until(shown(room, count)))["channel"]["person"]["name"] == "Mika"
    reader, other = noor_tabs
    joined = await reader.join(room)
    assert [message["body"] for message in joined["messages"]] == ["one", "two"]
    assert joined["first_unread"] == 1
    reply = await reader.ask("read", room=room, epoch=joined["epoch"], n=2)
    assert reply["unread"] == 0
    await other.until(lambda frame: frame["type"] == "read" and (frame["room"], frame["unread"]) == (room, 0))
    await reader.say("three", room)
    await mika_tab.hears("three")
    for one in (mika_tab, *noor_tabs):
        assert one.trouble == []


def shown(room: str, unread: int) -> Callable[[Frame], bool]:
    """A frame that puts a chat into the list, with this count."""
    return lambda frame: (
        frame["type"] == "channel"
        and frame["channel"]["room"] == room
        and frame.get("state", {}).get("unread") == unread
    )


async def test_who_is_invited_there_hears_and_who_is_removed_does_not(workers: Pair, come: Come) -> None:
    here, there = workers
    saga, ravi = await come("Saga", here), await come("Ravi", there)
    room = await channel(saga, "Contracts", private=True)
    assert (await ravi.ask("join", room=room))["code"] == "not_found"
    await saga.ask("invite", room=room, person=ravi.me["id"])
    await ravi.until(lambda frame: frame["type"] == "channel" and frame["channel"]["room"] == room)
    await ravi.join(room)
    await saga.say("between us", room)
    await ravi.hears("between us")

    await saga.ask("remove", room=room, person=ravi.me["id"])
    await ravi.until(lambda frame: frame["type"] == "channel" and frame.get("gone"))
    assert (await ravi.ask("join", room=room))["code"] == "not_found"
    await saga.say("alone again", room)
    await saga.hears("alone again")
    await ravi.join(GENERAL)
    await saga.join(GENERAL)
    await saga.say("to everybody")
    await ravi.hears("to everybody")
    assert not [one for one in ravi.frames if one.get("message", {}).get("body") == "alone again"]


async def test_a_logout_here_ends_the_tabs_there(workers: Pair, tab: OpenTab) -> None:
    here, there = workers
    vera = await registered("Vera", here)
    tabs = [await tab(vera, here), await tab(vera, there, GENERAL)]
    phone = await Client.visiting(there.url)
    await phone.submit("/account/login/", name="Vera", password=PASSWORD)
    spared = await tab(phone, there)
    await vera.post("/logout/")
    assert [await one.ends() for one in tabs] == [4401, 4401]
    vera.url = there.url
    with pytest.raises(HTTPError, match="403"):
        await vera.upload(b"hello", "a.txt", GENERAL)
    assert (await spared.ask("rooms", limit=1))["type"] == "ok"


async def test_a_login_or_another_password_here_ends_other_sessions_there(
    workers: Pair, come: Come, tab: OpenTab
) -> None:
    here, there = workers
    await registered("Wim", here)
    guest = await come("Somebody", there)
    guest_tab = await tab(guest, there)
    guest.url = here.url
    await guest.submit("/account/login/", name="Wim", password=PASSWORD)
    assert [await one.ends() for one in (guest, guest_tab)] == [4401, 4401]
    assert (await tab(guest, there)).me["name"] == "Wim"
    elsewhere = await Client.visiting(there.url)
    await elsewhere.submit("/account/login/", name="Wim", password=PASSWORD)
    ended, spared = await tab(elsewhere, there), await tab(guest, there)
    fields = {"present": PASSWORD, "password": f"{PASSWORD} more", "again": f"{PASSWORD} more"}
    await guest.submit("/account/password/", **fields)
    assert await ended.ends() == 4401
    assert (await spared.ask("rooms", limit=1))["type"] == "ok"

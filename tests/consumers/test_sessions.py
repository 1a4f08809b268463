"""Sessions and open sockets: names change in all tabs, logout ends one session, nothing revives it."""

import asyncio
from typing import Any

import pytest
from accounts import account, at_another_device
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from people import GENERAL, Site, Visitor

from chat.models import Person, PersonNameKey
from chat.services import identity as identities

pytestmark = pytest.mark.django_db(transaction=True)


async def session_of(visitor: Visitor) -> dict[str, Any]:
    return (await Session.objects.aget(session_key=visitor.http.cookies["sessionid"].value)).get_decoded()


# --- the name -------------------------------------------------------------------------------------


async def test_the_name_is_remembered_over_a_restart_of_the_browser_and_the_server(site: Site) -> None:
    """A1."""
    before = await site.visitor("alice")
    await (await before.enter()).say("hello")
    await site.restart()
    after = await site.visitor()
    after.http.cookies["sessionid"] = before.http.cookies["sessionid"].value
    assert before.http.cookies["sessionid"]["max-age"] == 365 * 24 * 60 * 60
    assert (await after.open()).me == before.me


async def test_a_rename_reaches_all_tabs_and_the_others_in_the_room(site: Site) -> None:
    """A3: "Ann is now Anna"."""
    ann = await site.visitor("Ann")
    here, there = await ann.enter(), await ann.open()
    [bob] = await site.enter("bob")
    await site.tick(1)
    await ann.choose_name("Anna")
    for tab in (here, there):
        assert (await tab.until("me"))["me"] == {"id": here.id, "name": "Anna", "guest": True}
    await site.tick(1)
    presence = await bob.first(lambda frame: frame["type"] == "presence" and bool(frame["renamed"]))
    assert presence["renamed"] == [{"person": {"id": here.id, "name": "Anna", "guest": True}, "from": "Ann"}]
    assert (presence["joined"], presence["left"], presence["count"]) == ([], [], 2)
    await site.settle(here, bob)
    assert not [frame for frame in here.heard("presence") if frame["renamed"]]
    assert not bob.heard("me")


async def test_messages_after_a_rename_have_the_new_name_from_any_tab(site: Site) -> None:
    ann = await site.visitor("Ann")
    here, there = await ann.enter(), await ann.open()
    [bob] = await site.enter("bob")
    await there.say("before")
    await ann.choose_name("Anna")
    for tab in (here, there):
        await tab.until("me")
        await tab.say(f"after {id(tab)}")
        assert (await bob.hears(f"after {id(tab)}"))["author"] == {
            "id": here.id,
            "name": "Anna",
            "guest": True,
        }
    assert (await bob.hears("before"))["author"]["name"] == "Ann"
    await here.send(type="typing", room=GENERAL)
    assert (await bob.until("typing"))["by"]["name"] == "Anna"


async def test_a_stale_copy_of_the_session_does_not_bring_the_old_name_back(site: Site) -> None:
    ann = await site.visitor("Ann")
    room = await ann.make_channel("Pit crew")
    tab = await ann.enter()
    await ann.choose_name("Anna")
    await tab.join(room)
    await site.work_done()
    session = await session_of(ann)
    assert (session["chat_name"], session["chat_channel"]) == ("Anna", "pit-crew")
    assert (await ann.open()).me["name"] == "Anna"


async def test_a_rename_whose_notice_was_lost_is_found_within_half_a_minute(site: Site) -> None:
    [ann, bob] = await site.enter("Ann", "bob")
    await site.tick(1)
    await Person.objects.filter(id=ann.id).aupdate(name="Anna")
    for _ in range(2):
        await site.pass_time(15)
        await ann.join()
        await bob.join()
    assert (await ann.until("me"))["me"]["name"] == "Anna"
    await ann.say("who am I?")
    assert (await bob.hears("who am I?"))["author"]["name"] == "Anna"
    renamed = await bob.first(lambda frame: frame["type"] == "presence" and bool(frame["renamed"]))
    assert (renamed["renamed"][0]["from"], renamed["renamed"][0]["person"]["name"]) == ("Ann", "Anna")


# --- logout ---------------------------------------------------------------------------------------


async def test_logout_closes_all_tabs_of_the_session_and_nobody_elses(site: Site) -> None:
    """A4."""
    alice = await site.visitor("alice")
    tabs = [await alice.enter(), await alice.open()]
    [bob] = await site.enter("bob")
    response = await alice.http.post("/logout/")
    assert (response.status_code, response.json()) == (200, {})
    for tab in tabs:
        assert await tab.closed() == 4401
    await bob.say("still here")
    await bob.hears("still here")
    assert [one.author.id for one in site.runtime.live.values()] == [bob.id]


async def test_logout_frees_a_guests_name_and_is_announced_without_the_grace(site: Site) -> None:
    alice = await site.visitor("alice")
    tab = await alice.enter()
    [bob] = await site.enter("bob")
    await site.tick(1)
    await alice.http.post("/logout/")
    assert await tab.closed() == 4401
    await site.tick(1)
    left = await bob.first(lambda frame: frame["type"] == "presence" and bool(frame["left"]))
    assert ([one["name"] for one in left["left"]], left["count"]) == (["alice"], 1)
    assert not await PersonNameKey.objects.filter(owner_id=tab.id).aexists()
    carol = await site.visitor("alice")
    assert carol.me["id"] != tab.id


async def test_logout_makes_the_browser_forget_and_the_page_ask_again(site: Site) -> None:
    alice = await site.visitor("alice")
    response = await alice.http.post("/logout/")
    assert response.cookies["sessionid"].value == ""
    assert (await alice.http.get("/c/general-talk/")).context["me"] is None
    assert await Session.objects.acount() == 0


async def test_logout_of_one_session_of_an_account_leaves_its_other_one(
    site: Site, quick_passwords: None
) -> None:
    desk = await account(site, "alice")
    phone = await at_another_device(site, "alice")
    desk_tab, phone_tab = await desk.enter(), await phone.enter()
    assert desk.me == phone.me == {"id": desk_tab.id, "name": "alice", "guest": False}
    await desk.http.post("/logout/")
    assert await desk_tab.closed() == 4401
    await phone_tab.say("still me")
    assert (await phone_tab.hears("still me"))["author"] == desk.me
    assert await PersonNameKey.objects.filter(owner_id=desk.me["id"]).aexists()
    await site.pass_time(31)
    assert (await phone_tab.join())["members"]["count"] == 1


async def test_logging_out_twice_or_without_a_name_is_harmless(site: Site) -> None:
    alice = await site.visitor("alice")
    cookie = alice.http.cookies["sessionid"].value
    await alice.http.post("/logout/")
    alice.http.cookies["sessionid"] = cookie
    for visitor in (alice, await site.visitor()):
        assert (await visitor.http.post("/logout/")).status_code == 200


async def test_nothing_that_was_under_way_revives_a_session(site: Site) -> None:
    alice = await site.visitor("alice")
    key = alice.http.cookies["sessionid"].value
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    await asyncio.gather(tab.send(type="join", ref=9, room=room), alice.http.post("/logout/"))
    await tab.closed()
    await site.work_done()
    await identities.remember_channel(key, "pit-crew")
    assert await Session.objects.acount() == 0


async def test_a_session_that_ends_between_reading_and_writing_is_not_revived(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await site.visitor("alice")
    save = SessionStore.save

    def too_late(session: SessionStore, must_create: bool = False) -> None:
        Session.objects.all().delete()
        save(session, must_create)

    monkeypatch.setattr(SessionStore, "save", too_late)
    await identities.remember_channel(alice.http.cookies["sessionid"].value, "pit-crew")
    assert await Session.objects.acount() == 0


async def test_a_command_after_the_order_to_close_does_nothing(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    [connection] = [one for one in site.runtime.live.values() if one.author.id == alice.id]
    connection.close_soon(4401)
    cid = "00000000-0000-4000-8000-000000000000"
    await alice.send(type="send", ref=1, room=GENERAL, cid=cid, body="too late")
    assert await alice.closed() == 4401
    await bob.say("first")
    assert (await bob.hears("first"))["seq"] == 1


# --- what the regular look at the database finds --------------------------------------------------


@pytest.mark.parametrize("gone", ["session", "person", "ended"])
async def test_a_socket_of_somebody_who_is_gone_is_closed_within_half_a_minute(site: Site, gone: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    if gone == "session":
        sessions = [
            one async for one in Session.objects.all() if one.get_decoded()["chat_person"] == alice.id
        ]
        await sessions[0].adelete()
    elif gone == "person":
        await Person.objects.filter(id=alice.id).adelete()
    else:
        await Person.objects.filter(id=alice.id).aupdate(ended_at="2020-01-01T00:00:00Z")
    await site.pass_time(30)
    assert await alice.closed() == 4401
    await bob.say("still here")
    await bob.hears("still here")


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file"])
async def test_it_works_with_other_session_engines(
    site: Site, settings: Any, engine: str, tmp_path: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = tmp_path
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    await tab.join(room)
    await site.work_done()
    await site.pass_time(31)
    assert not tab.over
    assert (await alice.http.get("/")).headers["Location"] == "/c/pit-crew/"
    await alice.http.post("/logout/")
    assert await tab.closed() == 4401

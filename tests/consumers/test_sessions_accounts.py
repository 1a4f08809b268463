"""Open sockets of accounts: what registering, a login, another password and an end mean for them."""

import asyncio
import json
import sys
from types import ModuleType
from typing import Any

import pytest
from accounts import (
    OTHER_PASSWORD,
    account,
    at_another_device,
    change_password,
    log_in,
    me,
    register,
    session_key,
)
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.contrib.sessions.models import Session
from django.urls import path
from people import GENERAL, Site, Tab, Visitor

from chat.models import Person, PersonNameKey
from chat.services import identity
from chat.services.identity import session_name
from chat.services.sweep import Sweep
from chitchat_site import urls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]


async def user_of(person_id: str) -> User:
    return await User.objects.aget(chat_person__id=person_id)


def sessions_here(site: Site) -> set[str]:
    return {one.session_key for one in site.runtime.live.values()}


async def is_open(site: Site, tab: Tab) -> bool:
    """After a look at everybody in the database."""
    await Sweep(site.runtime).recheck()
    return not tab.over


# --- a guest registers ----------------------------------------------------------------------------


async def test_a_guest_registers_in_place_and_open_sockets_go_on(site: Site) -> None:
    """C5: id, name, authorship and place stay."""
    ines = await site.visitor("Ines")
    room = await ines.make_channel("Pit crew")
    tab, other = await ines.enter(room), await ines.enter()
    [bob] = await site.enter("bob", room=room)
    before = await tab.say("as a guest", room=room)
    old_key = session_key(ines)
    assert (await register(ines, "Ines")).status_code == 302
    for one in (tab, other):
        assert (await one.until("me"))["me"] == {"id": tab.id, "name": "Ines", "guest": False}
    after = await tab.say("as an account", room=room)
    assert after["seq"] == before["seq"] + 1
    assert (await bob.hears("as an account", room))["author"] == {
        "id": tab.id,
        "name": "Ines",
        "guest": False,
    }
    edited = await tab.ask("edit", room=room, id=before["id"], body="still mine")
    assert edited["type"] == "ok"
    assert (await ines.http.get("/")).headers["Location"] == "/c/general-talk/"
    assert session_key(ines) != old_key
    assert session_key(ines) in sessions_here(site)
    assert old_key not in sessions_here(site)
    assert await is_open(site, tab)
    assert await is_open(site, other)
    person = await Person.objects.aget(id=tab.id)
    assert (person.name, person.user_id is None) == ("Ines", False)


async def test_a_socket_that_was_open_at_the_registration_ends_with_the_logout(site: Site) -> None:
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    await register(ines, "Ines")
    await tab.until("me")
    later = await ines.enter()
    await ines.http.post("/logout/")
    assert await tab.closed() == await later.closed() == 4401
    assert await PersonNameKey.objects.filter(owner_id=tab.id).aexists()


async def test_the_channel_is_remembered_by_the_new_session(site: Site) -> None:
    ines = await site.visitor("Ines")
    room = await ines.make_channel("Pit crew")
    tab = await ines.enter()
    await site.work_done()
    await register(ines, "Ines")
    await tab.until("me")
    assert (await ines.http.get("/")).headers["Location"] == "/c/general-talk/"
    await tab.join(room)
    await site.work_done()
    assert (await ines.http.get("/")).headers["Location"] == "/c/pit-crew/"
    assert await Session.objects.acount() == 1


async def test_sockets_are_counted_for_the_new_session(site: Site) -> None:
    ines = await site.visitor("Ines")
    tabs = [await ines.open(), await ines.open()]
    old = f"session {session_name(session_key(ines))}"
    assert site.runtime.sockets[old] == 2
    await register(ines, "Ines")
    for tab in tabs:
        await tab.until("me")
    new = f"session {session_name(session_key(ines))}"
    assert (site.runtime.sockets[new], old in site.runtime.sockets) == (2, False)
    for tab in tabs:
        await tab.leave()
    assert not site.runtime.sockets


async def test_a_registration_while_everybody_is_looked_up_closes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    look = identity.identities_of
    asked: list[Any] = []

    async def late(runtime: Any, keys: Any) -> Any:
        asked.append(keys)
        if len(asked) == 1:
            await register(ines, "Ines")
            await tab.until("me")
        return await look(runtime, keys)

    monkeypatch.setattr(identity, "identities_of", late)
    assert await is_open(site, tab)
    assert asked[1] == {session_key(ines)}


async def test_a_guest_may_take_another_name_when_registering(site: Site) -> None:
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    [bob] = await site.enter("bob")
    await site.tick(1)
    await register(ines, "Ines of the lamp")
    told = await tab.until("me")
    while told["me"]["guest"]:
        told = await tab.until("me")
    assert told["me"] == {"id": tab.id, "name": "Ines of the lamp", "guest": False}
    await site.tick(1)
    presence = await bob.first(lambda frame: frame["type"] == "presence" and bool(frame["renamed"]))
    assert presence["renamed"] == [{"person": told["me"], "from": "Ines"}]
    assert await (await site.visitor()).choose_name("Ines")


async def test_the_members_of_a_room_are_told_that_somebody_is_no_guest_any_more(site: Site) -> None:
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    [bob] = await site.enter("bob")
    await site.tick(1)
    await register(ines, "Ines")
    await tab.until("me")
    members = (await bob.ask("members", room=GENERAL))["members"]["people"]
    assert {"id": tab.id, "name": "Ines", "guest": False} in members
    await site.tick(1)
    await site.settle(bob)
    assert not [frame for frame in bob.heard("presence") if frame["renamed"]]


async def test_no_session_key_is_sent_through_the_channel_layer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    layer: Any = site.runtime.relay._layer
    group_send = layer.group_send

    async def listen(group: str, message: dict[str, Any]) -> None:
        sent.append(json.dumps(message))
        await group_send(group, message)

    monkeypatch.setattr(layer, "group_send", listen)
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    keys = [session_key(ines)]
    for deed in (register(ines, "Ines"), change_password(ines)):
        assert (await deed).status_code == 302
        keys.append(session_key(ines))
    await site.settle(tab)
    assert len(set(keys)) == 3
    assert [message for message in sent if "moved" in message]
    assert not [key for key in keys for message in sent if key in message]
    assert await is_open(site, tab)


async def test_a_registration_at_the_same_moment_as_a_logout_leaves_no_half_of_either(site: Site) -> None:
    ines = await site.visitor("Ines")
    tab = await ines.enter()
    await asyncio.gather(register(ines, "Ines"), ines.http.post("/logout/"))
    # A registration that came after the logout is a visitor's: somebody new has the name that was free.
    person = await Person.objects.aget(id=tab.id)
    assert (person.user_id is None) == (person.ended_at is not None)
    async for user in User.objects.all():
        owner = await Person.objects.aget(user=user)
        assert owner.ended_at is None
        assert await PersonNameKey.objects.filter(owner=owner).aexists()


# --- logging in -----------------------------------------------------------------------------------


async def test_logging_in_from_a_guests_browser_ends_the_guest(site: Site) -> None:
    await account(site, "alice")
    guest = await site.visitor("Ines")
    tabs = [await guest.enter(), await guest.open()]
    [bob] = await site.enter("bob")
    await site.tick(1)
    assert (await log_in(guest, "alice")).status_code == 302
    for tab in tabs:
        assert await tab.closed() == 4401
    assert (await me(guest))["name"] == "alice"
    assert (await guest.open()).me["name"] == "alice"
    await site.tick(1)
    left = await bob.first(lambda frame: frame["type"] == "presence" and bool(frame["left"]))
    assert [one["name"] for one in left["left"]] == ["Ines"]
    assert (await (await site.visitor()).choose_name("Ines"))["id"] != tabs[0].id


async def test_an_account_is_one_person_at_all_its_devices(site: Site) -> None:
    desk = await account(site, "alice")
    phone = await at_another_device(site, "alice")
    desk_tab, phone_tab = await desk.enter(), await phone.enter()
    assert (await desk_tab.join())["members"]["count"] == 1
    assert desk_tab.me == phone_tab.me
    await phone.choose_name("Alice the elder")
    for tab in (desk_tab, phone_tab):
        assert (await tab.until("me"))["me"]["name"] == "Alice the elder"
    assert (await log_in(await site.visitor(), "Alice the elder")).status_code == 302
    again = await log_in(await site.visitor(), "alice")
    assert again.status_code == 200


async def test_logging_in_as_somebody_else_leaves_the_session_there_was(site: Site) -> None:
    await account(site, "bob")
    alice = await account(site, "alice")
    elsewhere = await (await at_another_device(site, "alice")).enter()
    tab, old_key = await alice.enter(), session_key(alice)
    assert (await log_in(alice, "bob")).status_code == 302
    assert await tab.closed() == 4401
    assert (await me(alice))["name"] == "bob"
    assert not await Session.objects.filter(session_key=old_key).aexists()
    assert await is_open(site, elsewhere)


async def test_a_wrong_password_changes_nothing_for_a_guest(site: Site) -> None:
    await account(site, "alice")
    guest = await site.visitor("Ines")
    tab, key = await guest.enter(), session_key(guest)
    assert (await log_in(guest, "alice", "wrong")).status_code == 200
    assert session_key(guest) == key
    assert await is_open(site, tab)


@pytest.fixture
def hosts_login(settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a page of the host's own."""
    module = ModuleType("a_host")
    login_view = LoginView.as_view(template_name="admin/login.html", next_page="/")
    module.urlpatterns = [path("members/", login_view), *urls.urlpatterns]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_host", module)
    settings.ROOT_URLCONF = "a_host"
    return "/members/"


async def test_at_the_hosts_own_login_page_a_guest_becomes_the_account_of_a_user_who_is_nobody_here_yet(
    site: Site, hosts_login: str
) -> None:
    guest = await site.visitor("Ines")
    tab = await guest.enter()
    await User.objects.acreate_user("ines@school", password="of the host", is_staff=True)
    fields = {"username": "ines@school", "password": "of the host", "next": "/admin/"}
    assert (await guest.http.post(hosts_login, fields)).status_code == 302
    assert (await tab.until("me"))["me"] == {**guest.me, "guest": False}
    assert await is_open(site, tab)
    [connection] = site.runtime.live.values()
    assert connection.who.staff  # type: ignore[attr-defined]
    assert await me(guest) == {**guest.me, "guest": False}


async def test_at_the_hosts_own_login_page_a_guest_leaves_for_a_user_who_is_somebody_here(
    site: Site, hosts_login: str
) -> None:
    alice = await account(site, "alice")
    await User.objects.filter(chat_person__id=alice.me["id"]).aupdate(is_staff=True)
    guest = await site.visitor("Ines")
    tab = await guest.enter()
    username = (await user_of(alice.me["id"])).username
    fields = {"username": username, "password": "correct horse battery", "next": "/admin/"}
    assert (await guest.http.post(hosts_login, fields)).status_code == 302
    assert await tab.closed() == 4401
    assert await me(guest) == alice.me


async def test_a_user_of_the_host_who_comes_without_a_person_chooses_a_name_and_keeps_it(site: Site) -> None:
    user = await User.objects.acreate_user("carol@school", password="of the host")
    desk, phone = await site.visitor(), await site.visitor()
    for visitor in (desk, phone):
        await visitor.http.aforce_login(user)
        assert await me(visitor) is None
    chosen = await desk.choose_name("Carol")
    assert chosen["guest"] is False
    assert await me(phone) == await me(desk) == chosen
    tab = await phone.enter()
    assert tab.me == chosen
    assert (await phone.choose_name("Caroline"))["id"] == chosen["id"]
    room = await phone.make_channel("Pit crew")
    await tab.join(room)
    await site.work_done()
    assert (await phone.http.get("/")).headers["Location"] == "/c/pit-crew/"


# --- another password -----------------------------------------------------------------------------


async def test_another_password_ends_all_sessions_but_the_one_that_changed_it(site: Site) -> None:
    desk = await account(site, "alice")
    phone = await at_another_device(site, "alice")
    mine, theirs = [await desk.enter(), await desk.open()], await phone.enter()
    old_key = session_key(desk)
    assert (await change_password(desk)).status_code == 302
    assert await theirs.closed() == 4401
    assert await me(phone) is None
    assert (await phone.http.post("/channels/", {"name": "Pit crew"})).status_code == 403
    assert session_key(desk) != old_key
    assert await me(desk) == desk.me
    for tab in mine:
        assert await is_open(site, tab)
    await desk.http.post("/logout/")
    for tab in mine:
        assert await tab.closed() == 4401
    assert (await log_in(desk, "alice")).status_code == 200
    assert (await log_in(desk, "alice", OTHER_PASSWORD)).status_code == 302


async def test_a_wrong_present_password_ends_nothing(site: Site) -> None:
    desk = await account(site, "alice")
    tab = await (await at_another_device(site, "alice")).enter()
    assert (await change_password(desk, present="wrong")).status_code == 200
    assert await is_open(site, tab)
    assert (await log_in(await site.visitor(), "alice")).status_code == 302


async def test_a_password_that_the_host_changed_ends_all_sessions_within_half_a_minute(site: Site) -> None:
    alice = await account(site, "alice")
    [bob] = await site.enter("bob")
    tab = await alice.enter()
    hashed = make_password("of the host")
    await User.objects.filter(chat_person__id=alice.me["id"]).aupdate(password=hashed)
    assert await me(alice) is None
    socket = await alice.knock()
    assert (await socket.connect(20))[0]
    assert (await socket.receive_output(20))["code"] == 4401
    await site.pass_time(30)
    assert await tab.closed() == 4401
    await bob.say("still here")


async def test_somebody_whose_login_is_over_begins_anew_with_another_name(site: Site) -> None:
    alice = await account(site, "alice")
    old_key, old_id = session_key(alice), alice.me["id"]
    await User.objects.filter(chat_person__id=old_id).aupdate(password=make_password("of the host"))
    assert (await alice.http.post("/name/", {"name": "alice"})).status_code == 409
    alice.http.cookies["sessionid"] = old_key
    chosen = await alice.choose_name("somebody else")
    assert (chosen["guest"], chosen["id"] == old_id) == (True, False)
    assert session_key(alice) != old_key
    assert (await alice.open()).me == chosen


# --- the end of an account ------------------------------------------------------------------------


async def deactivate_in_the_admin(user: User) -> None:
    user.is_active = False
    await user.asave()


async def deactivate_in_the_database(user: User) -> None:
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)


async def delete_in_the_database(user: User) -> None:
    await User.objects.filter(pk=user.pk).adelete()


async def test_a_user_who_is_deactivated_leaves_at_once(site: Site) -> None:
    alice = await account(site, "alice")
    tabs = [await alice.enter(), await (await at_another_device(site, "alice")).enter()]
    [bob] = await site.enter("bob")
    await deactivate_in_the_admin(await user_of(alice.me["id"]))
    for tab in tabs:
        assert await tab.closed() == 4401
    await bob.say("still here")


@pytest.mark.parametrize("end", [deactivate_in_the_admin, deactivate_in_the_database, delete_in_the_database])
async def test_an_account_that_ends_is_nobody_over_http_and_over_a_socket(site: Site, end: Any) -> None:
    alice = await account(site, "alice")
    tab = await alice.enter()
    await end(await user_of(alice.me["id"]))
    await site.pass_time(30)
    assert await tab.closed() == 4401
    assert await me(alice) is None
    assert (await alice.http.post("/channels/", {"name": "Pit crew"})).status_code == 403
    assert (await log_in(await site.visitor(), "alice")).status_code == 200
    carol = await site.visitor()
    assert (await carol.http.post("/name/", {"name": "ALICE"})).status_code == 409


async def test_rights_that_staff_get_and_lose_reach_open_connections_within_half_a_minute(site: Site) -> None:
    alice = await account(site, "alice")
    await alice.enter()
    [connection] = site.runtime.live.values()
    for staff in (True, False):
        await User.objects.filter(chat_person__id=alice.me["id"]).aupdate(is_staff=staff)
        await site.pass_time(31)
        assert connection.who.staff is staff  # type: ignore[attr-defined]


# --- sessions that are kept elsewhere -------------------------------------------------------------


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file"])
async def test_accounts_work_with_other_session_engines(
    site: Site, settings: Any, engine: str, tmp_path: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = tmp_path
    desk = await site.visitor("alice")
    tab = await desk.enter()
    await register(desk, "alice")
    await tab.until("me")
    phone_tab = await (await at_another_device(site, "alice")).enter()
    assert await is_open(site, tab)
    assert (await change_password(desk)).status_code == 302
    assert await phone_tab.closed() == 4401
    assert await is_open(site, tab)
    await desk.http.post("/logout/")
    assert await tab.closed() == 4401


async def test_of_many_sessions_each_keeps_its_own_person(site: Site) -> None:
    """A look at everybody at once mixes nobody up."""
    visitors: list[Visitor] = []
    for number in range(6):
        name = f"Person {number}"
        visitors.append(await (account(site, name) if number % 2 else site.visitor(name)))
    tabs = [await one.open() for one in visitors]
    await site.pass_time(31)
    assert not [tab for tab in tabs if tab.over]
    assert [(await one.open()).me for one in visitors] == [one.me for one in visitors]

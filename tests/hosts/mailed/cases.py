"""A host where people register and log in with their e-mail address, and a chat that knows nothing of it."""

from typing import Any

import pytest
from accounts import me
from django.contrib.auth import get_user_model
from people import GENERAL, Site, Visitor

from chat.models import DirectChat, Message, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]

PASSWORD = "correct horse battery"


async def register(visitor: Visitor, email: str) -> None:
    """On the host's page."""
    fields = {"email": email, "password": PASSWORD, "born": "1990-01-31"}
    assert (await visitor.http.post("/members/register/", fields)).status_code == 302


async def log_in(visitor: Visitor, email: str, password: str = PASSWORD) -> Any:
    return await visitor.http.post("/members/login/", {"username": email, "password": password})


async def member(site: Site, email: str, name: str) -> Visitor:
    """Somebody who registered at the host and chose a name in the chat."""
    visitor = await site.visitor()
    await register(visitor, email)
    await visitor.choose_name(name)
    return visitor


async def test_a_user_without_a_person_chooses_a_name_at_the_first_visit_and_keeps_it(site: Site) -> None:
    desk = await site.visitor()
    await register(desk, "ann@example.org")
    page = await desk.http.get("/c/general-talk/")
    assert (page.status_code, page.context["me"]) == (200, None)
    chosen = await desk.choose_name("Ann")
    assert chosen["guest"] is False
    user = await get_user_model().objects.aget(email="ann@example.org")
    assert (await Person.objects.aget(id=chosen["id"])).user_id == user.pk
    phone = await site.visitor()
    assert (await log_in(phone, "ann@example.org")).status_code == 302
    assert await me(phone) == chosen
    assert (await phone.open()).me == chosen


async def test_a_wrong_password_at_the_host_is_nobody_in_the_chat(site: Site) -> None:
    await member(site, "ann@example.org", "Ann")
    stranger = await site.visitor()
    assert (await log_in(stranger, "ann@example.org", "not the one")).context["form"].errors
    assert await me(stranger) is None


async def test_a_guest_who_registers_at_the_host_keeps_the_name_the_messages_and_the_socket(
    site: Site,
) -> None:
    guest = await site.visitor("Ines")
    tab = await guest.enter()
    said = await tab.say("as a guest")
    await register(guest, "ines@example.org")
    assert (await tab.until("me"))["me"] == {**guest.me, "guest": False}
    assert (await tab.say("as an account"))["n"] == said["n"] + 1
    assert await me(guest) == {**guest.me, "guest": False}


async def test_a_name_that_somebody_has_is_not_claimed_again(site: Site) -> None:
    await member(site, "ann@example.org", "Ann")
    other = await site.visitor()
    await register(other, "anna@example.org")
    for taken in ("Ann", "ann", "Ａｎｎ"):
        response = await other.http.post("/name/", {"name": taken})
        assert (response.status_code, response.json()["error"]["code"]) == (409, "name_taken")
    assert (await other.choose_name("Anna"))["guest"] is False


async def test_two_of_them_have_a_personal_chat_that_is_kept(site: Site) -> None:
    ann, bob = [await (await member(site, f"{name}@example.org", name)).open() for name in ("Ann", "Bob")]
    [found] = (await ann.ask("people", query="bo", limit=10))["people"]
    assert found == bob.me
    room = await ann.direct(bob.id)
    await ann.say("between us", room)
    await site.tick(1)
    shown = await bob.until("channel")
    assert (shown["channel"]["name"], shown["state"]["unread"]) == ("Ann", 1)
    assert (await bob.join(room))["messages"][0]["body"] == "between us"
    chat = await DirectChat.objects.aget()
    assert {chat.first_id, chat.second_id} == {ann.id, bob.id}
    assert await Message.objects.acount() == 1


async def test_a_logout_a_new_password_and_a_deactivation_end_sockets(site: Site) -> None:
    for number, end in enumerate(("logout", "password", "deactivation")):
        visitor = await member(site, f"ann{number}@example.org", f"Ann {number}")
        tab = await visitor.enter()
        user = await get_user_model().objects.aget(email=f"ann{number}@example.org")
        if end == "logout":
            await visitor.http.post("/logout/")
        elif end == "password":
            user.set_password("another one")
            await user.asave()
            await site.tick(30)
        else:
            user.is_active = False
            await user.asave()
        assert await tab.closed() == 4401
        assert await me(visitor) is None


async def test_staff_see_the_people_in_the_admin_and_log_one_out(site: Site) -> None:
    ann = await member(site, "ann@example.org", "Ann")
    tab = await ann.enter()
    root = await site.visitor()
    await get_user_model().objects.acreate(email="root@example.org", born="1980-01-01", is_staff=True)
    user = await get_user_model().objects.aget(email="root@example.org")
    user.set_password(PASSWORD)
    user.is_superuser = True
    await user.asave()
    fields = {"username": "root@example.org", "password": PASSWORD, "next": "/admin/chat/person/"}
    assert (await root.http.post("/members/login/", fields)).status_code == 302
    listed = (await root.http.get("/admin/chat/person/")).content.decode()
    assert "Ann" in listed
    assert "1 connection" in listed
    one = f"/admin/chat/person/{ann.me['id'].replace('_', '_5F')}"
    shown = (await root.http.get(f"{one}/change/")).content.decode()
    assert "ann@example.org" in shown
    assert (await root.http.post(f"{one}/end/")).status_code == 302
    assert await tab.closed() == 4401
    assert await me(ann) is None


async def test_the_chat_has_no_account_pages_of_its_own(site: Site) -> None:
    visitor = await site.visitor()
    for page in ("register", "login", "password"):
        assert (await visitor.http.get(f"/account/{page}/")).status_code == 404
    assert GENERAL in (await (await site.visitor("Zoe")).open()).welcome["rooms"][0]["room"]

"""A host whose users the chat's own pages make: another key, another field for the name, never inactive."""

from uuid import UUID

import pytest
from accounts import account, at_another_device, change_password, log_in, me, register
from django.contrib.auth import get_user_model
from people import Site

from chat.models import DirectChat, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]


async def test_a_visitor_registers_logs_out_and_logs_in_again(site: Site) -> None:
    desk = await account(site, "Ann")
    user = await get_user_model().objects.aget()
    assert isinstance(user.pk, UUID)
    assert user.handle == desk.me["id"]
    assert (await Person.objects.aget(id=desk.me["id"])).user_id == user.pk
    await desk.http.post("/logout/")
    assert await me(desk) is None
    assert (await log_in(desk, "Ann", "not the one")).status_code == 200
    assert await me(desk) is None
    assert (await log_in(desk, "ann")).status_code == 302
    assert await me(desk) == desk.me


async def test_a_guest_registers_in_place(site: Site) -> None:
    guest = await site.visitor("Ines")
    tab = await guest.enter()
    assert (await register(guest, "Ines")).status_code == 302
    assert (await tab.until("me"))["me"] == {**guest.me, "guest": False}
    assert (await tab.say("still here"))["n"] == 1


async def test_a_name_that_an_account_has_is_not_claimed_again(site: Site) -> None:
    await account(site, "Ann")
    other = await site.visitor()
    assert (await register(other, "Аnn")).status_code == 200
    assert (await other.http.post("/name/", {"name": "ＡＮＮ"})).status_code == 409
    assert await get_user_model().objects.acount() == 1


async def test_another_password_ends_the_other_devices(site: Site) -> None:
    desk = await account(site, "Ann")
    phone = await at_another_device(site, "Ann")
    here, there = await desk.enter(), await phone.enter()
    assert (await change_password(desk)).status_code == 302
    assert await there.closed() == 4401
    assert (await here.say("still here"))["n"] == 1


async def test_two_of_them_have_a_personal_chat(site: Site) -> None:
    ann, bob = [await (await account(site, name)).open() for name in ("Ann", "Bob")]
    assert (await ann.ask("people", query="BO", limit=10))["people"] == [bob.me]
    room = await ann.direct(bob.id)
    await bob.say("between us", room)
    assert (await ann.rooms())[room]["unread"] == 1
    chat = await DirectChat.objects.aget()
    assert {chat.first_id, chat.second_id} == {ann.id, bob.id}


async def test_staff_see_the_people_in_the_admin(site: Site) -> None:
    await account(site, "Ann")
    root = await account(site, "Root of all")
    await get_user_model().objects.filter(handle=root.me["id"]).aupdate(is_staff=True, is_superuser=True)
    listed = (await root.http.get("/admin/chat/person/?kind=account")).content.decode()
    assert "Ann" in listed
    assert "Root of all" in listed

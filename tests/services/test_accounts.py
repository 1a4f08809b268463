"""Whose session it is when accounts are among them, and what several do at once."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from accounts import PASSWORD, account, at_another_device, change_password, log_in, me, register, session_key
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest
from people import Site, Visitor

from chat.errors import Forbidden, NameTaken
from chat.models import Person, PersonNameKey
from chat.services import accounts, moderation, people, threads
from chat.services import identity as identities

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]


class HouseBackend(ModelBackend):
    """A host's own."""


HOUSE = f"{__name__}.HouseBackend"


async def identity(visitor: Visitor) -> identities.Identity | None:
    [who] = await sync_to_async(identities.identify)([session_key(visitor)])
    return who


async def tamper(visitor: Visitor, **data: Any) -> None:
    """What stands in a session is another thing now."""
    session = SessionStore(session_key(visitor))
    for key, value in data.items():
        await session.aset(key, value)
    await session.asave()


# --- whose session it is --------------------------------------------------------------------------


def test_guests_and_accounts_are_found_in_one_visit_of_three_queries(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    keys, expected = [], []
    for number in range(6):
        user = User.objects.create_user(f"user {number}", is_staff=number == 4) if number % 2 == 0 else None
        person = Person.objects.create(name=f"Person {number}", user=user)
        session = SessionStore()
        session[identities.PERSON_KEY] = person.pk
        session[identities.CHANNEL_KEY] = "pit-crew"
        if user is not None:
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        keys.append(session.session_key or "")
        expected.append((person.author, number == 4, "pit-crew"))
    with django_assert_num_queries(3):
        found = identities.identify([*keys, "no session"])
    assert found.pop() is None
    assert [(who.author, who.staff, who.last_channel) for who in found if who] == expected


async def test_a_guest_is_no_staff_and_an_account_is_what_the_host_says(site: Site) -> None:
    ines, alice = await site.visitor("Ines"), await account(site, "alice")
    await User.objects.aupdate(is_staff=True)
    who, other = await identity(ines), await identity(alice)
    assert who is not None
    assert other is not None
    assert (who.staff, who.author.guest) == (False, True)
    assert (other.staff, other.author.guest) == (True, False)


@pytest.mark.parametrize(
    "data",
    [
        {HASH_SESSION_KEY: ""},
        {HASH_SESSION_KEY: "0" * 64},
        {BACKEND_SESSION_KEY: "elsewhere.Backend"},
        {SESSION_KEY: "0"},
        {SESSION_KEY: "no number"},
        {SESSION_KEY: None},
    ],
)
async def test_a_session_whose_login_does_not_hold_is_nobodys(site: Site, data: dict[str, Any]) -> None:
    alice = await account(site, "alice")
    await tamper(alice, **data)
    assert await identity(alice) is None
    assert await me(alice) is None


async def test_a_session_with_a_login_is_the_accounts_whatever_else_it_says(site: Site) -> None:
    alice, bob = await account(site, "alice"), await account(site, "bob")
    guest = await site.visitor("guest")
    for other in (bob, guest):
        await tamper(alice, **{identities.PERSON_KEY: other.me["id"]})
        who = await identity(alice)
        assert who is not None
        assert who.author.id == alice.me["id"]


async def test_an_accounts_id_in_a_session_without_a_login_is_nothing(site: Site) -> None:
    alice, guest = await account(site, "alice"), await site.visitor("guest")
    await tamper(guest, **{identities.PERSON_KEY: alice.me["id"]})
    assert await identity(guest) is None


async def test_a_session_outlives_a_new_secret_key_while_the_old_one_is_a_fallback(
    site: Site, settings: Any
) -> None:
    """The hash of a login is made with the secret; sessions in the database are signed with it too."""
    alice = await account(site, "alice")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one, long enough to be taken for a secret by whoever looks"
    assert await me(alice) == alice.me


async def test_a_hosts_own_backend_lets_its_accounts_in(site: Site, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [HOUSE, "django.contrib.auth.backends.ModelBackend"]
    alice = await account(site, "alice")
    session = SessionStore(session_key(alice))
    assert await session.aget(BACKEND_SESSION_KEY) == HOUSE
    assert await me(await at_another_device(site, "alice")) == alice.me


# --- several at once ------------------------------------------------------------------------------


async def test_of_ten_who_register_with_one_name_at_once_one_gets_it_and_no_user_is_left_over(
    site: Site,
) -> None:
    visitors = [await site.visitor() for _ in range(10)]

    async def claim(visitor: Visitor) -> int:
        async with ThreadSensitiveContext():
            return int((await register(visitor, "Oskar")).status_code)

    statuses = await asyncio.gather(*map(claim, visitors))
    assert Counter(statuses) == {302: 1, 200: 9}
    assert (await User.objects.acount(), await Person.objects.acount()) == (1, 1)


async def test_a_guest_who_registers_in_two_tabs_at_once_has_one_account(site: Site) -> None:
    ines = await site.visitor("Ines")
    twin = await site.visitor()
    twin.http.cookies["sessionid"] = session_key(ines)

    async def attempt(visitor: Visitor) -> int:
        async with ThreadSensitiveContext():
            return int((await register(visitor, "Ines")).status_code)

    statuses = await asyncio.gather(attempt(ines), attempt(twin))
    assert statuses.count(302) == 1
    assert await User.objects.acount() == 1
    person = await Person.objects.aget()
    assert (person.pk, person.user_id is None) == (ines.me["id"], False)


async def request_of(visitor: Visitor) -> HttpRequest:
    request = HttpRequest()
    request.session = SessionStore(session_key(visitor))
    return request


async def test_who_is_an_account_already_cannot_register_again(site: Site) -> None:
    ines = await site.visitor("Ines")
    before = await identity(ines)
    stale = await request_of(ines)
    await register(ines, "Ines")
    with pytest.raises(Forbidden):
        await accounts.register(site.runtime, before, "address", stale, "Ines", PASSWORD)
    assert await User.objects.acount() == 1


async def test_a_guest_who_logged_out_in_another_tab_does_not_register(site: Site) -> None:
    ines = await site.visitor("Ines")
    before, stale = await identity(ines), await request_of(ines)
    await ines.http.post("/logout/")
    with pytest.raises(Forbidden):
        await accounts.register(site.runtime, before, "address", stale, "Ines", PASSWORD)
    assert not await User.objects.aexists()
    await (await site.visitor()).choose_name("Ines")


async def test_a_logout_that_a_registration_overtook_leaves_the_account_its_name(site: Site) -> None:
    ines = await site.visitor("Ines")
    before = await identity(ines)
    await register(ines, "Ines")
    await people.log_out(site.runtime, before, SessionStore())
    assert await PersonNameKey.objects.filter(owner_id=ines.me["id"]).aexists()
    assert (await log_in(await site.visitor(), "Ines")).status_code == 302


# --- the host's logins ----------------------------------------------------------------------------


async def test_a_login_without_a_request_or_a_session_is_the_hosts_alone(site: Site) -> None:
    user = await User.objects.acreate_user("root@school")
    for request in (None, HttpRequest()):
        await user_logged_in.asend(sender=User, request=request, user=user)
    assert not await Person.objects.aexists()


async def test_a_login_of_somebody_who_was_never_in_the_chat_leaves_the_session_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await User.objects.acreate_user("root@school")
    request = HttpRequest()
    request.session = SessionStore()

    def fail(*_: object, **__: object) -> None:
        raise NameTaken("the session was saved")

    monkeypatch.setattr(SessionStore, "save", fail)
    await user_logged_in.asend(sender=User, request=request, user=user)
    assert not request.session.modified


async def test_a_person_who_left_is_not_in_the_session_of_who_logs_in(site: Site) -> None:
    ines = await site.visitor("Ines")
    await Person.objects.aupdate(ended_at="2020-01-01T00:00:00Z")
    await User.objects.acreate_user("root@school", password=PASSWORD)
    await log_in(ines, "root@school")
    session = SessionStore(session_key(ines))
    assert await session.aget(identities.PERSON_KEY) is None
    assert await session.aget(SESSION_KEY) is not None
    assert await me(ines) is None


async def test_a_login_stands_when_nobody_can_be_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await account(site, "alice")
    guest = await site.visitor("Ines")
    tab = await guest.enter()

    def fail(*_: object) -> None:
        raise ConnectionError("no way to the chat")

    with monkeypatch.context() as patch:
        patch.setattr(threads, "in_chat", fail)
        assert (await log_in(guest, "alice")).status_code == 302
    assert (await me(guest))["name"] == "alice"
    assert "no way to the chat" in caplog.text
    await site.pass_time(31)
    assert await tab.closed() == 4401


async def test_staff_end_a_session_in_which_a_user_was_nobody_yet(site: Site) -> None:
    user = await User.objects.acreate_user("carol@school", password=PASSWORD)
    desk, phone = await site.visitor(), await site.visitor()
    for visitor in (desk, phone):
        await visitor.http.aforce_login(user)
    await desk.choose_name("Carol")
    assert await me(phone) == desk.me
    await sync_to_async(moderation.end_sessions)("root", desk.me["id"])
    assert await me(phone) is await me(desk) is None
    assert await PersonNameKey.objects.filter(owner_id=desk.me["id"]).aexists()


async def test_an_end_that_is_taken_back_closes_nothing(site: Site) -> None:
    alice = await account(site, "alice")
    tab = await alice.enter()

    def undecided() -> None:
        user = User.objects.get()
        user.is_active = False
        with transaction.atomic():
            user.save()
            transaction.set_rollback(True)

    await sync_to_async(undecided)()
    await site.settle(tab)
    assert not tab.over
    assert (await change_password(alice)).status_code == 302

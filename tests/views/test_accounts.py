"""The account pages over HTTP: what they take, what they refuse, and what nobody can learn from them."""

import asyncio
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    account,
    at_another_device,
    change_password,
    log_in,
    me,
    register,
    session_key,
)
from asgiref.sync import ThreadSensitiveContext
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.models import Session
from django.test import AsyncClient
from people import ORIGIN, Site

from chat.models import Person
from chat.services import accounts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]

REGISTER, LOGIN, PASSWORD_PAGE = "/account/register/", "/account/login/", "/account/password/"
PAGES = [REGISTER, LOGIN, PASSWORD_PAGE]
NO_MATCH = "Name and password do not go together."


def problems(response: Any) -> dict[str, list[str]]:
    """What the form says is wrong, by field; ``__all__`` above it."""
    assert response.status_code in (200, 403, 429), response
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


# --- logging in -----------------------------------------------------------------------------------


async def test_a_wrong_password_logs_nobody_in(site: Site) -> None:
    """The page with the error is the answer, and nothing comes after it."""
    await account(site, "alice")
    stranger = await site.visitor()
    for wrong in ("", "x", PASSWORD + "!", PASSWORD.upper(), f" {PASSWORD}", OTHER_PASSWORD):
        response = await log_in(stranger, "alice", wrong)
        assert response.status_code in (200, 429)
        assert "sessionid" not in response.cookies
        assert await me(stranger) is None
        site.clock.advance(60)


async def test_the_right_password_logs_in_and_leads_to_the_chat(site: Site) -> None:
    alice = await account(site, "alice")
    phone = await site.visitor()
    response = await log_in(phone, "alice")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert await me(phone) == alice.me


@pytest.mark.parametrize("spelling", ["Oskar", "oskar", " OSKAR ", "Ｏｓｋａｒ", "0skar"])
async def test_people_log_in_with_what_looks_like_their_name(site: Site, spelling: str) -> None:
    oskar = await account(site, "Oskar")
    assert (await at_another_device(site, spelling)).me == oskar.me


async def test_of_two_names_that_one_spelling_looks_like_the_one_that_is_spelt_so_logs_in(site: Site) -> None:
    ian, lan = await account(site, "ian"), await account(site, "lan")
    assert (await at_another_device(site, "ian")).me == ian.me
    assert (await at_another_device(site, "lan")).me == lan.me
    assert (await at_another_device(site, "Ian")).me == ian.me


async def test_people_log_in_with_the_name_they_have_now(site: Site) -> None:
    ann = await account(site, "Ann")
    await ann.choose_name("Anna")
    stranger = await site.visitor()
    assert problems(await log_in(stranger, "Ann")) == {"__all__": [NO_MATCH]}
    assert (await log_in(stranger, "Anna")).status_code == 302
    other = await account(site, "Ann")
    assert (await at_another_device(site, "Ann")).me == other.me


async def test_a_user_of_the_host_logs_in_with_the_name_the_host_knows(site: Site) -> None:
    await User.objects.acreate_superuser("root@school", password=PASSWORD)
    root = await site.visitor()
    assert (await log_in(root, "root@school")).status_code == 302
    assert await me(root) is None
    assert (await root.choose_name("Boss"))["guest"] is False
    assert await me(await at_another_device(site, "Boss")) == root.me


async def test_the_answer_does_not_tell_why_a_login_was_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in its words nor in its work: one look at a password, whoever is asked for."""
    await account(site, "alice")
    closed = await account(site, "closed")
    await User.objects.filter(chat_person__id=closed.me["id"]).aupdate(is_active=False)
    await site.visitor("guest")
    looks: list[str] = []
    encode = MD5PasswordHasher.encode

    def look(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        looks.append(password)
        return str(encode(hasher, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", look)
    answers, work = set(), set()
    for name in ("alice", "closed", "guest", "nobody", "admin", "root", "a\u200bb", "x" * 254):
        looks.clear()
        stranger = await site.visitor()
        response = await log_in(stranger, name, "wrong")
        html = re.sub(
            r'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"', "", response.content.decode()
        )
        answers.add((response.status_code, html.replace(f'value="{name}"', "")))
        work.add(tuple(looks))
    assert len(answers) == 1
    assert work == {("wrong",)}
    assert NO_MATCH in answers.pop()[1]


async def test_a_closed_account_cannot_log_in_with_its_password(site: Site) -> None:
    alice = await account(site, "alice")
    await User.objects.filter(chat_person__id=alice.me["id"]).aupdate(is_active=False)
    assert problems(await log_in(await site.visitor(), "alice")) == {"__all__": [NO_MATCH]}


async def test_the_key_of_the_session_changes_at_login_and_the_old_one_is_nobodys(site: Site) -> None:
    await account(site, "alice")
    planted = await site.visitor("Mallory")
    old = session_key(planted)
    await log_in(planted, "alice")
    assert session_key(planted) != old
    thief = await site.visitor()
    thief.http.cookies["sessionid"] = old
    assert await me(thief) is None
    assert not await Session.objects.filter(session_key=old).aexists()


async def test_who_is_logged_in_has_nothing_to_do_on_these_pages(site: Site) -> None:
    alice = await account(site, "alice")
    for path in (REGISTER, LOGIN):
        response = await alice.http.get(path)
        assert (response.status_code, response.headers["Location"]) == (302, "/")
    response = await register(alice, "somebody else")
    assert (response.status_code, await User.objects.acount()) == (302, 1)
    assert await me(alice) == alice.me


# --- how often ------------------------------------------------------------------------------------


async def test_five_attempts_a_minute_are_looked_at_and_then_not_even_the_right_one(site: Site) -> None:
    await account(site, "alice")
    await account(site, "bob")
    stranger = await site.visitor()
    for _ in range(5):
        assert (await log_in(stranger, "alice", "wrong")).status_code == 200
    for spelling in ("alice", "ALICE", "Alice"):
        response = await log_in(stranger, spelling)
        assert (response.status_code, response.headers["Retry-After"]) == (429, "12")
        assert problems(response) == {"__all__": ["That was too fast. Wait a moment."]}
    assert (await log_in(stranger, "bob")).status_code == 302
    site.clock.advance(12)
    assert (await log_in(stranger, "alice")).status_code == 302


async def test_an_accounts_id_is_no_second_way_past_the_bound(site: Site) -> None:
    """It is the username of who registered here, and everybody can see it."""
    alice = await account(site, "alice")
    stranger = await site.visitor()
    for _ in range(5):
        assert (await log_in(stranger, "alice", "wrong")).status_code == 200
    assert (await log_in(stranger, alice.me["id"], "wrong")).status_code == 429


@pytest.mark.parametrize("method", ["get", "post"])
async def test_the_admin_is_entered_by_the_page_that_bounds_attempts(site: Site, method: str) -> None:
    alice = await account(site, "alice")
    ask = getattr((await site.visitor()).http, method)
    response = await ask("/admin/login/?next=/admin/chat/")
    assert (response.status_code, response.headers["Location"]) == (302, f"{LOGIN}?next=/admin/chat/")
    # Who is logged in and not staff is told so, not sent round in circles.
    assert (await alice.http.get("/admin/login/")).status_code == 403
    await User.objects.filter(chat_person__id=alice.me["id"]).aupdate(is_staff=True)
    response = await alice.http.get("/admin/login/")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


async def test_nobody_locks_staff_out_who_takes_their_username_as_a_name(site: Site) -> None:
    await User.objects.acreate_superuser("joe", "joe@example.org", "of all the keys")
    joe = await account(site, "joe")
    staff = await site.visitor()
    assert (await log_in(staff, "joe", "of all the keys")).status_code == 302
    assert (await staff.http.get("/admin/")).status_code == 200
    namesake = await at_another_device(site, "joe")
    assert await me(namesake) == joe.me
    assert (await log_in(await site.visitor(), "joe", "wrong")).status_code == 200


async def test_attempts_that_come_at_once_are_counted_before_the_password_is_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account(site, "alice")
    looked_at = 0

    def refuse(*_: Any, **__: Any) -> None:
        nonlocal looked_at
        looked_at += 1

    monkeypatch.setattr(accounts, "authenticate", refuse)

    async def attempt() -> int:
        async with ThreadSensitiveContext():
            stranger = await site.visitor()
            return int((await log_in(stranger, "alice", "wrong")).status_code)

    statuses = await asyncio.gather(*(attempt() for _ in range(20)))
    assert (looked_at, statuses.count(200), statuses.count(429)) == (5, 5, 15)


async def test_logins_that_succeed_are_not_counted(site: Site) -> None:
    await account(site, "alice")
    for _ in range(7):
        await at_another_device(site, "alice")


async def test_an_address_has_a_bound_over_all_names(site: Site, limits: Callable[..., None]) -> None:
    limits(name_attempt=(1, 60, 3))
    stranger = await site.visitor()
    statuses = [(await log_in(stranger, f"name {number}", "x")).status_code for number in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_a_forged_address_changes_no_rate(site: Site) -> None:
    await account(site, "alice")
    stranger = await site.visitor()
    statuses = []
    for number in range(7):
        forged = f"192.0.2.{number}"
        headers = {"X-Forwarded-For": forged, "X-Real-IP": forged, "Forwarded": f"for={forged}"}
        fields = {"name": "alice", "password": "wrong"}
        statuses.append((await stranger.http.post(LOGIN, fields, headers=headers)).status_code)
    assert statuses == [200] * 5 + [429] * 2


async def test_behind_a_trusted_proxy_each_client_has_its_own_rate(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "TRUSTED_PROXIES": 1}
    await account(site, "alice")
    stranger = await site.visitor()

    async def status(client: str) -> int:
        fields = {"name": "alice", "password": "wrong"}
        headers = {"X-Forwarded-For": client}
        return int((await stranger.http.post(LOGIN, fields, headers=headers)).status_code)

    assert [await status("192.0.2.1") for _ in range(6)] == [200] * 5 + [429]
    assert await status("192.0.2.2") == 200
    assert await status("192.0.2.2, 192.0.2.1") == 429


async def test_accounts_from_an_address_are_as_many_as_new_names(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(name_new=(1, 60, 2))
    statuses = [(await register(await site.visitor(), f"Person {number}")).status_code for number in range(3)]
    assert statuses == [302, 302, 429]
    assert await User.objects.acount() == 2


async def test_a_password_cannot_be_guessed_on_the_page_that_changes_it(site: Site) -> None:
    alice = await account(site, "alice")
    for _ in range(5):
        response = await change_password(alice, present="wrong")
        assert problems(response) == {"present": ["That is not your present password."]}
    assert (await change_password(alice)).status_code == 429
    site.clock.advance(12)
    assert (await change_password(alice)).status_code == 302


# --- registering ----------------------------------------------------------------------------------


async def test_a_visitor_registers_and_is_in_the_chat(site: Site) -> None:
    carol = await site.visitor()
    response = await register(carol, "  Carol   of the Lamp ")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    person = await me(carol)
    assert (person["name"], person["guest"]) == ("Carol of the Lamp", False)
    assert (await carol.open()).me == person


async def test_an_account_s_own_user_name_says_nothing_and_its_password_is_hashed(site: Site) -> None:
    alice = await account(site, "alice")
    user = await User.objects.aget()
    assert user.username == alice.me["id"]
    assert PASSWORD not in user.password
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)


async def test_a_guest_finds_the_name_in_the_form_and_is_told_that_it_stays(site: Site) -> None:
    ines = await site.visitor("Ines")
    html = (await ines.http.get(REGISTER)).content.decode()
    assert 'value="Ines"' in html
    assert "Yours already. It stays with you." in html
    assert "Yours already" not in (await (await site.visitor()).http.get(REGISTER)).content.decode()


REFUSED = {
    "no name": ({"name": ""}, "name", "This field is required."),
    "a reserved name": ({"name": "admin"}, "name", "“admin” is kept for the site. Choose another."),
    "unseen letters": (
        {"name": "a\u200bb"},
        "name",
        "That name has a character in it that cannot be shown. Leave it out.",
    ),
    "a long name": ({"name": "x" * 33}, "name", "A name has at most 32 characters."),
    "a name without end": (
        {"name": "x" * 300},
        "name",
        "Ensure this value has at most 254 characters (it has 300).",
    ),
    "a null": ({"name": "a\0b"}, "name", "Null characters are not allowed."),
    "a taken name": ({"name": "OSKAR"}, "name", "“OSKAR” is taken."),
    "a guest's name": ({"name": "Guest of honour"}, "name", "“Guest of honour” is taken."),
    "no password": ({"password": "", "again": PASSWORD}, "password", "This field is required."),
    "one password": ({"again": ""}, "again", "This field is required."),
    "another password": ({"again": PASSWORD.upper()}, "again", "The two passwords are not the same."),
    "a short password": (
        {"password": "q8x!fj3Ab", "again": "q8x!fj3Ab"},
        "password",
        "This password is too short. It must contain at least 10 characters.",
    ),
    "a common password": (
        {"password": "qwertyuiop", "again": "qwertyuiop"},
        "password",
        "This password is too common.",
    ),
    "digits": (
        {"password": "8461529730", "again": "8461529730"},
        "password",
        "This password is entirely numeric.",
    ),
    "the name again": (
        {"name": "Bartholomew", "password": "bartholomew1", "again": "bartholomew1"},
        "password",
        "The password is too similar to the username.",
    ),
}


@pytest.mark.parametrize(("fields", "field", "words"), REFUSED.values(), ids=REFUSED)
async def test_what_is_wrong_with_a_registration_is_said_at_the_field_and_nothing_is_kept(
    site: Site, fields: dict[str, str], field: str, words: str
) -> None:
    await account(site, "Oskar")
    await site.visitor("Guest of honour")
    carol = await site.visitor()
    response = await register(carol, **{"name": "Carol", **fields})
    assert problems(response) == {field: [words]}
    assert (await User.objects.acount(), await Person.objects.acount()) == (1, 2)
    assert await me(carol) is None
    html = response.content.decode()
    assert f'id="id_{field}_help"' in html
    tag = next(tag for tag in inputs(html) if tag.get("name") == field)
    assert tag["aria-invalid"] == "true"
    assert tag["aria-describedby"] == f"id_{field}_help"
    assert "autofocus" in tag
    assert PASSWORD not in html


async def test_a_refused_registration_leaves_the_guest_a_guest(site: Site) -> None:
    await account(site, "Oskar")
    ines = await site.visitor("Ines")
    key = session_key(ines)
    assert problems(await register(ines, "oskar")) == {"name": ["“oskar” is taken."]}
    assert await me(ines) == ines.me
    assert session_key(ines) == key


async def test_the_name_of_an_account_is_taken_for_good(site: Site) -> None:
    oskar = await account(site, "Oskar")
    await Person.objects.filter(id=oskar.me["id"]).aupdate(seen_at="2020-01-01T00:00:00Z")
    await oskar.http.post("/logout/")
    carol = await site.visitor()
    for name in ("Oskar", "0skar", "ｏｓｋａｒ"):
        check = (await carol.http.get("/name/check/", {"name": name})).json()
        assert (check["available"], check["code"]) == (False, "name_taken")
        assert (await carol.http.post("/name/", {"name": name})).status_code == 409


# --- another password -----------------------------------------------------------------------------


async def test_a_new_password_is_judged_as_the_first_one(site: Site) -> None:
    alice = await account(site, "Bartholomew")
    for new, words in (
        ("short", "This password is too short. It must contain at least 10 characters."),
        ("bartholomew1", "The password is too similar to the username."),
    ):
        assert problems(await change_password(alice, new=new)) == {"password": [words]}
    assert (await log_in(await site.visitor(), "Bartholomew")).status_code == 302


@pytest.mark.parametrize("name", ["", "Ines"])
async def test_who_has_no_account_is_sent_to_log_in_first(site: Site, name: str) -> None:
    visitor = await site.visitor(name)
    for response in (await visitor.http.get(PASSWORD_PAGE), await change_password(visitor)):
        assert response.headers["Location"] == f"{LOGIN}?next={PASSWORD_PAGE}"


async def test_a_user_of_the_host_without_a_name_can_change_the_password(site: Site) -> None:
    await User.objects.acreate_user("root@school", password=PASSWORD)
    root = await site.visitor()
    await log_in(root, "root@school")
    assert (await change_password(root)).status_code == 302
    assert (await log_in(await site.visitor(), "root@school", OTHER_PASSWORD)).status_code == 302


# --- where to from here ---------------------------------------------------------------------------

ELSEWHERE = [
    *("//evil", "//evil.example/x", "///evil", "/\\evil", "\\\\evil", "http:evil", "http:///evil"),
    *("https://evil.example/", "https://testserver.evil.example/", "http://testserver@evil.example/"),
    *("javascript:alert(1)", "data:text/html,x", "ftp://testserver/", "/\t/evil", " //evil", "\x00//evil"),
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_nobody_is_led_off_the_site(site: Site, address: str) -> None:
    await account(site, "alice")
    for way in (log_in, register):
        response = await way(await site.visitor(), "alice" if way is log_in else "bob", next=address)
        assert response.headers["Location"] == "/"
    page = await (await site.visitor()).http.get(LOGIN, {"next": address})
    assert 'name="next"' not in page.content.decode()


async def test_a_page_of_the_site_is_gone_on_to(site: Site) -> None:
    await account(site, "alice")
    stranger = await site.visitor()
    page = await stranger.http.get(LOGIN, {"next": "/c/general-talk/?a=1&b=2"})
    assert 'name="next" value="/c/general-talk/?a=1&amp;b=2"' in page.content.decode()
    response = await log_in(stranger, "alice", next="/c/general-talk/?a=1&b=2")
    assert response.headers["Location"] == "/c/general-talk/?a=1&b=2"


# --- logging out ----------------------------------------------------------------------------------

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_a_form_logs_out_and_leads_back_to_the_chat(site: Site) -> None:
    alice = await account(site, "alice")
    response = await alice.http.post("/logout/", headers=HTML)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert response.cookies["sessionid"].value == ""
    assert await me(alice) is None


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
async def test_a_script_is_answered_in_json(site: Site, accept: str) -> None:
    alice = await account(site, "alice")
    response = await alice.http.post("/logout/", headers={"Accept": accept})
    assert (response.status_code, response.json()) == (200, {})
    assert await me(alice) is None


async def test_the_hosts_receivers_hear_who_logged_out(site: Site) -> None:
    alice = await account(site, "alice")
    heard: list[str] = []

    def hear(user: User, **_: Any) -> None:
        heard.append(user.username)

    user_logged_out.connect(hear)
    try:
        await alice.http.post("/logout/")
    finally:
        user_logged_out.disconnect(hear)
    assert heard == [alice.me["id"]]


# --- the pages ------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, Any]]]:
    parser = _Tags()
    parser.feed(html)
    return parser.found


def inputs(html: str) -> list[dict[str, Any]]:
    return [attributes for tag, attributes in tags(html) if tag == "input"]


@pytest.mark.parametrize(
    ("path", "purposes"),
    [
        (REGISTER, {"name": "username", "password": "new-password", "again": "new-password"}),
        (LOGIN, {"name": "username", "password": "current-password"}),
        (
            PASSWORD_PAGE,
            {
                "username": "username",
                "present": "current-password",
                "password": "new-password",
                "again": "new-password",
            },
        ),
    ],
)
async def test_a_browser_and_its_password_manager_know_every_field(
    site: Site, path: str, purposes: dict[str, str]
) -> None:
    visitor = await (account(site, "alice") if path == PASSWORD_PAGE else site.visitor())
    response = await visitor.http.get(path)
    html = response.content.decode()
    fields = {one["name"]: one for one in inputs(html) if one.get("type") != "hidden"}
    assert {name: one["autocomplete"] for name, one in fields.items()} == purposes
    labels = {attributes["for"] for tag, attributes in tags(html) if tag == "label"}
    assert labels == {one["id"] for one in fields.values() if "hidden" not in one}
    assert len([tag for tag, _ in tags(html) if tag == "h1"]) == 1
    assert [one for one in fields.values() if "autofocus" in one]
    assert "no-store" in response.headers["Cache-Control"]
    assert not [
        attributes for tag, attributes in tags(html) if "style" in attributes or "onclick" in attributes
    ]


@pytest.mark.parametrize("path", PAGES)
async def test_other_methods_are_not_allowed(site: Site, path: str) -> None:
    alice = await account(site, "alice")
    response = await alice.http.delete(path)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert (await alice.http.head(path)).status_code in (200, 302)


@pytest.mark.parametrize("path", PAGES)
async def test_a_form_without_the_token_or_from_another_origin_is_forbidden(site: Site, path: str) -> None:
    alice = await account(site, "alice")
    http = AsyncClient(enforce_csrf_checks=True)
    if path == PASSWORD_PAGE:
        http.cookies["sessionid"] = session_key(alice)
    fields = {
        "name": "alice" if path == LOGIN else "Mallory",
        "present": PASSWORD,
        "password": PASSWORD if path == LOGIN else OTHER_PASSWORD,
        "again": OTHER_PASSWORD,
    }
    assert (await http.post(path, fields)).status_code == 403
    token = (await http.get(path)).cookies["csrftoken"].value
    for origin in ("http://evil.example", "null", "https://testserver"):
        headers = {"Origin": origin}
        response = await http.post(path, {**fields, "csrfmiddlewaretoken": token}, headers=headers)
        assert response.status_code == 403
    assert (await User.objects.acount(), await me(alice)) == (1, alice.me)
    assert (await log_in(await site.visitor(), "alice")).status_code == 302
    fields["csrfmiddlewaretoken"] = token
    assert (await http.post(path, fields, headers={"Origin": ORIGIN})).status_code == 302


async def test_the_token_changes_at_login(site: Site) -> None:
    await account(site, "alice")
    stranger = await site.visitor()
    await stranger.http.get(LOGIN)
    before = stranger.http.cookies["csrftoken"].value
    await log_in(stranger, "alice")
    assert stranger.http.cookies["csrftoken"].value != before


async def test_the_chat_leads_guests_and_accounts_to_different_pages(site: Site) -> None:
    guest, alice, stranger = await site.visitor("Ines"), await account(site, "alice"), await site.visitor()
    shown: dict[str, set[str]] = {}
    for who, visitor in (("guest", guest), ("account", alice), ("stranger", stranger)):
        html = (await visitor.http.get("/c/general-talk/")).content.decode()
        menu = html[html.index('id="me-menu"') : html.index("</nav>")]
        links = [attributes for tag, attributes in tags(menu) if tag == "a"]
        shown[who] = {one["href"] for one in links if "hidden" not in one}
        assert len(links) == 3
    assert shown["guest"] == shown["stranger"] == {REGISTER, LOGIN}
    assert shown["account"] == {PASSWORD_PAGE}
    html = (await stranger.http.get("/c/general-talk/")).content.decode()
    dialog = html[html.index('id="name-dialog"') :]
    assert LOGIN in dialog[: dialog.index("</dialog>")]


async def test_where_accounts_are_the_hosts_business_there_are_no_pages_and_no_links(
    site: Site, settings: Any
) -> None:
    alice = await account(site, "alice")
    settings.CHITCHAT = {**settings.CHITCHAT, "ACCOUNTS": False}
    for path in PAGES:
        assert (await alice.http.get(path)).status_code == 404
        assert (await alice.http.post(path, {"name": "alice", "password": PASSWORD})).status_code == 404
    for visitor in (alice, await site.visitor("Ines"), await site.visitor()):
        assert "/account/" not in (await visitor.http.get("/c/general-talk/")).content.decode()
    await alice.http.post("/logout/")
    assert await me(alice) is None

"""Choosing a name over HTTP, with forms and with JSON."""

import json
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from django.test import AsyncClient
from people import Site, Visitor

from chat.models import Person

pytestmark = pytest.mark.django_db(transaction=True)


async def post(
    visitor: Visitor, body: bytes | str, kind: str = "application/json", path: str = "/name/"
) -> Any:
    return await visitor.http.post(path, body, content_type=kind)


async def test_a_form_and_json_do_the_same(site: Site) -> None:
    form, script = await site.visitor(), await site.visitor()
    response = await form.http.post("/name/", {"name": " Ann "})
    assert response.status_code == 200
    me = response.json()["me"]
    assert (me["name"], me["guest"]) == ("Ann", True)
    assert len(me["id"]) == 16
    response = await post(script, json.dumps({"name": "Bob"}))
    assert response.json()["me"]["name"] == "Bob"
    assert await Person.objects.acount() == 2


async def test_the_id_stays_and_the_name_changes(site: Site) -> None:
    ann = await site.visitor("Ann")
    before = ann.me["id"]
    assert (await ann.choose_name("Anna"))["id"] == before


async def test_a_check_answers_as_the_protocol_says(site: Site) -> None:
    """A2: at once, taken and invalid told apart."""
    ann = await site.visitor("Ann")
    carol = await site.visitor()

    async def check(visitor: Visitor, name: str) -> dict[str, Any]:
        response = await visitor.http.get("/name/check/", {"name": name})
        assert response.status_code == 200
        return response.json()

    assert await check(carol, " carol ") == {"available": True, "name": "carol"}
    taken = await check(carol, "ann")
    assert taken.keys() == {"available", "code", "detail", "suggestions"}
    assert (taken["available"], taken["code"], len(taken["suggestions"])) == (False, "name_taken", 3)
    invalid = await check(carol, "")
    assert (invalid["code"], invalid["suggestions"]) == ("invalid_name", [])
    yours = await check(ann, "Ann")
    assert (yours["code"], yours["detail"]) == ("name_yours", "You already use that name.")


async def test_errors_have_a_code_and_words(site: Site) -> None:
    await site.visitor("Ann")
    carol = await site.visitor()
    for name, status, code in (("Ann", 409, "name_taken"), ("a\u200bb", 400, "invalid_name")):
        response = await post(carol, json.dumps({"name": name}))
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code)
        assert error["detail"].endswith(".")
        assert "retry_after" not in error


async def test_too_many_attempts_say_when_to_come_back(site: Site, limits: Callable[..., None]) -> None:
    limits(name_attempt=(1, 10, 2))
    carol = await site.visitor()
    for _ in range(2):
        await carol.http.get("/name/check/", {"name": "x"})
    for response in (
        await carol.http.get("/name/check/", {"name": "x"}),
        await carol.http.post("/name/", {"name": "carol"}),
    ):
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (429, "rate_limited")
        assert error["retry_after"] == pytest.approx(10, abs=1)
        assert response.headers["Retry-After"] in ("9", "10")
    site.clock.advance(10)
    assert (await carol.http.post("/name/", {"name": "carol"})).status_code == 200


async def test_a_forged_forwarded_for_changes_no_rate(site: Site, limits: Callable[..., None]) -> None:
    limits(name_attempt=(1, 60, 1))
    carol = await site.visitor()

    async def status(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded, "X-Real-IP": forwarded, "Forwarded": f"for={forwarded}"}
        return (await carol.http.get("/name/check/", {"name": "x"}, headers=headers)).status_code

    assert [await status(f"192.0.2.{number}") for number in range(3)] == [200, 429, 429]


async def test_behind_a_trusted_proxy_each_client_has_its_own_rate(
    site: Site, limits: Callable[..., None], settings: Any
) -> None:
    limits(name_attempt=(1, 60, 1))
    settings.CHITCHAT = {**settings.CHITCHAT, "TRUSTED_PROXIES": 1}
    carol = await site.visitor()

    async def status(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return (await carol.http.get("/name/check/", {"name": "x"}, headers=headers)).status_code

    assert await status("192.0.2.1") == 200
    assert await status("192.0.2.2") == 200
    assert await status("forged, 192.0.2.1") == 429


GARBAGE = {
    "an open brace": b"{",
    "an array": b'["name"]',
    "a string": b'"name"',
    "null": b"null",
    "NaN": b"NaN",
    "a number for the name": b'{"name": 5}',
    "null for the name": b'{"name": null}',
    "a list for the name": b'{"name": ["Ann"]}',
    "an object for the name": b'{"name": {"$ne": 1}}',
    "bad UTF-8": b'{"name": "\xff\xfe"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 20_000,
    "5,000 digits": b'{"name": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("path", ["/name/", "/channels/"])
async def test_a_garbled_body_is_invalid(
    site: Site, body: bytes, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("alice")
    response = await post(alice, body, path=path)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid")
    assert not [record for record in caplog.records if record.exc_info]
    assert (await Person.objects.aget()).name == "alice"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=%FF%FE", "application/x-www-form-urlencoded"),
        (b"name", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"--a\r\nContent-Disposition: form-data\r\n\r\nx", "multipart/form-data; boundary=a"),
        (b"<name>Ann</name>", "application/xml"),
        (b"&".join(b"a=1" for _ in range(2_000)), "application/x-www-form-urlencoded"),
    ],
)
async def test_a_garbled_form_is_a_bad_request(site: Site, body: bytes, kind: str) -> None:
    carol = await site.visitor()
    assert (await post(carol, body, kind)).status_code == 400
    assert await Person.objects.acount() == 0


async def test_fields_that_nobody_asked_for_are_nothing(site: Site) -> None:
    carol = await site.visitor()
    response = await post(
        carol, json.dumps({"name": "carol", "id": "mine", "guest": False, "is_staff": True})
    )
    me = response.json()["me"]
    assert me["id"] != "mine"
    assert me["guest"] is True


@pytest.mark.parametrize(
    ("path", "allowed"), [("/name/", "POST"), ("/logout/", "POST"), ("/name/check/", "GET, HEAD")]
)
async def test_other_methods_are_not_allowed(site: Site, path: str, allowed: str) -> None:
    alice = await site.visitor("alice")
    response = await (alice.http.get(path) if allowed == "POST" else alice.http.post(path))
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    assert (await alice.http.get("/c/general-talk/")).context["me"] == alice.me


async def test_answers_are_not_cached(site: Site) -> None:
    carol = await site.visitor()
    check = await carol.http.get("/name/check/", {"name": "x"})
    chosen = await carol.http.post("/name/", {"name": "carol"})
    for response in (check, chosen):
        assert "no-store" in response.headers["Cache-Control"]


# --- without a script ---------------------------------------------------------------------------------

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
GENERAL_PAGE = "/c/general-talk/"


async def by_form(visitor: Visitor, name: str, back: str = GENERAL_PAGE) -> Any:
    return await visitor.http.post("/name/", {"name": name, "next": back}, headers=HTML)


async def test_a_form_chooses_a_name_and_leads_back_to_its_page(site: Site) -> None:
    carol = await site.visitor()
    page = (await carol.http.get(GENERAL_PAGE)).content.decode()
    assert f'<input type="hidden" name="next" value="{GENERAL_PAGE}">' in page
    response = await by_form(carol, " Carol ")
    assert (response.status_code, response.headers["Location"]) == (302, GENERAL_PAGE)
    assert (await carol.http.get(GENERAL_PAGE)).context["me"]["name"] == "Carol"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ann", "“ann” is taken."),
        ("", "A name cannot be empty."),
        ("x" * 400, "A name has at most 32 characters."),
        ('"><b>\u200b', "That name has a character in it that cannot be shown."),
    ],
    ids=["taken", "empty", "long", "hostile"],
)
async def test_a_form_comes_again_with_what_was_typed_and_what_is_wrong_with_it(
    site: Site, name: str, reason: str
) -> None:
    await site.visitor("Ann")
    carol = await site.visitor()
    response = await by_form(carol, name)
    assert response.status_code == 200
    [said] = response.context["form"].errors["name"]
    assert said.startswith(reason)
    page = response.content.decode()
    assert f'value="{escape(name)}"' in page or not name
    assert f'<input type="hidden" name="next" value="{GENERAL_PAGE}">' in page
    assert "no-store" in response.headers["Cache-Control"]
    assert (await by_form(carol, "Carol")).headers["Location"] == GENERAL_PAGE


async def test_a_form_that_comes_too_often_says_when_to_come_back(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(name_attempt=(1, 60, 1))
    carol = await site.visitor()
    await by_form(carol, "")
    response = await by_form(carol, "Carol")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert "That was too fast. Wait a moment." in response.content.decode()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", ""])
async def test_a_form_leads_nobody_off_the_site(site: Site, back: str) -> None:
    carol = await site.visitor()
    assert (await by_form(carol, "Carol", back)).headers["Location"] == "/"


async def test_a_form_needs_its_token(site: Site) -> None:
    client = AsyncClient(enforce_csrf_checks=True)
    response = await client.post("/name/", {"name": "Carol"}, headers=HTML)
    assert response.status_code == 403
    assert not await Person.objects.aexists()


@pytest.mark.parametrize("accounts", [True, False])
async def test_the_form_offers_to_log_in_where_that_is_ours(
    site: Site, settings: Any, accounts: bool
) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "ACCOUNTS": accounts}
    page = (await by_form(await site.visitor(), "")).content.decode()
    assert ("/account/login/" in page) is accounts

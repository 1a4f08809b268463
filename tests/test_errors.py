"""Error pages: words for people in the site's design, JSON for scripts, under DEBUG too."""

import logging
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path

from chitchat_site import urls

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "/nothing/": (404, "Nothing at this address"),
    "/c/nothing/": (404, "Nothing at this address"),
    "/denied/": (403, "This is not open to you"),
    "/chat/denied/": (403, "This room is by invitation"),
    "/unreadable/": (400, "The server could not read that"),
    "/broken/": (500, "Something broke on our side"),
}
CODES = {400: "invalid", 403: "forbidden", 404: "not_found", 413: "too_large", 500: "server_error"}


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def denied_with_words(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("<b>Only</b> on Sundays.")


def unreadable(request: HttpRequest) -> HttpResponse:
    raise BadRequest


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the code")


def reading(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


@pytest.fixture(autouse=True)
def _addresses(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's, and some that fail."""
    module = ModuleType("failing_urls")
    for name in ("handler400", "handler403", "handler404", "handler500"):
        setattr(module, name, getattr(urls, name))
    in_chat = ([path("denied/", denied)], "chat")
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("denied/", denied),
        path("denied/why/", denied_with_words),
        path("unreadable/", unreadable),
        path("broken/", broken),
        path("reading/", reading),
        *urls.urlpatterns,
        path("chat/", include(in_chat, namespace="other")),
    ]
    monkeypatch.setitem(sys.modules, "failing_urls", module)
    settings.ROOT_URLCONF = "failing_urls"


@pytest.fixture(params=[False, True], ids=["deployed", "debug"])
def debug(request: pytest.FixtureRequest, settings: Any) -> bool:
    settings.DEBUG = request.param
    return bool(request.param)


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False, headers={"accept": "text/html,*/*"})


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.CRITICAL, "django.request"):
        yield


def heading(response: Any) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.content.decode())
    assert found is not None, response.content
    return found[1]


@pytest.mark.parametrize("address", PAGES)
def test_people_get_a_page_with_words(browser: Client, debug: bool, address: str) -> None:
    response = browser.get(address)
    assert (response.status_code, heading(response)) == PAGES[address]
    assert "a secret of the code" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


@pytest.mark.parametrize("address", PAGES)
def test_scripts_get_the_protocols_json(browser: Client, debug: bool, address: str) -> None:
    status, _ = PAGES[address]
    response = browser.get(address, headers={"accept": "application/json"})
    assert response.status_code == status
    error = response.json()["error"]
    assert error["code"] == CODES[status]
    assert error["detail"]


async def test_pages_are_the_same_under_asgi(settings: Any) -> None:
    browser = AsyncClient(raise_request_exception=False)
    for debug in (False, True):
        settings.DEBUG = debug
        for address, (status, words) in PAGES.items():
            response = await browser.get(address)
            assert (response.status_code, heading(response)) == (status, words)


def test_a_refusal_says_why_as_text(browser: Client) -> None:
    shown = browser.get("/denied/why/").content.decode()
    assert "&lt;b&gt;Only&lt;/b&gt; on Sundays." in shown


def test_technical_pages_are_there_for_who_asks_for_them(browser: Client, settings: Any) -> None:
    settings.DEBUG = settings.DEBUG_PAGES = True
    assert "a secret of the code" in browser.get("/broken/").content.decode()
    for address in ("/nothing/", "/c/nothing/"):
        assert "DEBUG = True" in browser.get(address).content.decode()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_refused_before_any_view_shows_no_settings(browser: Client, debug: bool, accept: str) -> None:
    headers = {"host": "evil.example", "accept": accept}
    for address in ("/", "/c/general-talk/", "/admin/"):
        response = browser.get(address, headers=headers)
        assert response.status_code == 400
        assert "The server could not read that" in response.content.decode()
        assert "settings" not in response.content.decode().lower()


def test_settings_are_shown_before_any_view_to_who_asks_for_them(browser: Client, settings: Any) -> None:
    settings.DEBUG = settings.DEBUG_PAGES = True
    for accept in ("text/html", "text/plain"):
        response = browser.get("/", headers={"host": "evil.example", "accept": accept})
        assert response.status_code == 400
        assert "ALLOWED_HOSTS" in response.content.decode()


def test_an_address_of_forms_is_explained_to_who_looks_at_it(browser: Client, debug: bool) -> None:
    response = browser.get("/name/")
    assert (response.status_code, heading(response)) == (405, "There is no page at this address")
    assert response.headers["Allow"] == "POST"
    assert 'href="/c/general-talk/"' in response.content.decode()
    error = browser.get("/name/", headers={"accept": "application/json"}).json()["error"]
    assert error["code"] == "invalid"


def test_what_broke_is_in_the_log_with_its_traceback(
    browser: Client, debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "django.request"):
        browser.get("/broken/")
    (record,) = [one for one in caplog.records if one.name == "django.request"]
    assert record.exc_info is not None
    assert "a secret of the code" in str(record.exc_info[1])


# --- too large ---------------------------------------------------------------------------------------

LARGE = "x" * 300_000


@pytest.mark.parametrize("checked", [True, False], ids=["before the CSRF check", "without one"])
def test_a_form_that_is_too_large_is_refused_with_words(debug: bool, checked: bool) -> None:
    browser = Client(enforce_csrf_checks=checked, raise_request_exception=False)
    response = browser.post("/name/", f"name={LARGE}", content_type="application/x-www-form-urlencoded")
    assert (response.status_code, heading(response)) == (413, "That is more than the site takes")


def test_a_body_that_is_too_large_is_refused_with_json(debug: bool) -> None:
    browser = Client(raise_request_exception=False)
    response = browser.post("/reading/", LARGE, content_type="application/json")
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


async def test_a_form_that_is_too_large_is_refused_under_asgi(settings: Any) -> None:
    settings.DEBUG = True
    browser = AsyncClient(enforce_csrf_checks=True)
    response = await browser.post("/name/", {"name": LARGE})
    assert (response.status_code, heading(response)) == (413, "That is more than the site takes")


# --- CSRF --------------------------------------------------------------------------------------------


def test_a_form_without_a_token_is_explained_to_people(debug: bool) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post(
        "/name/", {"name": "Ines"}, headers={"referer": "http://testserver/c/general-talk/"}
    )
    assert (response.status_code, heading(response)) == (403, "This page was open too long")
    shown = response.content.decode()
    assert "Load it again, then repeat the last step." in shown
    assert 'href="http://testserver/c/general-talk/"' in shown


def test_a_post_without_a_token_is_explained_to_scripts(debug: bool) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/name/", {"name": "Ines"}, content_type="application/json")
    assert response.status_code == 403
    assert response.json() == {
        "error": {
            "code": "forbidden",
            "detail": "This page was open too long. Load it again, then repeat the last step.",
        }
    }


# --- the page itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://testserver/c/pit-crew/", True),
        ("http://testserver/nothing/", False),
        ("https://evil.example/", False),
        ("//evil.example/", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_the_way_back_leads_to_this_site_only(browser: Client, referrer: str, back: bool) -> None:
    shown = browser.get("/nothing/", headers={"referer": referrer}).content.decode()
    assert ("Back to where you were" in shown) == back
    assert "evil" not in shown
    assert "javascript" not in shown


def test_the_page_leads_to_the_default_channel(browser: Client) -> None:
    shown = browser.get("/nothing/").content.decode()
    assert 'href="/c/general-talk/"' in shown
    assert "General Talk" in shown


def test_the_page_keeps_to_the_content_policy(browser: Client) -> None:
    response = browser.get("/nothing/")
    shown = response.content.decode()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "<style" not in shown
    assert " style=" not in shown
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", shown))
    for name in re.findall(r'(?:href|src)="/static/([^"]+)"', shown):
        assert finders.find(name) is not None, name


def test_a_foreign_host_gets_the_words_and_nothing_of_itself(browser: Client) -> None:
    response = browser.get("/", headers={"host": "evil.example", "referer": "http://evil.example/x"})
    assert (response.status_code, heading(response)) == (400, "The server could not read that")
    assert "evil" not in response.content.decode()


def test_the_500_page_needs_no_database(browser: Client, django_assert_num_queries: Any, debug: bool) -> None:
    with django_assert_num_queries(0):
        assert browser.get("/broken/").status_code == 500


def test_without_templates_the_500_page_is_bare(browser: Client, settings: Any, debug: bool) -> None:
    settings.TEMPLATES = []
    response = browser.get("/broken/")
    assert (response.status_code, heading(response)) == (500, "Something broke on our side")

"""What a browser and a forger are told: CSRF, policies, hosts, sizes."""

import re
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import AsyncClient
from django.urls import reverse
from people import GENERAL, ORIGIN, Site

from chat import urls
from chat.models import Channel, Person
from chat.routing import http_application

pytestmark = pytest.mark.django_db(transaction=True)

POSTS = ["/name/", "/channels/", "/logout/"]


async def forger(site: Site) -> AsyncClient:
    """alice's browser, with its cookies, on a page that checks CSRF."""
    alice = await site.visitor("alice")
    http = AsyncClient(enforce_csrf_checks=True)
    http.cookies["sessionid"] = alice.http.cookies["sessionid"].value
    return http


async def token(http: AsyncClient) -> str:
    return (await http.get("/c/general-talk/")).cookies["csrftoken"].value


async def nothing_happened(http: AsyncClient) -> bool:
    me = (await http.get("/c/general-talk/")).context["me"]
    return (
        me["name"] == "alice" and await Channel.objects.acount() == 1 and await Person.objects.acount() == 1
    )


@pytest.mark.parametrize("path", POSTS)
async def test_a_post_without_a_token_is_forbidden(site: Site, path: str) -> None:
    http = await forger(site)
    assert (await http.post(path, {"name": "Mallory"})).status_code == 403
    await token(http)
    assert (await http.post(path, {"name": "Mallory"})).status_code == 403
    assert await nothing_happened(http)


async def test_no_address_takes_a_post_without_a_token_or_from_elsewhere(site: Site) -> None:
    """Whatever is added to them: all of the app's, and Django's own for the staff."""
    http = await forger(site)
    fields = {"name": "Mallory", "room": GENERAL}
    real = {"X-CSRFToken": await token(http), "Origin": "http://evil.example"}
    for one in urls.urlpatterns:
        names = one.pattern.converters
        path = reverse(f"chat:{one.name}", kwargs=dict.fromkeys(names, "general-talk"))
        for headers in ({}, real):
            assert (await http.post(path, fields, headers=headers)).status_code == 403, path
    assert (await http.post("/admin/login/", fields)).status_code == 403
    assert await nothing_happened(http)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://testserver", "http://testserver:8000"]
)
async def test_a_post_from_another_origin_is_forbidden(site: Site, path: str, origin: str) -> None:
    http = await forger(site)
    headers = {"X-CSRFToken": await token(http), "Origin": origin}
    assert (await http.post(path, {"name": "Mallory"}, headers=headers)).status_code == 403
    assert await nothing_happened(http)


@pytest.mark.parametrize("forged", ["", "x", "a" * 32, "a" * 64])
async def test_a_forged_token_is_forbidden(site: Site, forged: str) -> None:
    http = await forger(site)
    await token(http)
    headers = {"X-CSRFToken": forged, "Origin": ORIGIN}
    assert (await http.post("/name/", {"name": "Mallory"}, headers=headers)).status_code == 403
    assert await nothing_happened(http)


async def test_a_post_with_the_token_of_the_page_is_taken(site: Site) -> None:
    http = await forger(site)
    headers = {"X-CSRFToken": await token(http), "Origin": ORIGIN}
    assert (await http.post("/channels/", {"name": "Pit crew"}, headers=headers)).status_code == 201
    fields = {"name": "Alicia", "csrfmiddlewaretoken": await token(http)}
    assert (await http.post("/name/", fields)).status_code == 200
    assert (await http.post("/logout/", headers=headers)).status_code == 200


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/c/general-talk/", "/c/nowhere/", "/name/check/?name=x", "/healthz"])
async def test_every_answer_has_the_security_headers(site: Site, path: str) -> None:
    headers = (await (await site.visitor()).http.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "*" not in headers["Content-Security-Policy"]


async def test_every_script_of_the_page_has_the_nonce_of_its_policy(site: Site) -> None:
    http = (await site.visitor("alice")).http
    nonces = []
    for _ in range(2):
        response = await http.get("/c/general-talk/")
        [nonce] = re.findall(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
        for script in re.findall(r"<script[^>]*>", response.content.decode()):
            assert f'nonce="{nonce}"' in script or 'type="application/json"' in script
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


async def test_the_page_has_nothing_inline_that_the_policy_forbids(site: Site) -> None:
    html = (await (await site.visitor("alice")).http.get("/c/general-talk/")).content.decode()
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", html)
    assert not re.search(r"<[^>]+\sstyle\s*=", html)
    assert "<style" not in html
    assert "javascript:" not in html
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert not re.match(r"[a-z]+:|//", address), address


async def test_cookies_are_for_this_site_and_the_session_s_for_no_script(site: Site) -> None:
    carol = await site.visitor()
    page = await carol.http.get("/c/general-talk/")
    chosen = await carol.http.post("/name/", {"name": "carol"})
    session = chosen.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == page.cookies["csrftoken"]["samesite"] == "Lax"
    assert carol.http.cookies["sessionid"].value not in chosen.content.decode()


# --- hosts and sizes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "test server", "testserver@evil.example"]
)
async def test_a_host_that_is_not_ours_is_a_bad_request(site: Site, host: str) -> None:
    response = await (await site.visitor()).http.get("/c/general-talk/", headers={"Host": host})
    assert response.status_code == 400


async def test_a_forwarded_host_or_scheme_is_not_believed(site: Site) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    response = await (await site.visitor()).http.get("/", headers=headers)
    assert response.headers["Location"] == "/c/general-talk/"
    assert "evil" not in response.content.decode()


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
async def test_a_body_over_the_limit_is_refused(site: Site, kind: str) -> None:
    alice = await site.visitor("alice")
    body: Any = b"name=" + b"x" * 300_000
    response = await alice.http.post("/name/", body, content_type=kind)
    assert response.status_code in (400, 413)
    assert (await Person.objects.aget()).name == "alice"


# What Django's parsers of headers raise for, each beside a header that they can read.
UNREADABLE = [
    ("accept", "text/html; x*=bogus'en'%41"),
    ("content-type", "text/plain; x*=bogus'en'%41"),
    *(
        ("content-type", f"multipart/form-data; boundary=x; charset={one}")
        for one in (
            "base64",
            "hex",
            "rot13",
            "zlib",
            "idna",
            "punycode",
            "nothing",
            "utf-7",
            "utf-16",
            "cp037",
        )
    ),
    ("cookie", r'sessionid="\000abcdefghijklmnop"'),
]
READABLE = [
    ("accept", "text/html, */*; q=0.8"),
    ("accept", ""),
    ("content-type", "multipart/form-data; boundary=x"),
    ("content-type", "application/json; charset=UTF-8"),
    *(
        ("content-type", f"multipart/form-data; boundary=x; charset={one}")
        for one in ("windows-1252", "iso-8859-1", "Shift_JIS")
    ),
    ("content-type", "application/x-www-form-urlencoded; charset=windows-1252"),
    ("content-type", "application/octet-stream; charset=binary"),
    ("content-type", "multipart/form-data; boundary*=utf-8''x"),
    ("cookie", "a=b; sessionid=abcdefghijklmnop"),
]


async def status_of(*headers: tuple[str, str]) -> int:
    """What a request with these gets from the site, as a server hands it in."""

    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    server = ApplicationCommunicator(http_application(django), {"type": "http", "headers": raw})
    status: int = (await server.receive_output())["status"]
    await server.receive_output()
    await server.wait()
    return status


@pytest.mark.parametrize("header", UNREADABLE, ids=str)
async def test_a_header_that_cannot_be_read_is_refused(header: tuple[str, str]) -> None:
    assert await status_of(("host", "testserver"), header) == 400


@pytest.mark.parametrize("header", READABLE, ids=str)
async def test_a_header_that_can_be_read_is_django_s_business(header: tuple[str, str]) -> None:
    assert await status_of(("host", "testserver"), header) == 200

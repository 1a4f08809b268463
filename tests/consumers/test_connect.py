"""Handshakes: who gets in, from where, and how often."""

from collections.abc import Callable
from typing import Any

import pytest
from channels.routing import URLRouter
from django.contrib.sessions.models import Session
from django.urls import path
from people import HOST, ORIGIN, Site, Tab, Visitor

from chat import routing
from chat.models import Person
from chat.services.identity import session_store

pytestmark = pytest.mark.django_db(transaction=True)

Headers = list[tuple[bytes, bytes]]


async def gets_in(visitor: Visitor, *headers: tuple[bytes, bytes], **scope: Any) -> bool:
    """Whether a handshake is accepted. (Refused before that, a browser sees 403.)"""
    socket = await visitor.knock(*headers, **scope)
    accepted, _ = await socket.connect(20)
    return accepted


async def turned_away(visitor: Visitor, *headers: tuple[bytes, bytes], **scope: Any) -> tuple[list[Any], int]:
    """What an accepted socket is told before it is closed, and the code."""
    socket = await visitor.knock(*headers, **scope)
    assert (await socket.connect(20))[0]
    tab = Tab(socket)
    code = await tab.closed()
    assert tab.over
    return tab.unclaimed, code


# --- identity -------------------------------------------------------------------------------------


async def test_welcome_is_first_and_says_all_a_client_needs(site: Site) -> None:
    visitor = await site.visitor("alice")
    alice = await visitor.open()
    welcome = alice.welcome
    assert not alice.unclaimed
    assert (welcome["version"], welcome["me"], welcome["online"]) == (1, visitor.me, 1)
    assert welcome["limits"] == {
        "body_characters": 4_000,
        "topic_characters": 200,
        "name_graphemes": 32,
        "frame_bytes": 65_536,
        "history": 100,
        "history_page": 10,
        "kept": 100,
        "opening": 20,
        "reaction_kinds": 20,
        "file_bytes": 10_485_760,
        "files_per_message": 10,
        "ping_seconds": 25,
        "silence_seconds": 60,
        "typing_seconds": 3,
        "typing_shown_seconds": 6,
        "read_seconds": 1,
    }


async def test_without_a_name_the_socket_is_closed_with_4401(site: Site) -> None:
    assert await turned_away(await site.visitor()) == ([], 4401)
    assert not site.runtime.live


@pytest.mark.parametrize(
    "cookie",
    [
        b"",
        b"sessionid=",
        b"sessionid=nothing",
        b"sessionid=" + b"x" * 4_000,
        b"sessionid=\x00\xff\xfe",
        b"sessionid=' OR 1=1 --",
        b'sessionid="aaaaaaaa\\000"',
        b"\xff=\xff; ;; =",
        b"csrftoken=abc",
    ],
)
async def test_a_cookie_of_nobody_is_closed_with_4401(site: Site, cookie: bytes) -> None:
    assert await turned_away(await site.visitor(), (b"cookie", cookie)) == ([], 4401)


async def test_a_session_of_somebody_who_is_gone_is_closed_with_4401(site: Site) -> None:
    visitor = await site.visitor("alice")
    await Person.objects.all().adelete()
    assert await turned_away(visitor) == ([], 4401)


async def test_cookies_in_headers_of_their_own_are_read_as_if_in_one(site: Site) -> None:
    visitor = await site.visitor("alice")
    cookies = [(b"cookie", visitor.cookies.encode()), (b"cookie", b"theme=dark")]
    for some in (cookies, cookies[::-1]):
        assert (await visitor.open(*some)).me == visitor.me


async def test_a_session_that_a_host_has_put_into_the_scope_is_the_one(site: Site) -> None:
    alice, bob = await site.visitor("alice"), await site.visitor("bob")
    session = session_store(alice.http.cookies["sessionid"].value)
    assert (await bob.open(session=session)).me == alice.me


async def test_connecting_saves_no_session(site: Site) -> None:
    visitor = await site.visitor("alice")
    before = await Session.objects.aget()
    await visitor.open()
    after = await Session.objects.aget()
    assert (before.session_data, before.expire_date) == (after.session_data, after.expire_date)


# --- origins --------------------------------------------------------------------------------------

FOREIGN = {
    "none": [],
    "empty": [b""],
    "null": [b"null"],
    "another site": [b"http://evil.example"],
    "a sub-domain": [b"http://chat.testserver"],
    "the parent domain": [b"http://server"],
    "our name as a sub-domain": [b"http://testserver.evil.example"],
    "our name at the end": [b"http://eviltestserver"],
    "another port": [b"http://testserver:8000"],
    "port 0": [b"http://testserver:0"],
    "another scheme": [b"https://testserver"],
    "no scheme": [b"testserver"],
    "a file": [b"file://testserver"],
    "a path": [b"http://testserver/"],
    "a query": [b"http://testserver?"],
    "a tab": [b"http://test\tserver"],
    "a backslash": [b"http:\\\\testserver"],
    "a user": [b"http://testserver@evil.example"],
    "our name as the user": [b"http://x@testserver"],
    "a broken port": [b"http://testserver:x"],
    "a huge port": [b"http://testserver:99999"],
    "a broken address": [b"http://[::1"],
    "bytes": [b"\xff\xfe"],
    "two": [ORIGIN.encode(), ORIGIN.encode()],
    "ours and a foreign one": [ORIGIN.encode(), b"http://evil.example"],
    "a list": [b"http://testserver, http://evil.example"],
}


@pytest.mark.parametrize("origins", FOREIGN.values(), ids=FOREIGN)
async def test_a_handshake_from_elsewhere_is_refused(site: Site, origins: list[bytes]) -> None:
    alice = await site.visitor("alice")
    socket = await alice.knock()
    others = [pair for pair in socket.scope["headers"] if pair[0] != b"origin"]
    socket.scope["headers"] = others + [(b"origin", origin) for origin in origins]
    assert await socket.connect(20) == (False, 1000)
    assert not site.runtime.sockets


async def test_what_is_too_long_for_an_origin_is_not_remembered(site: Site) -> None:
    alice = await site.visitor("alice")
    before = routing._is_own.cache_info()
    assert not await gets_in(alice, (b"origin", b"http://" + b"a" * 5_000))
    assert routing._is_own.cache_info() == before


@pytest.mark.parametrize(
    ("host", "origin", "scheme"),
    [
        ("testserver", "http://testserver", "ws"),
        ("testserver", "http://TESTSERVER", "ws"),
        ("testserver", "http://testserver:80", "ws"),
        ("testserver:80", "http://testserver", "ws"),
        ("testserver:8000", "http://testserver:8000", "ws"),
        ("testserver", "https://testserver", "wss"),
        ("testserver:443", "https://testserver", "wss"),
        ("[::1]:8000", "http://[::1]:8000", "ws"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", "ws"),
    ],
)
async def test_a_handshake_from_our_own_pages_is_accepted(
    site: Site, host: str, origin: str, scheme: str
) -> None:
    alice = await site.visitor("alice")
    headers = ((b"host", host.encode()), (b"origin", origin.encode()))
    assert await gets_in(alice, *headers, scheme=scheme)


@pytest.mark.parametrize("host", [b"evil.example", b"", b"testserver:x:y", b"test server", b"\xff"])
async def test_a_host_that_is_not_ours_is_refused(site: Site, host: bytes) -> None:
    alice = await site.visitor("alice")
    assert not await gets_in(alice, (b"host", host), (b"origin", b"http://" + host))


async def test_two_hosts_are_refused(site: Site) -> None:
    alice = await site.visitor("alice")
    assert not await gets_in(alice, (b"host", HOST.encode()), (b"host", b"evil.example"))


async def test_while_developing_local_hosts_are_ours_without_a_setting(site: Site, settings: Any) -> None:
    alice = await site.visitor("alice")
    local = ((b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000"))
    settings.ALLOWED_HOSTS = []
    assert not await gets_in(alice, *local)
    settings.DEBUG = True
    assert await gets_in(alice, *local)


async def test_an_allowed_origin_is_exact_too(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "ALLOWED_ORIGINS": ["https://app.example:8443"]}
    alice = await site.visitor("alice")
    assert await gets_in(alice, (b"origin", b"https://app.example:8443"))
    assert await gets_in(alice)
    for origin in (b"https://app.example", b"http://app.example:8443", b"https://x.app.example:8443"):
        assert not await gets_in(alice, (b"origin", origin))


async def test_any_host_does_not_mean_any_origin(site: Site, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    alice = await site.visitor("alice")
    assert await gets_in(alice)
    assert not await gets_in(alice, (b"origin", b"http://evil.example"))


async def test_behind_a_trusted_proxy_the_scheme_is_the_one_it_says(site: Site, settings: Any) -> None:
    alice = await site.visitor("alice")
    https = (b"origin", b"https://testserver")
    assert not await gets_in(alice, https, (b"x-forwarded-proto", b"https"))
    settings.CHITCHAT = {**settings.CHITCHAT, "TRUSTED_PROXIES": 1}
    assert await gets_in(alice, https, (b"x-forwarded-proto", b"https"))
    assert await gets_in(alice, https, (b"x-forwarded-proto", b"http, https"))
    assert not await gets_in(alice, https, (b"x-forwarded-proto", b"https, http"))
    assert not await gets_in(alice, https)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/chat", "/ws/chat/x/", "/ws/other/", "/c/general-talk/"])
async def test_any_other_address_is_refused_and_no_error_of_ours(
    site: Site, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("alice")
    assert not await gets_in(alice, path=path)
    assert not caplog.records


# --- how many -------------------------------------------------------------------------------------


async def test_a_session_has_a_bounded_number_of_sockets(site: Site, limits: Callable[..., None]) -> None:
    limits(session_sockets=2)
    alice, bob = await site.visitor("alice"), await site.visitor("bob")
    tabs = [await alice.open(), await alice.open()]
    told, code = await turned_away(alice)
    assert code == 4429
    assert [(frame["type"], frame["code"], frame["retry_after"]) for frame in told] == [
        ("error", "rate_limited", 30)
    ]
    assert len(site.runtime.live) == 2
    await bob.open()
    await tabs[0].leave()
    await alice.open()


async def test_an_address_has_a_bounded_number_of_sockets(site: Site, limits: Callable[..., None]) -> None:
    limits(address_sockets=2)
    alice, bob = await site.visitor("alice"), await site.visitor("bob")
    tab = await alice.open()
    await bob.open()
    assert (await turned_away(bob))[1] == 4429
    await bob.open(client=("192.0.2.7", 1))
    await tab.leave()
    await bob.open()


async def test_a_forged_forwarded_for_is_no_other_address(site: Site, limits: Callable[..., None]) -> None:
    limits(address_sockets=1)
    alice = await site.visitor("alice")
    await alice.open()
    assert (await turned_away(alice, (b"x-forwarded-for", b"192.0.2.1")))[1] == 4429


async def test_behind_proxies_the_address_is_the_one_the_last_trusted_one_saw(
    site: Site, limits: Callable[..., None], settings: Any
) -> None:
    limits(address_sockets=1)
    settings.CHITCHAT = {**settings.CHITCHAT, "TRUSTED_PROXIES": 1}
    alice = await site.visitor("alice")
    await alice.open((b"x-forwarded-for", b"192.0.2.1"))
    await alice.open((b"x-forwarded-for", b"192.0.2.2"))
    assert (await turned_away(alice, (b"x-forwarded-for", b"192.0.2.99, 192.0.2.1")))[1] == 4429


async def test_when_the_layer_is_down_the_client_is_told_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await site.visitor("alice")

    async def down(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(site.runtime.relay._layer, "group_add", down)
    told, code = await turned_away(alice)
    assert (told[0]["code"], code) == ("unavailable", 1012)
    assert not site.runtime.live
    assert not site.runtime.sockets


async def test_an_unknown_peer_has_an_address_too(site: Site, limits: Callable[..., None]) -> None:
    limits(address_sockets=1)
    alice = await site.visitor("alice")
    await alice.open(client=None)
    assert (await turned_away(alice, client=None))[1] == 4429


async def test_a_benchmark_can_lift_the_counts_and_rates_but_not_the_sizes(
    site: Site, limits: Callable[..., None], settings: Any
) -> None:
    limits(session_sockets=1, address_sockets=1, message=(1, 60, 1), command=(1, 60, 1), body_characters=5)
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    alice = await site.visitor("alice")
    tabs = [await alice.enter() for _ in range(3)]
    for tab in tabs:
        await tab.say("hello")
        await tab.say("again")
    assert await tabs[0].refusal("send", room="channel:x", cid="x", body="hello") == "invalid"
    cid = "00000000-0000-4000-8000-000000000000"
    assert await tabs[0].refusal("send", room="channel:general-talk", cid=cid, body="longer") == "too_long"


async def test_every_socket_that_ends_is_counted_back(site: Site) -> None:
    alice = await site.visitor("alice")
    tabs = [await alice.open() for _ in range(3)]
    assert sorted(site.runtime.sockets.values()) == [3, 3]
    for tab in tabs:
        await tab.leave()
    assert not site.runtime.sockets


# --- under a path ---------------------------------------------------------------------------------


@pytest.fixture
def under_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that has the chat at /talk/."""
    monkeypatch.setattr("people.application", URLRouter([path("talk/", routing.websocket_application)]))


@pytest.mark.usefixtures("under_a_path")
async def test_a_project_may_have_the_chat_under_a_path(site: Site) -> None:
    alice = await site.visitor("alice")
    assert (await alice.open(path="/talk/ws/chat/")).welcome["me"] == alice.me
    for origin in (b"https://evil.example", b"null"):
        assert not await gets_in(alice, (b"origin", origin), path="/talk/ws/chat/")
    assert not await gets_in(alice, path="/talk/ws/elsewhere/")


@pytest.mark.parametrize("by", ["server", "setting"])
async def test_a_whole_site_may_be_under_a_path(site: Site, settings: Any, by: str) -> None:
    settings.FORCE_SCRIPT_NAME = "/talk" if by == "setting" else None
    scope = {"root_path": "/talk"} if by == "server" else {}
    alice = await site.visitor("alice")
    for ours in ("/talk/ws/chat/", "/ws/chat/"):
        assert await gets_in(alice, path=ours, **scope)
    for nobodys in ("/talk/ws/elsewhere/", "/talkative/ws/chat/", "/talk"):
        assert not await gets_in(alice, path=nobodys, **scope)
    assert not await gets_in(alice, (b"origin", b"https://evil.example"), path="/talk/ws/chat/", **scope)


async def test_a_path_that_a_client_makes_up_leads_nowhere_else(site: Site) -> None:
    """Daphne takes it from a header."""
    alice = await site.visitor("alice")
    assert await gets_in(alice, root_path="/evil")
    assert not await gets_in(alice, path="/evil/ws/elsewhere/", root_path="/evil")

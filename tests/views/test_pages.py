"""The page: readable before any script has run, and the very state that the script starts from."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from people import GENERAL, Site, Visitor

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


async def page(visitor: Visitor, path: str = "/c/general-talk/") -> Any:
    response = await visitor.http.get(path)
    assert response.status_code == 200
    return response


def state(response: Any) -> dict[str, Any]:
    """What the script reads."""
    found = re.search(
        r'<script id="chat-page" type="application/json">(.*?)</script>', response.content.decode()
    )
    assert found is not None
    started = json.loads(found[1])
    rows = re.findall(ROW, response.content.decode(), re.DOTALL)
    started["messages"] = [
        in_row(row, started["room"]) | rest | {"author": started["authors"][rest["author"]]}
        for row, rest in zip(rows, started["messages"], strict=True)
    ]
    return started


ROW = (
    r'<article [^>]*data-id="([^"]+)" data-seq="(\d+)" data-n="(\d+)".*?'
    r'datetime="([^"]+)".*?<span class="message__body" data-part="body">(.*?)</span>'
)


def in_row(row: tuple[str, ...], room: str) -> dict[str, Any]:
    """What js/page.js reads in the row of a message."""
    id, seq, n, time, body = row
    return {
        "id": id,
        "room": room,
        "seq": int(seq),
        "n": int(n),
        "ts": round(datetime.fromisoformat(time).timestamp() * 1000),
        "body": unescape(body),
        "attachments": [],
        "reactions": [],
    }


# --- home -----------------------------------------------------------------------------------------


async def test_home_leads_to_the_default_channel(site: Site) -> None:
    for visitor in (await site.visitor(), await site.visitor("alice")):
        response = await visitor.http.get("/")
        assert (response.status_code, response.headers["Location"]) == (302, "/c/general-talk/")


async def test_home_leads_to_the_last_channel_of_the_session(site: Site) -> None:
    """A11. Visiting the page is enough."""
    alice = await site.visitor("alice")
    await alice.make_channel("Pit crew")
    await page(alice, "/c/pit-crew/")
    assert (await alice.http.get("/")).headers["Location"] == "/c/pit-crew/"
    await page(alice)
    assert (await alice.http.get("/")).headers["Location"] == "/c/general-talk/"


@pytest.mark.parametrize(
    "change", [{"private": True}, {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)}, None]
)
async def test_home_leads_to_the_default_channel_when_the_last_one_is_gone(
    site: Site, change: dict[str, Any] | None
) -> None:
    alice = await site.visitor("alice")
    await alice.make_channel("Pit crew")
    await page(alice, "/c/pit-crew/")
    channel = Channel.objects.filter(slug="pit-crew")
    await (channel.adelete() if change is None else channel.aupdate(changed_at=datetime.now(UTC), **change))
    await site.runtime.directory.refresh()
    assert (await alice.http.get("/")).headers["Location"] == "/c/general-talk/"


# --- a channel's page -----------------------------------------------------------------------------


async def test_the_page_shows_the_latest_messages_with_sender_and_time(site: Site) -> None:
    alice = await site.visitor("alice")
    tab = await alice.enter()
    [bob] = await site.enter("bob")
    await tab.say("hello there")
    ack = await bob.say("hello yourself")
    html = (await page(alice)).content.decode()
    assert html.index("hello there") < html.index("hello yourself")
    sent = datetime.fromtimestamp(ack["ts"] / 1000, tz=UTC).isoformat(timespec="milliseconds")
    assert f'datetime="{sent.replace("+00:00", "Z")}"' in html


async def test_own_messages_are_marked_in_the_page(site: Site) -> None:
    """A13."""
    alice = await site.visitor("alice")
    tab = await alice.enter()
    [bob] = await site.enter("bob")
    mine, other = await tab.say("mine"), await bob.say("another's")
    rows = re.findall(
        r'<article class="(message[^"]*)"[^>]*data-id="([^"]+)"', (await page(alice)).content.decode()
    )
    assert {message: "message--own" in classes for classes, message in rows} == {
        mine["id"]: True,
        other["id"]: False,
    }


async def test_the_page_has_two_panels_list_and_conversation(site: Site) -> None:
    """A26."""
    alice = await site.visitor("alice")
    await alice.make_channel("Pit crew")
    html = (await page(alice, "/c/pit-crew/")).content.decode()
    panel, main = html.index('<nav class="panel"'), html.index("<main")
    assert panel < html.index('href="/c/general-talk/"', html.index("data-rooms")) < main
    assert panel < html.index('href="/c/pit-crew/"', html.index("data-rooms")) < main
    assert re.search(r"<h1[^>]*>.*Pit crew.*</h1>", html)


async def test_the_script_starts_from_the_state_that_the_page_shows(site: Site) -> None:
    alice = await site.visitor("alice")
    tab = await alice.enter()
    gone = await tab.say("taken back")
    await tab.say("stays & <stays>\nwith  every space")
    [bob] = await site.enter("bob")
    reacted = await bob.say("another's")
    await tab.ask("react", room=GENERAL, id=reacted["id"], emoji="👍", on=True)
    await tab.say("an answer", reply_to=reacted["id"])
    await tab.ask("delete", room=GENERAL, id=gone["id"])
    response = await page(alice)
    joined = await tab.join()
    started = state(response)
    joined["messages"] = [message for message in joined["messages"] if "deleted" not in message]
    for message in joined["messages"]:
        if message["author"]["id"] != tab.id:
            del message["cid"]  # of use only to who wrote it
    for key in ("room", "epoch", "seq", "n", "messages", "more"):
        assert started[key] == joined[key]
    assert started["me"] == tab.me
    assert started["version"] == tab.welcome["version"]
    assert started["limits"] == tab.welcome["limits"]
    assert started["channel"]["slug"] == "general-talk"
    assert started["site_name"] == "Chit-Chat"
    assert started["names"] == {}
    assert [room["room"] for room in started["rooms"]] == [GENERAL]
    assert started["urls"] == {
        "socket": "/ws/chat/",
        "name": "/name/",
        "name_check": "/name/check/",
        "channels": "/channels/",
        "channels_check": "/channels/check/",
        "files": "/files/",
        "logout": "/logout/",
        "channel": "/c/SLUG/",
        "direct": "/d/ID/",
        "register": "/account/register/",
        "login": "/account/login/",
        "password": "/account/password/",
    }
    assert "taken back" not in response.content.decode()


async def test_somebody_without_a_name_sees_the_list_and_the_dialogue_and_no_message(site: Site) -> None:
    """A1: asked on the first visit."""
    alice = await site.visitor("alice")
    await alice.make_channel("Pit crew")
    await (await alice.enter()).say("between us")
    response = await page(await site.visitor())
    html, started = response.content.decode(), state(response)
    assert "between us" not in html
    assert "Pit crew" in html
    assert 'action="/name/"' in html
    assert (started["me"], started["messages"], started["names"], started["more"]) == (None, [], {}, False)
    assert (response.context["me"], response.context["messages"]) == (None, ())
    # Nothing but the CSRF token is stored for a visitor who only looks.
    assert set(response.cookies) == {"csrftoken"}


async def test_the_page_says_who_an_author_is_now(site: Site) -> None:
    """A3."""
    ann = await site.visitor("Ann")
    await (await ann.enter()).say("as Ann")
    await ann.choose_name("Anna")
    started = state(await page(await site.visitor("bob")))
    assert started["messages"][0]["author"]["name"] == "Ann"
    assert started["names"] == {ann.me["id"]: "Anna"}


async def test_the_page_counts_who_is_here_and_who_is_online(site: Site) -> None:
    alice = await site.visitor("alice")
    await alice.enter()
    await alice.enter()
    await (await site.visitor("bob")).open()
    context = (await page(alice)).context
    assert (context["members_count"], context["online"]) == (1, 2)


async def test_the_page_shows_the_hundred_newest(site: Site, limits: Any) -> None:
    limits(kept=3)
    alice = await site.visitor("alice")
    tab = await alice.enter()
    for number in range(5):
        await tab.say(f"message number {number}")
    shown = [message["body"] for message in state(await page(alice))["messages"]]
    assert shown == [f"message number {number}" for number in (2, 3, 4)]


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "{% csrf_token %}{{ request.user }}",
    "javascript:alert(1)",
    "a\u2028b\u2029c",
    "\u202etxt.exe",
    "]]>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_text_in_the_page_and_in_its_state(site: Site, text: str) -> None:
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew", topic=text.replace("\u2028", " ").replace("\u2029", " "))
    await (await alice.enter(room)).say(text, room)
    response = await page(alice, "/c/pit-crew/")
    assert state(response)["messages"][0]["body"] == text
    html = response.content.decode()
    for markup in ("<script>alert", "<img src=x", "<svg onload", "<!--<script"):
        assert markup not in html
    # A script element begins only where the template has one.
    assert html.count("<script") == (await page(alice)).content.decode().count("<script")


# --- what is not there ----------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["nowhere", "secret", "General-Talk", "general_talk", "x" * 300])
async def test_a_channel_that_is_not_there_or_not_yours_is_not_found(site: Site, slug: str) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    for visitor in (await site.visitor(), await site.visitor("alice")):
        response = await visitor.http.get(f"/c/{slug}/")
        assert response.status_code == 404
        assert "Secret" not in response.content.decode()


@pytest.mark.parametrize("path", ["/c/../admin/", "/c/a%2Fb/", "/c/a%00b/", "/c//", "/c/général/"])
async def test_an_address_that_cannot_be_is_not_found(site: Site, path: str) -> None:
    assert (await (await site.visitor()).http.get(path)).status_code in (404, 302)


async def test_an_archived_channel_can_be_read(site: Site) -> None:
    await Channel.objects.acreate(slug="old", name="Old", archived_at=datetime.now(UTC))
    response = await page(await site.visitor("alice"), "/c/old/")
    assert response.context["channel"]["archived"] is True


@pytest.mark.parametrize("path", ["/", "/c/general-talk/"])
async def test_pages_are_only_read(site: Site, path: str) -> None:
    alice = await site.visitor("alice")
    for ask in (alice.http.post, alice.http.put, alice.http.delete):
        assert (await ask(path)).status_code == 405
    head = await alice.http.head(path)
    assert head.status_code in (200, 302)
    assert head.content == b""


async def test_pages_are_not_cached_and_set_the_csrf_cookie(site: Site) -> None:
    response = await page(await site.visitor())
    assert "no-store" in response.headers["Cache-Control"]
    assert response.cookies["csrftoken"].value
    assert not response.cookies["csrftoken"]["httponly"]

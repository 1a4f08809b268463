"""Hostile names of people (over HTTP) and channels (over the socket), with a listener in the room."""

import logging

import pytest
from people import Site

from chat.models import Channel, Person

pytestmark = pytest.mark.django_db(transaction=True)

# Nobody may have these: what is wrong with each is its id.
INVALID = {
    "empty": "",
    "white space": " \u00a0\u3000",
    "Cyrillic A in Admin": "\u0410dmin",
    "a zero-width space": "al\u200bice",
    "a zero-width joiner": "al\u200dice",
    "a soft hyphen": "al\u00adice",
    "a variation selector": "alice\ufe0f",
    "tag characters": "alice\U000e0061\U000e007f",
    "a bidi override": "\u202ealice",
    "a bidi isolate": "a\u2066lic\u2069e",
    "Hangul filler only": "\u3164",
    "a Braille blank": "\u2800",
    "200 combining marks": "a" + "\u0301" * 100 + "\u0302" * 100,
    "five accents": "a\u0300\u0301\u0302\u0303\u0304",
    "NUL": "al\u0000ice",
    "CR LF": "al\r\nice",
    "ESC": "\u001b[31malice",
    "U+2028": "al\u2028ice",
    "over 32 characters": "a" * 33,
    "10 KB": "a" * 10_000,
    "admin": "admin",
    "ADMIN": "ADMIN",
    "system": "System",
    "the site's name": "chit-chat",
    "full-width admin": "ａｄｍｉｎ",
    "mathematical root": "𝐫𝐨𝐨𝐭",
    "mixed alphabets": "pаypal",
    "a lone surrogate": "\ud800",
    "private use": "\ue000",
    "punctuation only": "...",
}

# The same to an eye as "Oskar Fields", which somebody has.
TAKEN = {
    "the name itself": "Oskar Fields",
    "another case": "oskar FIELDS",
    "full-width letters": "Ｏｓｋａｒ Ｆｉｅｌｄｓ",
    "mathematical letters": "𝐎𝐬𝐤𝐚𝐫 𝐅𝐢𝐞𝐥𝐝𝐬",
    "a digit for a letter": "0skar Fields",
    "the fi ligature": "Oskar \ufb01elds",
    "a trailing no-break space": "Oskar Fields\u00a0",
    "two spaces": "Oskar  Fields",
    "a capital i with a dot": "Oskar F\u0130elds",
    "a dotless i": "Oskar F\u0131elds",
}

# Strange, and all right: text is text.
FINE = ["<img src=x onerror=alert(1)>", "{{7*7}}", "%s", "__proto__", "constructor", "O'Neil & Sons", "null"]


def quiet(caplog: pytest.LogCaptureFixture) -> bool:
    # Django itself writes a line for each answer of 400 and more.
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    return not loud


async def test_hostile_names_of_people_are_invalid(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    bob, listener = await site.enter("bob", "listener")
    for what, name in INVALID.items():
        carol = await site.visitor()
        response = await carol.http.post("/name/", {"name": name}, content_type="application/json")
        assert (what, response.status_code, response.json()["error"]["code"]) == (what, 400, "invalid_name")
        assert not carol.http.cookies.get("sessionid"), what
        assert await Person.objects.acount() == 2, what
        await bob.say(f"undisturbed by {what}")
        await listener.hears(f"undisturbed by {what}")
        assert quiet(caplog), what
        site.clock.advance(60)  # so many would be too many at once


async def test_hostile_names_of_channels_are_invalid(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    alice, bob, listener = await site.enter("alice", "bob", "listener")
    for what, name in INVALID.items():
        # A lone surrogate is no JSON text at all.
        code = "bad_frame" if what == "a lone surrogate" else "invalid_name"
        await alice.send(type="create", ref="x", name=name)
        assert (what, (await alice.until("error"))["code"]) == (what, code)
        assert await Channel.objects.acount() == 1, what
        await bob.say(f"undisturbed by {what}")
        await listener.hears(f"undisturbed by {what}")
        assert not listener.heard("channel"), what
        await alice.say(f"still connected after {what}")
        assert quiet(caplog), what
        site.clock.advance(3_600)  # so many would be too many at once


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
async def test_a_look_alike_of_a_person_is_taken(site: Site, name: str) -> None:
    """A2: taken and invalid are told apart."""
    await site.visitor("Oskar Fields")
    carol = await site.visitor()
    check = (await carol.http.get("/name/check/", {"name": name})).json()
    assert (check["available"], check["code"]) == (False, "name_taken")
    assert len(check["suggestions"]) == 3
    response = await carol.http.post("/name/", {"name": name})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "name_taken")
    assert await Person.objects.acount() == 1


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
async def test_a_look_alike_of_a_channel_is_taken(site: Site, name: str) -> None:
    alice = await (await site.visitor("alice")).open()
    await alice.ask("create", name="Oskar Fields")
    assert await alice.refusal("create", name=name) == "name_taken"
    assert await Channel.objects.acount() == 2


@pytest.mark.parametrize("name", FINE)
async def test_markup_is_a_name_like_any_other(site: Site, name: str) -> None:
    visitor = await site.visitor(name)
    tab = await visitor.enter()
    [bob] = await site.enter("bob")
    assert tab.me["name"] == name
    await tab.say("hello")
    assert (await bob.hears("hello"))["author"]["name"] == name
    channel = (await bob.ask("create", name=name))["channel"]
    assert channel["name"] == name
    page = (await visitor.http.get(f"/c/{channel['slug']}/")).content.decode()
    assert "<img src=x" not in page
    assert "{{7*7}}" not in page or name == "{{7*7}}"

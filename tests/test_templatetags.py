"""The template tags, and the markup that they and the script share."""

import datetime
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import override_settings

from chat.domain import Attachment, Author, Message, Quote, Reaction
from chat.templatetags import chat as tags

ALICE = Author("p-alice", "alice")
BOB = Author("p-bob", "bob")
ME = {"id": "p-alice", "name": "alice", "guest": True}
NINE = int(datetime.datetime(2026, 3, 14, 9, tzinfo=datetime.UTC).timestamp() * 1000)
MINUTE = 60_000

PEOPLE = json.loads((Path(__file__).parent / "fixtures" / "people.json").read_text())


def message(n: int, author: Author = BOB, ts: int = NINE, body: str = "hello", **more: Any) -> Message:
    return Message(f"m{n}", "channel:general-talk", n, n, author, body, ts, f"c{n}", **more)


def page(**more: Any) -> dict[str, Any]:
    channel = {
        "room": "channel:general-talk",
        "slug": "general-talk",
        "name": "General Talk",
        "topic": "",
        "kind": "channel",
        "archived": False,
        "private": False,
        "keeps": "recent",
    }
    room = {**channel, "epoch": "e1", "seq": 0, "n": 0, "read": 0, "unread": 0}
    urls = dict.fromkeys(("socket", "name", "name_check", "channels", "channels_check", "logout"), "/")
    state = {"site_name": "Chit-Chat", "urls": {**urls, "channel": "/c/SLUG/"}}
    context = {"me": ME, "channel": channel, "rooms": [room], "messages": (), "page": state}
    return {**context, "members_count": 1, "online": 1, **more}


def rendered(**more: Any) -> str:
    return render_to_string("chat/room.html", page(**more))


# --- the import map


def import_map(html: str) -> dict[str, str]:
    found = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', html)
    assert found
    imports: dict[str, str] = json.loads(found[1])["imports"]
    return imports


def test_the_import_map_names_every_module() -> None:
    names = import_map(Template("{% load chat %}{% chat_import_map %}").render(Context()))
    sources = Path(tags.__file__).parent.parent / "static" / "chat" / "js"
    files = {f"chat/{file.relative_to(sources).as_posix()}" for file in sources.rglob("*.js")}
    assert set(names) == files
    assert names["chat/session.js"] == "/static/chat/js/session.js"


def test_the_import_map_follows_the_storage_of_static_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "static", lambda path: f"/hashed/{path.removesuffix('.js')}.abc.js")
    html = Template("{% load chat %}{% chat_import_map %}").render(Context())
    assert import_map(html)["chat/main.js"] == "/hashed/chat/js/main.abc.js"
    assert '<link rel="modulepreload" href="/hashed/chat/js/main.abc.js" fetchpriority="low">' in html


def preloaded(html: str) -> set[str]:
    found: list[str] = re.findall(r'<link rel="modulepreload" href="/static/chat/js/([^"]+)"', html)
    assert len(found) == len(set(found))
    return set(found)


def test_what_the_first_look_needs_is_fetched_at_once_and_the_rest_later() -> None:
    context = Context({"me": ME})
    names = preloaded(Template("{% load chat %}{% chat_import_map %}").render(context))
    assert {"main.js", "session.js", "models/timeline.js"} <= names
    assert not {"controllers/switcher.js", "models/emoji.js", "controllers/name_dialog.js"} & names


def test_who_has_no_name_gets_the_dialogue_for_it_at_once() -> None:
    with_name = preloaded(Template("{% load chat %}{% chat_import_map %}").render(Context({"me": ME})))
    without = preloaded(Template("{% load chat %}{% chat_import_map %}").render(Context({"me": None})))
    assert without - with_name >= {"controllers/name_dialog.js", "models/check.js"}


def test_an_address_cannot_end_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "static", lambda path: f"/</script><b>&/{path}")
    html = Template("{% load chat %}{% chat_import_map %}").render(Context())
    assert "</script><b>" not in html
    assert import_map(html)["chat/main.js"] == "/</script><b>&/chat/js/main.js"


class LazyNonce:
    """As django-csp has it: false until it is printed."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "r4nd0m"


def test_scripts_carry_the_nonce_of_the_policy() -> None:
    request = SimpleNamespace(csp_nonce=LazyNonce())
    html = Template("{% load chat %}{% chat_import_map %}").render(Context({"request": request}))
    assert '<script type="importmap" nonce="r4nd0m">' in html
    assert Template("{% load chat %}{% chat_nonce %}").render(Context()) == ""


# --- how people and times look


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person["name"])
def test_a_person_looks_the_same_from_both_languages(person: dict[str, Any]) -> None:
    assert tags.hue(person["name"]) == person["hue"]
    assert tags.initials(person["name"]) == person["initials"]
    assert tags.initials(person["name"], 1) == person["letter"]


def test_nobody_has_no_initials() -> None:
    assert tags.initials(" ") == ""


def test_times_are_in_the_zone_of_the_site() -> None:
    with override_settings(TIME_ZONE="America/New_York"):
        assert tags.moment(NINE).hour == 5
    assert tags.iso(NINE + 7) == "2026-03-14T09:00:00.007Z"


@pytest.mark.parametrize("aware", [True, False])
def test_days_have_names(aware: bool) -> None:
    now = datetime.datetime.now(datetime.UTC)
    at = lambda days: int((now - datetime.timedelta(days=days)).timestamp() * 1000)  # noqa: E731
    with override_settings(USE_TZ=aware):
        assert tags.day(at(0)) == "Today"
        assert tags.day(at(1)) == "Yesterday"
        assert str((now - datetime.timedelta(days=700)).year) in tags.day(at(700))


def test_badges_have_two_digits_and_addresses_their_slug() -> None:
    assert (tags.capped(99), tags.capped(100)) == ("99", "99+")
    assert tags.with_slug("/chat/c/SLUG/", "pit-crew") == "/chat/c/pit-crew/"
    assert tags.wordmark("Chit-Chat") == ("Chit", "-", "Chat")
    assert tags.wordmark("Plauderei") == ("Plauderei", "", "")


# --- grouping, the same as in models/rows.js


def shape(rows: list[tags.Row]) -> list[tuple[str, bool, bool]]:
    return [(row.message.id if row.message else row.kind, row.start, row.end) for row in rows]


def test_messages_of_one_author_are_a_group_for_five_minutes() -> None:
    messages = [message(1), message(2, ts=NINE + MINUTE), message(3, ts=NINE + 7 * MINUTE)]
    assert shape(tags.chat_rows(messages, ME)) == [
        ("day", True, True),
        ("m1", True, False),
        ("m2", False, True),
        ("m3", True, True),
    ]


def test_another_author_or_name_begins_a_group() -> None:
    renamed = Author(BOB.id, "Robert")
    rows = tags.chat_rows([message(1), message(2, ALICE), message(3), message(4, renamed)], ME)
    assert [row.start for row in rows[1:]] == [True] * 4
    assert [row.own for row in rows[1:]] == [False, True, False, False]


def test_a_deleted_message_is_not_drawn() -> None:
    rows = tags.chat_rows([message(1), message(2, body="", deleted=True), message(3)], ME)
    assert shape(rows)[1:] == [("m1", True, False), ("m3", False, True)]


def test_each_day_has_its_line() -> None:
    late = NINE + 15 * 60 * MINUTE - 1000
    kinds = [row.kind for row in tags.chat_rows([message(1, ts=late), message(2, ts=late + 2000)], ME)]
    assert kinds == ["day", "message", "day", "message"]


# --- the page


@pytest.mark.parametrize(
    "host", [{"USE_TZ": False}, {"LANGUAGE_CODE": "en"}, {"LANGUAGE_CODE": "de"}], ids=str
)
def test_a_hosts_own_way_with_times_and_numbers_is_none_of_the_scripts(host: dict[str, Any]) -> None:
    sized = Attachment("f1", "a.png", "image/png", 9, "/files/f1/a.png", width=2_000, height=1_000)
    with override_settings(USE_THOUSAND_SEPARATOR=True, **host):
        html = rendered(messages=[message(1_234, attachments=(sized,))])
    assert 'data-seq="1234" data-n="1234"' in html
    assert re.search(r'width="\d+" height="\d+"', html)


def test_the_page_can_be_read_before_any_script_has_run() -> None:
    html = rendered(messages=[message(1, body="first <b>\n  second"), message(2, ALICE)])
    assert '<span class="message__body" data-part="body">first &lt;b&gt;\n  second</span>' in html
    assert 'data-id="m1"' in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "\"'><svg onload=alert(1)>",
        "</template><img src=x onerror=alert(1)>",
        "{{7*7}}%s",
        "{% load chat %}",
    ],
)
def test_what_a_person_typed_is_never_markup(hostile: str) -> None:
    mallory = Author("p-mallory", hostile)
    channel = {**page()["channel"], "name": hostile, "topic": hostile}
    html = rendered(messages=[message(1, mallory, body=hostile)], channel=channel)
    assert "<svg onload" not in html
    assert "<img src" not in html
    assert "<script>alert" not in html
    assert "49" not in html.partition("data-log")[2].partition("<template")[0]


def test_there_is_one_markup_for_a_message() -> None:
    html = rendered(messages=[message(1)])
    drawn, _, template = html.partition('<template id="message-template">')
    parts = re.compile(r'data-part="([a-z-]+)"')
    article = re.compile(r"<article.*?</article>", re.DOTALL)
    first, second = article.search(drawn), article.search(template)
    assert first
    assert second
    assert parts.findall(first[0]) == parts.findall(second[0])


def test_an_answer_leads_to_what_it_answers() -> None:
    quote = Quote("m1", Author("p-x", "<b>"), "hello & goodbye")
    html = rendered(messages=[message(1), message(2, reply_to=quote)])
    assert html.count('id="m-m1"') == 1
    drawn = html.partition("data-log")[2].partition("<template")[0]
    assert 'class="quote" data-part="quote" href="#m-m1"' in drawn
    assert "&lt;b&gt;" in drawn
    assert "hello &amp; goodbye" in drawn


def test_reactions_stand_under_their_message_and_mine_are_pressed() -> None:
    reactions = (Reaction("🔧", 4, (BOB.id,)), Reaction("🎉", 2, (BOB.id, ALICE.id)))
    html = rendered(messages=[message(1, reactions=reactions), message(2)])
    drawn = html.partition("data-log")[2].partition("<template")[0]
    assert re.findall(r'data-emoji="(.)" aria-pressed="(\w+)"', drawn) == [("🔧", "false"), ("🎉", "true")]
    assert drawn.count('data-part="reactions"') == 1


def picture(number: int, **more: Any) -> Attachment:
    url = f"/files/f{number}/{number}.png"
    size: dict[str, Any] = {"thumbnail": f"{url}?thumbnail", "width": 1600, "height": 1200}
    return Attachment(f"f{number}", f"{number}.png", "image/png", 2_000, url, **{**size, **more})


PLAN = Attachment("f9", 'the "plan" <1>.pdf', "application/pdf", 1_500_000, "/files/f9/plan.pdf")


def test_files_stand_under_their_message_pictures_first() -> None:
    html = rendered(messages=[message(1, attachments=(PLAN, picture(1), picture(2)))])
    drawn = html.partition("data-log")[2].partition("<template")[0]
    assert re.findall(r'data-file="(\w+)"', drawn) == ["f1", "f2", "f9"]
    assert 'src="/files/f1/1.png?thumbnail" alt="1.png" width="400" height="300"' in drawn
    assert 'download="the &quot;plan&quot; &lt;1&gt;.pdf"' in drawn
    assert '<span class="document__size" data-part="size">1.4 MB</span>' in drawn
    assert ">PDF</span>" in drawn
    assert 'aria-label="Pictures">' in drawn


def test_of_many_pictures_four_are_shown_and_the_rest_counted() -> None:
    html = rendered(messages=[message(1, attachments=tuple(map(picture, range(1, 8))))])
    drawn = html.partition("data-log")[2].partition("<template")[0]
    items = re.findall(r'<li class="pictures__item"([^>]*)>', drawn)
    assert items == ["", "", "", ' data-more="+3"', *[" hidden"] * 3]


def test_a_message_of_files_alone_has_no_bubble_and_is_called_by_their_names() -> None:
    drawn = rendered(messages=[message(1, body="", attachments=(picture(1), PLAN))])
    drawn = drawn.partition("data-log")[2].partition("<template")[0]
    assert re.search(r"<article [^>]*data-silent", drawn)
    assert re.search(r'aria-label="bob, \d\d:\d\d: 1\.png, the &quot;plan&quot; &lt;1&gt;\.pdf"', drawn)


def test_a_picture_without_a_size_is_a_file() -> None:
    unmeasured = Attachment("f1", "1.png", "image/png", 10, "/files/f1/1.png")
    drawn = rendered(messages=[message(1, attachments=(unmeasured,))]).partition("<template")[0]
    assert 'class="document"' in drawn
    assert "<img" not in drawn.partition("data-log")[2]


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1600, 1200), (400, 300)), ((300, 900), (100, 300)), ((40, 20), (40, 20)), ((10_000, 1), (400, 1))],
)
def test_a_picture_is_as_large_as_there_is_room_for(size: tuple[int, int], shown: tuple[int, int]) -> None:
    """As tests/js/uploads.test.js has it."""
    assert tags.shown_size(picture(1, width=size[0], height=size[1])) == shown


def test_a_file_that_is_none_has_no_size() -> None:
    """The template from which the script makes a row is drawn without one."""
    assert tags.size_words("") == "0 bytes"


def test_the_newest_message_is_the_stop_of_the_tab_key_and_has_a_name() -> None:
    """As the script makes it (controllers/messages.js)."""
    reactions = (Reaction("🔧", 1, (BOB.id,)),)
    html = rendered(messages=[message(1, reactions=reactions), message(2, body="<b>", reactions=reactions)])
    drawn = html.partition("data-log")[2].partition("<template")[0]
    first, second = re.findall(r"<article.*?</article>", drawn, re.DOTALL)
    assert re.findall(r'tabindex="(.+?)"', first) == ["-1", "-1"]
    assert re.findall(r'tabindex="(.+?)"', second) == ["0", "0", "0"]
    assert "aria-label" not in first.partition(">")[0]
    assert re.search(r'^<article [^>]*aria-label="bob, \d\d:\d\d: &lt;b&gt;">', second)


def test_what_only_some_messages_have_is_there_to_be_cloned() -> None:
    html = rendered()
    for name in ("quote", "reactions", "reaction", "gone", "note", "tools", "member", "option"):
        assert html.count(f'<template id="{name}-template">') == 1


def test_every_dialogue_has_a_name() -> None:
    for dialog in re.findall(r"<dialog[^>]*>", rendered()):
        assert "aria-label" in dialog


def test_nobody_gets_what_is_only_for_people() -> None:
    tags_for_people = re.findall(r"<[^>]*data-for-people[^>]*>", rendered(me=None))
    assert len(tags_for_people) == 6
    assert all(" hidden" in tag for tag in tags_for_people)
    assert not any(" hidden" in tag for tag in re.findall(r"<[^>]*data-for-people[^>]*>", rendered()))


def test_without_a_name_the_dialogue_is_open_and_cannot_be_cancelled() -> None:
    html = rendered(me=None)
    dialog = html.partition('id="name-dialog"')[2].partition("</dialog>")[0]
    assert re.match(r"[^>]* open>", dialog)
    assert re.search(r'data-part="cancel" hidden', dialog)
    assert re.search(r"<textarea[^>]* disabled", html)


def test_no_style_and_no_handler_stands_in_the_markup() -> None:
    html = rendered(messages=[message(1)])
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)
    assert "<style" not in html


def test_without_collected_files_the_page_says_what_to_do(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py collectstatic"):
        rendered()

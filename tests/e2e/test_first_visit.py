"""Arriving: a name, the first words, and coming back."""

import http.client
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, ViewportSize, expect
from redis_server import HOST

from .conftest import CHROMIUM, CHROMIUM_ARGUMENTS, SIZES, Arrive, MakeChannel, MakeClient
from .pages import DESKTOP, PHONE, Visitor
from .servers import RUNSERVER, Server
from .watch import Watch

# As `bin/run` starts it.
COMMAND = RUNSERVER


@SIZES
def test_a_newcomer_chooses_a_name_and_says_the_first_words(visitor: Arrive, size: ViewportSize) -> None:
    ines = visitor(size, fresh=True).opens("/")
    ines.is_at("general-talk")
    ines.is_asked_for_a_name()
    expect(ines.composer).to_be_disabled()
    expect(ines.connection).to_have_text("Choose a name to join in")
    ines.chooses_name("Ines")
    expect(ines.connection).to_have_text("Connected")
    expect(ines.composer).to_be_focused()
    words = f"The first words, {size['width']} pixels wide."
    ines.says(words)
    ines.sees_stored(words)
    expect(ines.composer).to_be_focused()
    ines.reloads()
    ines.is_connected()
    ines.sees_stored(words)
    ines.is_called("Ines")


@pytest.mark.usefixtures("journey")
@pytest.mark.parametrize("path", ["/static/chat/nothing.css", "/static/../../manage.py"])
def test_a_file_that_is_none_of_the_pages_is_not_found_and_the_log_is_empty(
    server: Server, path: str
) -> None:
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        assert (answer.status, "Nothing at this address" in answer.read().decode()) == (404, True)


def test_an_empty_channel_says_so_and_helps_to_begin(visitor: Arrive, channel: MakeChannel) -> None:
    ines = visitor().opens(channel("Brand new", "What is new"))
    ines.chooses_name("Ines")
    expect(ines.page.get_by_role("heading", name="No messages here")).to_be_visible()
    expect(ines.page.get_by_text("What is new")).to_be_visible()
    ines.page.get_by_role("button", name="Say hello").click()
    expect(ines.composer).to_be_focused()
    ines.composer.press("Enter")
    ines.sees_only("Hello, everybody!")
    expect(ines.page.get_by_role("heading", name="No messages here")).to_be_hidden()


@pytest.mark.parametrize(
    ("size", "spelling"),
    [(DESKTOP, "Tomoe"), (PHONE, "TOMOE"), (DESKTOP, "Ｔｏｍｏｅ")],
    ids=["the-same", "other-case-on-a-phone", "other-width"],
)
def test_a_taken_name_is_told_while_typing_and_others_are_offered(
    visitor: Arrive, client: MakeClient, size: ViewportSize, spelling: str
) -> None:
    client("Tomoe")
    ines = visitor(size).opens("/")
    ines.is_asked_for_a_name()
    ines.name_field.fill(spelling)
    expect(ines.name_help).to_have_text(f"“{spelling}” is taken. Would one of these do?")
    expect(ines.name_field).to_have_attribute("aria-invalid", "true")
    expect(ines.name_submit).to_have_attribute("aria-disabled", "true")
    ines.name_field.press("Enter")
    expect(ines.name_dialog).to_be_visible()
    offers = ines.name_dialog.get_by_role("group", name="Names that are free").get_by_role("button")
    expect(offers).to_have_count(3)
    offer = offers.first.inner_text()
    offers.first.click()
    expect(ines.name_field).to_have_value(offer)
    expect(ines.name_help).to_have_text(f"“{offer}” is free.")
    expect(offers).to_have_count(0)
    ines.name_field.press("Enter")
    expect(ines.name_dialog).to_be_hidden()
    ines.is_connected()
    ines.is_called(offer)


INVALID = {
    "admin": "“admin” is kept for the site. Choose another.",
    "Аdmin": "That name mixes alphabets. Write it in one of them.",
    "in\u200bes": "That name has a character in it that cannot be shown. Leave it out.",
    "---": "A name needs at least one letter, digit or emoji.",
    "x" * 33: "A name has at most 32 characters.",
}


def test_an_invalid_name_is_told_with_its_reason_and_is_not_called_taken(visitor: Arrive) -> None:
    ines = visitor().opens("/")
    ines.is_asked_for_a_name()
    for name, reason in INVALID.items():
        ines.name_field.fill(name)
        expect(ines.name_help).to_have_text(reason)
        expect(ines.name_field).to_have_attribute("aria-invalid", "true")
        expect(ines.name_submit).to_have_attribute("aria-disabled", "true")
        ines.name_submit.click(force=True)
        expect(ines.name_field).to_be_focused()
        ines.name_field.fill("")
        expect(ines.name_help).to_have_text("")
        expect(ines.name_field).to_have_attribute("aria-invalid", "false")


def test_of_two_who_choose_the_same_free_name_one_is_told_in_the_form(visitor: Arrive) -> None:
    ines, other = visitor().opens("/"), visitor().opens("/")
    for one in (ines, other):
        one.is_asked_for_a_name()
        one.name_field.fill("Ines")
        expect(one.name_help).to_have_text("“Ines” is free.")
    ines.name_submit.click()
    ines.is_connected()
    other.watch.expects(r"\b409\b.*/name/")
    other.name_submit.click()
    expect(other.name_help).to_have_text("“Ines” is taken. Choose another.")
    expect(other.name_field).to_be_focused()
    other.chooses_name("Otto")


def test_the_first_name_cannot_be_put_off(visitor: Arrive) -> None:
    ines = visitor().opens("/")
    ines.is_asked_for_a_name()
    for _ in range(3):
        ines.page.keyboard.press("Escape")
        ines.is_asked_for_a_name()
    expect(ines.name_dialog.get_by_role("button", name="Cancel")).to_be_hidden()


def test_everything_up_to_the_first_words_works_by_keyboard_alone(
    visitor: Arrive, client: MakeClient
) -> None:
    client("Tomoe")
    ines = visitor().opens("/")
    keys = ines.page.keyboard
    ines.is_asked_for_a_name()
    keys.type("Tomoe")
    offers = ines.name_dialog.get_by_role("group", name="Names that are free").get_by_role("button")
    expect(offers).to_have_count(3)
    keys.press("Tab")
    expect(offers.first).to_be_focused()
    keys.press("Enter")
    expect(ines.name_field).to_be_focused()
    keys.press("Control+A")
    keys.type("Ines")
    keys.press("Enter")
    ines.is_connected()
    expect(ines.composer).to_be_focused()
    keys.type("One line")
    keys.press("Shift+Enter")
    keys.type("and another")
    keys.press("Enter")
    ines.sees_stored("One line\nand another")


def test_somebody_who_closes_the_browser_comes_back_to_the_same_name_and_channel(
    playwright: Playwright, server: Server, channel: MakeChannel, tmp_path: Path
) -> None:
    address = channel("The way back")

    def start() -> Visitor:
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, base_url=server.url
        )
        return Visitor(context, Watch(context))

    ines = start().opens("/").chooses_name("Ines the traveller")
    ines.enters("The way back")
    ines.says("I shall return.")
    ines.sees_stored("I shall return.")
    ines.context.close()
    again = start().opens("/")
    again.is_connected()
    again.is_called("Ines the traveller")
    again.is_at(address.split("/")[2])
    again.is_in("The way back")
    again.sees("I shall return.")
    again.says("Here I am.")
    again.sees_only("I shall return.", "Here I am.")
    assert again.watch.unexpected == ines.watch.unexpected == []
    again.context.close()
    assert server.complaints() == []


@SIZES
def test_the_page_can_be_read_without_javascript(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    name = f"On paper {size['width']}"
    address = channel(name, "Nothing moves here")
    ines = visitor(size).opens(address).chooses_name("Ines")
    ines.says("In ink.", "On two\nlines.")
    ines.sees_stored("In ink.", "On two\nlines.")
    session = ines.context.storage_state()
    reader = visitor(size, java_script_enabled=False, storage_state=session).opens(address)
    reader.is_in(name)
    reader.sees_only("In ink.", "On two\nlines.")
    for row in reader.rows.all():
        expect(row.locator('[data-part="author"]')).to_have_text("Ines")
        assert row.locator('[data-part="time"]').get_attribute("datetime")
    expect(reader.page.get_by_text("Nothing moves here")).to_be_visible(visible=size == DESKTOP)
    expect(reader.page.locator("noscript p")).to_contain_text("JavaScript, which is switched off")
    expect(reader.page.locator("noscript p")).to_be_visible()
    if size == PHONE:
        reader.page.get_by_role("link", name="Channels", exact=True).click()
    expect(reader.room("General Talk")).to_be_in_viewport()
    reader.room("General Talk").click()
    reader.is_in("General Talk")


def test_without_javascript_and_without_a_name_one_sees_the_channels_and_is_asked(visitor: Arrive) -> None:
    stranger = visitor(java_script_enabled=False).opens("/")
    expect(stranger.room("General Talk")).to_have_attribute("href", "/c/general-talk/")
    expect(stranger.name_dialog).to_be_visible()
    expect(stranger.rows).to_have_count(0)


@SIZES
def test_without_javascript_a_name_is_chosen_and_the_channel_read(
    visitor: Arrive, client: MakeClient, size: ViewportSize
) -> None:
    tomoe = client("Tomoe")
    words = f"Written for {size['width']} pixels."
    tomoe.says(words)
    reader = visitor(size, java_script_enabled=False).opens("/")
    reader.name_field.fill("tomoe")
    reader.name_submit.click()
    field = reader.page.get_by_role("textbox", name="Your name")
    expect(field).to_have_value("tomoe")
    expect(reader.page.get_by_text("“tomoe” is taken.")).to_be_visible()
    field.fill("Ines")
    field.press("Enter")
    reader.is_at("general-talk")
    expect(reader.name_dialog).to_be_hidden()
    reader.sees(words)

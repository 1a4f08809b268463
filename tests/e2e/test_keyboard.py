"""The whole page by keyboard alone, and nobody touches a mouse: from the first visit to logging out."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import WebSocketRoute, expect

from .conftest import Arrive, MakeChannel
from .pages import Visitor, exactly, says_read


def presses(person: Visitor, *keys: str) -> None:
    for key in keys:
        person.page.keyboard.press(key)


def types(person: Visitor, text: str) -> None:
    person.page.keyboard.type(text)


def test_everything_can_be_done_with_the_keyboard(visitor: Arrive, channel: MakeChannel) -> None:
    address, other = channel("Keys"), channel("Other keys")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    tomoe.says("Good morning")

    ines = visitor().opens(address)
    ines.is_asked_for_a_name()
    types(ines, "Ines")
    expect(ines.name_help).to_have_text("“Ines” is free.")
    presses(ines, "Enter")
    ines.is_connected()
    expect(ines.composer).to_be_focused()

    types(ines, "Good mornin")
    presses(ines, "Shift+Enter")
    types(ines, "everybody")
    presses(ines, "Enter")
    for person in (ines, tomoe):
        person.sees_stored("Good mornin\neverybody")

    # Up in the empty field edits one's last message; Esc leaves it as it was.
    presses(ines, "ArrowUp")
    expect(ines.page.locator(".composer")).to_have_attribute("data-mode", "edit")
    types(ines, "!!!")
    presses(ines, "Escape")
    expect(ines.composer).to_have_value("")
    presses(ines, "ArrowUp", "Control+A")
    types(ines, "Good morning, everybody")
    presses(ines, "Enter")
    tomoe.sees_only("Good morning", "Good morning, everybody")
    expect(tomoe.message("Good morning, everybody").locator('[data-part="edited"]')).to_have_text("edited")

    expect(ines.page.locator(".composer")).to_have_attribute("data-mode", "new")

    # To the messages: a reaction, and a reply with its quote.
    presses(ines, "Shift+Tab", "ArrowUp")
    expect(ines.message("Good morning")).to_be_focused()
    presses(ines, "+")
    picker = ines.page.locator("#emoji-picker")
    expect(picker).to_be_visible()
    types(ines, "thumbs up")
    presses(ines, "Enter")
    expect(picker).to_be_hidden()
    expect(tomoe.message("Good morning").locator(".reaction[data-emoji]")).to_have_count(1)
    expect(ines.message("Good morning")).to_be_focused()
    presses(ines, "r")
    expect(ines.composer).to_be_focused()
    types(ines, "To you too")
    presses(ines, "Enter")
    ines.sees_stored("To you too")
    quote = tomoe.message("To you too").locator('[data-part="quote"]')
    expect(quote).to_contain_text("Good morning")

    # Delete, undo, and delete for good.
    ines.message("To you too").focus()
    presses(ines, "Delete")
    undo = ines.page.get_by_role("log").get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    presses(ines, "Enter")
    ines.sees("To you too")
    tomoe.sees("To you too")
    ines.message("To you too").focus()
    presses(ines, "Delete")
    expect(undo).to_be_visible()

    # Another channel by its name; leaving the room makes the deletion final.
    presses(ines, "Control+k")
    expect(ines.page.locator("#jump-field")).to_be_focused()
    types(ines, "other k")
    presses(ines, "Enter")
    ines.is_in("Other keys")
    expect(ines.composer).to_be_focused()
    expect(tomoe.message("To you too")).to_have_count(0)
    assert other in ines.page.url

    # The list of shortcuts, and out of it again to where one was.
    presses(ines, "Escape", "Shift+Tab", "?")
    shortcuts = ines.page.locator("#shortcuts-dialog")
    expect(shortcuts).to_be_visible()
    presses(ines, "Escape")
    expect(shortcuts).to_be_hidden()
    assert ines.page.evaluate("document.activeElement !== document.body")


def test_up_edits_a_message_that_the_server_has_but_has_not_brought_back_yet(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Quick fingers")
    held: list[Callable[[], None]] = []

    def late_events(socket: WebSocketRoute) -> None:
        def pass_on(text: str | bytes) -> None:
            if json.loads(text)["type"] == "event":
                held.append(lambda: socket.send(text))
            else:
                socket.send(text)

        socket.connect_to_server().on_message(pass_on)

    ines = visitor()
    ines.page.route_web_socket("**/ws/chat/", late_events)
    ines.opens(address).chooses_name("Ines")
    ines.says("Mispelt")
    expect(ines.message("Mispelt")).to_have_attribute("data-state", "stored")
    presses(ines, "ArrowUp")
    composer = ines.page.locator(".composer")
    expect(composer).to_have_attribute("data-mode", "new")
    assert len(held) == 1
    held.pop()()
    expect(composer).to_have_attribute("data-mode", "edit")
    expect(ines.page.get_by_role("textbox", name="Edit your message")).to_have_value("Mispelt")


def test_an_unread_count_is_in_the_list_and_in_the_title(visitor: Arrive, channel: MakeChannel) -> None:
    channel("Reading here")
    there = channel("Written there")
    tomoe = visitor().opens(there).chooses_name("Tomoe")
    tomoe.says("Zero")
    ines = visitor()
    sockets = ines.sockets()
    ines.opens(there).chooses_name("Ines")
    ines.sees("Zero")
    ines.enters("Reading here")
    tomoe.says("One", "Two", "Three")
    ines.opens_the_list()
    expect(ines.badge("Written there")).to_have_text(re.compile("^3"))
    expect(ines.page).to_have_title("(3) Reading here · Chit-Chat")
    ines.enters("Written there")
    expect(ines.message("Three")).to_be_in_viewport()
    expect(ines.page).to_have_title("Written there · Chit-Chat")
    line = ines.page.locator('[data-row="news"]')
    expect(line).to_have_count(1)
    with sockets[-1].expect_event("framesent", says_read(5)):
        tomoe.says("Four")
    ines.sees("Four")
    # The line stays where reading stopped: right before "One".
    after = line.evaluate("e => e.nextElementSibling.querySelector('[data-part=body]')?.textContent")
    assert after == "One"
    # All of it is read, and said to be: whoever loads the page again finds nothing new.
    ines.reloads()
    ines.is_connected()
    expect(ines.message("Four")).to_be_visible()
    expect(line).to_have_count(0)


def test_a_topic_is_changed_by_its_maker_and_refused_in_words_to_others(
    visitor: Arrive, channel: MakeChannel
) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    ines.begins_a_channel()
    ines.channel_name.fill("Topical")
    ines.page.keyboard.press("Enter")
    ines.is_in("Topical")
    tomoe = visitor().opens("/c/topical/").chooses_name("Tomoe")
    for person, topic in ((ines, "About the weather"), (tomoe, "About nothing")):
        person.chooses_of_the_channel("Channel details")
        details = person.page.locator("#details-dialog")
        details.get_by_role("button", name=re.compile("^Edit")).click()
        details.get_by_role("textbox", name=re.compile("^Topic")).fill(topic)
        details.get_by_role("button", name=re.compile("^Save")).click()
        if person is ines:
            expect(details.get_by_role("button", name=re.compile("^Edit"))).to_be_visible()
            expect(tomoe.page.get_by_text(exactly("About the weather")).first).to_be_visible()
        else:
            expect(details).to_contain_text("Only the person who made this channel can change it.")

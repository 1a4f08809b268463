"""Who is here: names that change, people who come and go, sessions that end."""

import json

from playwright.sync_api import ViewportSize, WebSocketRoute, expect

from .accounts import here, members, opens_the_members
from .conftest import SIZES, Arrive, MakeChannel, MakeClient
from .pages import Visitor


@SIZES
def test_a_change_of_name_is_seen_by_everybody_and_old_messages_keep_theirs(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Names {size['width']}")
    ines = visitor(size).opens(address).chooses_name("Ines")
    second = ines.another_tab(address)
    second.is_connected()
    tomoe = visitor(size).opens(address).chooses_name("Tomoe")
    ines.turns_to_this_tab()
    ines.says("Written as Ines")
    tomoe.sees("Written as Ines")
    ines.changes_name("Ines of the lamp")
    second.is_called("Ines of the lamp")
    tomoe.sees_announced("Ines is now Ines of the lamp")
    ines.says("Written with the lamp")
    for person in (tomoe, ines, second):
        person.sees("Written as Ines", "Written with the lamp")
    is_signed(tomoe, "Written as Ines", "Ines", now="Ines of the lamp")
    is_signed(tomoe, "Written with the lamp", "Ines of the lamp")
    tomoe.reloads()
    tomoe.is_connected()
    is_signed(tomoe, "Written as Ines", "Ines", now="Ines of the lamp")
    is_signed(tomoe, "Written with the lamp", "Ines of the lamp")
    second.reloads()
    second.is_called("Ines of the lamp")


def is_signed(person: Visitor, body: str, name: str, now: str = "") -> None:
    """The name over a message, and who that is now if it is another one."""
    row = person.message(body)
    expect(row.locator('[data-part="author"]')).to_have_text(name)
    expect(row.locator('[data-part="now"]')).to_have_text(f"now {now}")
    expect(row.locator('[data-part="now"]')).to_be_visible(visible=bool(now))


def test_ones_own_name_again_is_told_and_another_spelling_of_it_is_allowed(visitor: Arrive) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    ines.begins_to_change_name()
    expect(ines.name_field).to_have_value("Ines")
    ines.name_field.fill("Ines ")
    expect(ines.name_help).to_have_text("You already use that name.")
    expect(ines.name_submit).to_have_attribute("aria-disabled", "true")
    ines.name_field.fill("INES")
    expect(ines.name_help).to_have_text("“INES” is free.")
    ines.name_field.press("Enter")
    expect(ines.name_dialog).to_be_hidden()
    ines.is_called("INES")
    ines.begins_to_change_name()
    ines.page.keyboard.press("Escape")
    expect(ines.name_dialog).to_be_hidden()
    ines.is_called("INES")


def test_people_are_counted_and_announced_once_however_many_tabs(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("The door")
    ines = visitor().opens(address).chooses_name("Ines")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    ines.sees_announced("Tomoe joined")
    second = tomoe.another_tab(address)
    second.is_connected()
    otto = visitor().opens(address).chooses_name("Otto")
    # Otto came last: whatever was to be told before has been told.
    ines.sees_announced("Tomoe and Otto joined")
    expect(ines.here).to_have_text("3")
    for person in (ines, tomoe, second, otto):
        expect(person.online).to_have_text("3 online")
    tomoe.page.close()
    second.reloads()
    second.is_connected()
    # Otto leaves after that, and takes as long as anybody to be missed.
    otto.page.close()
    ines.sees_announced("Otto left")
    expect(ines.here).to_have_text("2")
    for person in (ines, second):
        expect(person.online).to_have_text("2 online")
    second.page.close()
    ines.sees_announced("Otto and Tomoe left")
    expect(ines.here).to_have_text("1")
    expect(ines.online).to_have_text("1 online")
    lines = ines.page.get_by_role("log").locator('[data-row="announcement"]')
    expect(lines).to_have_count(2)


def test_those_who_come_and_go_are_not_told_about_themselves(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("No mirror")
    ines = visitor().opens(address).chooses_name("Ines")
    visitor().opens(address).chooses_name("Tomoe")
    ines.sees_announced("Tomoe joined")
    ines.changes_name("Ines the second")
    visitor().opens(address).chooses_name("Otto")
    ines.sees_announced("Tomoe and Otto joined")
    lines = ines.page.get_by_role("log").locator('[data-row="announcement"]')
    expect(lines).to_have_count(1)


def as_in_a_crowd(socket: WebSocketRoute) -> None:
    """The server tells how many people there are, and not who came and who left."""
    server = socket.connect_to_server()

    def pass_on(text: str | bytes) -> None:
        frame = json.loads(text)
        for one in frame.get("frames", [frame]):
            if one["type"] == "presence":
                one |= {"joined": [], "left": [], "renamed": []}
        socket.send(json.dumps(frame))

    server.on_message(pass_on)


def test_who_came_to_a_crowd_and_who_left_shows_when_the_list_is_opened_and_in_time_while_it_is(
    visitor: Arrive, channel: MakeChannel, client: MakeClient
) -> None:
    address = channel("The crowd")
    stays, goes, comes = client("Stays"), client("Goes"), client("Comes")
    for robot in (stays, goes):
        robot.enters("channel:the-crowd")
    ines = visitor()
    ines.page.clock.install()
    ines.page.route_web_socket("**/ws/chat/", as_in_a_crowd)
    ines.opens(address).chooses_name("Ines")
    opens_the_members(ines)
    expect(here(ines)).to_have_text(["Goes", "Ines", "Stays"])
    members(ines).get_by_role("button", name="Close the members").click()
    goes.leaves()
    expect(ines.here).to_have_text("2")
    opens_the_members(ines)
    expect(here(ines)).to_have_text(["Ines", "Stays"])
    comes.enters("channel:the-crowd")
    expect(ines.here).to_have_text("3")
    ines.page.clock.fast_forward(15_000)
    expect(here(ines)).to_have_text(["Comes", "Ines", "Stays"])


@SIZES
def test_logging_out_ends_the_session_in_all_its_tabs_and_frees_the_name(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"The way out {size['width']}")
    ines = visitor(size).opens(address).chooses_name("Ines")
    second = ines.another_tab("/c/general-talk/")
    second.is_connected()
    ines.turns_to_this_tab()
    ines.says("My last words")
    ines.sees_stored("My last words")
    ines.composer.fill("Nothing that anybody")
    second.turns_to_this_tab()
    second.composer.fill("shall ever read")
    ines.turns_to_this_tab()
    ines.logs_out()
    for tab in (ines, second):
        expect(tab.page.get_by_role("dialog", name="What should people call you?")).to_be_visible()
        expect(tab.rows).to_have_count(0)
        expect(tab.composer).to_be_disabled()
        kept = tab.page.evaluate("Object.keys(localStorage).filter((key) => key !== 'chat:theme')")
        assert kept == []
    otto = visitor(size).opens(address).chooses_name("Ines")
    otto.sees_only("My last words")
    # The same name is not the same person.
    assert not otto.message("My last words").evaluate("row => row.classList.contains('message--own')")
    second.turns_to_this_tab()
    second.chooses_name("Ines the second")
    second.is_in("General Talk")


def test_what_was_open_when_somebody_was_logged_out_is_not_open_for_the_next(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Left open")
    ines = visitor().opens(address).chooses_name("Ines at first")
    ines.says("Of the first")
    ines.sees_stored("Of the first")
    second = ines.another_tab("/c/general-talk/")
    opened = {
        "Ines and a menu": lambda: ines.opens_the_menu_of("Of the first"),
        "Ines and the switcher": lambda: ines.page.keyboard.press("Control+k"),
        "Ines and another name": ines.begins_to_change_name,
        "Ines and a menu of her own": ines.opens_the_menu,
    }
    shown = ines.page.locator("dialog[open], #me-menu").filter(visible=True)
    for name, opens in opened.items():
        second.is_connected()
        ines.turns_to_this_tab()
        opens()
        expect(shown).to_have_count(1)
        second.turns_to_this_tab()
        second.logs_out()
        second.is_asked_for_a_name()
        ines.turns_to_this_tab()
        ines.is_asked_for_a_name()
        expect(shown).to_have_count(1)
        ines.chooses_name(name)
        expect(shown).to_have_count(0)
        expect(ines.composer).to_be_focused()
        ines.sees("Of the first")
        second.reloads()


def test_nobody_logs_out_with_something_unsent_without_being_asked(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Unsent")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.loses_the_network()
    ines.says("Not yet on its way")
    question = ines.page.get_by_role("dialog", name="Log out?")
    ines.logs_out()
    expect(question).to_contain_text("1 message is not sent and will be lost.")
    question.get_by_role("button", name="Stay").click()
    expect(question).to_be_hidden()
    ines.sees("Not yet on its way")
    ines.logs_out()
    question.get_by_role("button", name="Log out").click()
    expect(question).to_contain_text("That did not get through. Try again in a moment.")
    question.get_by_role("button", name="Stay").click()
    ines.has_network_again()
    ines.is_connected()
    ines.sees_stored("Not yet on its way")
    ines.logs_out()
    ines.is_asked_for_a_name()


def test_what_somebody_gives_up_is_not_sent_later(
    visitor: Arrive, channel: MakeChannel, client: MakeClient
) -> None:
    address = channel("Given up")
    ines = visitor().opens(address).chooses_name("Ines")
    # The server does not take it, but can be reached otherwise.
    ines.page.evaluate("WebSocket.prototype.send = () => {}")
    ines.says("Better not")
    ines.logs_out()
    question = ines.page.get_by_role("dialog", name="Log out?")
    question.get_by_role("button", name="Log out").click()
    ines.is_asked_for_a_name()
    ines.chooses_name("Ines")
    ines.says("Here again")
    ines.sees_stored("Here again")
    bodies = [message["body"] for message in client("Robot").enters("channel:given-up")]
    assert bodies == ["Here again"]

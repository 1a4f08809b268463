"""Code that comes late, or not at once: what somebody did meanwhile is not lost, and the console is empty."""

import re

from playwright.sync_api import Route, expect

from .conftest import Arrive, MakeChannel
from .pages import PHONE, Visitor

TOOLS = "**/controllers/tools*.js"
REFUSED = r"net::ERR_CONNECTION_REFUSED"


def refuses(person: Visitor, address: str) -> None:
    person.watch.expects(REFUSED)
    person.context.route(address, lambda route: route.abort("connectionrefused"))


def menu(person: Visitor) -> None:
    expect(person.page.get_by_role("menuitem", name="Reply")).to_be_visible()


def arrives(person: Visitor, held: list[Route]) -> None:
    expect(person.page.get_by_role("menuitem", name="Reply")).to_be_hidden()
    assert held
    for route in held:
        route.continue_()


def test_enter_on_a_message_waits_for_what_it_opens(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Late keys")
    ines = visitor(fresh=True).opens(address).chooses_name("Ines")
    ines.says("Anything to do with it")
    ines.sees_stored("Anything to do with it")
    held: list[Route] = []
    ines.context.route(TOOLS, lambda route: held.append(route))
    with ines.page.expect_request(TOOLS):
        ines.reloads()
        ines.is_connected()
        ines.opens_the_menu_of("Anything to do with it")
    arrives(ines, held)
    menu(ines)


def test_a_finger_on_a_message_waits_for_what_it_opens(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Late fingers")
    ines = visitor(PHONE, fresh=True).opens(address).chooses_name("Ines")
    ines.says("Anything to do with it")
    ines.sees_stored("Anything to do with it")
    held: list[Route] = []
    ines.context.route(TOOLS, lambda route: held.append(route))
    ines.reloads()
    ines.is_connected()
    place = ines.message("Anything to do with it").locator('[data-part="body"]').bounding_box()
    assert place is not None
    finger = ines.context.new_cdp_session(ines.page)
    point = {"x": place["x"] + 8, "y": place["y"] + 8}
    with ines.page.expect_request(TOOLS):
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    arrives(ines, held)
    menu(ines)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    menu(ines)


def test_what_is_written_before_the_script_is_there_stays_and_is_sent_once_it_is(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Late script")
    ines = visitor(fresh=True).opens(address).chooses_name("Ines")
    held: list[Route] = []
    ines.context.route("**/js/main*.js", lambda route: held.append(route))
    ines.page.goto(address, wait_until="commit")
    ines.composer.press_sequentially("Before anything else")
    send = ines.page.get_by_role("button", name="Send", exact=True)
    send.click(force=True)
    ines.composer.press("Enter")
    ines.composer.press_sequentially("and more")
    assert held
    for route in held:
        route.continue_()
    ines.is_connected()
    expect(ines.composer).to_have_value("Before anything else\nand more")
    expect(ines.page).to_have_url(re.compile(rf"{address}$"))
    send.click()
    ines.sees_stored("Before anything else\nand more")


def test_what_could_not_be_fetched_is_said_and_fetched_at_its_next_use(visitor: Arrive) -> None:
    ines = visitor(fresh=True).opens("/").chooses_name("Ines")
    refuses(ines, "**/models/switcher*.js")
    ines.reloads()
    ines.is_connected()
    switcher = ines.page.get_by_role("dialog", name="Jump to a channel or a person")
    ines.page.keyboard.press("Control+k")
    expect(ines.page.get_by_text("That did not load. Try again, or reload the page")).to_be_visible()
    expect(switcher).to_be_hidden()
    ines.context.unroute_all()
    ines.page.keyboard.press("Control+k")
    expect(switcher).to_be_visible()


def test_a_newcomer_whose_form_did_not_load_whole_goes_on_typing(visitor: Arrive) -> None:
    newcomer = visitor(fresh=True)
    refuses(newcomer, "**/controllers/name_dialog*.js")
    newcomer.opens("/")
    expect(newcomer.page.locator("[data-announcer]")).to_have_text(
        "That did not load. Try again when you are connected"
    )
    newcomer.context.unroute_all()
    newcomer.name_field.press_sequentially("Wilma", delay=20)
    expect(newcomer.name_help).to_have_text("“Wilma” is free.")
    newcomer.chooses_name("Wilma")

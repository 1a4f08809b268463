"""Everybody can use it: axe finds nothing, in both themes, in every dialogue; and the keyboard is enough."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, ViewportSize, expect

from .accounts import registers, writes_to
from .conftest import SIZES, Arrive, MakeChannel, MakeClient
from .pages import DESKTOP, PHONE, Visitor
from .test_files import chooses, is_ready, picture

ANY = re.compile(".")

# Those of axe's rules that look at colours.
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def passes(person: Visitor) -> None:
    """Axe finds nothing in the page as it is now, in both themes, when nothing fades any more."""
    for scheme, only in (("dark", {"runOnly": OF_COLOURS}), ("light", {})):
        person.page.emulate_media(color_scheme=scheme)
        person.page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
        results = Axe().run(person.page, options={"resultTypes": ["violations"], **only})
        assert results.violations_count == 0, f"{scheme}: {results.generate_report()}"


@SIZES
def test_axe_has_nothing_to_say_of_the_page_and_its_dialogues(
    visitor: Arrive, client: MakeClient, channel: MakeChannel, size: ViewportSize
) -> None:
    name = f"For all {size['width']}"
    address = channel(name, "What everybody can read")
    room = f"channel:{address.split('/')[2]}"
    robot = client("Robot")
    first = robot.says("Good morning", "Is anybody here?", "See the drawing", room=room)[0]["id"]
    ines = visitor(size, reduced_motion="reduce").opens(address)
    ines.is_asked_for_a_name()
    passes(ines)
    ines.name_field.fill("Robot")
    expect(ines.name_help).to_contain_text("is taken")
    passes(ines)
    ines.chooses_name("Ines")
    ines.says("I am.", "Two\nlines")
    ines.sees_stored("I am.", "Two\nlines")
    robot.ask("join", room=room)
    robot.ask("react", room=room, id=first, emoji="👍", on=True)
    robot.ask("edit", room=room, id=first, body="Good evening")
    robot.tell(type="typing", room=room)
    ines.sees("Good evening")
    expect(ines.typing).to_have_text("Robot is typing")
    ines.sees_announced("Robot joined")
    passes(ines)
    ines.begins_a_channel()
    ines.channel_name.fill("General Talk")
    expect(ines.channel_help).to_contain_text("is taken")
    passes(ines)
    ines.page.keyboard.press("Escape")
    expect(ines.channel_dialog).to_be_hidden()
    ines.begins_to_change_name()
    expect(ines.name_field).to_have_value("Ines")
    passes(ines)
    ines.name_dialog.get_by_role("button", name="Cancel").click()
    ines.opens_the_menu()
    passes(ines)


@SIZES
def test_axe_has_nothing_to_say_while_the_network_is_gone_and_where_nothing_was_said(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Empty {size['width']}")
    ines = visitor(size, reduced_motion="reduce").opens(address).chooses_name("Ines")
    expect(ines.page.get_by_role("heading", name="No messages here")).to_be_visible()
    passes(ines)
    ines.loses_the_network()
    ines.says("Still here")
    ines.is_in_trouble("Offline, 1 message waiting")
    expect(ines.banner).to_contain_text("It is safe on this device.")
    passes(ines)
    ines.logs_out()
    expect(ines.page.get_by_role("dialog", name="Log out?")).to_be_visible()
    passes(ines)


@SIZES
def test_axe_has_nothing_to_say_of_what_opens_over_the_page(
    visitor: Arrive, client: MakeClient, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Open me {size['width']}", "What opens")
    ines = visitor(size, reduced_motion="reduce").opens(address).chooses_name("Ines")
    ines.says("Mine")
    ines.sees_stored("Mine")
    robot = client("Robot")
    robot.enters(f"channel:{address.split('/')[2]}")
    ines.sees_announced("Robot joined")
    for way, name in (
        (lambda: ines.page.keyboard.press("Control+K"), "Jump to a channel"),
        (lambda: ines.message("Mine").press("?"), "Keyboard shortcuts"),
        (lambda: ines.chooses_of_the_channel("Channel details"), "Channel details"),
        (ines.opens_the_channels_menu, "What to do with this channel"),
        (lambda: ines.opens_the_menu_of("Mine"), "What to do with this message"),
        (ines.page.get_by_role("button", name="Insert an emoji").click, "Choose an emoji"),
    ):
        way()
        dialogue = ines.page.get_by_role("dialog", name=name)
        expect(dialogue).to_be_visible()
        passes(ines)
        ines.page.keyboard.press("Escape")
        expect(dialogue).to_be_hidden()
    ines.page.get_by_role("button", name=re.compile("^2 here")).click()
    expect(ines.page.get_by_role("complementary", name="Members")).to_contain_text("Robot")
    passes(ines)


@SIZES
def test_axe_has_nothing_to_say_of_files_on_their_way_and_shown(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Files {size['width']}")
    ines = visitor(size, reduced_motion="reduce").opens(address).chooses_name("Ines")
    ines.watch.expects(r"\b(400|415)\b.*/files/")
    tray = ines.page.locator("[data-tray]")
    chooses(ines, ("fake.png", "image/png", b"no picture"), ("film.mov", "video/mp4", b"moving"))
    expect(tray).to_contain_text("film.mov was not attached.")
    expect(tray.locator('.upload[data-state="failed"]')).to_be_visible()
    passes(ines)
    ines.page.get_by_role("button", name="Do not attach fake.png").click()
    pictures = (("one.png", "image/png", picture("teal")), ("two.png", "image/png", picture("brown")))
    chooses(ines, *pictures, ("plan.txt", "text/plain", b"the plan"))
    is_ready(ines, 3)
    passes(ines)
    ines.says("Look")
    ines.sees_stored("Look")
    ines.message("Look").get_by_role("img", name="one.png").click()
    lightbox = ines.page.get_by_role("dialog", name="Picture")
    expect(lightbox).to_contain_text("1 of 2")
    passes(ines)
    ines.page.keyboard.press("Escape")
    expect(lightbox).to_be_hidden()
    passes(ines)


@SIZES
def test_axe_has_nothing_to_say_of_the_list_with_something_unread(
    visitor: Arrive, client: MakeClient, channel: MakeChannel, size: ViewportSize
) -> None:
    name = f"Unread {size['width']}"
    address = channel(name)
    ines = visitor(size, reduced_motion="reduce").opens("/").chooses_name("Ines")
    client("Robot").says("Look here", room=f"channel:{address.split('/')[2]}")
    expect(ines.page).to_have_title("(1) General Talk · Chit-Chat")
    passes(ines)
    ines.opens_the_list()
    expect(ines.badge(name)).to_have_text("1")
    passes(ines)


# What is still seen of an element where the reader has chosen all colours: no shadow, no ground but theirs.
SEEN = """element => {
  const { backgroundColor, borderTopWidth, borderTopColor, outlineStyle, outlineWidth, outlineColor } =
    getComputedStyle(element);
  const outline = outlineStyle === "none" ? "none" : `${outlineWidth} ${outlineColor}`;
  const border = parseFloat(borderTopWidth) ? `${borderTopWidth} ${borderTopColor}` : "none";
  return [backgroundColor, border, outline];
}"""


def has_an_edge(shown: Locator) -> None:
    expect(shown).to_be_visible()
    assert shown.evaluate(SEEN)[1:] != ["none", "none"]


def looks_unlike(one: Locator, other: Locator) -> None:
    expect(one).to_be_visible()
    assert one.evaluate(SEEN) != other.evaluate(SEEN)


def test_with_the_readers_own_colours_edges_and_what_is_chosen_are_seen(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Own colours")
    room = f"channel:{address.split('/')[2]}"
    robot = client("Robot")
    first = robot.says("Which of them?", room=room)[0]["id"]
    ines = visitor().opens(address).chooses_name("Ines")
    ines.page.emulate_media(forced_colors="active")
    has_an_edge(ines.page.locator(".composer"))
    has_an_edge(ines.message("Which of them?").locator(".message__bubble"))
    looks_unlike(ines.room("Own colours"), ines.room("General Talk"))

    robot.ask("join", room=room)
    robot.ask("react", room=room, id=first, emoji="👍", on=True)
    robot.ask("react", room=room, id=first, emoji="🎉", on=True)
    reactions = ines.message("Which of them?").locator(".reaction[aria-pressed]")
    expect(reactions).to_have_count(2)
    has_an_edge(reactions.first)
    reactions.last.click()
    expect(reactions.last).to_have_attribute("aria-pressed", "true")
    ines.composer.focus()
    looks_unlike(reactions.last, reactions.first)

    lamp = ines.page.locator("nav .lamp__bar")
    looks_unlike(lamp, ines.page.locator("nav"))
    ines.page.keyboard.press("Control+k")
    options = ines.page.get_by_role("option")
    looks_unlike(options.and_(ines.page.locator('[aria-selected="true"]')), options.last)
    has_an_edge(ines.page.locator("#jump-dialog"))
    ines.page.keyboard.press("Escape")
    ines.opens_the_menu()
    menu = ines.page.locator("#me-menu")
    has_an_edge(menu)
    looks_unlike(menu.locator("input:checked + span"), menu.locator("input:not(:checked) + span").first)
    menu.get_by_role("button", name="Change name").click()
    has_an_edge(ines.name_dialog)
    has_an_edge(ines.name_field)


def fits(person: Visitor, shown: Locator) -> None:
    """All of it is in the window, or can be scrolled there."""
    expect(shown).to_be_visible()
    place, window = shown.bounding_box(), person.page.viewport_size
    assert place is not None
    assert window is not None
    assert place["y"] >= 0
    assert place["y"] + place["height"] <= window["height"]
    room = shown.evaluate("element => element.scrollHeight - element.clientHeight")
    assert room <= 0 or shown.evaluate("element => getComputedStyle(element).overflowY") == "auto"


@pytest.mark.parametrize(
    "size",
    [
        # 1280 × 1024 at 400 %, a phone on its side, and a wide window at 400 %.
        ViewportSize(width=320, height=256),
        ViewportSize(width=667, height=331),
        ViewportSize(width=720, height=256),
    ],
    ids=["zoomed", "phone on its side", "wide and zoomed"],
)
def test_what_opens_in_a_low_window_is_in_it_and_scrolls(visitor: Arrive, size: ViewportSize) -> None:
    words = f"In a window of {size['width']} by {size['height']}"
    ines = visitor(size, reduced_motion="reduce").opens("/").chooses_name("Ines")
    ines.says(words)
    ines.sees_stored(words)
    ines.opens_the_menu_of(words)
    fits(ines, ines.page.locator("#message-menu"))
    ines.page.keyboard.press("Escape")
    ines.begins_a_channel()
    fits(ines, ines.channel_dialog)
    ines.page.keyboard.press("Escape")
    ines.opens_the_menu()
    fits(ines, ines.page.locator("#me-menu"))
    ines.page.locator("#me-menu").get_by_role("button", name="Change name").click()
    fits(ines, ines.name_dialog)
    ines.page.keyboard.press("Escape")
    ines.logs_out()
    ines.is_asked_for_a_name()


def test_a_chosen_theme_outlives_a_reload(visitor: Arrive) -> None:
    ines = visitor(color_scheme="light").opens("/").chooses_name("Ines")
    light = ground(ines)
    ines.opens_the_menu()
    ines.page.get_by_role("radio", name="Dark").check(force=True)
    dark = ground(ines)
    assert dark != light
    ines.reloads()
    ines.is_connected()
    assert ground(ines) == dark
    second = ines.another_tab("/")
    assert ground(second) == dark
    ines.opens_the_menu()
    ines.page.get_by_role("radio", name="System").check(force=True)
    assert ground(ines) == light


def ground(person: Visitor) -> str:
    colour: str = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_the_keyboard_is_enough(visitor: Arrive, client: MakeClient, channel: MakeChannel) -> None:
    channel("By keyboard")
    ines = visitor(DESKTOP).opens("/")
    press, type = ines.page.keyboard.press, ines.page.keyboard.type
    ines.is_asked_for_a_name()
    type("Ines")
    press("Enter")
    ines.is_connected()
    expect(ines.composer).to_be_focused()
    type("By hand")
    press("Enter")
    ines.sees_stored("By hand")

    # From the top: the skip link, the list, a channel.
    ines.reloads()
    ines.is_connected()
    press("Tab")
    expect(ines.page.get_by_role("link", name="Skip to the message field")).to_be_focused()
    press("Enter")
    expect(ines.composer).to_be_focused()
    tab_back_to(ines, ines.room("By keyboard"))
    press("Enter")
    ines.is_in("By keyboard")
    expect(ines.composer).to_be_focused()
    ines.page.go_back()
    ines.is_in("General Talk")

    # A new channel, given up with Escape and then made.
    ines.page.get_by_role("button", name="New channel").focus()
    press("Enter")
    expect(ines.channel_name).to_be_focused()
    press("Escape")
    expect(ines.page.get_by_role("button", name="New channel")).to_be_focused()
    press("Enter")
    type("Made by hand")
    press("Enter")
    ines.is_in("Made by hand")
    expect(ines.composer).to_be_focused()

    # The menu of oneself.
    me = ines.page.locator("[data-me-button]")
    me.focus()
    press("Enter")
    expect(me).to_have_attribute("aria-expanded", "true")
    press("Escape")
    expect(me).to_have_attribute("aria-expanded", "false")
    expect(me).to_be_focused()

    # Another channel, by a piece of its name.
    press("Control+K")
    expect(ines.page.get_by_role("dialog", name="Jump to a channel")).to_be_visible()
    type("keyb")
    expect(ines.page.get_by_role("option", selected=True)).to_contain_text("By keyboard")
    press("Enter")
    ines.is_in("By keyboard")
    expect(ines.composer).to_be_focused()

    # A message: written, mended, and left.
    type("Mispelt")
    press("Enter")
    ines.sees_stored("Mispelt")
    press("ArrowUp")
    mended = ines.page.get_by_role("textbox", name="Edit your message")
    expect(mended).to_have_value("Mispelt")
    press("Control+A")
    type("Misspelt")
    press("Enter")
    ines.sees_only("Misspelt")
    expect(ines.message("Misspelt").locator('[data-part="edited"]')).to_be_visible()
    expect(ines.composer).to_be_focused()

    # The list of all keys, from the messages.
    press("Shift+Tab")
    press("?")
    expect(ines.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    expect(ines.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def tab_back_to(person: Visitor, there: Locator) -> None:
    """Press Shift+Tab until it has the focus."""
    focused = "element => element === document.activeElement"
    presses = 0
    while not there.evaluate(focused):
        person.page.keyboard.press("Shift+Tab")
        presses += 1
        assert presses < 30, "the keyboard does not get there"


def test_enter_does_not_send_while_an_input_method_composes(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Composing")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.composer.focus()
    input_method = ines.context.new_cdp_session(ines.page)
    input_method.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    expect(ines.composer).to_have_value("にほん")
    ines.composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(ines.composer).to_have_value("にほん")
    input_method.send("Input.insertText", {"text": "日本"})
    expect(ines.composer).to_have_value("日本")
    ines.page.keyboard.press("Enter")
    ines.sees_only("日本")


# The texts of messages that are put into the log while it is live: a screen reader says them.
LISTEN = """() => {
  const log = document.querySelector("[data-log]");
  window.said = [];
  new MutationObserver((changes) => {
    if (log.getAttribute("aria-live") === "off") return;
    const messages = changes.flatMap(({ addedNodes }) => [...addedNodes])
      .filter((row) => row.dataset.row === "message");
    said.push(...messages.map((row) => row.querySelector('[data-part="body"]').textContent));
  }).observe(log, { childList: true });
}"""


def is_read_out(person: Visitor, *bodies: str) -> None:
    assert person.page.evaluate("said") == list(bodies)


def test_what_was_said_before_somebody_had_a_name_is_not_read_out_to_them(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Read out")
    room = f"channel:{address.split('/')[2]}"
    robot = client("Robot")
    robot.says("Old", "Older", room=room)
    ines = visitor().opens(address)
    ines.is_asked_for_a_name()
    log = ines.page.get_by_role("log", include_hidden=True)
    expect(log).not_to_have_attribute("aria-busy", ANY)
    ines.page.evaluate(LISTEN)
    ines.chooses_name("Ines")
    ines.sees_only("Old", "Older")
    is_read_out(ines)
    expect(log).not_to_have_attribute("aria-live", ANY)
    robot.says("New", room=room)
    ines.sees("New")
    is_read_out(ines, "New")


def test_older_messages_that_are_scrolled_to_are_not_read_out(visitor: Arrive) -> None:
    ines = registers(visitor(), "Ines of old")
    registers(visitor(), "Nobody new")
    writes_to(ines, "Nobody new")
    bodies = [f"Line {number}\nof thirty" for number in range(30)]
    ines.says(*bodies)
    ines.sees_stored(bodies[-1])
    ines.reloads()
    ines.is_connected()
    log = ines.page.get_by_role("log")
    expect(log).not_to_have_attribute("aria-live", ANY)
    ines.page.evaluate(LISTEN)
    ines.page.locator("[data-timeline]").hover()
    ines.page.mouse.wheel(0, -4_000)
    ines.sees_only(*bodies)
    is_read_out(ines)
    expect(log).not_to_have_attribute("aria-live", ANY)
    ines.says("New")
    ines.sees_stored("New")
    is_read_out(ines, "New")


# What is on its way for longer than a moment and goes anywhere; to appear is not to move.
MOVING = """document.getAnimations()
  .filter(({ effect }) => effect.getComputedTiming().activeDuration > 1)
  .filter(({ effect }) => effect.getKeyframes().some((frame) => ["transform", "translate", "inlineSize"]
    .some((moved) => (frame[moved] ?? "none") !== "none")))
  .map((one) => [one.animationName ?? one.transitionProperty, one.effect.target.outerHTML.slice(0, 80)])"""


def test_with_reduced_motion_nothing_moves(visitor: Arrive, client: MakeClient) -> None:
    ines = visitor(PHONE, reduced_motion="reduce").opens("/").chooses_name("Ines")
    client("Robot").says("Nothing moves")
    ines.sees("Nothing moves")
    ines.opens_the_list()
    assert ines.page.evaluate(MOVING) == []

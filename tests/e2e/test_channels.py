"""Channels: made, found, changed between, unread."""

import re

from playwright.sync_api import ViewportSize, expect

from .conftest import SIZES, Arrive, MakeChannel, MakeClient
from .pages import DESKTOP, PHONE
from .servers import RUNSERVER

# As `bin/run` starts it.
COMMAND = RUNSERVER


@SIZES
def test_a_new_channel_appears_for_everybody_and_its_maker_enters_it(
    visitor: Arrive, size: ViewportSize
) -> None:
    name, slug = f"Pit crew {size['width']}", f"pit-crew-{size['width']}"
    ines = visitor(size).opens("/").chooses_name("Ines")
    tomoe = visitor(size).opens("/").chooses_name("Tomoe")
    ines.begins_a_channel()
    ines.channel_name.fill(name)
    expect(ines.channel_help).to_have_text(f"Free. Its address will be /c/{slug}/")
    ines.channel_topic.fill("Wheels and oil")
    ines.channel_dialog.get_by_role("button", name="Create channel").click()
    expect(ines.channel_dialog).to_be_hidden()
    ines.is_at(slug)
    ines.is_in(name)
    # A phone has no room for it.
    expect(ines.page.get_by_text("Wheels and oil")).to_be_visible(visible=size == DESKTOP)
    ines.says("First!")
    ines.sees_only("First!")
    tomoe.is_at("general-talk")
    tomoe.enters(name)
    tomoe.is_at(slug)
    tomoe.sees_only("First!")
    expect(tomoe.page.get_by_text("Wheels and oil")).to_be_visible(visible=size == DESKTOP)


def test_a_channels_name_is_checked_while_it_is_typed(visitor: Arrive, channel: MakeChannel) -> None:
    channel("Gearbox")
    ines = visitor().opens("/").chooses_name("Ines")
    ines.begins_a_channel()
    expect(ines.channel_name).to_be_focused()
    ines.channel_name.fill("GEARBOX")
    expect(ines.channel_help).to_have_text("“GEARBOX” is taken. Would one of these do?")
    ines.channel_name.fill("gear\u202ebox")
    expect(ines.channel_help).to_contain_text("cannot be shown")
    ines.channel_name.press("Enter")
    expect(ines.channel_dialog).to_be_visible()
    ines.channel_name.fill("Ein Getriebe für später")
    expect(ines.channel_help).to_have_text("Free. Its address will be /c/ein-getriebe-fur-spater/")
    ines.channel_topic.fill("x" * 201)
    expect(ines.channel_dialog.get_by_text("A topic has at most 200 characters.")).to_be_visible()
    ines.channel_name.press("Enter")
    expect(ines.channel_topic).to_be_focused()
    ines.page.keyboard.press("Escape")
    expect(ines.channel_dialog).to_be_hidden()
    expect(ines.page.get_by_role("button", name="New channel")).to_be_focused()
    ines.is_at("general-talk")


def test_a_channel_has_a_real_address_and_the_back_button_works(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Back and forth")
    ines = visitor().opens("/").chooses_name("Ines")
    loads: list[str] = []
    ines.page.on("domcontentloaded", lambda page: loads.append(page.url))
    ines.enters("Back and forth")
    ines.is_at("back-and-forth")
    ines.says("Written there.")
    ines.sees_stored("Written there.")
    ines.page.go_back()
    ines.is_at("general-talk")
    ines.is_in("General Talk")
    expect(ines.message("Written there.")).to_have_count(0)
    ines.page.go_forward()
    ines.is_at("back-and-forth")
    ines.is_in("Back and forth")
    ines.sees_only("Written there.")
    assert loads == []
    ines.reloads()
    ines.is_in("Back and forth")
    ines.sees_only("Written there.")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    tomoe.is_in("Back and forth")
    tomoe.sees_only("Written there.")


def test_a_name_in_another_alphabet_makes_a_channel_that_works(visitor: Arrive) -> None:
    ines = visitor().opens("/").chooses_name("Ines")
    ines.begins_a_channel()
    ines.channel_name.fill("部屋")
    ines.channel_name.press("Enter")
    ines.is_in("部屋")
    expect(ines.page).to_have_url(re.compile(r"/c/c-[0-9a-f]{8}/$"))
    ines.says("こんにちは")
    ines.sees_stored("こんにちは")
    ines.reloads()
    ines.is_in("部屋")
    ines.sees_only("こんにちは")


def test_two_tabs_are_in_two_channels_and_each_posts_into_its_own(
    visitor: Arrive, channel: MakeChannel
) -> None:
    left, right = channel("Left tab"), channel("Right tab")
    ines = visitor().opens(left).chooses_name("Ines")
    second = ines.another_tab(right)
    second.is_connected()
    second.is_called("Ines")
    for tab, side in ((ines, "left"), (second, "right")):
        tab.turns_to_this_tab()
        tab.says(f"From the {side}", f"{side.capitalize()} again")
    for _ in range(2):
        ines.sees_only("From the left", "Left again")
        second.sees_only("From the right", "Right again")
        ines.reloads()
        second.reloads()
    ines.is_in("Left tab")
    second.is_in("Right tab")


@SIZES
def test_a_message_elsewhere_shows_a_badge_a_title_and_the_line_where_reading_stopped(
    visitor: Arrive, client: MakeClient, channel: MakeChannel, size: ViewportSize
) -> None:
    name = f"Elsewhere {size['width']}"
    address = channel(name)
    room = f"channel:{address.split('/')[2]}"
    robot = client("Robot")
    robot.says("Before she left", room=room)
    ines = visitor(size).opens(address).chooses_name("Ines")
    ines.sees("Before she left")
    ines.enters("General Talk")
    expect(ines.page).to_have_title("General Talk · Chit-Chat")
    robot.says("One", "Two", "Three", room=room)
    expect(ines.page).to_have_title("(3) General Talk · Chit-Chat")
    if size == PHONE:
        expect(ines.page.locator("[data-drawer-dot]")).to_be_visible()
    ines.opens_the_list()
    expect(ines.badge(name)).to_have_text("3")
    expect(ines.badge("General Talk")).to_be_hidden()
    ines.room(name).click()
    ines.is_in(name)
    ines.sees_only("Before she left", "One", "Two", "Three")
    expect(ines.page.get_by_role("separator")).to_have_text("3 new")
    above, below = (ines.message(body).bounding_box() for body in ("Before she left", "One"))
    line = ines.page.get_by_role("separator").bounding_box()
    assert above
    assert line
    assert below
    assert above["y"] < line["y"] < below["y"]
    expect(ines.page).to_have_title(f"{name} · Chit-Chat")
    ines.enters("General Talk")
    ines.opens_the_list()
    expect(ines.badge(name)).to_be_hidden()


def test_what_was_read_in_one_tab_is_read_in_the_other(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Read once")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.enters("General Talk")
    second = ines.another_tab("/c/general-talk/")
    second.is_connected()
    client("Robot").says("Read me", room="channel:read-once")
    for tab in (ines, second):
        expect(tab.badge("Read once")).to_have_text("1")
    second.enters("Read once")
    second.sees("Read me")
    expect(ines.badge("Read once")).to_be_hidden()
    expect(ines.page).to_have_title("General Talk · Chit-Chat")


def test_on_a_phone_the_list_is_a_drawer_that_gives_the_focus_back(
    visitor: Arrive, channel: MakeChannel
) -> None:
    channel("In the drawer")
    ines = visitor(PHONE).opens("/").chooses_name("Ines")
    panel = ines.page.get_by_role("navigation", name="Channels and you")
    expect(panel).not_to_be_in_viewport()
    expect(ines.list_button).to_have_attribute("aria-expanded", "false")
    ines.list_button.click()
    expect(panel).to_be_in_viewport(ratio=0.99)
    expect(ines.page.get_by_role("button", name="Close the list")).to_be_focused()
    ines.page.keyboard.press("Escape")
    expect(panel).not_to_be_in_viewport()
    expect(ines.list_button).to_be_focused()
    ines.list_button.click()
    ines.page.touchscreen.tap(PHONE["width"] - 10, PHONE["height"] / 2)
    expect(panel).not_to_be_in_viewport()
    ines.enters("In the drawer")
    expect(panel).not_to_be_in_viewport()
    ines.says("Written on a phone")
    ines.sees_only("Written on a phone")
    wide = "document.documentElement.scrollWidth"
    assert ines.page.evaluate(wide) == PHONE["width"]

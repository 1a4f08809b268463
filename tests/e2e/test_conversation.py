"""People talk: who said what and when, at once, on both sides."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, ViewportSize, expect

from .conftest import SIZES, Arrive, MakeChannel, MakeClient
from .pages import Visitor, exactly
from .servers import RUNSERVER

# As `bin/run` starts it.
COMMAND = RUNSERVER

# To Playwright every page has the focus all the time, and is before somebody's eyes.
LOOKS_AWAY = "dispatchEvent(new Event('pagehide'))"
LOOKS_AGAIN = "dispatchEvent(new Event('focus'))"


def bubble(person: Visitor, body: str) -> Locator:
    return person.message(body).locator(".message__bubble")


def middle(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2


@SIZES
def test_two_people_talk_in_real_time(visitor: Arrive, channel: MakeChannel, size: ViewportSize) -> None:
    address = channel(f"Two people {size['width']}")
    ines = visitor(size).opens(address).chooses_name("Ines")
    tomoe = visitor(size).opens(address).chooses_name("Tomoe")
    ines.says("Is anybody here?")
    tomoe.sees_stored("Is anybody here?")
    tomoe.says("I am.")
    ines.sees_stored("I am.")
    ines.says("Good.", "Good!", "Shall we begin?")
    talk = ("Is anybody here?", "I am.", "Good.", "Good!", "Shall we begin?")
    for person, other in ((ines, "Tomoe"), (tomoe, "Ines")):
        person.sees_only(*talk)
        for body in talk:
            person.sees_stored(body)
        theirs = person.rows.filter(has=person.page.locator('[data-part="author"]', has_text=exactly(other)))
        expect(theirs).to_have_count(1 if other == "Tomoe" else 4)
    for person in (ines, tomoe):
        person.reloads()
        person.is_connected()
        person.sees_only(*talk)


@SIZES
def test_ones_own_messages_are_on_the_right_in_another_colour(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Sides {size['width']}")
    ines = visitor(size).opens(address).chooses_name("Ines")
    tomoe = visitor(size).opens(address).chooses_name("Tomoe")
    ines.says("Mine")
    tomoe.says("Hers")
    for person, own, other in ((ines, "Mine", "Hers"), (tomoe, "Hers", "Mine")):
        person.sees_stored(own, other)
        timeline = middle(person.page.get_by_role("region", name=re.compile("^Messages in")))
        assert middle(bubble(person, own)) > timeline > middle(bubble(person, other))
        colours = {
            bubble(person, body).evaluate("e => getComputedStyle(e).backgroundColor") for body in (own, other)
        }
        assert len(colours) == 2


def test_a_time_is_in_the_readers_zone_and_language_and_exact_on_hover(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("Time zones")
    ines = visitor(locale="de-DE", timezone_id="Asia/Kolkata").opens(address).chooses_name("Ines")
    tomoe = visitor(locale="en-US", timezone_id="America/New_York").opens(address).chooses_name("Tomoe")
    before = datetime.now().astimezone()
    ines.says("What time is it?")
    for person in (ines, tomoe):
        person.sees_stored("What time is it?")
    after = datetime.now().astimezone()
    places = (
        (ines, "Asia/Kolkata", "%H:%M", "%H:%M:%S"),
        (tomoe, "America/New_York", "%-I:%M %p", "%-I:%M:%S %p"),
    )
    for person, zone, short, exact in places:
        time = person.message("What time is it?").locator('[data-part="time"]')
        stamp = datetime.fromisoformat(time.get_attribute("datetime") or "")
        assert before.timestamp() - 0.001 <= stamp.timestamp() <= after.timestamp()
        local = stamp.astimezone(ZoneInfo(zone))
        expect(time).to_have_text(local.strftime(short).replace(" ", "\u202f"))
        title = time.get_attribute("title") or ""
        assert local.strftime(exact) in title.replace("\u202f", " ")
        assert str(local.year) in title
        expect(person.page.get_by_role("log").locator('[data-row="day"]')).to_have_text("Today")


def test_typing_is_shown_until_the_message_comes(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Typing")
    ines = visitor().opens(address).chooses_name("Ines")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    ines.sees_announced("Tomoe joined")
    expect(ines.typing).to_have_text("")
    tomoe.composer.press_sequentially("Let me see")
    expect(ines.typing).to_have_text("Tomoe is typing")
    expect(tomoe.typing).to_have_text("")
    # She has stopped: the line goes by itself.
    expect(ines.typing).to_have_text("")
    tomoe.composer.press_sequentially(" ...")
    expect(ines.typing).to_have_text("Tomoe is typing")
    tomoe.composer.press("Enter")
    ines.sees("Let me see ...")
    expect(ines.typing).to_have_text("", timeout=2_000)


def test_edits_reactions_and_deletions_are_shown_live_and_after_a_reload(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Second thoughts")
    room = f"channel:{address.split('/')[2]}"
    ines = visitor().opens(address).chooses_name("Ines")
    robot = client("Robot")
    first, second = (ack["id"] for ack in robot.says("Tow plus two", "Never mind", room=room))
    ines.sees("Tow plus two", "Never mind")
    edited = ines.message("Tow plus two").locator('[data-part="edited"]')
    expect(edited).to_be_hidden()
    robot.ask("edit", room=room, id=first, body="Two plus two")
    ines.sees("Two plus two")
    expect(ines.message("Two plus two").locator('[data-part="edited"]')).to_be_visible()
    robot.ask("react", room=room, id=first, emoji="👍", on=True)
    reactions = ines.message("Two plus two").get_by_role("list", name="Reactions").get_by_role("listitem")
    expect(reactions).to_have_text(["👍 1"])
    robot.ask("react", room=room, id=first, emoji="🎉", on=True)
    expect(reactions).to_have_text(["👍 1", "🎉 1"])
    robot.ask("react", room=room, id=first, emoji="👍", on=False)
    expect(reactions).to_have_text(["🎉 1"])
    robot.ask("delete", room=room, id=second)
    ines.sees_only("Two plus two")
    ines.reloads()
    ines.is_connected()
    ines.sees_only("Two plus two")
    expect(reactions).to_have_text(["🎉 1"])
    expect(ines.message("Two plus two").locator('[data-part="edited"]')).to_be_visible()


def test_a_draft_that_one_tab_has_sent_is_gone_from_the_other(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Two drafts")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.page.keyboard.type("Begun here")
    ines.page.evaluate(LOOKS_AWAY)
    other = ines.another_tab(address)
    other.is_connected()
    expect(other.composer).to_have_value("Begun here")
    other.composer.press("Enter")
    other.sees_stored("Begun here")
    ines.page.evaluate(LOOKS_AGAIN)
    expect(ines.composer).to_have_value("")
    ines.sees_only("Begun here")


def test_a_draft_stays_in_its_channel_and_outlives_the_page(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Drafts")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.composer.fill("Not yet sent")
    ines.enters("General Talk")
    expect(ines.composer).to_have_value("")
    ines.composer.fill("Somewhere else")
    ines.enters("Drafts")
    expect(ines.composer).to_have_value("Not yet sent")
    ines.composer.press_sequentially(", nor finished")
    ines.reloads()
    ines.is_connected()
    expect(ines.composer).to_have_value("Not yet sent, nor finished")
    ines.composer.press("Enter")
    ines.sees_stored("Not yet sent, nor finished")
    ines.reloads()
    ines.is_connected()
    expect(ines.composer).to_have_value("")
    ines.enters("General Talk")
    expect(ines.composer).to_have_value("Somewhere else")


def test_the_first_thing_that_somebody_does_is_not_lost(visitor: Arrive, channel: MakeChannel) -> None:
    """What messages can do is fetched with the first use of the page: a hover, a press, a key."""
    ines = visitor().opens(channel("At once")).chooses_name("Ines")
    ines.says("Good morning")
    ines.sees_stored("Good morning")
    ines.reloads()
    ines.is_connected()
    ines.message("Good morning").locator('[data-part="body"]').hover()
    ines.page.get_by_role("button", name="Add a reaction").click()
    ines.page.get_by_role("button", name="thumbs up").first.click()
    chip = ines.message("Good morning").locator(".reaction[data-emoji]")
    expect(chip).to_have_attribute("aria-pressed", "true")
    ines.reloads()
    ines.is_connected()
    chip.click()
    expect(chip).to_have_count(0)
    ines.reloads()
    ines.is_connected()
    ines.message("Good morning").press("Enter")
    expect(ines.page.get_by_role("dialog", name="What to do with this message")).to_be_visible()

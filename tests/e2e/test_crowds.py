"""Many messages: the newest hundred, and reading in peace while more come."""

from playwright.sync_api import ViewportSize, expect

from .conftest import SIZES, Arrive, MakeChannel, MakeClient
from .pages import exactly

# People here say more than people say.
RATE_LIMITS = False


def test_the_hundred_and_first_message_drops_the_first(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("A hundred")
    robot = client("Robot")
    robot.says(*(f"Message {number}" for number in range(1, 101)), room="channel:a-hundred")
    ines = visitor().opens(address).chooses_name("Ines")
    expect(ines.rows).to_have_count(100)
    expect(ines.bodies.first).to_have_text("Message 1")
    ines.says("Message 101")
    ines.sees_stored("Message 101")
    ines.reloads()
    ines.is_connected()
    expect(ines.rows).to_have_count(100)
    expect(ines.bodies.first).to_have_text("Message 2")
    expect(ines.bodies.last).to_have_text("Message 101")
    expect(ines.bodies.last).to_be_in_viewport()
    ines.sees_only(*(f"Message {number}" for number in range(2, 102)))
    tomoe = visitor().opens("/").chooses_name("Tomoe")
    tomoe.enters("A hundred")
    tomoe.sees_only(*(f"Message {number}" for number in range(2, 102)))
    expect(tomoe.bodies.last).to_be_in_viewport()


@SIZES
def test_whoever_reads_above_is_left_in_peace_and_led_back(
    visitor: Arrive, client: MakeClient, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Long talk {size['width']}")
    room = f"channel:{address.split('/')[2]}"
    robot = client("Robot")
    robot.says(*(f"Line {number}" for number in range(1, 81)), room=room)
    ines = visitor(size).opens(address).chooses_name("Ines")
    expect(ines.message("Line 80")).to_be_in_viewport()
    expect(ines.jump).to_be_hidden()
    ines.message("Line 20").scroll_into_view_if_needed()
    expect(ines.jump).to_have_text("Latest")
    before = ines.message("Line 20").bounding_box()
    robot.says("Something new", room=room)
    expect(ines.jump).to_have_text("1 new message")
    robot.says("And more", "And more still", room=room)
    expect(ines.jump).to_have_text("3 new messages")
    assert ines.message("Line 20").bounding_box() == before
    expect(ines.message("And more still")).not_to_be_in_viewport()
    ines.jump.click()
    expect(ines.message("And more still")).to_be_in_viewport()
    expect(ines.jump).to_be_hidden()
    # At the end, what comes is followed.
    robot.says("The end", room=room)
    expect(ines.message("The end")).to_be_in_viewport()
    expect(ines.jump).to_be_hidden()


def test_ones_own_message_leads_back_to_the_end(
    visitor: Arrive, client: MakeClient, channel: MakeChannel
) -> None:
    address = channel("Own words")
    client("Robot").says(*(f"Line {number}" for number in range(1, 81)), room="channel:own-words")
    ines = visitor().opens(address).chooses_name("Ines")
    expect(ines.message("Line 80")).to_be_in_viewport()
    ines.message("Line 20").scroll_into_view_if_needed()
    expect(ines.message("Line 80")).not_to_be_in_viewport()
    ines.says("I have read enough")
    expect(ines.message("I have read enough")).to_be_in_viewport()


def test_more_messages_at_once_than_the_server_takes_from_one_person_all_arrive_in_order(
    visitor: Arrive, channel: MakeChannel
) -> None:
    address = channel("A flood")
    ines = visitor().opens(address).chooses_name("Ines")
    tomoe = visitor().opens(address).chooses_name("Tomoe")
    bodies = [f"Drop {number}" for number in range(1, 31)]
    ines.says(*bodies)
    tomoe.sees_only(*bodies)
    ines.sees_only(*bodies)
    expect(ines.rows.and_(ines.page.locator('[data-state="stored"]'))).to_have_count(len(bodies))


def test_a_badge_has_room_for_two_digits(visitor: Arrive, client: MakeClient, channel: MakeChannel) -> None:
    channel("Busy")
    robot = client("Robot")
    ines = visitor().opens("/").chooses_name("Ines")
    robot.says(*(f"Noise {number}" for number in range(1, 121)), room="channel:busy")
    expect(ines.badge("Busy")).to_have_text("99+")
    expect(ines.page).to_have_title("(99+) General Talk · Chit-Chat")
    expect(ines.page.get_by_role("heading", level=1)).to_have_text(exactly("General Talk"))

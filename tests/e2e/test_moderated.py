"""What staff do in the admin, as those see it who are in the channel at that moment."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import Arrive, MakeChannel
from .pages import Visitor
from .servers import Server

STAFF, PASSWORD = "keeper", "of-all-the-keys"


@pytest.fixture
def staff(server: Server, visitor: Arrive) -> Visitor:
    """Somebody who is logged in to the admin."""
    who = ("--username", STAFF, "--email", "keeper@example.org")
    server.manage("createsuperuser", "--no-input", *who, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    keeper = visitor().opens("/admin/")
    keeper.page.get_by_label("Name", exact=True).fill(STAFF)
    keeper.page.get_by_label("Password", exact=True).fill(PASSWORD)
    keeper.page.get_by_role("button", name="Log in").click()
    expect(keeper.page).to_have_title(re.compile("^Site administration"))
    return keeper


def does(keeper: Visitor, act: str, channel: str) -> None:
    keeper.opens("/admin/chat/channel/")
    row = keeper.page.get_by_role("row").filter(has_text=channel)
    row.get_by_role("checkbox").check()
    keeper.page.get_by_label("Action:").select_option(label=act)
    keeper.page.get_by_role("button", name=re.compile("^(Go|Run)")).click()


def test_a_channel_is_cleared_and_archived_under_the_eyes_of_who_is_in_it(
    visitor: Arrive, staff: Visitor, channel: MakeChannel
) -> None:
    address = channel("Tended")
    ines = visitor().opens(address).chooses_name("Ines")
    ines.says("Soon gone")
    ines.sees_stored("Soon gone")

    does(staff, "Clear …", "Tended")
    staff.page.get_by_role("button", name="Clear them").click()
    empty = ines.page.locator("[data-empty]")
    expect(empty).to_contain_text("No messages here")
    expect(empty).not_to_contain_text("new")
    ines.says("Afterwards")
    ines.sees_only("Afterwards")

    ines.composer.focus()
    does(staff, "Archive", "Tended")
    closed = ines.page.get_by_text("This channel is archived: it can be read, not written to.")
    expect(closed).to_be_visible()
    expect(closed).to_be_focused()
    expect(ines.composer).to_be_hidden()
    ines.reloads()
    ines.is_connected()
    ines.sees_only("Afterwards")
    expect(closed).to_be_visible()
    expect(ines.composer).to_be_hidden()

    does(staff, "Open again", "Tended")
    expect(ines.composer).to_be_visible()
    expect(closed).to_be_hidden()
    ines.says("Open again")
    ines.sees_only("Afterwards", "Open again")

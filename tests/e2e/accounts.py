"""People with accounts, and what they do in personal chats and private channels."""

import re

from playwright.sync_api import Locator, expect

from .pages import Visitor, exactly

PASSWORD = "fourteen wheels and a chain"


def registers(person: Visitor, name: str) -> Visitor:
    """Make an account, and be in the default channel with it."""
    person.opens("/account/register/")
    person.page.get_by_label("Name", exact=True).fill(name)
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.page.get_by_label("Password again").fill(PASSWORD)
    person.page.get_by_role("button", name="Register").click()
    expect(person.page).to_have_url(re.compile("/c/general-talk/$"))
    person.is_connected()
    person.is_called(name)
    return person


def logs_in(person: Visitor, name: str) -> Visitor:
    person.opens("/account/login/")
    person.page.get_by_label("Name", exact=True).fill(name)
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.page.get_by_role("button", name="Log in").click()
    person.is_connected()
    person.is_called(name)
    return person


def finder(person: Visitor) -> Locator:
    return person.page.get_by_role("dialog", name="Find a person")


def begins_to_find(person: Visitor) -> None:
    person.opens_the_list()
    person.page.get_by_role("button", name="Find a person").click()
    expect(finder(person)).to_be_visible()


def writes_to(person: Visitor, name: str) -> None:
    """Open the personal chat with somebody, found by name."""
    begins_to_find(person)
    person.page.keyboard.type(name)
    finder(person).get_by_role("option", name=name).click()
    expect(finder(person)).to_be_hidden()
    person.is_in(name)


def chats(person: Visitor) -> Locator:
    """The rows of the personal chats, in their order."""
    return person.page.get_by_role("list", name="Personal").get_by_role("link")


def chat_names(person: Visitor) -> Locator:
    return chats(person).locator('[data-part="name"]')


def makes_private_channel(person: Visitor, name: str) -> None:
    person.begins_a_channel()
    person.channel_name.fill(name)
    person.channel_dialog.get_by_role("radio", name="By invitation").check()
    expect(person.channel_help).to_have_text("Only those you invite will see it.")
    person.channel_dialog.get_by_role("button", name="Create channel").click()
    expect(person.channel_dialog).to_be_hidden()
    person.is_in(name)


def members(person: Visitor) -> Locator:
    return person.page.get_by_role("complementary", name="Members")


def opens_the_members(person: Visitor) -> Locator:
    if not members(person).is_visible():
        person.page.get_by_role("button", name=re.compile(r"^\d+ here")).filter(visible=True).click()
        expect(members(person)).to_be_visible()
    return members(person)


def invites(person: Visitor, *names: str) -> None:
    """Into the private channel that they are in."""
    opens_the_members(person).get_by_role("button", name="Invite people").click()
    dialog = person.page.get_by_role("dialog", name=re.compile("^Invite people to "))
    for name in names:
        dialog.get_by_role("combobox").fill(name)
        option = dialog.get_by_role("option", name=name)
        option.click()
        expect(option).to_contain_text("Invited")
    person.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def here(person: Visitor) -> Locator:
    return members(person).locator('[data-part="people"] [data-part="name"]')


def away(person: Visitor) -> Locator:
    return members(person).locator('[data-part="away"] [data-part="name"]')


def card(person: Visitor, name: str) -> Locator:
    return person.page.get_by_role("dialog", name=exactly(name))

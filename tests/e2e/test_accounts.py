"""Accounts in a real browser: a guest who stays, several devices, and pages that need no script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, ViewportSize, expect

from .conftest import SIZES, Arrive, MakeChannel
from .pages import DESKTOP, Visitor

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "staple of another colour"


def button(person: Visitor, name: str) -> Locator:
    return person.page.get_by_role("button", name=name, exact=True)


def field(person: Visitor, label: str) -> Locator:
    return person.page.get_by_label(label, exact=True)


def chooses_of_the_menu(person: Visitor, name: str) -> None:
    person.opens_the_menu()
    person.page.locator("#me-menu").get_by_role("link", name=name, exact=True).click()


def fills_in(person: Visitor, verb: str, **fields: str) -> None:
    for label, text in fields.items():
        field(person, label.replace("_", " ").capitalize()).fill(text)
    button(person, verb).click()


def registers(person: Visitor, name: str) -> None:
    fills_in(person, "Register", name=name, password=PASSWORD, password_again=PASSWORD)


def logs_in(person: Visitor, name: str, password: str = PASSWORD) -> None:
    fills_in(person, "Log in", name=name, password=password)


def is_an_account(person: Visitor, name: str) -> None:
    person.is_connected()
    person.is_called(name)
    expect(person.page.locator('[data-me-button] [data-part="kind"]')).to_have_text("")


def is_ones_own(person: Visitor, body: str) -> None:
    expect(person.message(body)).to_have_class(re.compile(r"\bmessage--own\b"))


@SIZES
def test_a_guest_becomes_an_account_without_losing_the_conversation(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    name = f"Ines {size['width']}"
    address = channel(f"Stay {size['width']}")
    ines = visitor(size).opens(address).chooses_name(name)
    second = ines.another_tab(address)
    second.is_connected()
    tomoe = visitor().opens(address).chooses_name(f"Tomoe {size['width']}")
    ines.turns_to_this_tab()
    ines.says("As a guest")
    second.page.evaluate("window.never = 'loaded again'")
    chooses_of_the_menu(ines, "Create an account")
    expect(field(ines, "Name")).to_have_value(name)
    expect(ines.page.get_by_text("Yours already. It stays with you.")).to_be_visible()
    fills_in(ines, "Register", password=PASSWORD, password_again=PASSWORD)
    ines.is_at(address.split("/")[2])
    is_an_account(ines, name)
    is_ones_own(ines, "As a guest")
    second.turns_to_this_tab()
    is_an_account(second, name)
    second.says("As an account")
    second.sees_stored("As an account")
    is_ones_own(second, "As a guest")
    assert second.page.evaluate("window.never") == "loaded again"
    tomoe.turns_to_this_tab()
    tomoe.sees_only("As a guest", "As an account")
    expect(tomoe.here).to_have_text("2")
    for tab in (second, ines):
        tab.turns_to_this_tab()
        tab.opens_the_menu()
        expect(tab.page.get_by_role("link", name="Change password")).to_be_visible()
        expect(tab.page.get_by_role("link", name="Create an account")).to_be_hidden()
        tab.opens_the_menu()
    ines.logs_out()
    for tab in (ines, second):
        tab.is_asked_for_a_name()
    ines.name_field.fill(name.upper())
    expect(ines.name_help).to_contain_text("is taken")


@SIZES
def test_somebody_logs_out_on_one_device_only(visitor: Arrive, size: ViewportSize) -> None:
    name = f"Otto {size['width']}"
    desk, phone = visitor(), visitor(size)
    desk.opens("/account/register/")
    registers(desk, name)
    is_an_account(desk, name)
    phone.opens("/")
    phone.is_asked_for_a_name()
    phone.name_dialog.get_by_role("link", name="Log in").click()
    logs_in(phone, name.upper())
    is_an_account(phone, name)
    desk.says(f"From the desk {size['width']}")
    phone.sees(f"From the desk {size['width']}")
    is_ones_own(phone, f"From the desk {size['width']}")
    desk.logs_out()
    desk.is_asked_for_a_name()
    phone.turns_to_this_tab()
    phone.says(f"Still here {size['width']}")
    phone.sees_stored(f"Still here {size['width']}")
    is_an_account(phone, name)


def test_another_tab_of_a_guest_who_logs_in_shows_the_account(visitor: Arrive) -> None:
    ada = visitor().opens("/account/register/")
    registers(ada, "Ada")
    is_an_account(ada, "Ada")
    guest = visitor().opens("/").chooses_name("A guest for a while")
    tab = guest.another_tab("/")
    tab.is_called("A guest for a while")
    guest.turns_to_this_tab()
    chooses_of_the_menu(guest, "Log in")
    logs_in(guest, "Ada")
    is_an_account(guest, "Ada")
    tab.turns_to_this_tab()
    is_an_account(tab, "Ada")
    other = visitor().opens("/").chooses_name("A guest for a while")
    other.is_connected()


def test_a_guest_with_unsent_messages_is_asked_before_logging_in_as_somebody_else(visitor: Arrive) -> None:
    hedy = visitor().opens("/account/register/")
    registers(hedy, "Hedy")
    is_an_account(hedy, "Hedy")
    guest = visitor().opens("/").chooses_name("Guest in a hurry")
    guest.loses_the_network()
    guest.composer.fill("Said in a tunnel")
    guest.composer.press("Enter")
    question = guest.page.get_by_role("dialog", name="Log in?")
    chooses_of_the_menu(guest, "Log in")
    expect(question).to_contain_text("1 message is not sent and will be lost.")
    passes(guest)
    question.get_by_role("button", name="Stay").click()
    expect(question).to_be_hidden()
    guest.has_network_again()
    guest.sees_stored("Said in a tunnel")
    # With nothing to lose nobody is asked.
    chooses_of_the_menu(guest, "Log in")
    logs_in(guest, "Hedy")
    is_an_account(guest, "Hedy")

    other = visitor().opens("/").chooses_name("Another in a hurry")
    other.loses_the_network()
    other.composer.fill("Given up")
    other.composer.press("Enter")
    chooses_of_the_menu(other, "Log in")
    asked = other.page.get_by_role("dialog", name="Log in?")
    expect(asked).to_be_visible()
    other.has_network_again()
    asked.get_by_role("link", name="Log in").click()
    logs_in(other, "Hedy")
    is_an_account(other, "Hedy")


def test_another_password_leaves_this_tab_and_ends_the_other_device(visitor: Arrive) -> None:
    desk, phone = visitor().opens("/account/register/"), visitor().opens("/account/login/")
    registers(desk, "Grace")
    is_an_account(desk, "Grace")
    logs_in(phone, "Grace")
    is_an_account(phone, "Grace")
    tab = desk.another_tab("/")
    is_an_account(tab, "Grace")
    tab.page.evaluate("window.never = 'loaded again'")
    desk.turns_to_this_tab()
    chooses_of_the_menu(desk, "Change password")
    fills_in(
        desk,
        "Change password",
        present_password=PASSWORD,
        new_password=OTHER_PASSWORD,
        new_password_again=OTHER_PASSWORD,
    )
    is_an_account(desk, "Grace")
    phone.turns_to_this_tab()
    phone.is_asked_for_a_name()
    phone.opens("/account/login/")
    logs_in(phone, "Grace")
    expect(phone.page.get_by_role("alert")).to_have_text("Name and password do not go together.")
    logs_in(phone, "Grace", OTHER_PASSWORD)
    is_an_account(phone, "Grace")
    tab.turns_to_this_tab()
    tab.says("Never gone")
    tab.sees_stored("Never gone")
    assert tab.page.evaluate("window.never") == "loaded again"


@SIZES
def test_the_pages_need_no_script(visitor: Arrive, size: ViewportSize) -> None:
    name = f"Plain {size['width']}"
    reader = visitor(size, java_script_enabled=False).opens("/account/register/")
    fills_in(reader, "Register", name="admin", password=PASSWORD, password_again=PASSWORD)
    expect(reader.page.get_by_text("“admin” is kept for the site. Choose another.")).to_be_visible()
    expect(field(reader, "Name")).to_be_focused()
    registers(reader, name)
    reader.is_in("General Talk")
    reader.opens("/account/password/")
    fills_in(
        reader,
        "Change password",
        present_password=PASSWORD,
        new_password=OTHER_PASSWORD,
        new_password_again=OTHER_PASSWORD,
    )
    reader.is_in("General Talk")
    other = visitor(size, java_script_enabled=False).opens("/account/login/?next=/c/general-talk/")
    logs_in(other, name, OTHER_PASSWORD)
    other.is_in("General Talk")
    expect(other.name_dialog).to_be_hidden()


def test_everything_works_by_keyboard_alone(visitor: Arrive) -> None:
    keyed = visitor().opens("/account/register/")
    keys = keyed.page.keyboard
    expect(field(keyed, "Name")).to_be_focused()
    keys.type("Keyed")
    for _ in range(2):
        keys.press("Tab")
        keys.type(PASSWORD)
    keys.press("Tab")
    expect(button(keyed, "Register")).to_be_focused()
    keys.press("Enter")
    is_an_account(keyed, "Keyed")
    keyed.logs_out()
    keyed.is_asked_for_a_name()
    keyed.opens("/account/login/")
    expect(field(keyed, "Name")).to_be_focused()
    keys.type("Keyed")
    keys.press("Tab")
    keys.type("wrong")
    keys.press("Enter")
    expect(keyed.page.get_by_role("alert")).to_be_visible()
    expect(field(keyed, "Password")).to_be_focused()
    keys.type(PASSWORD)
    keys.press("Enter")
    is_an_account(keyed, "Keyed")


def passes(person: Visitor) -> None:
    results = Axe().run(person.page)
    assert results.violations_count == 0, results.generate_report()
    wide = person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


@pytest.mark.parametrize(
    "size", [DESKTOP, ViewportSize(width=390, height=844), ViewportSize(width=320, height=568)]
)
def test_axe_has_nothing_to_say_of_the_account_pages(visitor: Arrive, size: ViewportSize) -> None:
    reader = visitor(size, reduced_motion="reduce").opens("/account/login/")
    passes(reader)
    logs_in(reader, "Nobody", "wrong")
    expect(reader.page.get_by_role("alert")).to_be_visible()
    passes(reader)
    reader.opens("/account/register/")
    passes(reader)
    fills_in(reader, "Register", name="admin", password="short", password_again="other")
    expect(reader.page.get_by_text("The two passwords are not the same.")).to_be_visible()
    passes(reader)
    registers(reader, f"Wide {size['width']}")
    reader.is_in("General Talk")
    reader.opens("/account/password/")
    passes(reader)
    fills_in(
        reader,
        "Change password",
        present_password="wrong",
        new_password=PASSWORD,
        new_password_again=PASSWORD,
    )
    expect(reader.page.get_by_text("That is not your present password.")).to_be_visible()
    passes(reader)

"""Private channels: made, invited to, removed from, and nothing to anybody else."""

import re

from playwright.sync_api import ViewportSize, expect

from .accounts import away, card, here, invites, makes_private_channel, members, opens_the_members, registers
from .conftest import SIZES, Arrive
from .test_accessibility import passes

RATE_LIMITS = False


def test_an_invited_person_sees_the_channel_at_once_and_a_removed_one_is_told(visitor: Arrive) -> None:
    berta = registers(visitor(), "Berta")
    inga = registers(visitor(), "Inga")
    makes_private_channel(inga, "Build log")
    expect(inga.page.locator("[data-head=topic]")).to_have_text("By invitation")
    inga.says("Only for the few")
    expect(berta.room("Build log")).to_have_count(0)
    invites(inga, "Berta")
    expect(berta.page.get_by_role("link", name="Build log by invitation")).to_be_visible()
    expect(away(inga)).to_have_text(["Berta"])
    expect(members(inga)).to_contain_text("Not here, 1")

    berta.room("Build log").click()
    berta.is_in("Build log")
    berta.sees_only("Only for the few")
    secret = berta.page.url
    expect(here(inga)).to_have_text(["Berta", "Inga"])
    expect(away(inga)).to_have_count(0)

    # Taken out while looking at it, after one more question.
    members(inga).get_by_role("button", name="Berta").click()
    about = card(inga, "Berta")
    expect(about).to_contain_text("Account · here now")
    about.get_by_role("button", name="Remove from the channel").click()
    expect(about).to_contain_text("Remove Berta from Build log?")
    expect(about.get_by_role("button", name="Cancel")).to_be_focused()
    about.get_by_role("button", name="Remove", exact=True).click()
    expect(about).to_be_hidden()
    berta.is_in("General Talk")
    berta.is_at("general-talk")
    told = berta.page.get_by_role("status").filter(has_text="You are no longer in Build log.")
    expect(told).to_have_text("You are no longer in Build log. You are in General Talk now.")
    expect(berta.room("Build log")).to_have_count(0)
    expect(berta.message("Only for the few")).to_have_count(0)
    expect(here(inga)).to_have_text(["Inga"])
    expect(away(inga)).to_have_count(0)
    inga.says("Said afterwards")
    inga.sees_stored("Said afterwards")

    # Nothing leads back.
    berta.watch.expects("404")
    berta.opens(secret)
    expect(berta.page.get_by_role("heading", name="Nothing at this address")).to_be_visible()


def test_the_dialogue_says_who_may_come_in_and_a_guest_is_not_asked(visitor: Arrive) -> None:
    guest = visitor().opens("/").chooses_name("Guest of a day")
    guest.begins_a_channel()
    expect(guest.channel_dialog.get_by_role("group", name="Who may come in")).to_be_hidden()
    guest.page.keyboard.press("Escape")
    kai = registers(visitor(), "Kai")
    kai.begins_a_channel()
    expect(kai.channel_dialog.get_by_role("radio", name="Everyone")).to_be_checked()
    kai.channel_name.fill("General Talk")
    expect(kai.channel_help).to_contain_text("is taken")
    # A name says nothing of a channel that nobody else sees.
    kai.channel_dialog.get_by_role("radio", name="By invitation").check()
    expect(kai.channel_help).to_have_text("Only those you invite will see it.")
    kai.channel_dialog.get_by_role("radio", name="Everyone").check()
    expect(kai.channel_help).to_contain_text("is taken")


def test_a_member_reads_the_details_and_does_not_invite(visitor: Arrive) -> None:
    lena = registers(visitor(), "Lena")
    mona = registers(visitor(), "Mona")
    makes_private_channel(mona, "Quiet corner")
    invites(mona, "Lena")
    lena.room("Quiet corner").click()
    lena.is_in("Quiet corner")
    expect(opens_the_members(lena).get_by_role("button", name="Invite people")).to_be_hidden()
    members(lena).get_by_role("button", name="Mona").click()
    expect(card(lena, "Mona").get_by_role("button", name="Message")).to_be_visible()
    expect(card(lena, "Mona").get_by_role("button", name="Remove from the channel")).to_be_hidden()
    lena.page.keyboard.press("Escape")
    lena.chooses_of_the_channel("Channel details")
    expect(lena.page.get_by_role("dialog", name="Channel details")).to_contain_text("By invitation")


def test_people_are_invited_and_removed_by_keyboard_alone(visitor: Arrive) -> None:
    registers(visitor(), "Olga")
    paul = registers(visitor(), "Paul")
    makes_private_channel(paul, "By hand")
    press = paul.page.keyboard.press
    paul.page.get_by_role("button", name=re.compile("^1 here")).focus()
    press("Enter")
    members(paul).get_by_role("button", name="Invite people").focus()
    press("Enter")
    dialog = paul.page.get_by_role("dialog", name="Invite people to By hand")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    paul.page.keyboard.type("olg")
    expect(dialog.get_by_role("option", selected=True)).to_contain_text("Olga")
    press("Enter")
    expect(dialog.get_by_role("option", selected=True)).to_contain_text("Invited")
    press("Escape")
    expect(members(paul).get_by_role("button", name="Invite people")).to_be_focused()
    members(paul).get_by_role("button", name="Olga").focus()
    press("Enter")
    expect(card(paul, "Olga")).to_contain_text("Account · not here")
    expect(card(paul, "Olga").get_by_role("button", name="Message")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(card(paul, "Olga").get_by_role("button", name="Cancel")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(card(paul, "Olga")).to_be_hidden()
    expect(away(paul)).to_have_count(0)


def test_a_member_leaves_by_keyboard_alone_in_all_tabs_and_who_made_it_cannot(visitor: Arrive) -> None:
    tara = registers(visitor(), "Tara")
    umar = registers(visitor(), "Umar")
    makes_private_channel(umar, "Left behind")
    invites(umar, "Tara")
    umar.opens_the_channels_menu()
    expect(umar.page.get_by_role("menuitem", name="Leave this channel")).to_be_hidden()
    umar.page.keyboard.press("Escape")
    tara.opens_the_channels_menu()
    expect(tara.page.get_by_role("menuitem", name="Leave this channel")).to_be_hidden()
    tara.page.keyboard.press("Escape")
    tara.room("Left behind").click()
    tara.is_in("Left behind")
    secret = tara.page.url
    other = tara.another_tab(secret)
    other.is_connected()
    tara.turns_to_this_tab()

    press = tara.page.keyboard.press
    tara.page.get_by_role("button", name="More about this channel").focus()
    press("Enter")
    expect(tara.page.get_by_role("menuitem", name="Channel details")).to_be_focused()
    press("ArrowUp")
    expect(tara.page.get_by_role("menuitem", name="Leave this channel")).to_be_focused()
    press("Enter")
    question = tara.page.get_by_role("dialog", name="Leave Left behind?")
    expect(question.get_by_role("button", name="Stay")).to_be_focused()
    press("Escape")
    expect(question).to_be_hidden()
    tara.is_in("Left behind")
    tara.chooses_of_the_channel("Leave this channel")
    passes(tara)
    press("Tab")
    press("Enter")

    tara.is_in("General Talk")
    words = "You left Left behind. You are in General Talk now."
    expect(tara.page.get_by_role("status").filter(has_text="You left")).to_have_text(words)
    other.turns_to_this_tab()
    other.is_in("General Talk")
    expect(other.page.get_by_text("You are no longer in Left behind.")).to_be_visible()
    for tab in (tara, other):
        expect(tab.room("Left behind")).to_have_count(0)
    expect(away(umar)).to_have_count(0)
    expect(here(umar)).to_have_text(["Umar"])


@SIZES
def test_axe_has_nothing_to_say_of_private_channels(visitor: Arrive, size: ViewportSize) -> None:
    name = f"Rita {size['width']}"
    rita = registers(visitor(), name)
    sven = registers(visitor(size, reduced_motion="reduce"), f"Sven {size['width']}")
    sven.begins_a_channel()
    sven.channel_dialog.get_by_role("radio", name="By invitation").check()
    passes(sven)
    sven.page.keyboard.press("Escape")
    makes_private_channel(sven, "Checked")
    opens_the_members(sven).get_by_role("button", name="Invite people").click()
    expect(sven.page.get_by_role("option").first).to_be_visible()
    passes(sven)
    sven.page.keyboard.press("Escape")
    invites(sven, name)
    passes(sven)
    members(sven).get_by_role("button", name=name).click()
    passes(sven)
    card(sven, name).get_by_role("button", name="Remove from the channel").click()
    passes(sven)
    sven.page.keyboard.press("Escape")
    rita.room("Checked").click()
    rita.is_in("Checked")
    members(sven).get_by_role("button", name=name).click()
    card(sven, name).get_by_role("button", name="Remove from the channel").click()
    card(sven, name).get_by_role("button", name="Remove", exact=True).click()
    expect(rita.page.get_by_text("You are no longer in Checked.")).to_be_visible()
    passes(rita)

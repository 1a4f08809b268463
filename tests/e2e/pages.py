"""The page in people's words: what somebody at a tab of a browser does, and what they see.

Whatever they see is waited for, never for longer than ``expect`` allows (conftest.py).
"""

import json
import re
from collections.abc import Callable
from typing import Self

from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, WebSocket, expect

from .watch import Watch

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)

FIRST_NAME = "What should people call you?"
CHANGE_NAME = "Change your name"
ANY_ID = re.compile(".")
ANY_NAME = re.compile(f"^({re.escape(FIRST_NAME)}|{CHANGE_NAME})$")

# Chromium's words for a connection that the network or the server refuses, or that ends in mid-answer.
NO_CONNECTION = (
    r"WebSocket connection to .* failed",
    r"net::ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)",
    r"net::ERR_(CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED_ENCODING)",
)

# The hue of a colour as the style sheets write it.
HUE = """element => {
  const colours = [null, "::before"].map((piece) => getComputedStyle(element, piece).backgroundColor);
  const seen = colours.map((colour) => /^oklch\\((\\S+) (\\S+) (\\S+)\\)$/.exec(colour)).find(Boolean);
  return seen ? Number(seen[3]) : null;
}"""
AMBER = range(55, 95)
GREEN = range(140, 165)


def exactly(text: str) -> re.Pattern[str]:
    """This text and nothing around it, for ``has_text``."""
    return re.compile(f"^{re.escape(text)}$")


def says_read(n: int) -> Callable[[str | bytes], bool]:
    """Fits a frame that says that everything up to here was seen."""

    def fits(frame: str | bytes) -> bool:
        said = json.loads(frame)
        return bool(said["type"] == "read" and said["n"] == n)

    return fits


class Visitor:
    """Somebody at one tab. ``another_tab`` is the same person at another tab of the same browser."""

    def __init__(self, context: BrowserContext, watch: Watch) -> None:
        self.context = context
        self.watch = watch
        self.page: Page = context.new_page()

    # Going places

    def opens(self, address: str = "/") -> Self:
        self.page.goto(address)
        return self

    def another_tab(self, address: str = "/") -> "Visitor":
        return Visitor(self.context, self.watch).opens(address)

    def turns_to_this_tab(self) -> None:
        """Of several tabs of a window one is in front; Chromium takes its time with the others."""
        self.page.bring_to_front()

    def reloads(self) -> None:
        self.page.reload()

    def is_at(self, slug: str) -> None:
        expect(self.page).to_have_url(re.compile(rf"/c/{re.escape(slug)}/$"))

    def enters(self, channel: str) -> None:
        """Choose a channel of the list."""
        self.opens_the_list()
        self.room(channel).click()
        self.is_in(channel)

    def is_in(self, channel: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(channel)
        expect(self.page).to_have_title(re.compile(rf"{re.escape(channel)} · Chit-Chat$"))

    # The list of channels, which is a drawer on a phone

    @property
    def list_button(self) -> Locator:
        return self.page.get_by_role("button", name="Channels", exact=True)

    def opens_the_list(self) -> None:
        if self.list_button.is_visible() and self.list_button.get_attribute("aria-expanded") == "false":
            self.list_button.click()
        expect(self.page.get_by_role("navigation", name="Channels and you")).to_be_in_viewport()

    def closes_the_list(self) -> None:
        closer = self.page.get_by_role("button", name="Close the list")
        if closer.is_visible():
            closer.click()

    def room(self, name: str) -> Locator:
        """The row of a channel in the list, whatever its badge says."""
        named = self.page.locator('[data-part="name"]', has_text=exactly(name))
        return self.page.get_by_role("navigation").get_by_role("link").filter(has=named)

    def badge(self, name: str) -> Locator:
        return self.room(name).locator('[data-part="unread"]')

    # A new channel

    @property
    def channel_dialog(self) -> Locator:
        return self.page.get_by_role("dialog", name="New channel")

    @property
    def channel_name(self) -> Locator:
        return self.channel_dialog.get_by_role("textbox", name="Name", exact=True)

    @property
    def channel_topic(self) -> Locator:
        return self.channel_dialog.get_by_role("textbox", name="Topic")

    @property
    def channel_help(self) -> Locator:
        return self.channel_dialog.locator('[data-part="help"]')

    def begins_a_channel(self) -> None:
        self.opens_the_list()
        self.page.get_by_role("button", name="New channel").click()
        expect(self.channel_dialog).to_be_visible()

    # What can be done about the channel

    def opens_the_channels_menu(self) -> None:
        self.page.get_by_role("button", name="More about this channel").click()
        expect(self.page.get_by_role("menu", name="Channel")).to_be_visible()

    def chooses_of_the_channel(self, act: str) -> None:
        self.opens_the_channels_menu()
        self.page.get_by_role("menuitem", name=act).click()

    # Names

    @property
    def name_dialog(self) -> Locator:
        return self.page.get_by_role("dialog", name=ANY_NAME)

    @property
    def name_field(self) -> Locator:
        return self.name_dialog.get_by_role("textbox", name="Your name")

    @property
    def name_help(self) -> Locator:
        return self.name_dialog.locator('[data-part="help"]')

    @property
    def name_submit(self) -> Locator:
        return self.name_dialog.get_by_role("button", name=re.compile("Start chatting|Change name"))

    def is_asked_for_a_name(self) -> None:
        expect(self.page.get_by_role("dialog", name=FIRST_NAME)).to_be_visible()
        expect(self.name_field).to_be_focused()

    def chooses_name(self, name: str) -> Self:
        expect(self.page.get_by_role("dialog", name=FIRST_NAME)).to_be_visible()
        self.name_field.fill(name)
        self.name_submit.click()
        expect(self.name_dialog).to_be_hidden()
        self.is_connected()
        self.is_called(name)
        return self

    def opens_the_menu(self) -> None:
        self.opens_the_list()
        self.page.locator("[data-me-button]").click()

    def begins_to_change_name(self) -> None:
        self.opens_the_menu()
        self.page.get_by_role("button", name="Change name").first.click()
        expect(self.page.get_by_role("dialog", name=CHANGE_NAME)).to_be_visible()

    def changes_name(self, name: str) -> None:
        self.begins_to_change_name()
        self.name_field.fill(name)
        self.name_submit.click()
        expect(self.name_dialog).to_be_hidden()
        self.is_called(name)
        self.closes_the_list()

    def is_called(self, name: str) -> None:
        expect(self.page.locator('[data-me-button] [data-part="name"]')).to_have_text(name)

    def logs_out(self) -> None:
        self.opens_the_menu()
        self.page.locator("#me-menu").get_by_role("button", name="Log out").click()

    # Who is here

    @property
    def online(self) -> Locator:
        return self.page.locator("[data-online]")

    @property
    def here(self) -> Locator:
        """How many people are in this channel."""
        return self.page.locator('[data-here] [data-part="count"]').filter(visible=True)

    # The connection

    @property
    def light(self) -> Locator:
        return self.page.locator("html")

    @property
    def connection(self) -> Locator:
        """The words beside the light."""
        return self.page.locator("[data-connection-words]")

    @property
    def banner(self) -> Locator:
        return self.page.locator("[data-banner]")

    def is_connected(self) -> None:
        expect(self.light).to_have_attribute("data-connection", "connected")
        assert self.hue_of_the_light in GREEN

    def is_in_trouble(self, words: str | re.Pattern[str]) -> None:
        """The light is amber, and words say why."""
        expect(self.connection).to_have_text(words)
        expect(self.light).to_have_attribute("data-connection", re.compile("connecting|offline"))
        assert self.hue_of_the_light in AMBER

    @property
    def hue_of_the_light(self) -> int:
        return round(self.page.locator("nav .lamp__bar").first.evaluate(HUE))

    def sockets(self) -> list[WebSocket]:
        """Those that the page opens from now on."""
        opened: list[WebSocket] = []
        self.page.on("websocket", lambda socket: opened.append(socket))
        return opened

    def loses_the_network(self) -> None:
        self.watch.expects(*NO_CONNECTION)
        self.context.set_offline(True)

    def has_network_again(self) -> None:
        self.context.set_offline(False)

    # Talking

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("^Write to "))

    def says(self, *bodies: str) -> None:
        for body in bodies:
            self.composer.fill(body)
            self.composer.press("Enter")
            expect(self.composer).to_have_value("")

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("log").locator('[data-row="message"]')

    @property
    def bodies(self) -> Locator:
        return self.rows.locator('[data-part="body"]')

    def message(self, body: str) -> Locator:
        """The row of a message with exactly this text."""
        return self.rows.filter(has=self.page.locator('[data-part="body"]', has_text=exactly(body)))

    def sees(self, *bodies: str) -> None:
        """Each of these messages, once, on its way or stored."""
        for body in bodies:
            expect(self.message(body)).to_have_count(1)
            expect(self.message(body)).to_be_visible()

    def sees_stored(self, *bodies: str) -> None:
        """Each of these messages, once: the server has it and has brought it back, so it can be acted on."""
        for body in bodies:
            expect(self.message(body)).to_have_count(1)
            expect(self.message(body)).to_have_attribute("data-state", "stored")
            expect(self.message(body)).to_have_attribute("data-id", ANY_ID)

    def sees_only(self, *bodies: str) -> None:
        """These messages, in this order, and no others."""
        expect(self.bodies).to_have_text([exactly(body) for body in bodies])

    def opens_the_menu_of(self, body: str) -> None:
        """Everything that can be done with a message, as the keyboard gets there."""
        self.message(body).focus()
        self.page.keyboard.press("Enter")

    def announcement(self, words: str) -> Locator:
        """Lines that say exactly this, beside their time."""
        spoken = self.page.locator('[data-part="words"]', has_text=exactly(words))
        return self.page.get_by_role("log").locator('[data-row="announcement"]').filter(has=spoken)

    def sees_announced(self, words: str) -> None:
        expect(self.announcement(words)).to_have_count(1)

    @property
    def jump(self) -> Locator:
        """The way to the end of the conversation."""
        return self.page.locator("[data-jump]")

    @property
    def typing(self) -> Locator:
        return self.page.locator("[data-typing]")

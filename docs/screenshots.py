"""The pictures in docs/images, taken anew: ``.venv/bin/python docs/screenshots.py [NAME...]``.

Starts a server of its own with the demo's conversation and a database in a temporary folder; the people of
the demo come and talk, and Ines looks at it in Debian's Chromium. Where Inter is installed it stands in for
the reader's system font. Pictures are not part of the tests: look at them before they are committed.
"""

import http.client
import io
import json
import math
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
CHROMIUM: Final = "/usr/bin/chromium-headless-shell"
FLAGS: Final = (
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)

DESKTOP: Final = ViewportSize(width=1440, height=900)
TABLET: Final = ViewportSize(width=900, height=640)
PHONE: Final = ViewportSize(width=390, height=844)

# On a machine that does other things, too.
PATIENCE_MS: Final = 60_000

PASSWORD: Final = "fourteen wheels and a chain"  # noqa: S105

# Of these some have accounts, and write to Ines alone.
ACCOUNTS: Final = ("Petra", "Oskar", "Bodil")
TEAM: Final = ("Tomoe", "Bodil", "Oskar", "Petra", "Wren", "Lio", "Milo", "Bram")

FONTS: Final = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include>/etc/fonts/fonts.conf</include>
<match target="pattern"><test name="family" qual="any" compare="contains"><string>sans</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
<match target="pattern"><test name="family" qual="any"><string>system-ui</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>"""

# Settles when pictures are there and nothing moves but what moves for ever: the dots of somebody who types.
STILL: Final = """Promise.allSettled([
  ...[...document.images].map((image) => image.decode()),
  ...document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
    .map(({ finished }) => finished),
])"""

LOOM: Final = "Also bringing the loom drawing, so that Wren can see where the wires run"

# Sessions for the people of the demo, as if each had come in a browser of their own.
SESSIONS: Final = """
import json
from importlib import import_module
from django.conf import settings
from chat.models import Person
from chat.services.identity import NAME_KEY, PERSON_KEY
keys = {}
for person in Person.objects.filter(id__startswith="demo-"):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[PERSON_KEY], session[NAME_KEY] = person.id, person.name
    session.create()
    keys[person.name] = session.session_key
print(json.dumps(keys))
"""

# A client of the protocol in a few lines: enters a room, and does what it is told.
CLIENT: Final = """
() => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/ws/chat/`);
  const asked = new Map();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    for (const one of frame.type === "batch" ? frame.frames : [frame]) {
      if (one.type === "welcome") resolve();
      if (one.type === "ping") socket.send(JSON.stringify({ type: "pong", ts: one.ts }));
      asked.get(one.ref)?.(one);
    }
  };
  window.ask = (type, fields) => new Promise((answer) => {
    const ref = ++last;
    asked.set(ref, answer);
    socket.send(JSON.stringify({ type, ref, ...fields }));
  });
  window.tell = (type, fields) => socket.send(JSON.stringify({ type, ...fields }));
})
"""


class Site:
    """A server with the demo's conversation."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "CHITCHAT_DEMO": "1",
            "CHITCHAT_RATE_LIMITS": "off",
            "SECRET_KEY": "of-the-screenshots-and-as-long-as-it-has-to-be",
            "DEBUG": "1",
        }
        self.manage("migrate", "--verbosity", "0")
        command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        self.sessions: dict[str, str] = json.loads(self.manage("shell", "-v", "0", "-c", SESSIONS))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _wait(self) -> None:
        """The first answer comes when the demo has talked."""
        while self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("GET", "/readyz")
                connection.getresponse()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("The server did not start.")


class Member:
    """Somebody of the team, in a room."""

    def __init__(self, browser: Browser, site: Site, name: str) -> None:
        context = browser.new_context(base_url=site.url)
        context.add_cookies([{"name": "sessionid", "value": site.sessions[name], "url": site.url}])
        self._page = context.new_page()
        self._page.goto("/healthz")
        self._page.evaluate(CLIENT)
        self.room = ""

    def enter(self, slug: str) -> "Member":
        self.room = f"channel:{slug}"
        self._ask("join", room=self.room)
        return self

    def say(self, *bodies: str, slug: str = "") -> None:
        room = f"channel:{slug}" if slug else self.room
        self._send(room, *bodies)

    def write_to(self, person: str, *bodies: str) -> None:
        """In the personal chat with the person of this id."""
        self._send(self._ask("direct", person=person)["room"]["room"], *bodies)

    def _send(self, room: str, *bodies: str) -> None:
        for body in bodies:
            cid = self._page.evaluate("crypto.randomUUID()")
            self._ask("send", room=room, cid=cid, body=body)

    def react(self, message_id: str, emoji: str) -> None:
        self._ask("react", room=self.room, id=message_id, emoji=emoji, on=True)

    def type(self) -> None:
        self._page.evaluate("(room) => tell('typing', { room })", self.room)

    def _ask(self, type_: str, **fields: Any) -> Any:
        reply = self._page.evaluate("([type, fields]) => ask(type, fields)", [type_, fields])
        if reply["type"] == "error":
            raise RuntimeError(f"{type_}: {reply}")
        return reply


class Studio:
    """A browser, a site, the team in it, and Ines who looks."""

    def __init__(self, browser: Browser, site: Site, wanted: set[str]) -> None:
        self._browser = browser
        self._site = site
        self._wanted = wanted
        self.team = {name: Member(browser, site, name).enter("drive-base") for name in TEAM}
        for name in ACCOUNTS:
            register(self._as(name).new_page())
        self._ines = self._name(self.visitor("light", DESKTOP))

    def visitor(self, scheme: Any, size: ViewportSize, **more: Any) -> BrowserContext:
        phone = size is PHONE
        context = self._browser.new_context(
            base_url=self._site.url,
            viewport=size,
            color_scheme=scheme,
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
            is_mobile=phone,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(PATIENCE_MS)
        return context

    def ines(self, scheme: Any, size: ViewportSize, path: str = "/c/drive-base/") -> Page:
        """Ines in another window of hers."""
        page = self.visitor(scheme, size, storage_state=self._ines).new_page()
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("data-connection", "connected")
        return page

    def page_of(self, name: str) -> Page:
        """Somebody of the team at a page of their own."""
        page = self._as(name).new_page()
        page.goto("/c/drive-base/")
        expect(page.locator("html")).to_have_attribute("data-connection", "connected")
        return page

    def _as(self, name: str) -> BrowserContext:
        context = self.visitor("light", DESKTOP)
        cookie: Any = {"name": "sessionid", "value": self._site.sessions[name], "url": self._site.url}
        context.add_cookies([cookie])
        return context

    def take(self, page: Page, name: str) -> None:
        page.evaluate(STILL)
        if not self._wanted or name in self._wanted:
            page.screenshot(path=IMAGES / f"{name}.png")
            sys.stdout.write(f"{name}.png {(IMAGES / f'{name}.png').stat().st_size // 1024} KiB\n")

    def _name(self, context: BrowserContext) -> Any:
        page = context.new_page()
        page.goto("/c/drive-base/")
        field = page.locator("#name-field")
        field.fill("Oskar")
        expect(page.get_by_role("button", name="Oskar", exact=False).first).to_be_visible()
        self.take(page, "name-taken")
        field.fill("Ines")
        expect(page.locator("#name-dialog [data-part=submit]")).to_have_attribute("aria-disabled", "false")
        self.take(page, "name-free")
        page.locator("#name-dialog [data-part=submit]").click()
        expect(page.locator("html")).to_have_attribute("data-connection", "connected")
        write(page, "I can be there at four. Shall I bring the torque wrench?")
        register(page)
        self.ines_id = str(json.loads(page.locator("#chat-page").text_content() or "")["me"]["id"])
        page.locator("[data-find-person]").click()
        page.locator("#people-dialog [role=option]").first.click()
        expect(page.locator(".head__name")).to_contain_text("Notes to yourself")
        write(page, "Saturday: torque wrench, long hex keys, four shaft collars, jacket")
        state = context.storage_state()
        context.close()
        return state


def register(page: Page) -> None:
    """Whoever is a guest keeps their name, and gets a password."""
    page.goto("/account/register/?next=/c/drive-base/")
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page).to_have_url(re.compile("/c/drive-base/$"))
    expect(page.locator("html")).to_have_attribute("data-connection", "connected")


def write(page: Page, *bodies: str) -> None:
    for body in bodies:
        page.locator("#composer-field").fill(body)
        page.keyboard.press("Enter")
        expect(row_of(page, body)).to_have_attribute("data-state", "stored")


def row_of(page: Page, body: str) -> Any:
    text = page.locator("[data-part=body]", has_text=re.compile(f"^{re.escape(body)}$"))
    return page.locator("[data-row=message]").filter(has=text)


def id_of(page: Page, body: str) -> str:
    return str(row_of(page, body).get_attribute("data-id"))


# --- the scenes, in the order in which they happen -----------------------------------------------


def conversation(studio: Studio) -> None:
    """Drive base, read by Ines up to a point; then the others go on while she is elsewhere."""
    team = studio.team
    page = studio.ines("light", DESKTOP)
    welcome = "Wren, you sit with me in the van."
    team["Bodil"].say("Bring it, please. The one at school is out for calibration.")
    write(page, "It is in my bag already.", "And the spare collars, I have four.", welcome)
    team["Wren"].react(id_of(page, "And the spare collars, I have four."), "🙏")
    team["Wren"].react(id_of(page, welcome), "🎉")
    team["Tomoe"].react(id_of(page, welcome), "🎉")
    row_of(page, "Moved. 9 and 10 mm.").locator("[data-emoji='🎉']").click()
    page.locator("[data-room='channel:vision']").click()
    team["Petra"].say("Pizza is at six.", "Two with, one without.", slug="general-talk")
    team["Lio"].say("Photos of the gearbox are on the shared drive.", slug="build-log")
    team["Petra"].write_to(studio.ines_id, "The key is under the third pot, as always.")
    team["Oskar"].write_to(studio.ines_id, "Pizza order closes at five.")
    page.goto("/")
    for name in ("Petra", "Oskar"):
        page.locator("[data-chats] [data-room]", has_text=name).click()
        expect(page.locator("[data-chats] [aria-current]")).to_contain_text(name)
    team["Bodil"].write_to(studio.ines_id, "Are you driving on Saturday, or is it Oskar again?")
    page.locator("[data-chats] [data-room]", has_text="Bodil").click()
    write(page, "Me. I leave at 06:40 from the station, there are two seats.")
    write(page, "Bring a jacket, the hall has no heating 🧣")
    team["Bodil"].write_to(studio.ines_id, "One for me then. Thank you!")
    expect(row_of(page, "One for me then. Thank you!")).to_be_visible()
    page.locator("[data-room='channel:vision']").click()
    team["Bodil"].write_to(studio.ines_id, "The school one is out for calibration, so I asked for yours.")
    team["Oskar"].say("Chain is on and turns freely.", "And pizza. I only say what everybody thinks.")
    team["Wren"].say("Ten it is. I bring the drawing.")
    page.context.close()


def desktop(studio: Studio) -> None:
    team = studio.team
    page = studio.ines("light", DESKTOP)
    page.locator(".head__here").click()
    expect(page.locator(".member")).to_have_count(9)
    team["Bodil"].type()
    team["Tomoe"].type()
    page.locator("#composer-field").fill(
        "Also bringing the loom drawing, so that Wren can see where the wires run"
    )
    studio.take(page, "desktop-light")
    page.locator("#composer-field").fill("")
    scroll = page.locator("[data-timeline]")
    scroll.evaluate("box => (box.scrollTop = -900)")
    team["Milo"].say("I am there from nine.")
    team["Bram"].say("Scale is charged.", "And cleaned.")
    expect(page.locator("[data-jump]")).to_contain_text("3 new")
    studio.take(page, "desktop-reading")
    page.locator("[data-jump]").click()
    page.context.close()


def desktop_dark(studio: Studio) -> None:
    studio.team["Petra"].say("Key is on its hook again. Close the window when you go, it is raining in.")
    studio.team["Tomoe"].say("Done.")
    page = studio.ines("dark", DESKTOP)
    studio.team["Oskar"].type()
    page.locator("#composer-field").fill(LOOM)
    expect(page.locator("[data-typing]")).to_contain_text("typing")
    studio.take(page, "desktop-dark")
    page.locator("#composer-field").fill("")
    row = row_of(page, "And the spare collars, I have four.")
    row.locator("[data-part=body]").hover()
    page.locator(".tools [data-act=menu]").click()
    studio.take(page, "message-menu-dark")
    page.locator("#message-menu [role=menuitem][data-act=react]").click()
    studio.take(page, "emoji-picker-dark")
    page.keyboard.press("Escape")
    page.mouse.move(5, 5)
    page.locator("#composer-field").focus()
    page.keyboard.press("ArrowUp")
    studio.take(page, "editing-dark")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("i")
    studio.take(page, "jump-dark")
    page.context.close()


def personal(studio: Studio) -> None:
    page = studio.ines("light", TABLET)
    page.locator("[data-chats] [data-room]", has_text="Bodil").click()
    expect(page.locator(".news")).to_be_visible()
    studio.take(page, "personal")
    page.context.close()


def dialogues(studio: Studio) -> None:
    page = studio.ines("light", TABLET)
    page.locator("[data-new-channel]").click()
    page.locator("#channel-name").fill("Pit crew")
    page.locator("#channel-topic").fill("Who does what between matches")
    expect(page.locator("#channel-dialog [data-part=submit]")).to_have_attribute("aria-disabled", "false")
    studio.take(page, "new-channel")
    page.locator("#channel-dialog [data-part=submit]").click()
    expect(page.locator("[data-empty]")).to_be_visible()
    studio.take(page, "empty-channel")
    page.locator("[data-head-menu]").click()
    page.locator("#head-menu [data-act=details]").click()
    studio.take(page, "channel-details")
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    page.set_viewport_size(DESKTOP)
    studio.take(page, "shortcuts")
    page.context.close()


def phone(studio: Studio) -> None:
    page = studio.ines("light", PHONE)
    studio.take(page, "phone-light")
    page.locator("[data-timeline]").evaluate("box => (box.scrollTop = -700)")
    studio.team["Milo"].say("Lights are on.")
    expect(page.locator("[data-jump]")).to_contain_text("1 new")
    studio.take(page, "phone-reading")
    page.locator("[data-drawer-open]").click()
    studio.take(page, "phone-drawer")
    page.context.close()

    page = studio.ines("dark", PHONE)
    page.locator("#composer-field").focus()
    page.keyboard.type(LOOM)
    studio.team["Tomoe"].type()
    expect(page.locator("[data-typing]")).to_contain_text("typing")
    studio.take(page, "phone-dark")
    long_press(page, row_of(page, "It is in my bag already.").locator("[data-part=body]"))
    expect(page.locator("#message-menu")).to_be_visible()
    studio.take(page, "phone-menu-dark")
    page.context.close()


def long_press(page: Page, place: Any) -> None:
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    point = {"x": box["x"] + 8, "y": box["y"] + 8}
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("menu")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def files(studio: Studio) -> None:
    tomoe = studio.page_of("Tomoe")
    attach(
        tomoe,
        ("robot.png", drawing((900, 600), "#d9a86c", robot)),
        ("gears.png", drawing((900, 600), "#1d5b66", gears)),
    )
    attach(tomoe, ("gearbox-rev-c.pdf", b"%PDF-1.4\n%" + b" " * 1_468_006 + b"\n%%EOF\n"))
    expect(tomoe.locator(".upload[data-state=done]")).to_have_count(3)
    write(tomoe, "Measured on the bench this morning. Drawing attached.")
    tomoe.context.close()

    page = studio.ines("light", DESKTOP)
    expect(page.locator(".picture__image")).to_have_count(2)
    studio.take(page, "files")
    page.locator(".picture").last.click()
    expect(page.locator("#lightbox")).to_be_visible()
    studio.take(page, "picture")
    page.context.close()

    page = studio.ines("dark", PHONE)
    attach(page, ("second-stage.png", drawing((800, 600), "#1d5b66", gears)), ("robot.mov", b"moving"))
    expect(page.locator(".upload[data-state=done]")).to_have_count(1)
    page.locator("#composer-field").focus()
    page.keyboard.type(LOOM)
    studio.take(page, "phone-attaching-dark")
    page.context.close()


def attach(page: Page, *given: tuple[str, bytes]) -> None:
    chosen: list[Any] = [
        {"name": name, "mimeType": guess_type(name)[0] or "", "buffer": data} for name, data in given
    ]
    page.locator("[data-part=files-input]").set_input_files(chosen)


def drawing(size: tuple[int, int], ground: str, draw: Callable[[ImageDraw.ImageDraw], None]) -> bytes:
    image = Image.new("RGB", size, ground)
    draw(ImageDraw.Draw(image))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def robot(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((250, 150, 650, 450), 30, "#aeb8bf")
    pen.rounded_rectangle((290, 190, 610, 410), 16, "#2b3a42")
    for left, top in ((170, 120), (650, 120), (170, 350), (650, 350)):
        pen.rounded_rectangle((left, top, left + 80, top + 130), 18, "#20272c")
    pen.rectangle((340, 230, 450, 300), "#d6563d")
    pen.ellipse((480, 230, 560, 310), "#f2b74a")


def gears(pen: ImageDraw.ImageDraw) -> None:
    for x, y, outer, teeth, colour in ((560, 300, 190, 28, "#c8cdd1"), (250, 280, 105, 15, "#e0a93f")):
        for tooth in range(teeth):
            angle = 2 * math.pi * tooth / teeth
            tip_x, tip_y = x + (outer + 12) * math.cos(angle), y + (outer + 12) * math.sin(angle)
            pen.ellipse((tip_x - 12, tip_y - 12, tip_x + 12, tip_y + 12), colour)
        pen.ellipse((x - outer, y - outer, x + outer, y + outer), colour)
        pen.ellipse((x - outer / 4, y - outer / 4, x + outer / 4, y + outer / 4), "#1d5b66")


def states(studio: Studio) -> None:
    page = studio.ines("light", TABLET)
    row_of(page, "It is in my bag already.").locator("[data-part=body]").hover()
    page.locator(".tools [data-act=menu]").click()
    page.locator("#message-menu [data-act=delete]").click()
    studio.take(page, "deleted")
    page.locator("[data-part=undo]").click()
    page.mouse.move(5, 5)
    page.context.set_offline(True)
    for body in ("Do we need the long hex keys too?", "See you at ten."):
        page.locator("#composer-field").fill(body)
        page.keyboard.press("Enter")
    expect(page.locator("[data-banner]")).to_contain_text("Offline, 2 messages waiting")
    studio.take(page, "offline")
    page.context.set_offline(False)
    expect(page.locator("html")).to_have_attribute("data-connection", "connected")
    page.context.close()


SCENES: Final[tuple[Callable[[Studio], None], ...]] = (
    conversation,
    desktop,
    desktop_dark,
    personal,
    dialogues,
    phone,
    states,
    files,
)


@contextmanager
def site_and_browser() -> Iterator[tuple[Site, Browser]]:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / "fonts.conf").write_text(FONTS, encoding="utf-8")
        environment: dict[str, str | float | bool] = dict(os.environ)
        environment["FONTCONFIG_FILE"] = str(folder / "fonts.conf")
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), env=environment)
        site = Site(folder)
        try:
            yield site, browser
        finally:
            browser.close()
            site.end()


def main(wanted: set[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    with site_and_browser() as (site, browser):
        studio = Studio(browser, site, wanted)
        for scene in SCENES:
            scene(studio)


if __name__ == "__main__":
    main(set(sys.argv[1:]))

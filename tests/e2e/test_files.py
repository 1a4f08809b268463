"""Files: attached by dropping and pasting, seen by others at once, and what happens when that goes wrong."""

import base64
import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, ViewportSize, expect

from .conftest import SIZES, Arrive, MakeChannel
from .pages import DESKTOP, PHONE, Visitor

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""

# What a drop from a file manager is to a page.
DROP = """([target, files]) => {
  const transfer = new DataTransfer();
  for (const { name, type, data } of files) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const send = (name) => target.dispatchEvent(
    new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true })
  );
  send("dragenter");
  send("dragover");
  return { drop: () => send("drop") };
}"""


def picture(colour: str, size: tuple[int, int] = (900, 600), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def chooses(person: Visitor, *files: tuple[str, str, bytes]) -> None:
    """By the button."""
    with person.page.expect_file_chooser() as chooser:
        person.page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files([{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files])


def drops(person: Visitor, *files: tuple[str, str, bytes]) -> None:
    given = [
        {"name": name, "type": kind, "data": base64.b64encode(data).decode()} for name, kind, data in files
    ]
    target = person.page.locator("[data-timeline]").element_handle()
    drag = person.page.evaluate_handle(DROP, [target, given])
    expect(person.page.get_by_text("Drop files to attach them")).to_be_visible()
    drag.evaluate("drag => drag.drop()")
    expect(person.page.get_by_text("Drop files to attach them")).to_be_hidden()


def tiles(person: Visitor) -> Locator:
    return person.page.locator("[data-tray] .upload")


def is_ready(person: Visitor, number: int) -> None:
    expect(person.page.locator('[data-tray] .upload[data-state="done"]')).to_have_count(number)


@SIZES
def test_two_pictures_and_a_pdf_with_a_text_arrive_at_once(
    visitor: Arrive, channel: MakeChannel, size: ViewportSize
) -> None:
    address = channel(f"Shown {size['width']}")
    tomoe = visitor(size).opens(address).chooses_name("Tomoe")
    ines = visitor(size).opens(address).chooses_name("Ines")
    # How Chromium calls a download, and a large picture that is closed before it has come.
    ines.watch.expects(r"^request failed: GET \S+/files/\S+ net::ERR_ABORTED$")
    drops(
        tomoe,
        ("bench.png", "image/png", picture("orange")),
        ("gears.jpg", "image/jpeg", picture("teal", (400, 800), "JPEG")),
        ("gearbox-rev-c.pdf", "application/pdf", PDF),
    )
    is_ready(tomoe, 3)
    tomoe.composer.fill("Measured on the bench")
    tomoe.composer.press("Enter")
    expect(tiles(tomoe)).to_have_count(0)

    ines.sees_stored("Measured on the bench")
    row = ines.message("Measured on the bench")
    shown = row.get_by_role("listitem").get_by_role("img")
    expect(shown).to_have_count(2)
    for image in shown.all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0

    # The picture, and back to where one was.
    shown.first.click()
    lightbox = ines.page.get_by_role("dialog", name="Picture")
    expect(lightbox).to_contain_text("bench.png 1 of 2")
    ines.page.keyboard.press("ArrowRight")
    expect(lightbox).to_contain_text("gears.jpg 2 of 2")
    ines.page.keyboard.press("Escape")
    expect(lightbox).to_be_hidden()
    expect(row.locator(".picture").first).to_be_focused()

    with ines.page.expect_download() as download:
        row.get_by_role("link", name="Download gearbox-rev-c.pdf").click()
    assert download.value.suggested_filename == "gearbox-rev-c.pdf"
    assert Path(download.value.path()).read_bytes() == PDF

    # What the server draws is what the script draws.
    drawn = row.locator(".files").evaluate("files => files.outerHTML")
    ines.reloads()
    ines.is_connected()
    expect(shown).to_have_count(2)
    assert row.locator(".files").evaluate("files => files.outerHTML") == drawn


def test_a_pasted_picture_needs_no_words_and_keeps_its_place(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Pasted")
    ines = visitor(DESKTOP).opens(address).chooses_name("Ines")
    ines.says(*(f"Line {number}" for number in range(12)))
    data = base64.b64encode(picture("purple", (300, 900))).decode()
    ines.composer.evaluate(
        """(field, data) => {
          const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
          const paste = { clipboardData, bubbles: true, cancelable: true };
          field.dispatchEvent(new ClipboardEvent("paste", paste));
        }""",
        data,
    )
    is_ready(ines, 1)
    ines.composer.press("Enter")
    sent = ines.rows.filter(has=ines.page.get_by_role("img", name="image.png"))
    expect(sent).to_have_attribute("data-state", "stored")
    # Its place was there before the picture was, and nothing moved.
    image = sent.get_by_role("img", name="image.png")
    assert image.evaluate("image => [image.offsetWidth, image.offsetHeight]") == [100, 300]
    ines.reloads()
    ines.is_connected()
    expect(image).to_be_in_viewport()
    assert image.evaluate("image => [image.offsetWidth, image.offsetHeight]") == [100, 300]


def test_progress_moves_and_what_is_cancelled_leaves_nothing(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Slowly")
    ines = visitor(DESKTOP).opens(address).chooses_name("Ines")
    ines.watch.expects(r"^request failed: POST .*/files/ net::ERR_ABORTED$")
    network = ines.context.new_cdp_session(ines.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 3 * 1024 * 1024}
    network.send("Network.emulateNetworkConditions", slow)
    text = b"All work and no play makes Jack a dull boy.\n" * (10 * 1024 * 1024 // 44)
    chooses(ines, ("long.txt", "text/plain", text))
    bar = ines.page.get_by_role("progressbar", name="long.txt")
    ines.page.wait_for_function(
        """async () => {
          const seen = new Set();
          const bar = document.querySelector("[data-tray] progress");
          while (seen.size < 3 && bar.isConnected && bar.value < 1) {
            if (bar.value > 0) seen.add(bar.value);
            await new Promise(requestAnimationFrame);
          }
          return seen.size >= 3;
        }"""
    )
    expect(bar).to_be_visible()
    # Sent as soon as it is there.
    ines.composer.fill("Take your time")
    ines.composer.press("Enter")
    expect(ines.page.get_by_text("Sent as soon as the files are there")).to_be_visible()
    ines.sees_stored("Take your time")
    expect(ines.message("Take your time")).to_contain_text("long.txt")
    expect(ines.message("Take your time")).to_contain_text("10 MB")

    chooses(ines, ("never.txt", "text/plain", text))
    expect(tiles(ines)).to_contain_text(re.compile(r" of 10 MB"))
    ines.page.get_by_role("button", name="Do not attach never.txt").click()
    expect(tiles(ines)).to_have_count(0)
    expect(ines.composer).to_be_focused()
    expect(ines.page.get_by_role("button", name="Send", exact=True)).to_have_attribute(
        "aria-disabled", "true"
    )
    ines.says("Without")
    ines.sees_stored("Without")
    expect(ines.message("Without").locator(".files")).to_have_count(0)


def test_a_file_that_is_there_already_is_taken_away_from_the_server_too(
    visitor: Arrive, channel: MakeChannel
) -> None:
    ines = visitor(DESKTOP).opens(channel("Regretted")).chooses_name("Ines")
    chooses(ines, ("gone.txt", "text/plain", b"gone"))
    is_ready(ines, 1)
    with ines.page.expect_response(re.compile(r"/files/[^/]+/$")) as answer:
        ines.page.get_by_role("button", name="Do not attach gone.txt").click()
    assert (answer.value.request.method, answer.value.status) == ("DELETE", 204)
    expect(tiles(ines)).to_have_count(0)


def test_a_file_that_did_not_get_through_keeps_its_place_and_is_tried_again(
    visitor: Arrive, channel: MakeChannel
) -> None:
    ines = visitor(DESKTOP).opens(channel("Again")).chooses_name("Ines")
    ines.watch.expects(r"/files/", r"net::ERR_FAILED")
    ines.page.route("**/files/", lambda route: route.abort())
    chooses(ines, ("plan.txt", "text/plain", b"the plan"))
    expect(tiles(ines)).to_contain_text("It did not get through.")
    ines.composer.fill("With the plan")
    send = ines.page.get_by_role("button", name="Send", exact=True)
    expect(send).to_have_attribute("aria-disabled", "true")
    ines.page.unroute("**/files/")
    ines.page.get_by_role("button", name="Try again with plan.txt").click()
    is_ready(ines, 1)
    send.click()
    ines.sees_stored("With the plan")
    expect(ines.message("With the plan")).to_contain_text("plan.txt")


def test_what_is_not_taken_is_told_before_it_is_sent(visitor: Arrive, channel: MakeChannel) -> None:
    ines = visitor(PHONE).opens(channel("Refused")).chooses_name("Ines")
    posts: list[str] = []
    ines.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    chooses(ines, ("robot-video.mov", "video/quicktime", b"moving"), ("empty.txt", "text/plain", b""))
    problems = ines.page.locator('[data-part="tray-problems"] li')
    expect(problems).to_have_count(2)
    expect(problems.first).to_have_text(
        re.compile(r"^robot-video\.mov was not attached\. Up to 10 MB: txt, pdf, png, jpg")
    )
    expect(problems.last).to_have_text("empty.txt was not attached. There is nothing in it.")
    assert posts == []
    # One that is not what its name says is found out by the server, in words.
    ines.watch.expects(r"\b(400|415)\b.*/files/")
    chooses(ines, ("fake.png", "image/png", b"<svg onload=alert(1)>"))
    expect(tiles(ines)).to_have_attribute("data-state", "failed")
    ines.page.get_by_role("button", name="Do not attach fake.png").click()
    expect(tiles(ines)).to_have_count(0)


def test_a_press_that_takes_the_focus_from_the_field_may_take_its_time(
    visitor: Arrive, channel: MakeChannel
) -> None:
    """On a phone the field is smaller when nobody writes, and what stands over it moves."""
    ines = visitor(PHONE, fresh=True)
    ines.page.clock.install()
    ines.opens(channel("Long press")).chooses_name("Ines")
    chooses(ines, ("plan.txt", "text/plain", b"the plan"))
    is_ready(ines, 1)
    ines.composer.focus()
    form = ines.page.locator("[data-composer]")
    expect(form).to_have_attribute("data-writing", "")
    ines.page.get_by_role("button", name="Do not attach plan.txt").hover()
    ines.page.mouse.down()
    ines.page.clock.run_for(1000)
    expect(form).to_have_attribute("data-writing", "")
    ines.page.mouse.up()
    expect(tiles(ines)).to_have_count(0)


def test_files_of_a_message_that_waits_outlive_a_reload(visitor: Arrive, channel: MakeChannel) -> None:
    address = channel("Kept")
    tomoe = visitor(DESKTOP).opens(address).chooses_name("Tomoe")
    ines = visitor(DESKTOP).opens(address).chooses_name("Ines")
    chooses(ines, ("bench.png", "image/png", picture("orange")))
    is_ready(ines, 1)
    ines.loses_the_network()
    ines.says("On its way")
    ines.is_in_trouble("Offline, 1 message waiting")
    ines.has_network_again()
    ines.reloads()
    ines.sees_stored("On its way")
    tomoe.sees_stored("On its way")
    for person in (ines, tomoe):
        expect(person.message("On its way").get_by_role("img", name="bench.png")).to_be_visible()

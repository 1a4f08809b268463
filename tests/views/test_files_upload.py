"""Uploading: what is taken, what is refused and in which order, and that a refusal leaves nothing."""

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext
from django.test import AsyncClient, AsyncRequestFactory
from files import samples
from files.forms import MULTIPART, content_of, field, file, form, kept, part, post, upload, uploaded
from people import GENERAL, ORIGIN, Site, eventually
from PIL import Image

from chat.models import Attachment, Channel
from chitchat_site.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)

MB = 1024 * 1024


async def refused(response: Any, status: int, code: str, *words: str) -> None:
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert error["code"] == code
    for word in words:
        assert word in error["detail"]


# --- taken ----------------------------------------------------------------------------------------


async def test_a_text_is_kept_byte_for_byte_under_a_random_name(site: Site, media_root: Path) -> None:
    """A14."""
    alice = await site.visitor("Alice")
    text = "naïve\r\n\tcafé \N{GRINNING FACE}\n".encode()
    attachment = await uploaded(alice, text, "notes.txt")
    assert (attachment["name"], attachment["type"], attachment["size"]) == (
        "notes.txt",
        "text/plain",
        len(text),
    )
    assert attachment.keys() == {"id", "name", "type", "size", "url"}
    [stored] = kept(media_root)
    assert stored.read_bytes() == text
    assert re.fullmatch(r"[0-9a-f]{32}\.txt", stored.name)
    assert "notes" not in str(stored.relative_to(media_root))


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "A.Png", ".png.PNG", "a b.png"])
async def test_the_case_of_an_extension_does_not_matter(site: Site, name: str) -> None:
    attachment = await uploaded(await site.visitor("Alice"), samples.picture(), name)
    assert attachment["type"] == "image/png"


@pytest.mark.parametrize(
    ("name", "kind", "type"),
    [
        ("a.png", "PNG", "image/png"),
        ("a.jpg", "JPEG", "image/jpeg"),
        ("a.jpeg", "JPEG", "image/jpeg"),
        ("a.gif", "GIF", "image/gif"),
        ("a.webp", "WEBP", "image/webp"),
    ],
)
async def test_an_image_is_written_anew_with_its_size_and_a_small_picture(
    site: Site, media_root: Path, name: str, kind: str, type: str
) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.picture(kind, (900, 600)), name)
    assert (attachment["type"], attachment["width"], attachment["height"]) == (type, 900, 600)
    small = await content_of(await alice.http.get(attachment["thumbnail"]))
    whole = await content_of(await alice.http.get(attachment["url"]))
    assert len(whole) == attachment["size"]
    assert Image.open(io.BytesIO(small)).size == (640, 427)
    assert Image.open(io.BytesIO(whole)).format == kind
    assert len(kept(media_root)) == 2


async def test_a_pdf_is_taken_as_it_is(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.PDF, "plan.pdf")
    assert await content_of(await alice.http.get(attachment["url"])) == samples.PDF


async def test_the_position_of_a_phone_is_gone_and_the_picture_is_upright(site: Site) -> None:
    alice = await site.visitor("Alice")
    sent = samples.from_a_phone(orientation=6, size=(40, 30))
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(samples.GPS_TAG)
    attachment = await uploaded(alice, sent, "home.jpg")
    assert (attachment["width"], attachment["height"]) == (30, 40)
    got = await content_of(await alice.http.get(attachment["url"]))
    assert not Image.open(io.BytesIO(got)).getexif()
    for secret in (b"Exif", b"Paddock", b"taken at home"):
        assert secret in sent
        assert secret not in got


async def test_what_is_hidden_behind_a_picture_does_not_get_through(site: Site) -> None:
    alice = await site.visitor("Alice")
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        sent = samples.picture(kind) + samples.MARKUP
        attachment = await uploaded(alice, sent, f"a.{kind.lower()}")
        got = await content_of(await alice.http.get(attachment["url"]))
        assert b"script" not in got


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ann\\notes.txt", "notes.txt"),
        ("%22quoted%22.txt", '"quoted".txt'),
        ("two%0D%0Alines.txt", "two lines.txt"),
        ("雑談 日記.txt", "雑談 日記.txt"),
        ("evil\u202etxt.txt", "eviltxt.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("a" * 256 + ".txt", "a" * 196 + ".txt"),
        (".txt", "file.txt"),
        ("....txt", "file.txt"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
    ],
)
async def test_a_name_is_cleaned_and_otherwise_stays(
    site: Site, media_root: Path, sent: str, shown: str
) -> None:
    attachment = await uploaded(await site.visitor("Alice"), b"hello", sent)
    assert attachment["name"] == shown
    [stored] = kept(media_root)
    assert stored.is_relative_to(media_root / "chat")
    assert re.fullmatch(r"[0-9a-f]{32}\.txt", stored.name)


async def test_two_files_of_one_name_are_two_files(site: Site, media_root: Path) -> None:
    alice = await site.visitor("Alice")
    first, second = await uploaded(alice, b"one"), await uploaded(alice, b"two")
    assert first["id"] != second["id"]
    assert {one.read_bytes() for one in kept(media_root)} == {b"one", b"two"}


# --- sizes ----------------------------------------------------------------------------------------


async def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    site: Site, limits: Any, media_root: Path
) -> None:
    limits(file_bytes=1_000)
    alice = await site.visitor("Alice")
    assert (await uploaded(alice, b"x" * 1_000))["size"] == 1_000
    await refused(await upload(alice, b"x" * 1_001), 413, "too_large", "1000 bytes")
    assert len(kept(media_root)) == 1


async def test_a_body_over_all_bounds_is_refused_in_words(site: Site, limits: Any, media_root: Path) -> None:
    limits(file_bytes=1 * MB)
    alice = await site.visitor("Alice")
    await refused(await raw_post(alice.cookies, b"x" * (2 * MB)), 413, "too_large", "1 MB")
    assert not kept(media_root)


class Answer:
    """What the ASGI application said, as far as the tests look at it."""

    def __init__(self) -> None:
        self.status_code = 0
        self.content = b""

    def json(self) -> Any:
        import json

        return json.loads(self.content)

    async def hear(self, message: dict[str, Any]) -> None:
        self.status_code = message.get("status", self.status_code)
        self.content += message.get("body", b"")


async def raw_post(cookies: str, body: bytes, *headers: tuple[bytes, bytes], cut: bool = False) -> Answer:
    """A request in pieces, to the site's whole application; ``cut``: the client goes away before its end."""
    scope = AsyncRequestFactory()._base_scope(path="/files/", method="POST")
    own = [
        *((b"host", b"testserver"), (b"cookie", cookies.encode())),
        *((b"content-type", MULTIPART.encode()), (b"origin", ORIGIN.encode())),
    ]
    token = "t" * 32
    own[1] = (b"cookie", f"{cookies}; csrftoken={token}".encode())
    scope["headers"] = [*own, (b"x-csrftoken", token.encode()), *headers]
    pieces = [body[start : start + 64 * 1024] for start in range(0, len(body), 64 * 1024)] or [b""]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": cut or index < len(pieces) - 1}
        for index, piece in enumerate(pieces)
    ]
    messages.reverse()
    gone = asyncio.Event()
    if cut:
        gone.set()

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    answer = Answer()
    await application(scope, receive, answer.hear)  # type: ignore[arg-type]
    return answer


def whole(content: bytes, room: str = GENERAL) -> bytes:
    return form(field("room", room), file(content))


@pytest.mark.parametrize("length", [None, b"1", b"0", b"99999999999"])
async def test_a_content_length_is_not_believed(site: Site, limits: Any, length: bytes | None) -> None:
    limits(file_bytes=1_000)
    alice = await site.visitor("Alice")
    headers = [] if length is None else [(b"content-length", length)]
    assert (await raw_post(alice.cookies, whole(b"x" * 1_000), *headers)).status_code == 201
    await refused(await raw_post(alice.cookies, whole(b"x" * 1_001), *headers), 413, "too_large")


async def test_an_upload_whose_client_goes_away_leaves_nothing(site: Site, media_root: Path) -> None:
    alice = await site.visitor("Alice")
    answer = await raw_post(alice.cookies, whole(b"x" * 300_000)[:200_000], cut=True)
    assert answer.status_code == 0
    assert not kept(media_root)
    assert not await Attachment.objects.aexists()


async def test_a_form_without_its_end_is_no_file(site: Site, media_root: Path) -> None:
    alice = await site.visitor("Alice")
    body = whole(b"x" * 3_000)
    for end in (100, 1_000, len(body) - 10):
        assert (await post(alice, body[:end])).status_code == 400
    await refused(await post(alice, body[:1_000]), 400, "invalid", "cut off")
    assert not kept(media_root)


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", MULTIPART),
        (b"hello", MULTIPART),
        (form(field("room", GENERAL)), MULTIPART),
        (form(field("room", GENERAL), field("file", "hello")), MULTIPART),
        (form(field("room", GENERAL), file(b"x"), file(b"y")), MULTIPART),
        (form(field("room", GENERAL), file(b"x", field="picture")), MULTIPART),
        (form(field("room", GENERAL), file(b"x", name="")), MULTIPART),
        (form(*(field(f"f{n}", "x") for n in range(1_001)), file(b"x")), MULTIPART),
        (form(*(file(b"x", field=f"f{n}") for n in range(1_000))), MULTIPART),
        (form(field("room", "x" * 300_000), file(b"x")), MULTIPART),
        (form(field("room", GENERAL), file(b"x")), "multipart/form-data"),
        (form(field("room", GENERAL), file(b"x")), "multipart/form-data; boundary=another"),
        (form(field("room", GENERAL), file(b"x")), "multipart/form-data; boundary=" + "x" * 300),
        (form(field("room", GENERAL), file(b"x")), "multipart/form-data; boundary*=utf-8''%E2%82%AC"),
        (b'{"room": "channel:general-talk"}', "application/json"),
        (b"room=channel:general-talk&file=x", "application/x-www-form-urlencoded"),
        (part(b"!!", 'name="file"; filename="a.txt"', "Content-Transfer-Encoding: base64"), MULTIPART),
    ],
)
async def test_what_is_not_a_form_with_one_file_is_invalid(
    site: Site, media_root: Path, body: bytes, kind: str
) -> None:
    alice = await site.visitor("Alice")
    await refused(await post(alice, body, kind), 400, "invalid")
    assert not kept(media_root)


async def test_the_room_may_stand_behind_the_file(site: Site) -> None:
    alice = await site.visitor("Alice")
    response = await post(alice, form(file(b"hello"), field("room", GENERAL)))
    assert response.status_code == 201


# --- who ------------------------------------------------------------------------------------------


async def test_nobody_without_a_name_uploads(site: Site) -> None:
    await refused(await upload(await site.visitor(), b"hello"), 403, "forbidden", "name")


@pytest.mark.parametrize("room", ["channel:nowhere", "channel:secret", "direct:1", "", "../x", "channel:a/b"])
async def test_nobody_uploads_to_a_room_that_is_not_theirs(site: Site, media_root: Path, room: str) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    await refused(await upload(await site.visitor("Alice"), b"hello", room=room), 404, "not_found")
    assert not kept(media_root)


async def test_nobody_uploads_to_an_archived_channel(site: Site) -> None:
    alice = await site.visitor("Alice")
    room = await alice.make_channel("Old")
    from django.utils import timezone

    await Channel.objects.filter(slug="old").aupdate(archived_at=timezone.now())
    await site.runtime.directory.reload("old")
    await refused(await upload(alice, b"hello", room=room), 403, "forbidden", "archived")


async def test_an_upload_without_the_token_or_from_another_origin_is_forbidden(
    site: Site, media_root: Path
) -> None:
    alice = await site.visitor("Alice")
    http = AsyncClient(enforce_csrf_checks=True)
    http.cookies["sessionid"] = alice.http.cookies["sessionid"].value
    token = (await http.get("/c/general-talk/")).cookies["csrftoken"].value
    for headers in (
        {},
        {"X-CSRFToken": "x" * 32, "Origin": ORIGIN},
        {"X-CSRFToken": token, "Origin": "https://evil.example"},
        {"X-CSRFToken": token, "Origin": "null"},
    ):
        response = await http.post("/files/", whole(b"x"), content_type=MULTIPART, headers=headers)
        assert response.status_code == 403
    # A field of the form is not looked at: that would read the body of somebody who may send none.
    body = form(field("csrfmiddlewaretoken", token), field("room", GENERAL), file(b"x"))
    assert (await http.post("/files/", body, content_type=MULTIPART)).status_code == 403
    assert not kept(media_root)
    headers = {"X-CSRFToken": token, "Origin": ORIGIN}
    response = await http.post("/files/", whole(b"x"), content_type=MULTIPART, headers=headers)
    assert response.status_code == 201
    attachment = response.json()["attachment"]
    assert (await http.delete(f"/files/{attachment['id']}/")).status_code == 403
    assert (await http.delete(f"/files/{attachment['id']}/", headers=headers)).status_code == 204


# --- how much -------------------------------------------------------------------------------------


async def test_uploads_have_a_rate_and_what_is_too_fast_is_not_looked_at(site: Site, limits: Any) -> None:
    limits(file_rate=(2, 60, 2))
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    await uploaded(alice)
    assert (await upload(alice, b"", "a.exe")).status_code == 415
    response = await post(alice, b"not even a form")
    await refused(response, 429, "rate_limited")
    assert int(response.headers["Retry-After"]) == 30
    await uploaded(bob)
    site.clock.advance(30)
    await uploaded(alice)


async def test_a_day_has_a_quota_which_refused_files_do_not_use(site: Site, limits: Any) -> None:
    limits(file_quota_bytes=1_000)
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    await uploaded(alice, b"x" * 600)
    assert (await upload(alice, b"\0" * 400)).status_code == 415
    response = await upload(alice, b"x" * 401)
    await refused(response, 429, "rate_limited", "in a day")
    assert int(response.headers["Retry-After"]) == 87
    await uploaded(alice, b"x" * 400)
    await uploaded(bob, b"x" * 600)
    site.clock.advance(86_400)
    await uploaded(alice, b"x" * 1_000)


async def test_a_file_that_is_larger_than_the_quota_is_never_taken(site: Site, limits: Any) -> None:
    limits(file_quota_bytes=1_000)
    response = await upload(await site.visitor("Alice"), b"x" * 1_001)
    await refused(response, 429, "rate_limited", "in a day")
    assert "Retry-After" not in response.headers
    assert "retry_after" not in response.json()["error"]


@pytest.mark.parametrize(
    "room", ["channel:a\0b", "direct:a\0b", "channel:", "direct:", "channel:" + "a" * 5_000]
)
async def test_no_room_has_such_an_address(site: Site, room: str) -> None:
    await refused(await upload(await site.visitor("Alice"), b"hello", room=room), 404, "not_found")


async def test_the_types_that_are_taken_are_a_setting(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "FILE_TYPES": ("txt", "png")}
    alice = await site.visitor("Alice")
    await uploaded(alice)
    await refused(await upload(alice, samples.PDF, "a.pdf"), 415, "unsupported_file", ".pdf", "txt, png")


async def test_a_storage_that_fails_leaves_nothing_and_says_so(
    site: Site, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await site.visitor("Alice")

    def fail(*_: object, **__: object) -> str:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.files.storage.FileSystemStorage._save", fail)
        await refused(await upload(alice, b"hello"), 503, "unavailable", "later")
    assert not kept(media_root)
    assert not await Attachment.objects.aexists()
    await uploaded(alice)


async def test_ten_uploads_of_the_largest_size_at_once_are_all_kept(
    site: Site, media_root: Path, limits: Any
) -> None:
    largest = 3 * MB  # more than Django holds in memory
    limits(file_bytes=largest)
    alice = await site.visitor("Alice")
    content = b"x" * largest

    async def send() -> int:
        async with ThreadSensitiveContext():
            return (await upload(alice, content)).status_code

    assert await asyncio.gather(*(send() for _ in range(10))) == [201] * 10
    assert [one.stat().st_size for one in kept(media_root)] == [largest] * 10


# --- away again -----------------------------------------------------------------------------------


async def test_an_uploader_takes_a_pending_file_back(site: Site, media_root: Path) -> None:
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    attachment = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    address = f"/files/{attachment['id']}/"
    for other in (bob, await site.visitor()):
        assert (await other.http.delete(address)).status_code in (403, 404)
    assert len(kept(media_root)) == 2
    assert (await alice.http.delete(address)).status_code == 204
    assert not kept(media_root)
    assert (await alice.http.delete(address)).status_code == 404
    assert (await alice.http.get(attachment["url"])).status_code == 404


async def test_what_was_sent_is_not_taken_back(site: Site) -> None:
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    attachment = await uploaded(alice)
    await tab.say("", attachments=[attachment["id"]])
    assert (await alice.http.delete(f"/files/{attachment['id']}/")).status_code == 404
    assert await content_of(await alice.http.get(attachment["url"])) == b"hello"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
async def test_the_address_of_uploads_takes_nothing_but_a_post(site: Site, method: str) -> None:
    alice = await site.visitor("Alice")
    assert (await getattr(alice.http, method)("/files/")).status_code == 405


async def test_nothing_lists_files(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice)
    row = await Attachment.objects.aget()
    for path in (f"/media/{row.file.name}", f"/{row.file.name}", "/media/", f"/files/{row.file.name}"):
        assert (await alice.http.get(path)).status_code == 404
    assert (await alice.http.get(f"/files/{attachment['id']}/")).status_code == 405


async def test_decoding_takes_its_turn(site: Site, limits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two images at once, and the third waits."""
    import threading

    from chat.services import attachments

    limits(image_workers=2)
    alice = await site.visitor("Alice")
    running, most = 0, 0
    door, lock = threading.Event(), threading.Lock()
    rework = attachments.rework

    def slow(*arguments: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        door.wait(20)
        with lock:
            running -= 1
        return rework(*arguments)

    monkeypatch.setattr(attachments, "rework", slow)

    async def send() -> int:
        async with ThreadSensitiveContext():
            return (await upload(alice, samples.picture(), "a.png")).status_code

    uploads = [asyncio.create_task(send()) for _ in range(4)]
    await eventually(lambda: running == 2)
    door.set()
    assert await asyncio.gather(*uploads) == [201] * 4
    assert most == 2

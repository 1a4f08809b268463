"""Serving: who may read what, and what browsers are told about it."""

from typing import Any

import pytest
from django.core.files.storage import storages
from files import samples
from files.forms import content_of, uploaded
from people import GENERAL, Site, Visitor

from chat.models import Attachment, Channel
from chat.services import moderation

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = bytes(range(32, 127)) * 30


async def sent(visitor: Visitor, content: bytes = TEXT, name: str = "a.txt", room: str = GENERAL) -> Any:
    """A file that is in a message of its room."""
    attachment = await uploaded(visitor, content, name, room)
    await (await visitor.enter(room)).say("", room, attachments=[attachment["id"]])
    return attachment


async def nothing_there(visitor: Visitor, address: str) -> bool:
    """Every way of asking is told the same as for a file that does not exist."""
    missing = await visitor.http.get("/files/there-is-no-such-file/a.txt")
    told = await content_of(missing)
    answers = [
        await visitor.http.get(address),
        await visitor.http.get(address + "?thumbnail"),
        await visitor.http.get(address, headers={"Range": "bytes=0-1"}),
        await visitor.http.get(address, headers={"If-None-Match": "*"}),
        await visitor.http.head(address),
    ]
    contents = [await content_of(one) for one in answers]
    return (
        missing.status_code == 404
        and all(one.status_code == 404 and one.headers == missing.headers for one in answers)
        and contents == [*[told] * (len(answers) - 1), b""]  # the last is the HEAD
    )


# --- who ------------------------------------------------------------------------------------------


async def test_a_pending_file_is_its_uploaders_alone(site: Site) -> None:
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    attachment = await uploaded(alice, TEXT)
    assert await content_of(await alice.http.get(attachment["url"])) == TEXT
    assert await nothing_there(bob, attachment["url"])
    assert await nothing_there(await site.visitor(), attachment["url"])


async def test_a_sent_file_is_for_everybody_with_a_name_who_may_read_the_room(site: Site) -> None:
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    attachment = await sent(alice)
    assert await content_of(await bob.http.get(attachment["url"])) == TEXT
    assert await nothing_there(await site.visitor(), attachment["url"])


async def test_a_stranger_is_told_that_a_file_of_a_private_room_does_not_exist(site: Site) -> None:
    alice, carol = await site.visitor("Alice"), await site.visitor("Carol")
    room = await alice.make_channel("Pit crew")
    attachment = await sent(alice, samples.picture("PNG", (900, 900)), "a.png", room)
    await content_of(await carol.http.get(attachment["url"]))
    await Channel.objects.filter(slug="pit-crew").aupdate(private=True)
    await site.runtime.directory.reload("pit-crew")
    assert await nothing_there(carol, attachment["url"])


async def test_no_cache_on_the_way_keeps_a_refusal(site: Site) -> None:
    """Some keep whatever is at an address that ends like a picture's."""
    alice = await site.visitor("Alice")
    response = await alice.http.get("/files/nothing/a.png")
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "private, no-cache"


async def strangers(site: Site) -> list[Visitor]:
    """Who has no business between alice and bob: nobody, a guest, an account, the staff, who logged out."""
    left = await site.account("dave")
    await left.http.post("/logout/")
    return [
        await site.visitor(),
        await site.visitor("carol"),
        await site.account("mallory"),
        await site.account("dora", staff=True),
        left,
    ]


async def test_a_file_of_a_personal_chat_is_for_its_two_people_alone(site: Site) -> None:
    alice, bob = await site.account("alice"), await site.account("bob")
    room = await (await alice.open()).direct(bob.me["id"])
    attachment = await sent(alice, TEXT, room=room)
    for one in (alice, bob):
        assert await content_of(await one.http.get(attachment["url"])) == TEXT
    for one in await strangers(site):
        assert await nothing_there(one, attachment["url"])


async def test_a_member_who_was_removed_reads_no_file_of_the_channel_any_more(site: Site) -> None:
    alice, bob = await site.account("alice"), await site.account("bob")
    tab = await alice.open()
    room = (await tab.ask("create", name="Contracts", private=True))["channel"]["room"]
    attachment = await sent(alice, TEXT, room=room)
    assert await nothing_there(bob, attachment["url"])
    await tab.ask("invite", room=room, person=bob.me["id"])
    assert await content_of(await bob.http.get(attachment["url"])) == TEXT
    await tab.ask("remove", room=room, person=bob.me["id"])
    assert await nothing_there(bob, attachment["url"])
    assert await content_of(await alice.http.get(attachment["url"])) == TEXT


async def test_a_file_that_waits_in_a_personal_chat_is_not_even_the_other_ones(site: Site) -> None:
    alice, bob = await site.account("alice"), await site.account("bob")
    room = await (await alice.open()).direct(bob.me["id"])
    attachment = await uploaded(alice, TEXT, room=room)
    assert await nothing_there(bob, attachment["url"])


async def test_ids_beside_a_real_one_are_nothing(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await sent(alice)
    id = attachment["id"]
    for other in (id + "A", id[:-1], id.swapcase(), "1", "%00", "..%2f"):
        response = await alice.http.get(f"/files/{other}/a.txt")
        assert response.status_code == 404


async def test_a_logged_out_session_reads_nothing(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await sent(alice)
    await alice.http.post("/logout/")
    assert await nothing_there(alice, attachment["url"])


async def test_a_deleted_message_takes_its_file_along_at_once(site: Site) -> None:
    alice, bob = await site.visitor("Alice"), await site.visitor("Bob")
    attachment = await uploaded(alice)
    tab = await alice.enter()
    ack = await tab.say("look", attachments=[attachment["id"]])
    assert await content_of(await bob.http.get(attachment["url"])) == b"hello"
    await tab.ask("delete", room=GENERAL, id=ack["id"])
    assert await nothing_there(bob, attachment["url"])
    await site.tick(1)
    assert await nothing_there(bob, attachment["url"])
    assert (await Attachment.objects.aget()).state == "released"


async def test_a_cleared_room_takes_its_files_along_at_once(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await sent(alice)
    await site.tick(1)
    await moderation.clear_room(site.runtime, "root", GENERAL)
    assert await nothing_there(alice, attachment["url"])
    await site.tick(1)
    assert (await Attachment.objects.aget()).state == "released"
    fresh = await sent(alice)
    await site.tick(1)
    assert await content_of(await alice.http.get(fresh["url"])) == TEXT


# --- what browsers are told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "type", "disposition"),
    [
        (b"hello", "a.txt", "text/plain; charset=utf-8", 'attachment; filename="a.txt"'),
        (samples.PDF, "a.pdf", "application/pdf", 'attachment; filename="a.pdf"'),
        (samples.picture(), "a.png", "image/png", 'inline; filename="a.png"'),
        (samples.picture("JPEG"), "a.JPG", "image/jpeg", 'inline; filename="a.JPG"'),
        (b"hello", "a %22b%22.txt", None, r'attachment; filename="a \"b\".txt"'),
        (b"hello", "a%0D%0AX-Evil: 1.txt", None, 'attachment; filename="a X-Evil: 1.txt"'),
        (b"hello", "a\\b;c.txt", None, 'attachment; filename="b;c.txt"'),
        (b"hello", "日記 é.txt", None, "attachment; filename*=utf-8''%E6%97%A5%E8%A8%98%20%C3%A9.txt"),
    ],
)
async def test_a_file_has_its_type_a_strict_policy_and_its_own_name(
    site: Site, content: bytes, name: str, type: str | None, disposition: str
) -> None:
    alice = await site.visitor("Alice")
    response = await alice.http.get((await uploaded(alice, content, name))["url"])
    await content_of(response)
    assert response.headers["Content-Type"] == (type or "text/plain; charset=utf-8")
    assert response.headers["Content-Disposition"] == disposition
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize(
    ("asked", "status", "expected", "content_range"),
    [
        ("bytes=-100", 206, TEXT[-100:], "bytes 2750-2849/2850"),
        ("bytes=0-0", 206, TEXT[:1], "bytes 0-0/2850"),
        ("bytes=100-199", 206, TEXT[100:200], "bytes 100-199/2850"),
        ("bytes=2800-", 206, TEXT[2800:], "bytes 2800-2849/2850"),
        ("bytes=2800-9999", 206, TEXT[2800:], "bytes 2800-2849/2850"),
        ("bytes=-9999", 206, TEXT, "bytes 0-2849/2850"),
        ("bytes=2850-", 416, b"", "bytes */2850"),
        ("bytes=-0", 416, b"", "bytes */2850"),
        ("bytes=0-1,5-6", 200, TEXT, None),
        ("bytes=5-1", 200, TEXT, None),
        ("bytes=a-b", 200, TEXT, None),
        ("lines=0-1", 200, TEXT, None),
    ],
)
async def test_a_range_is_a_part_of_the_file(
    site: Site, asked: str, status: int, expected: bytes, content_range: str | None
) -> None:
    alice = await site.visitor("Alice")
    address = (await uploaded(alice, TEXT))["url"]
    response = await alice.http.get(address, headers={"Range": asked, "Accept-Encoding": "gzip"})
    assert response.status_code == status
    assert await content_of(response) == expected
    assert response.headers.get("Content-Range") == content_range
    head = await alice.http.head(address, headers={"Range": asked, "Accept-Encoding": "gzip"})
    assert head.status_code == status
    assert head.headers == response.headers
    assert await content_of(head) == b""


async def test_a_head_says_what_a_get_would(site: Site) -> None:
    alice = await site.visitor("Alice")
    address = (await uploaded(alice, TEXT))["url"]
    head, get = await alice.http.head(address), await alice.http.get(address)
    await content_of(get)
    assert head.headers == get.headers
    assert head.headers["Content-Length"] == str(len(TEXT))
    assert head.headers["Accept-Ranges"] == "bytes"
    assert await content_of(head) == b""


async def test_what_a_browser_has_already_is_not_sent_again(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    whole = await alice.http.head(attachment["url"])
    small = await alice.http.head(attachment["thumbnail"])
    assert whole.headers["ETag"] != small.headers["ETag"]
    for known in (whole.headers["ETag"], f'"x", W/{whole.headers["ETag"]}', "*"):
        response = await alice.http.get(attachment["url"], headers={"If-None-Match": known})
        assert (response.status_code, await content_of(response)) == (304, b"")
    response = await alice.http.get(attachment["thumbnail"], headers={"If-None-Match": whole.headers["ETag"]})
    assert response.status_code == 200
    await content_of(response)


async def test_a_range_of_another_version_is_the_whole_file(site: Site) -> None:
    alice = await site.visitor("Alice")
    address = (await uploaded(alice, TEXT))["url"]
    known = (await alice.http.head(address)).headers
    for condition, status in (
        (known["ETag"], 206),
        (known["Last-Modified"], 206),
        ('"another"', 200),
        (f"W/{known['ETag']}", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ):
        headers = {"Range": "bytes=0-9", "If-Range": condition}
        response = await alice.http.get(address, headers=headers)
        assert response.status_code == status
        await content_of(response)


async def test_the_address_of_a_small_picture_of_a_small_picture_is_the_picture(site: Site) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.picture(), "a.png")
    assert "thumbnail" not in attachment
    response = await alice.http.get(attachment["url"] + "?thumbnail")
    assert len(await content_of(response)) == attachment["size"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
async def test_a_file_is_only_read(site: Site, method: str) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice)
    assert (await getattr(alice.http, method)(attachment["url"])).status_code == 405


# --- where it comes from --------------------------------------------------------------------------


async def test_a_proxy_may_do_the_sending(site: Site, settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "X_ACCEL_REDIRECT": "/kept/"}
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    row = await Attachment.objects.aget()
    response = await alice.http.get(attachment["url"])
    assert response.headers["X-Accel-Redirect"] == f"/kept/{row.file.name}"
    assert await content_of(response) == b""
    assert response.headers["Content-Type"] == "image/png"
    assert "Content-Encoding" not in response.headers
    small = await alice.http.get(attachment["thumbnail"])
    assert small.headers["X-Accel-Redirect"] == f"/kept/{row.thumbnail.name}"
    assert await nothing_there(await site.visitor("Bob"), attachment["url"])


@pytest.fixture
def in_memory(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }


async def test_any_storage_will_do(site: Site, in_memory: None, media_root: Any) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    whole = await content_of(await alice.http.get(attachment["url"]))
    assert whole.startswith(b"\x89PNG")
    part = await alice.http.get(attachment["url"], headers={"Range": "bytes=-100"})
    assert await content_of(part) == whole[-100:]
    assert (await content_of(await alice.http.get(attachment["thumbnail"])))[8:12] == b"WEBP"
    assert not list(media_root.rglob("*"))
    row = await Attachment.objects.aget()
    assert storages["default"].exists(row.file.name)
    assert (await alice.http.delete(f"/files/{attachment['id']}/")).status_code == 204
    assert not storages["default"].exists(row.file.name)
    assert not storages["default"].exists(row.thumbnail.name)


async def test_a_file_that_the_storage_lost_is_not_there_and_the_log_says_so(
    site: Site, media_root: Any, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice)
    for stored in media_root.rglob("*.txt"):
        stored.unlink()
    assert (await alice.http.get(attachment["url"])).status_code == 404
    assert attachment["id"] in caplog.text


async def test_a_storage_that_gives_other_names_is_believed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.files.storage import FileSystemStorage

    save = FileSystemStorage.save

    def elsewhere(self: FileSystemStorage, name: str, *arguments: Any) -> str:
        return save(self, f"elsewhere/{name}", *arguments)

    monkeypatch.setattr(FileSystemStorage, "save", elsewhere)
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice, TEXT)
    assert (await Attachment.objects.aget()).file.name.startswith("elsewhere/chat/")
    assert await content_of(await alice.http.get(attachment["url"])) == TEXT

"""The admin's page of attachments."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import AsyncClient
from people import GENERAL, Site

from chat.models import Attachment
from files import samples
from files.forms import uploaded

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/chat/attachment/"


def address_of(attachment: dict[str, Any]) -> str:
    return f"{PAGE}{quote(attachment['id'])}/"


MARKUP = "<img src=x onerror=alert(1)>.txt"


async def html_of(client: AsyncClient, address: str) -> str:
    response = await client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


async def test_the_list_has_state_size_uploader_room_and_a_preview(site: Site, staff: Any) -> None:
    alice = await site.visitor("Alice")
    picture = await uploaded(alice, samples.picture("PNG", (900, 900)), "a.png")
    await uploaded(alice, b"x" * 2048, MARKUP)
    root = await staff("view_attachment")
    html = await html_of(root, PAGE)
    for words in ("a.png", "2.0\xa0KB", "Alice", GENERAL, "not sent yet"):
        assert words in html
    assert MARKUP not in html
    [address] = re.findall(r'<img src="(/admin/[^"]+)"', html)
    preview = await root.get(address)
    assert preview.headers["Content-Type"] == "image/webp"
    assert preview.content[8:12] == b"WEBP"
    assert preview.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (await root.get(address.replace(quote(picture["id"]), "nothing"))).status_code == 404
    details = await html_of(root, f"{address_of(picture)}change/")
    assert "900" in details
    assert "<input" not in details[details.index("<fieldset") : details.index("</fieldset")]


async def test_files_of_personal_chats_are_nobody_else_s_business(site: Site, staff: Any) -> None:
    """A20: by no route."""
    alice, bob = await site.account("Alice"), await site.account("Bob")
    room = await (await alice.open()).direct(bob.me["id"])
    picture = await uploaded(alice, samples.picture(), "secret.png", room=room)
    root = await staff("view_attachment", "delete_attachment")
    assert "secret.png" not in await html_of(root, PAGE)
    for page in ("preview/", "change/", "delete/"):
        assert (await root.get(f"{address_of(picture)}{page}")).status_code in (302, 404)
    assert await Attachment.objects.filter(id=picture["id"]).aexists()


async def test_a_small_picture_and_a_lost_one(site: Site, staff: Any, media_root: Any) -> None:
    alice = await site.visitor("Alice")
    small, text = await uploaded(alice, samples.picture(), "a.png"), await uploaded(alice)
    root = await staff("view_attachment")
    assert (await root.get(f"{address_of(small)}preview/")).headers["Content-Type"] == "image/png"
    assert (await root.get(f"{address_of(text)}preview/")).status_code == 404
    for stored in media_root.rglob("*.png"):
        stored.unlink()
    assert (await root.get(f"{address_of(small)}preview/")).status_code == 404


async def test_previews_are_for_staff_who_may_look(site: Site, staff: Any) -> None:
    alice = await site.visitor("Alice")
    picture = await uploaded(alice, samples.picture(), "a.png")
    address = f"{address_of(picture)}preview/"
    assert (await alice.http.get(address)).status_code == 302
    assert (await (await staff()).get(address)).status_code == 403


async def test_what_was_not_sent_can_be_removed_and_what_was_sent_not(
    site: Site, staff: Any, media_root: Any
) -> None:
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    pending, sent = await uploaded(alice, b"pending"), await uploaded(alice, b"sent")
    await tab.say("", attachments=[sent["id"]])
    root = await staff("view_attachment", "delete_attachment")
    assert (await root.post(f"{address_of(sent)}delete/", {"post": "yes"})).status_code == 403
    assert (await root.post(f"{address_of(pending)}delete/", {"post": "yes"})).status_code == 302
    assert [row.pk async for row in Attachment.objects.all()] == [sent["id"]]
    assert [one.read_bytes() for one in media_root.rglob("*.txt")] == [b"sent"]
    assert (await LogEntry.objects.aget()).object_repr == "a.txt"


async def test_of_several_the_sent_ones_stay(site: Site, staff: Any) -> None:
    alice = await site.visitor("Alice")
    tab = await alice.enter()
    files = [await uploaded(alice, name=f"{n}.txt") for n in range(3)]
    await tab.say("", attachments=[files[0]["id"]])
    root = await staff("view_attachment", "delete_attachment")
    chosen = {"action": "delete_selected", "post": "yes"}
    await root.post(PAGE, {**chosen, "_selected_action": [one["id"] for one in files]})
    assert await Attachment.objects.acount() == 3
    await root.post(PAGE, {**chosen, "_selected_action": [one["id"] for one in files[1:]]})
    assert [row.name async for row in Attachment.objects.all()] == ["0.txt"]


async def test_nobody_adds_or_changes_one(site: Site, staff: Any) -> None:
    alice = await site.visitor("Alice")
    attachment = await uploaded(alice)
    root = await staff("view_attachment", "add_attachment", "change_attachment")
    assert (await root.get(f"{PAGE}add/")).status_code == 403
    assert (await root.post(f"{address_of(attachment)}change/", {"name": "b.txt"})).status_code == 403

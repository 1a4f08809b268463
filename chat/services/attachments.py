"""Files: who may upload where, taking them into a message, letting them go.

An upload is asked about in this order: who it is and how fast (``admit``), before a byte is parsed; then it
is on disk, counted (``chat.files.receive``); then the room, the day's quota, the kind, the content; only
then is it decoded and stored. What is refused leaves nothing behind.
"""

import asyncio
from collections.abc import Sequence
from os import SEEK_END
from typing import IO, Final

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils import timezone
from msgspec import UNSET

from chat import domain
from chat.database import in_database
from chat.domain import Author
from chat.errors import Forbidden, Invalid, NotFound, RateLimited, Unavailable
from chat.files import kinds
from chat.files.images import Bounds
from chat.files.kinds import Kind, clean_name
from chat.files.receive import Received
from chat.files.sizes import size_words
from chat.files.sniff import check_content
from chat.files.workshop import Allowance, Picture, rework
from chat.models import Attachment, stored_name
from chat.ratelimit import Rate
from chat.services import access, releases
from chat.services.runtime import Runtime

State = Attachment.State

DAY: Final = 86_400


# --- up --------------------------------------------------------------------------------------------


async def admit(runtime: Runtime, who: Author) -> None:
    """Pay for one upload. Raises ``RateLimited``."""
    await runtime.throttle("file_rate", who.id, runtime.settings.LIMITS.file_rate)


async def upload(runtime: Runtime, who: Author, received: Received) -> domain.Attachment:
    """Look into a file and keep it, pending, for a message of this person in that room.

    Raises ``NotFound`` and ``Forbidden`` (the room), ``RateLimited`` (the day's quota), ``UnsupportedFile``,
    ``TooLarge``, ``Invalid``, ``Unavailable`` (the storage failed: nothing is kept).
    """
    settings = runtime.settings
    await access.writable(runtime, received.room, who.id)
    name = clean_name(received.name)
    kind = kinds.kind_of(name, settings.FILE_TYPES)
    await _spend_quota(runtime, who, received.size)
    try:
        await asyncio.to_thread(check_content, kind, received.file)
        picture = await _rework(runtime, kind, received.file) if kind.image else None
        try:
            row = await _store(who, received, name, kind, picture)
        finally:
            if picture is not None:
                picture.close()
    except BaseException:
        await runtime.forgive("file_quota", who.id, received.size)
        raise
    return to_wire(row)


async def _spend_quota(runtime: Runtime, who: Author, size: int) -> None:
    quota = runtime.settings.LIMITS.file_quota_bytes
    try:
        await runtime.throttle("file_quota", who.id, Rate(quota, DAY, quota), size)
    except RateLimited as error:
        words = f"That is more than the {size_words(quota)} of files that you may send in a day."
        raise RateLimited(words, retry_after=error.retry_after) from None


async def _rework(runtime: Runtime, kind: Kind, source: IO[bytes]) -> Picture:
    limits = runtime.settings.LIMITS
    bounds = Bounds(
        limits.image_pixels, limits.image_frames, limits.animation_pixels, limits.thumbnail_pixels
    )
    # Written anew it may be larger than it was, but not by much.
    allowance = Allowance(limits.image_memory_bytes, runtime.settings.TIMES.image, 2 * limits.file_bytes)
    async with runtime.image_workers:
        return await asyncio.to_thread(rework, kind, source, bounds, allowance)


async def _store(
    who: Author, received: Received, name: str, kind: Kind, picture: Picture | None
) -> Attachment:
    """The row first, then the files under the names that it has: whatever happens in between, prune finds
    them."""
    row = Attachment(
        file=stored_name(kind.extension),
        thumbnail=stored_name("webp") if picture is not None and picture.small is not None else "",
        name=name,
        type=kind.type,
        size=_length(received.file if picture is None else picture.file),
        width=None if picture is None else picture.width,
        height=None if picture is None else picture.height,
        room=received.room,
        uploader_id=who.id,
    )
    await in_database(row.save, force_insert=True)
    names = row.file.name, row.thumbnail.name
    try:
        await asyncio.to_thread(_save, row.file, received.file if picture is None else picture.file)
        if picture is not None and picture.small is not None:
            await asyncio.to_thread(_save, row.thumbnail, picture.small)
    except Exception as error:
        await in_database(releases.discard, row)
        raise Unavailable("The file could not be kept. Try again later.") from error
    if names != (row.file.name, row.thumbnail.name):
        await in_database(row.save, update_fields=["file", "thumbnail"])
    return row


def _length(file: IO[bytes]) -> int:
    return file.seek(0, SEEK_END)


def _save(field: FieldFile, content: IO[bytes]) -> None:
    """Keep the content under the field's name, or the one that the storage makes of it."""
    content.seek(0)
    field.name = field.storage.save(field.name, File(content))


def to_wire(row: Attachment) -> domain.Attachment:
    """A file as messages carry it."""
    address = reverse("chat:file", args=[row.id, row.name])
    return domain.Attachment(
        id=row.id,
        name=row.name,
        type=row.type,
        size=row.size,
        url=address,
        thumbnail=f"{address}?thumbnail" if row.thumbnail else UNSET,
        width=UNSET if row.width is None else row.width,
        height=UNSET if row.height is None else row.height,
    )


# --- into a message --------------------------------------------------------------------------------


async def take(
    runtime: Runtime, who: Author, room: str, cid: str, ids: Sequence[str]
) -> tuple[domain.Attachment, ...]:
    """Take pending files for one message, all or none, in the order of ``ids``.

    The same send may take them again until its message is noted: a retry finds what it took before. Nobody
    gives them back: a send that failed is tried again, or its files are released by ``releases.review``.
    Raises ``Invalid``, and ``NotFound`` for a file of somebody else, of another room or message.
    """
    most = runtime.settings.LIMITS.files_per_message
    if len(ids) > most:
        raise Invalid(f"attachments: at most {most} files fit in a message.")
    if len(set(ids)) != len(ids):
        raise Invalid("attachments: the same file is there twice.")
    rows = await in_database(_take, who.id, room, cid, ids)
    return tuple(map(to_wire, rows))


def _take(person: str, room: str, cid: str, ids: Sequence[str]) -> list[Attachment]:
    free = Q(state=State.PENDING) | Q(state=State.SENT, cid=cid, message="")
    with transaction.atomic():
        mine = Attachment.objects.filter(free, pk__in=ids, uploader_id=person, room=room)
        # In one order, so that two sends with the same files wait for each other instead of forever.
        rows = {row.pk: row for row in mine.select_for_update().order_by("pk")}
        # The update asks again: SQLite has no row locks, and whatever else writes, one send gets a file.
        taken = mine.update(state=State.SENT, cid=cid, changed_at=timezone.now())
        if not len(rows) == taken == len(ids):
            raise NotFound("There is no such file.")
    return [rows[one] for one in ids]


# --- out -------------------------------------------------------------------------------------------


async def find(runtime: Runtime, who: Author | None, attachment_id: str) -> Attachment:
    """A file, for somebody who may read it now: a pending one is its uploader's alone, a sent one is for
    everybody with a name who may read its room.

    Raises ``NotFound``, in the same words for what is not there and for what is not theirs.
    """
    missing = NotFound("There is no such file.")
    if who is None or attachment_id in runtime.files.released:
        raise missing
    asked = Attachment.objects.filter(pk=attachment_id)
    row: Attachment | None = await in_database(asked.first)
    if row is None or row.state == State.RELEASED:
        raise missing
    if row.state == State.PENDING and row.uploader_id != who.id:
        raise missing
    if row.state == State.SENT and runtime.files.cleared.get(row.room, row.epoch) != row.epoch:
        raise missing
    try:
        await access.readable(runtime, row.room, who.id)
    except (NotFound, Forbidden):
        raise missing from None
    return row


async def remove(runtime: Runtime, who: Author, attachment_id: str) -> None:
    """Delete a pending file of one's own. Raises ``NotFound`` for any other."""
    await in_database(_remove, who.id, attachment_id)


def _remove(person: str, attachment_id: str) -> None:
    pending = Attachment.objects.filter(pk=attachment_id, uploader_id=person, state=State.PENDING)
    row = pending.first()
    if row is None or not releases.release(pending):
        raise NotFound("There is no such file.")
    releases.discard(row)

"""Letting files go: noting in the database what happened to messages, and deleting what nobody reads.

``settle`` and ``review`` are the sweep's, off every hot path; ``prune`` is ``manage.py chat_prune``, in a
process of its own: it goes by the states in the database and by nothing else.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.database import in_database
from chat.domain import Message, RoomKind
from chat.errors import NotFound
from chat.models import PENDING_KEPT, Attachment
from chat.services.ledger import Bound
from chat.services.runtime import Runtime

logger = logging.getLogger(__name__)

State = Attachment.State

# Rows changed at once: the database thread is everybody's.
BATCH: Final = 500

# A send that took files and is not known to have been stored: after this long it is asked for.
UNSETTLED_AFTER: Final = timedelta(hours=1)


def release(rows: QuerySet[Attachment]) -> int:
    """Let these go, for good. How many did."""
    return rows.exclude(state=State.RELEASED).update(state=State.RELEASED, changed_at=timezone.now())


def discard(row: Attachment) -> None:
    """Delete a file, its small picture and its row. Missing ones are fine. Blocks.

    The files first: a row without files is found and deleted the next time, files without a row never.
    """
    for field in (row.file, row.thumbnail):
        if field.name:
            field.storage.delete(field.name)
    row.delete()


# --- the sweep -------------------------------------------------------------------------------------


async def settle(runtime: Runtime) -> None:
    """Write a batch of what is noted. What fails stays noted, and comes again."""
    ledger = runtime.files
    if not ledger:
        return
    bound, released = ledger.bound[:BATCH], set(islice(ledger.released, BATCH))
    # After all that is bound: what has no epoch yet belongs to no life of a log.
    cleared = {} if len(ledger.bound) > BATCH else dict(ledger.cleared)
    unfinished = await in_database(_write, bound, released, cleared)
    del ledger.bound[: len(bound)]
    ledger.released -= released
    for room, epoch in cleared.items():
        if room not in unfinished and ledger.cleared.get(room) == epoch:
            del ledger.cleared[room]


def _write(bound: list[Bound], released: set[str], cleared: dict[str, str]) -> set[str]:
    """The rooms of which there was more than a batch."""
    for ids, epoch, message in bound:
        taken = Attachment.objects.filter(pk__in=ids, state=State.SENT, message="")
        taken.update(epoch=epoch, message=message, changed_at=timezone.now())
    if released:
        release(Attachment.objects.filter(pk__in=released))
    unfinished = set()
    for room, epoch in cleared.items():
        former = Attachment.objects.filter(room=room, state=State.SENT).exclude(epoch__in=("", epoch))
        batch = list(former.values_list("pk", flat=True)[:BATCH])
        release(Attachment.objects.filter(pk__in=batch))
        if len(batch) == BATCH:
            unfinished.add(room)
    return unfinished


def carry(messages: Iterable[Message], epoch: str) -> None:
    """The files of these messages are those of another life of the log now, in which the messages go on."""
    for message in messages:
        if message.attachments:
            ids = [one.id for one in message.attachments]
            taken = Attachment.objects.filter(pk__in=ids, state=State.SENT)
            taken.update(epoch=epoch, message=message.id, changed_at=timezone.now())


async def review(runtime: Runtime) -> None:
    """Look for files of messages that went with an earlier process, and for sends that were never stored."""
    if not runtime.files.reviewed:
        await _review_epochs(runtime)
        runtime.files.reviewed = True
    before = timezone.now() - UNSETTLED_AFTER
    for row in await in_database(_unsettled, before):
        await _settle_send(runtime, row)


async def _review_epochs(runtime: Runtime) -> None:
    """An in-process log ended with its process, and its messages with it."""
    if not runtime.store.in_process:
        return
    found = await in_database(_epochs)
    heads = await runtime.store.heads({room for room, _ in found})
    for room, epoch in found:
        if epoch != heads[room].epoch:
            runtime.files.cleared_room(room, heads[room].epoch)


def _epochs() -> list[tuple[str, str]]:
    sent = Attachment.objects.filter(state=State.SENT, room__startswith=f"{RoomKind.CHANNEL}:")
    return list(sent.exclude(epoch="").values_list("room", "epoch").distinct())


def _unsettled(before: datetime) -> list[Attachment]:
    return list(Attachment.objects.filter(state=State.SENT, message="", changed_at__lt=before)[:BATCH])


async def _settle_send(runtime: Runtime, row: Attachment) -> None:
    stored = await runtime.store.sent(row.room, row.uploader_id or "", row.cid)
    try:
        if stored is None:
            raise NotFound
        message = await runtime.store.get(row.room, stored.message.id)
        if row.pk not in (one.id for one in message.attachments):
            raise NotFound
        runtime.files.bound.append(Bound((row.pk,), stored.epoch, message.id))
    except NotFound:
        runtime.files.released.add(row.pk)


# --- deleting --------------------------------------------------------------------------------------


class Pruned(NamedTuple):
    """Files deleted (or to be deleted): released ones, pending ones that nobody sent, and their bytes.
    ``failed``: the storage did not delete these; the next time will try again."""

    released: int
    pending: int
    size: int
    failed: int


def prune(*, dry_run: bool = False) -> Pruned:
    """Delete files that no message has: released ones, and pending ones of more than an hour ago. Blocks.

    Safe beside uploads and sends: a pending file is released first, in one step that a send cannot share,
    and what is released never comes back.
    """
    late = Attachment.objects.filter(state=State.PENDING, created_at__lt=timezone.now() - PENDING_KEPT)
    if dry_run:
        gone = Attachment.objects.filter(Q(state=State.RELEASED) | Q(pk__in=late.values("pk")))
        return Pruned(
            gone.filter(state=State.RELEASED).count(), late.count(), sum(row.size for row in _each(gone)), 0
        )
    pending = 0
    while batch := list(late.values_list("pk", flat=True)[:BATCH]):
        pending += release(Attachment.objects.filter(pk__in=batch, state=State.PENDING))
    deleted = size = failed = 0
    for row in _each(Attachment.objects.filter(state=State.RELEASED)):
        try:
            discard(row)
        except Exception:
            logger.warning("The file %s could not be deleted.", row.file.name, exc_info=True)
            failed += 1
        else:
            deleted += 1
            size += row.size
    return Pruned(deleted - min(pending, deleted), min(pending, deleted), size, failed)


def _each(rows: QuerySet[Attachment]) -> Iterator[Attachment]:
    """Rows in the order of their keys, a batch at a time, though they are deleted meanwhile."""
    last = ""
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk  # a deleted row has none any more
        yield from batch

"""Logs that come to the database store from another one, and those that go. Called in a database thread."""

from typing import Final

from django.db import transaction
from django.utils import timezone

from chat.conf import Limits
from chat.domain import Head
from chat.models import Message as MessageRow
from chat.models import MessageReaction, ReadMarker, RoomEvent, RoomLog
from chat.stores import tables
from chat.stores.base import TAKEN_OUT_FOR, Moving, new_id

FOR_GOOD: Final = 2**62


def _now() -> int:
    return int(timezone.now().timestamp() * 1000)


def is_closed(log: RoomLog) -> bool:
    """Whether nothing may change this log."""
    return log.closed_until > _now()


def locked(room: str) -> RoomLog:
    """The room's row, made if need be; other writers wait until the transaction ends."""
    rows = RoomLog.objects.select_for_update().filter(room=room)
    log = rows.first()
    if log is None:
        new = RoomLog(room=room, epoch=tables.first_epoch())
        RoomLog.objects.bulk_create([new], ignore_conflicts=True)
        log = rows.get()
    return log


def empty(log: RoomLog) -> None:
    """Delete all of a room, and begin anew. The row itself is not saved."""
    MessageReaction.objects.filter(message__log_id=log.pk).delete()
    for rows in (MessageRow, RoomEvent, ReadMarker):
        rows._default_manager.filter(log_id=log.pk).delete()
    log.epoch, log.seq, log.n, log.active_at, log.base = new_id(), 0, 0, 0, 0


def take_out(log: RoomLog, limits: Limits) -> Moving:
    """Close a locked log, and read as much of it as a store keeps that forgets."""
    log.closed_until = _now() + TAKEN_OUT_FOR * 1000
    log.save(update_fields=["closed_until"])
    messages = tables.page(log.room, log, limits.kept).messages
    placed = MessageReaction.objects.filter(message__in=[one.id for one in messages])
    reactors: dict[str, dict[str, list[str]]] = {}
    for message, emoji, person in placed.order_by("place", "id").values_list("message", "emoji", "person"):
        reactors.setdefault(message, {}).setdefault(emoji, []).append(person)
    furthest = ReadMarker.objects.filter(log=log).order_by("-n")[: limits.markers_kept]
    sends = MessageRow.objects.filter(log=log).order_by("-n")[: limits.cids_kept]
    return Moving(
        seq=log.seq,
        n=log.n,
        active_at=log.active_at,
        messages=messages,
        reactors={
            message: {emoji: tuple(people) for emoji, people in kinds.items()}
            for message, kinds in reactors.items()
        },
        markers=dict(furthest.values_list("person", "n")),
        sends=tuple(tables.receipt(log.room, row) for row in list(sends.defer("body", "attachments"))[::-1]),
    )


@transaction.atomic
def put_back(room: str) -> None:
    log = locked(room)
    log.closed_until = 0
    log.save(update_fields=["closed_until"])


@transaction.atomic
def give_up(room: str) -> None:
    log = locked(room)
    empty(log)
    log.closed_until = FOR_GOOD
    log.save()


@transaction.atomic
def take_in(room: str, moving: Moving) -> Head:
    log = locked(room)
    empty(log)
    log.seq, log.n, log.active_at = moving.seq, moving.n, moving.active_at
    log.base = moving.messages[0].n - 1 if moving.messages else moving.n
    log.closed_until = 0
    log.save()
    MessageRow.objects.bulk_create(tables.row(log, message) for message in moving.messages)
    MessageReaction.objects.bulk_create(
        MessageReaction(message_id=message, emoji=emoji, person=person, place=place)
        for message, kinds in moving.reactors.items()
        for place, (emoji, people) in enumerate(kinds.items())
        for person in people
    )
    ReadMarker.objects.bulk_create(
        # What came before the oldest message is nobody's news any more.
        ReadMarker(log=log, person=person, n=max(n, log.base))
        for person, n in moving.markers.items()
    )
    return tables.head_of(log)

"""Somebody's list of rooms: the first frame, the search, and the numbers of each room in it."""

import heapq
from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

from django.db.models import Q
from msgspec import UNSET

from chat.domain import RoomKind, channel_room, direct_room
from chat.errors import NotFound
from chat.models import ChannelMember, DirectChat
from chat.presence.base import SITE
from chat.protocol import (
    PAGE,
    VERSION,
    OkFrame,
    RoomNumbers,
    RoomsCommand,
    RoomState,
    WelcomeFrame,
    room_state,
)
from chat.services import access
from chat.services.defaults import default_slug
from chat.services.directory import Known
from chat.services.identity import Identity
from chat.services.runtime import Runtime

# Messages that the page asks for at once when somebody scrolls up.
HISTORY_PAGE: Final = 10


class Own(NamedTuple):
    """Rooms that are not everybody's: slugs of private channels, ids of personal chats.

    ``opened``: those of the chats that this person has opened; the others appear with the first message.
    """

    channels: tuple[str, ...]
    chats: tuple[str, ...]
    opened: frozenset[str]


async def welcome(runtime: Runtime, who: Identity, current: str) -> WelcomeFrame:
    """The first frame of a connection. ``current`` is the room that the session was in last, or ``""``."""
    return WelcomeFrame(
        version=VERSION,
        me=who.author,
        rooms=await room_list(runtime, who, current),
        online=await online(runtime),
        limits=wire_limits(runtime),
        may=abilities(runtime, who),
    )


async def online(runtime: Runtime) -> int:
    """People who are anywhere on the site."""
    return (await runtime.presence.present(SITE, 0)).count


def abilities(runtime: Runtime, who: Identity) -> list[str]:
    """What this person may do that not everybody may, for a page that offers only what it can keep."""
    granted = {
        "direct": not who.author.guest,
        "keep_all": access.may_keep_all(runtime.settings, who),
        "moderate": who.staff,
    }
    return [name for name, holds in granted.items() if holds]


def wire_limits(runtime: Runtime) -> dict[str, int]:
    """Every number a client needs: it never types one itself."""
    limits, times = runtime.settings.LIMITS, runtime.settings.TIMES
    return {
        "body_characters": limits.body_characters,
        "topic_characters": limits.topic_characters,
        "name_graphemes": limits.name_graphemes,
        "frame_bytes": limits.frame_bytes,
        "history": PAGE,
        "history_page": HISTORY_PAGE,
        "kept": limits.kept,
        "opening": limits.opening,
        "reaction_kinds": limits.reaction_kinds,
        "file_bytes": limits.file_bytes,
        "files_per_message": limits.files_per_message,
        "ping_seconds": int(times.ping_after),
        "silence_seconds": int(times.silent_after),
        "typing_seconds": int(limits.typing.seconds),
        "typing_shown_seconds": 2 * int(limits.typing.seconds),
        "read_seconds": int(limits.read.seconds),
    }


async def room_list(runtime: Runtime, who: Identity | None, current: str) -> list[RoomState]:
    """The default and the current room, one's own, and the most recently active public ones, 100 in all.

    Channels first: the default one, then by name. Then the personal chats, the last active one first.
    """
    listed = runtime.settings.LIMITS.rooms_listed
    public = {
        known.info.room: known
        for known in (await runtime.directory.channels()).values()
        if not known.info.private and (not known.info.archived or known.info.room == current)
    }
    own = {} if who is None else await _own_rooms(runtime, who, current)
    rooms = public | own
    active = await runtime.store.active_at(rooms)
    if len(rooms) > listed:
        always = [room for room in dict.fromkeys((channel_room(default_slug()), current)) if room in rooms]
        own_active = _most_active(own, active, listed, always)
        rooms = {room: rooms[room] for room in _most_active(public, active, listed, own_active)}
    first = default_slug()
    channels = [known for known in rooms.values() if known.info.kind == RoomKind.CHANNEL]
    channels.sort(key=lambda known: (known.info.slug != first, known.info.name.casefold()))
    chats = [known for known in rooms.values() if known.info.kind == RoomKind.DIRECT]
    chats.sort(key=lambda known: active.get(known.info.room, known.created_ms), reverse=True)
    return await states(runtime, who, [*channels, *chats], active)


def _most_active(rooms: dict[str, Known], active: dict[str, int], most: int, chosen: list[str]) -> list[str]:
    """``chosen`` and, up to ``most`` in all, the most recently active of ``rooms``."""
    others = heapq.nlargest(
        most - len(chosen),
        rooms.keys() - set(chosen),
        key=lambda room: active.get(room, rooms[room].created_ms),
    )
    return [*chosen, *others]


async def _own_rooms(runtime: Runtime, who: Identity, current: str) -> dict[str, Known]:
    """This person's private channels and personal chats, as they see them."""
    person = who.author.id
    channels = (await runtime.directory.channels()).values()
    if who.author.guest and not any(known.info.private for known in channels):
        return {}  # guests have no personal chats: the visit would be half of the cost of their coming
    own = await runtime.visits(_owns).ask((person, runtime.settings.LIMITS.rooms_of_person))
    rooms = [channel_room(slug) for slug in own.channels]
    chats = [direct_room(chat) for chat in own.chats]
    heads = await runtime.store.heads(chats)
    rooms += [
        room
        for room, chat in zip(chats, own.chats, strict=True)
        if heads[room].n or chat in own.opened or room == current
    ]
    found = {}
    for room in rooms:
        try:
            known = await access.readable(runtime, room, person)
        except NotFound:
            continue  # what is remembered of its members is older, or newer, than what was read
        if not known.info.archived or room == current:
            found[room] = known
    return found


def _owns(asked: Sequence[tuple[str, int]]) -> list[Own]:
    """The rooms of these people, the newest ones, for each at most as many as are asked for: two queries."""
    people = {person for person, _ in asked}
    most = sum(number for _, number in asked)
    slugs: dict[str, list[str]] = {person: [] for person in people}
    members = ChannelMember.objects.filter(person__in=people).order_by("-pk")
    for person, slug in members.values_list("person_id", "channel__slug")[:most]:
        slugs[person].append(slug)
    chats: dict[str, dict[str, bool]] = {person: {} for person in people}
    direct = DirectChat.objects.filter(Q(first__in=people) | Q(second__in=people))
    for chat in direct.order_by("-created_at", "pk")[:most]:
        for person in {chat.first_id, chat.second_id} & people:
            chats[person][chat.id] = chat.opened_by(person)
    return [
        Own(
            tuple(slugs[person][:number]),
            tuple(chats[person])[:number],
            frozenset(chat for chat, opened in chats[person].items() if opened),
        )
        for person, number in asked
    ]


async def states(
    runtime: Runtime,
    who: Identity | None,
    rooms: Sequence[Known],
    active: dict[str, int] | None = None,
) -> list[RoomState]:
    """What somebody's list says of these rooms, in their order."""
    infos = [known.info for known in rooms]
    person, since = ("", 0) if who is None else (who.author.id, who.since)
    found = await numbers(runtime, person, since, [info.room for info in infos], active)
    return [room_state(info, found[info.room]) for info in infos]


async def numbers(
    runtime: Runtime, person: str, since: int, rooms: Sequence[str], active: dict[str, int] | None = None
) -> dict[str, RoomNumbers]:
    """Where these rooms' logs end, and how far a person (``""``: a visitor) has read them."""
    heads = await runtime.store.heads(rooms)
    unread = await runtime.store.unread(rooms, person, since) if person else {}
    if active is None:
        active = await runtime.store.active_at(rooms)
    return {
        room: RoomNumbers(
            *heads[room],
            read=unread[room].read if person else 0,
            unread=unread[room].unread if person else 0,
            active=active.get(room, 0),
        )
        for room in rooms
    }


async def find_rooms(runtime: Runtime, who: Identity, command: RoomsCommand) -> OkFrame:
    """Rooms whose name has ``query`` in it, one's own among them, by name, a page at a time."""
    wanted = command.query.casefold()
    public = [known for known in (await runtime.directory.channels()).values() if not known.info.private]
    own = await _own_rooms(runtime, who, "")
    found = sorted(
        ((*_place(known), known) for known in chain(public, own.values()) if _is_found(known, wanted)),
        key=lambda one: one[:2],
    )
    if command.after is not UNSET:
        last = _place(await access.readable(runtime, command.after, who.author.id))
        found = [one for one in found if one[:2] > last]
    page = [known for _, _, known in found[: command.limit]]
    more = len(found) > command.limit
    return OkFrame(command.ref, rooms=await states(runtime, who, page), more=more)


def _place(known: Known) -> tuple[str, str]:
    return known.info.name.casefold(), known.info.room


def _is_found(known: Known, wanted: str) -> bool:
    return not known.info.archived and wanted in known.info.name.casefold()

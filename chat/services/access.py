"""Who may do what in which room. Asked on every act, and again for open connections by the sweep."""

from datetime import UTC, datetime

from chat import conf
from chat.domain import Author, RoomKind, split_room
from chat.errors import Forbidden, NotFound
from chat.models import Channel
from chat.protocol import ChannelInfo
from chat.services.directory import Known, Pair
from chat.services.identity import Identity
from chat.services.runtime import Runtime


async def readable(runtime: Runtime, room: str, person: str) -> Known:
    """The room as this person (their id, ``""`` for a visitor) sees it, if they may read it.

    Raises ``NotFound``: for what is not theirs to know in the same words as for what does not exist.
    """
    kind, key = split_room(room)
    if kind == RoomKind.DIRECT:
        pair = await runtime.directory.pair(key)
        if pair is not None and person in (pair.first, pair.second):
            return await personal(runtime, room, pair, person)
    else:
        known = await runtime.directory.find(room)
        if known is not None and (not known.info.private or person in await runtime.directory.members(key)):
            return known
    raise NotFound("There is no such room.")


async def personal(runtime: Runtime, room: str, pair: Pair, person: str) -> Known:
    """A personal chat as one of its two people sees it: it is called what the other is called now."""
    other = pair.other(person)
    name = (await runtime.directory.present_names([other])).get(other, "")
    info = ChannelInfo(
        room=room,
        slug=split_room(room)[1],
        name=name,
        topic="",
        kind=RoomKind.DIRECT.value,
        archived=False,
        private=True,
        keeps=Channel.Keeps.ALL.value,
        person=Author(other, name, guest=False),
    )
    made_at = datetime.fromtimestamp(pair.created_ms / 1000, tz=UTC)
    return Known(info, None, pair.created_ms, made_at)


async def writable(runtime: Runtime, room: str, person: str) -> Known:
    """The room, for a person who may write to it. Raises ``NotFound``, and ``Forbidden`` when archived."""
    known = await readable(runtime, room, person)
    if known.info.archived:
        raise Forbidden("This channel is archived: it can be read, not written to.")
    return known


async def changeable(runtime: Runtime, room: str, person: str, *, staff: bool = False) -> Known:
    """The channel, for its maker and for staff. Raises ``NotFound`` and ``Forbidden``.

    Staff change private channels that they do not belong to, so that one whose maker is gone can go on;
    to read there they must be invited like everybody. A personal chat nobody changes.
    """
    if staff and split_room(room)[0] == RoomKind.CHANNEL:
        found = await runtime.directory.find(room)
        if found is not None:
            return found
    known = await readable(runtime, room, person)
    if known.info.kind == RoomKind.DIRECT:
        raise Forbidden("A personal chat belongs to its two people as it is.")
    if known.maker is None or known.maker != person:
        raise Forbidden("Only who made this channel may change it.")
    return known


def may_keep_all(settings: conf.Settings, who: Identity) -> bool:
    """Whether this person may make a channel that keeps every message."""
    return who.staff or (settings.ACCOUNTS_KEEP_ALL and not who.author.guest)

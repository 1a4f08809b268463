"""Entering rooms, reading them, and the list of them."""

import heapq
from typing import Final, NamedTuple

from msgspec import UNSET, Raw, UnsetType

from chat.domain import Message, Present, channel_room
from chat.presence.base import SITE
from chat.protocol import (
    VERSION,
    At,
    HistoryCommand,
    HistoryFrame,
    JoinedFrame,
    MembersCommand,
    OkFrame,
    ReadCommand,
    ReadFrame,
    Ref,
    RoomsCommand,
    RoomState,
    WelcomeFrame,
    encode,
    encode_events,
    encode_messages,
    members,
)
from chat.relay import Level, Member, Position
from chat.services import access
from chat.services.channels import default_slug
from chat.services.directory import Known
from chat.services.identity import Identity
from chat.services.runtime import Runtime
from chat.stores.base import Snapshot

# Rooms whose newest messages are kept encoded, for the next one to enter.
VIEWS_KEPT: Final = 256


class View(NamedTuple):
    """A room's newest messages, encoded once for everybody who enters at this moment."""

    messages: tuple[Message, ...]
    encoded: Raw
    more: bool
    names: dict[str, str]


async def enter_room(
    runtime: Runtime, who: Identity, member: Member, room: str, at: At | UnsetType, ref: Ref
) -> None:
    """Put a connection in a room: it gets ``joined`` and, from there on, every event.

    With ``at`` it gets what came after that, or a reset when the log cannot tell. Raises ``NotFound``,
    ``Unavailable``.
    """
    await access.readable(runtime, room, who.author.id)
    if member.room is not None and member.room != room:
        await leave_room(runtime, who, member)
    await runtime.presence.enter(room, who.author, member.key)
    position = None if at is UNSET else Position(at.epoch, at.seq)

    async def answer() -> Level:
        return await _joined(runtime, room, who, position, ref)

    async def level(reached: Position | None) -> Level:
        return await _joined(runtime, room, who, reached, UNSET)

    try:
        await runtime.relay.enter(member, room, answer, level)
    except BaseException:
        await runtime.presence.leave(room, who.author.id, member.key)
        raise


async def leave_room(runtime: Runtime, who: Identity, member: Member) -> None:
    """Take a connection out of the room it is in. Twice is harmless."""
    room = member.room
    if room is None:
        return
    try:
        await runtime.relay.leave(member)
    finally:
        await runtime.presence.leave(room, who.author.id, member.key)


async def reset_frame(runtime: Runtime, room: str) -> Level:
    """``joined`` for everybody in a room whose log is not the one they know."""
    return await _joined(runtime, room, None, None, UNSET)


async def _joined(
    runtime: Runtime, room: str, who: Identity | None, at: Position | None, ref: Ref | UnsetType
) -> Level:
    limits = runtime.settings.LIMITS
    replay = None if at is None else await runtime.store.read_after(room, at.epoch, at.seq)
    events = None if replay is None else encode_events(replay.events)
    if events is not None and len(memoryview(events)) > limits.snapshot_bytes:
        events = None
    snapshot = await runtime.store.latest(room, limits.kept)
    view = await look(runtime, room, snapshot)
    head = snapshot.head if replay is None or events is None else replay.head
    frame = JoinedFrame(
        room=room,
        epoch=head.epoch,
        seq=head.seq,
        n=head.n,
        reset=events is None,
        more=events is None and view.more,
        members=members(await runtime.presence.present(room, limits.members_listed)),
        ref=ref,
        messages=view.encoded if events is None else UNSET,
        events=UNSET if events is None else events,
        first_unread=UNSET if who is None else await first_unread(runtime, room, who, view),
        names=view.names or UNSET,
    )
    return Level(encode(frame), head.epoch, head.seq)


async def look(runtime: Runtime, room: str, snapshot: Snapshot) -> View:
    """The newest messages as a page shows them. Encoded once per state of the room."""
    key = (snapshot.head, runtime.directory.names_version)
    cached = runtime.views.get(room)
    if cached is not None and cached[0] == key:
        view: View = cached[1]
        return view
    page = snapshot.page
    encoded, count = encode_messages(page.messages, limit=runtime.settings.LIMITS.snapshot_bytes)
    messages = page.messages[len(page.messages) - count :]
    view = View(
        messages,
        encoded,
        page.more or count < len(page.messages),
        await renamed_authors(runtime, messages),
    )
    runtime.views[room] = ((snapshot.head, runtime.directory.names_version), view)
    if len(runtime.views) > VIEWS_KEPT:
        runtime.views.popitem(last=False)
    return view


async def renamed_authors(runtime: Runtime, messages: tuple[Message, ...]) -> dict[str, str]:
    """Present names of those authors who are called something else now."""
    sent_as: dict[str, set[str]] = {}
    for message in messages:
        sent_as.setdefault(message.author.id, set()).add(message.author.name)
    present = await runtime.directory.present_names(sent_as)
    return {person: name for person, name in present.items() if sent_as[person] != {name}}


async def first_unread(runtime: Runtime, room: str, who: Identity, view: View) -> int | UnsetType:
    """The number of the first message that this person has not read, if one is held."""
    state = (await runtime.store.unread([room], who.author.id, who.since))[room]
    if not state.unread:
        return UNSET
    for message in view.messages:
        if message.n > state.read and not message.deleted and message.author.id != who.author.id:
            return message.n
    return UNSET


async def welcome(runtime: Runtime, who: Identity, current: str) -> WelcomeFrame:
    """The first frame of a connection. ``current`` is the slug of the session's last channel, or ``""``."""
    return WelcomeFrame(
        version=VERSION,
        me=who.author,
        rooms=await room_list(runtime, who, current),
        online=await online(runtime),
        limits=wire_limits(runtime),
    )


async def online(runtime: Runtime) -> int:
    """People who are anywhere on the site."""
    return (await runtime.presence.present(SITE, 0)).count


def wire_limits(runtime: Runtime) -> dict[str, int]:
    """Every number a client needs: it never types one itself."""
    limits, times = runtime.settings.LIMITS, runtime.settings.TIMES
    return {
        "body_characters": limits.body_characters,
        "topic_characters": limits.topic_characters,
        "name_graphemes": limits.name_graphemes,
        "frame_bytes": limits.frame_bytes,
        "history": 100,
        "kept": limits.kept,
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
    """The default and the current channel and the most recently active others, 100 in all.

    The default one is first, the others are in the order of their names.
    """
    listed = runtime.settings.LIMITS.rooms_listed
    channels = {
        slug: known
        for slug, known in (await runtime.directory.channels()).items()
        if not known.info.private and (not known.info.archived or slug == current)
    }
    if len(channels) > listed:
        channels = await _most_active(runtime, channels, current, listed)
    first = default_slug()
    ordered = sorted(
        channels.values(), key=lambda known: (known.info.slug != first, known.info.name.casefold())
    )
    return await states(runtime, who, ordered)


async def _most_active(
    runtime: Runtime, channels: dict[str, Known], current: str, listed: int
) -> dict[str, Known]:
    always = {slug for slug in (default_slug(), current) if slug in channels}
    active = await runtime.store.active_at(map(channel_room, channels))
    recent = heapq.nlargest(
        listed - len(always),
        channels.keys() - always,
        key=lambda slug: active.get(channel_room(slug), channels[slug].created_ms),
    )
    return {slug: channels[slug] for slug in (*always, *recent)}


async def states(runtime: Runtime, who: Identity | None, channels: list[Known]) -> list[RoomState]:
    """What somebody's list says of these channels, in their order."""
    rooms = [known.info.room for known in channels]
    heads = await runtime.store.heads(rooms)
    unread = {} if who is None else await runtime.store.unread(rooms, who.author.id, who.since)
    rows = []
    for known in channels:
        info, head = known.info, heads[known.info.room]
        mine = unread.get(info.room)
        rows.append(
            RoomState(
                room=info.room,
                slug=info.slug,
                name=info.name,
                topic=info.topic,
                kind=info.kind,
                archived=info.archived,
                private=info.private,
                keeps=info.keeps,
                epoch=head.epoch,
                seq=head.seq,
                n=head.n,
                read=mine.read if mine else 0,
                unread=mine.unread if mine else 0,
            )
        )
    return rows


async def find_rooms(runtime: Runtime, who: Identity, command: RoomsCommand) -> OkFrame:
    """Channels whose name has ``query`` in it, by name, a page at a time."""
    wanted = command.query.casefold()
    found = sorted(
        (known.info.name.casefold(), known.info.room, known)
        for known in (await runtime.directory.channels()).values()
        if not known.info.private and not known.info.archived and wanted in known.info.name.casefold()
    )
    if command.after is not UNSET:
        last = await access.readable(runtime, command.after, who.author.id)
        found = [one for one in found if one[:2] > (last.info.name.casefold(), last.info.room)]
    page = [known for _, _, known in found[: command.limit]]
    return OkFrame(
        command.ref,
        rooms=await states(runtime, who, page),
        more=len(found) > command.limit,
    )


async def history(runtime: Runtime, who: Identity, command: HistoryCommand) -> HistoryFrame:
    """Messages before a number, oldest first, as many as were asked for and fit in one frame."""
    await access.readable(runtime, command.room, who.author.id)
    page = await runtime.store.before(command.room, command.before, command.limit)
    _, count = encode_messages(page.messages, limit=runtime.settings.LIMITS.snapshot_bytes)
    messages = page.messages[len(page.messages) - count :]
    return HistoryFrame(command.ref, command.room, messages, page.more or count < len(page.messages))


async def mark_read(runtime: Runtime, who: Identity, member: Member, command: ReadCommand) -> OkFrame:
    """Move one's marker forward; one's other tabs are told. A marker of another epoch moves nothing."""
    await access.readable(runtime, command.room, who.author.id)
    runtime.throttle("read", (who.author.id, command.room), runtime.settings.LIMITS.read)
    state = await runtime.store.mark_read(command.room, who.author.id, command.epoch, command.n, who.since)
    epoch = (await runtime.store.heads([command.room]))[command.room].epoch
    frame = ReadFrame(command.room, epoch, state.read, state.unread)
    await runtime.relay.tell(who.author.id, text=encode(frame), but=member.key)
    return OkFrame(command.ref, unread=state.unread)


async def list_members(runtime: Runtime, who: Identity, command: MembersCommand) -> OkFrame:
    """Who is in a room, a page at a time, in the order in which they came."""
    await access.readable(runtime, command.room, who.author.id)
    listed = runtime.settings.LIMITS.members_listed
    after = "" if command.after is UNSET else command.after
    present = await runtime.presence.present(command.room, listed + 1, after)
    page = Present(present.people[:listed], present.count)
    return OkFrame(command.ref, members=members(page), more=len(present.people) > listed)

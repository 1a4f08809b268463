"""Entering rooms, reading them, and who is in them."""

from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from msgspec import UNSET, Raw, UnsetType, structs

from chat.domain import Head, Message, Present
from chat.errors import NotFound, Unavailable
from chat.protocol import (
    PAGE,
    At,
    ChannelFrame,
    CloseCode,
    HistoryCommand,
    HistoryFrame,
    JoinedFrame,
    Members,
    MembersCommand,
    OkFrame,
    ReadCommand,
    ReadFrame,
    Ref,
    encode,
    encode_events,
    encode_messages,
)
from chat.relay import Level, Member, Position
from chat.services import access
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
    ``Unavailable``, and then nothing was answered.
    """
    person = who.author.id
    known = await access.readable(runtime, room, person)
    if member.room is not None and member.room != room:
        await leave_room(runtime, who, member)
    belonging = await runtime.directory.belonging(room)
    member.membership = belonging[person].number if belonging and person in belonging else 0
    await runtime.presence.enter(room, who.author, member.key)
    position = None if at is UNSET else Position(at.epoch, at.seq)

    async def answer() -> Level:
        await access.readable(runtime, room, person)
        return await _joined(runtime, room, who, position, ref)

    try:
        await runtime.relay.enter(member, room, answer, partial(_joined, runtime, room, who))
    except BaseException:
        await runtime.depart(room, person, member.key)
        raise
    if member.room != room:  # lost, or expelled, on the way in
        await runtime.depart(room, person, member.key)
        return
    try:
        # Who was removed while they entered was not in the room yet when they were told to leave it.
        await access.readable(runtime, room, person)
    except NotFound:
        runtime.relay.expel(member)
        await runtime.depart(room, person, member.key, at_once=True)
        member.write(encode(ChannelFrame(known.info, gone=True)), events=0)
    except Unavailable:
        # It cannot be found out, and the join is answered: whoever this is comes again.
        runtime.relay.expel(member)
        await runtime.depart(room, person, member.key)
        member.notice({"close": int(CloseCode.RESTART)})


async def leave_room(runtime: Runtime, who: Identity, member: Member) -> None:
    """Take a connection out of the room it is in. Twice is harmless."""
    room = member.room
    if room is None:
        return
    try:
        await runtime.relay.leave(member)
    finally:
        await runtime.depart(room, who.author.id, member.key)


async def reset_frame(runtime: Runtime, room: str) -> Level:
    """``joined`` for everybody in a room whose log is not the one they know."""
    return await _joined(runtime, room, None, None)


async def _joined(
    runtime: Runtime,
    room: str,
    who: Identity | None,
    at: Position | None,
    ref: Ref | UnsetType = UNSET,
) -> Level:
    limits = runtime.settings.LIMITS
    replay = None if at is None else await runtime.store.read_after(room, at.epoch, at.seq)
    events = None if replay is None else encode_events(replay.events)
    if events is not None and len(memoryview(events)) > limits.snapshot_bytes:
        events = None
    opening = await open_room(runtime, room, who)
    view = opening.view
    head = opening.head if replay is None or events is None else replay.head
    frame = JoinedFrame(
        room=room,
        epoch=head.epoch,
        seq=head.seq,
        n=head.n,
        reset=events is None,
        more=events is None and view.more,
        members=await _members(runtime, room, ""),
        ref=ref,
        messages=view.encoded if events is None else UNSET,
        events=UNSET if events is None else events,
        first_unread=opening.first_unread,
        names=view.names or UNSET,
    )
    return Level(encode(frame), head.epoch, head.seq)


class Opening(NamedTuple):
    """What somebody sees of a room who comes into it."""

    head: Head
    view: View
    first_unread: int | UnsetType


async def open_room(runtime: Runtime, room: str, who: Identity | None) -> Opening:
    """The newest messages: what a channel keeps; of a room that keeps everything the last twenty.

    There all unread ones, where those are more, up to a hundred: ``first_unread`` says how far up the
    first one is, which `history` can fetch. Without ``who`` nothing is unread.
    """
    limits = runtime.settings.LIMITS
    state, person = None, ""
    if who is not None:
        person = who.author.id
        state = (await runtime.store.unread([room], person, who.since))[room]
    lasts = await runtime.directory.lasts(room)
    limit = limits.kept
    if lasts and state is not None:
        head = (await runtime.store.heads([room]))[room]
        unread = head.n - state.read if state.unread else 0
        limit = max(limits.opening, min(unread, PAGE))
    snapshot = await runtime.store.latest(room, limit)
    view = await look(runtime, room, snapshot)
    if state is None or not state.unread:
        return Opening(snapshot.head, view, UNSET)
    if lasts and (not view.messages or state.read + 1 < view.messages[0].n):
        return Opening(snapshot.head, view, state.read + 1)
    return Opening(snapshot.head, view, _first_unread(view, state.read, person))


async def look(runtime: Runtime, room: str, snapshot: Snapshot) -> View:
    """The newest messages as a page shows them. Encoded once per state of the room."""
    page = snapshot.page
    key = (snapshot.head, len(page.messages), runtime.directory.names_version)
    cached = runtime.views.get(room)
    if cached is not None and cached[0] == key:
        view: View = cached[1]
        return view
    encoded, count = encode_messages(page.messages, limit=runtime.settings.LIMITS.snapshot_bytes)
    messages = page.messages[len(page.messages) - count :]
    view = View(
        messages,
        encoded,
        page.more or count < len(page.messages),
        await renamed_authors(runtime, messages),
    )
    runtime.views[room] = ((snapshot.head, len(page.messages), runtime.directory.names_version), view)
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


def _first_unread(view: View, read: int, person: str) -> int | UnsetType:
    """The number of the first message that this person has not read, if it is among these."""
    for message in view.messages:
        if message.n > read and not message.deleted and message.author.id != person:
            return message.n
    return UNSET


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
    await runtime.throttle("read", (who.author.id, command.room), runtime.settings.LIMITS.read)
    state = await runtime.store.mark_read(command.room, who.author.id, command.epoch, command.n, who.since)
    epoch = (await runtime.store.heads([command.room]))[command.room].epoch
    frame = ReadFrame(command.room, epoch, state.read, state.unread)
    await runtime.relay.tell(who.author.id, text=encode(frame), but=member.key)
    return OkFrame(command.ref, unread=state.unread)


async def list_members(runtime: Runtime, who: Identity, command: MembersCommand) -> OkFrame:
    """Who is in a room, a page at a time, in the order in which they came.

    With the first page of a private room, or of a personal chat: who belongs to it and is away.
    """
    await access.readable(runtime, command.room, who.author.id)
    listed = runtime.settings.LIMITS.members_listed
    after = "" if command.after is UNSET else command.after
    found = await _members(runtime, command.room, after, listed + 1)
    more = len(found.people) > listed
    page = structs.replace(found, people=found.people[:listed])
    return OkFrame(command.ref, members=page, more=more)


async def _members(runtime: Runtime, room: str, after: str, limit: int = 0) -> Members:
    limit = limit or runtime.settings.LIMITS.members_listed
    present = await runtime.presence.present(room, limit, after)
    belonging = await runtime.directory.belonging(room)
    if belonging is None:
        return Members(present.people, present.count)
    # Presence follows a removal a moment later.
    people = tuple(one for one in present.people if one.id in belonging)
    present = Present(people, present.count - len(present.people) + len(people))
    if after:
        return Members(present.people, present.count)
    here = {one.id for one in present.people}
    if present.count > len(here):
        here = {one.id for one in (await runtime.presence.present(room, present.count)).people}
    away = {one: its for one, its in belonging.items() if one not in here}
    shown = dict(islice(away.items(), runtime.settings.LIMITS.members_listed))
    return Members(present.people, present.count, await runtime.directory.authors(shown))

"""What one connection may do, whatever carries it: frame in, one service call, frame out.

The transport hands in text and takes text; it knows nothing of rooms, this knows nothing of sockets.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import UNSET, UnsetType

from chat.domain import Author, channel_room
from chat.errors import BadFrame, ChatError, NotFound, RateLimited, ServerError
from chat.presence.base import SITE
from chat.protocol import (
    CloseCode,
    Command,
    CreateCommand,
    DeleteCommand,
    DirectCommand,
    EditCommand,
    Frame,
    HistoryCommand,
    InviteCommand,
    JoinCommand,
    LeaveCommand,
    MembersCommand,
    OkFrame,
    PeopleCommand,
    PingFrame,
    PongCommand,
    ReactCommand,
    ReadCommand,
    Ref,
    RemoveCommand,
    RoomsCommand,
    SendCommand,
    TypingCommand,
    UpdateCommand,
    decode,
    encode,
    error_frame,
    ref_of,
)
from chat.ratelimit import TokenBucket
from chat.relay import Member
from chat.services import channels, directs, identity, lists, members, messages, rooms
from chat.services.identity import Identity
from chat.services.runtime import Runtime
from chat.services.seal import unsealed

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Any]
Close = Callable[[int], None]


class Connection:
    """One open connection of a person.

    ``send`` takes an ASGI message and may wait for the peer; ``close`` orders the transport to close with
    a code and returns at once. ``open`` first, ``end`` always and last; between them ``receive``, one
    frame at a time.
    """

    def __init__(self, runtime: Runtime, who: Identity, address: str, send: Send, close: Close) -> None:
        self.who = who
        self.key = ""
        self._runtime = runtime
        self._address = address
        self._send = send
        self._close = close
        self._member: Member | None = None
        self._counted: list[str] = []
        self._bucket = TokenBucket(runtime.settings.LIMITS.command, runtime.clock())
        self._heard_at = self._pinged_at = runtime.clock()
        self._bad = 0
        self._floods = 0
        self._left = False
        self._closed = False

    @property
    def author(self) -> Author:
        return self.who.author

    @property
    def person(self) -> str:
        return self.who.author.id

    @property
    def session_key(self) -> str:
        return self.who.session_key

    @property
    def room(self) -> str | None:
        return None if self._member is None else self._member.room

    @property
    def member(self) -> Member:
        if self._member is None:
            raise RuntimeError("open() comes first")
        return self._member

    # --- life ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Count the socket, listen for the person, say ``welcome``. Raises ``RateLimited``."""
        runtime = self._runtime
        self._count_socket()
        self._member = await runtime.relay.attach(
            self.person, self.who.session, self._send, self.notice, self._state
        )
        self._member.session = self.who.session  # which a notice may have changed meanwhile
        self.key = self._member.key
        runtime.live[self.key] = self
        runtime.start_sweeping()
        runtime.directory.know(self.person, self.who.author.name)
        await runtime.presence.enter(SITE, self.who.author, self.key)
        await self.say(await lists.welcome(runtime, self.who, self._last_room()))

    async def _state(self) -> str:
        """``welcome``, as it is now."""
        return encode(await lists.welcome(self._runtime, self.who, self.room or self._last_room()))

    def _last_room(self) -> str:
        return channel_room(self.who.last_channel) if self.who.last_channel else ""

    def _count_socket(self) -> None:
        limits = self._runtime.settings.LIMITS
        bounds = (
            (f"session {self.who.session}", limits.session_sockets),
            (f"address {self._address}", limits.address_sockets),
        )
        sockets = self._runtime.sockets
        if self._runtime.settings.RATE_LIMITS and any(sockets[key] >= most for key, most in bounds):
            raise RateLimited("Too many connections are open. Close some tabs.", retry_after=30)
        for key, _ in bounds:
            sockets[key] += 1
            self._counted.append(key)

    async def end(self) -> None:
        """Take back everything that ``open`` and the commands did. Safe at any point of a life."""
        runtime = self._runtime
        self._closed = True
        for key in self._counted:
            self._uncount(key)
        self._counted.clear()
        member = self._member
        if member is None:
            return
        # Each holds the other: without this, whatever a connection had would wait for the garbage collector.
        self._member = None
        runtime.live.pop(self.key, None)
        room = member.room
        try:
            await runtime.relay.detach(member)
        finally:
            # In a task of its own: a cancellation of ours must not end it half-way.
            await asyncio.shield(runtime.spawn(self._depart(room)))

    async def _depart(self, room: str | None) -> None:
        for place in (room, SITE):
            if place is not None:
                await self._runtime.depart(place, self.person, self.key, at_once=self._left)

    def notice(self, news: dict[str, Any]) -> None:
        """What concerns the person: another name or session, a room they must leave, an order to close.

        ``moved`` has the name of a session (``""``: whichever) and the sealed key that it has from now on;
        ``spare`` names a session that an order to close is not for.
        """
        if "name" in news:
            author = Author(self.person, news["name"], news["guest"])
            self.who = self.who._replace(author=author, staff=news.get("staff", self.who.staff))
        if (moved := news.get("moved")) and moved["from"] in ("", self.who.session):
            self._move(unsealed(moved["to"]))
        if (room := news.get("expelled")) and room == self.room and self._is_over(news.get("membership")):
            self._runtime.relay.expel(self.member)
            self._runtime.spawn(self._runtime.depart(room, self.person, self.key, at_once=True))
        if (code := news.get("close")) and self.who.session != news.get("spare"):
            self._left = self._left or bool(news.get("left"))
            self.close_soon(code)

    def _is_over(self, membership: int | None) -> bool:
        """Whether the one by which this connection entered its room has ended; None: whichever it was."""
        return membership is None or self.member.membership <= membership

    def _move(self, session_key: str) -> None:
        """The session has another key: it is counted, ended and asked about under that one."""
        former = f"session {self.who.session}"
        self.who = self.who._replace(session_key=session_key)
        if self._member is not None:
            self._member.session = self.who.session
        if former in self._counted:
            present = f"session {self.who.session}"
            self._counted[self._counted.index(former)] = present
            self._runtime.sockets[present] += 1
            self._uncount(former)

    def _uncount(self, key: str) -> None:
        sockets = self._runtime.sockets
        sockets[key] -= 1
        if not sockets[key]:
            del sockets[key]

    def close_soon(self, code: int) -> None:
        """Let the transport close with this code. Only the first time counts."""
        if not self._closed:
            self._closed = True
            self._close(code)

    def check_silence(self) -> None:
        """Ping somebody who has not spoken for a while; close for who does not answer."""
        now, times = self._runtime.clock(), self._runtime.settings.TIMES
        if now - self._heard_at >= times.silent_after:
            self._runtime.counters["silent_closed"] += 1
            self.close_soon(CloseCode.STALLED)
        elif now - max(self._heard_at, self._pinged_at) >= times.ping_after:
            self._pinged_at = now
            self.member.write(encode(PingFrame(self._runtime.now_ms())))

    # --- frames ----------------------------------------------------------------------------------

    async def say(self, frame: Frame) -> None:
        """Send one frame and wait until the transport has taken it."""
        if not self._closed:
            await self._send({"type": "websocket.send", "text": encode(frame)})

    async def receive(self, text: str | None) -> None:
        """Do what a frame asks, and answer it. ``None`` is a binary frame. Raises nothing of ours.

        After the order to close, frames that were under way are not looked at: who was logged out or
        removed does nothing more.
        """
        if self._closed:
            return
        self._heard_at = self._runtime.clock()
        if text is None:
            await self._refuse(BadFrame("Frames are text."), UNSET)
            return
        if self._is_too_large(text):
            self.close_soon(CloseCode.TOO_BIG)
            return
        try:
            command = decode(text)
        except ChatError as error:
            await self._refuse(error, ref_of(text))
            return
        self._bad = 0
        reply = await self._answer(command)
        if reply is not None:
            await self.say(reply)

    def _is_too_large(self, text: str) -> bool:
        limit = self._runtime.settings.LIMITS.frame_bytes
        return len(text) * 4 > limit and len(text.encode(errors="surrogatepass")) > limit

    async def _refuse(self, error: ChatError, ref: Ref | UnsetType) -> None:
        self._bad += 1
        self._runtime.counters["bad_frames"] += 1
        await self.say(error_frame(error, ref))
        if self._bad >= self._runtime.settings.LIMITS.bad_frames:
            self.close_soon(CloseCode.POLICY)

    async def _answer(self, command: Command) -> Frame | None:
        ref = getattr(command, "ref", UNSET)
        try:
            self._throttle(command)
            reply = await _DEEDS[type(command)](self, command)
        except RateLimited as error:
            self._floods += 1
            if self._floods >= self._runtime.settings.LIMITS.floods:
                self.close_soon(CloseCode.FLOODING)
            return error_frame(error, ref)
        except ChatError as error:
            return error_frame(error, ref)
        except Exception:
            incident = secrets.token_hex(4)
            self._runtime.counters["server_errors"] += 1
            logger.exception("Incident %s: a %s command failed.", incident, type(command).__name__)
            return error_frame(ServerError(f"Something broke on our side (incident {incident})."), ref)
        if not isinstance(command, PongCommand):
            self._floods = 0
        return reply

    def _throttle(self, command: Command) -> None:
        """The connection's own bound. Messages have a bound per person instead."""
        if isinstance(command, SendCommand | PongCommand) or not self._runtime.settings.RATE_LIMITS:
            return
        wait = self._bucket.take(self._runtime.clock())
        if wait:
            self._runtime.counters["rate_limited"] += 1
            raise RateLimited("That was too fast. Wait a moment.", retry_after=wait)

    # --- deeds: each one service call --------------------------------------------------------------

    async def _join(self, command: JoinCommand) -> None:
        # The answer goes out through the relay: it is the first frame in the room's order.
        await rooms.enter_room(self._runtime, self.who, self.member, command.room, command.at, command.ref)
        await self._remember(command.room)

    async def _remember(self, room: str) -> None:
        slug = room.partition(":")[2]
        if channel_room(slug) == room and slug != self.who.last_channel:
            self.who = self.who._replace(last_channel=slug)
            self._runtime.spawn(identity.remember_channel(self.session_key, slug))

    async def _leave(self, command: LeaveCommand) -> OkFrame:
        if self.member.room != command.room:
            raise NotFound("You are not in this room.")
        await rooms.leave_room(self._runtime, self.who, self.member)
        return OkFrame(command.ref)

    async def _post(self, command: SendCommand) -> Frame:
        return await messages.post_message(self._runtime, self.who.author, command)

    async def _edit(self, command: EditCommand) -> OkFrame:
        return _done(command.ref, await messages.edit_message(self._runtime, self.who.author, command))

    async def _delete(self, command: DeleteCommand) -> OkFrame:
        return _done(command.ref, await messages.delete_message(self._runtime, self.who, command))

    async def _react(self, command: ReactCommand) -> OkFrame:
        return _done(command.ref, await messages.react(self._runtime, self.who.author, command))

    async def _history(self, command: HistoryCommand) -> Frame:
        return await rooms.history(self._runtime, self.who, command)

    async def _read(self, command: ReadCommand) -> Frame:
        return await rooms.mark_read(self._runtime, self.who, self.member, command)

    async def _typing(self, command: TypingCommand) -> None:
        await messages.show_typing(self._runtime, self.who.author, command)

    async def _create(self, command: CreateCommand) -> Frame:
        info = await channels.create_channel(self._runtime, self.who, self._address, command)
        return OkFrame(command.ref, channel=info)

    async def _update(self, command: UpdateCommand) -> Frame:
        info = await channels.update_channel(self._runtime, self.who, command)
        return OkFrame(command.ref, channel=info)

    async def _rooms(self, command: RoomsCommand) -> Frame:
        return await lists.find_rooms(self._runtime, self.who, command)

    async def _members(self, command: MembersCommand) -> Frame:
        return await rooms.list_members(self._runtime, self.who, command)

    async def _people(self, command: PeopleCommand) -> Frame:
        return await directs.find_people(self._runtime, self.who, command)

    async def _direct(self, command: DirectCommand) -> Frame:
        return await directs.open_direct(self._runtime, self.who, command)

    async def _invite(self, command: InviteCommand) -> Frame:
        return await members.invite(self._runtime, self.who, command)

    async def _remove(self, command: RemoveCommand) -> Frame:
        return await members.remove(self._runtime, self.who, command)

    async def _pong(self, command: PongCommand) -> None:
        """Hearing from the client was all it is for."""


def _done(ref: Ref, seq: int | None) -> OkFrame:
    return OkFrame(ref, seq=UNSET if seq is None else seq)


_DEEDS: Final[dict[type, Callable[[Connection, Any], Awaitable[Frame | None]]]] = {
    JoinCommand: Connection._join,
    LeaveCommand: Connection._leave,
    SendCommand: Connection._post,
    EditCommand: Connection._edit,
    DeleteCommand: Connection._delete,
    ReactCommand: Connection._react,
    HistoryCommand: Connection._history,
    ReadCommand: Connection._read,
    TypingCommand: Connection._typing,
    CreateCommand: Connection._create,
    UpdateCommand: Connection._update,
    RoomsCommand: Connection._rooms,
    MembersCommand: Connection._members,
    PeopleCommand: Connection._people,
    DirectCommand: Connection._direct,
    InviteCommand: Connection._invite,
    RemoveCommand: Connection._remove,
    PongCommand: Connection._pong,
}

"""Fan-out: from one event in the store to every connection that should see it.

One relay a process and event loop. For each room with members here it has one membership in the room's
channel group, so the channel layer carries one message a process and not one a person. What arrives is
written to the local members without ever waiting for one of them.

The layer is a hint that may lose what it carries. The relay knows the last ``(epoch, seq)`` it wrote in a
room: what is not the next number is dropped (seen), filled from the store (gap), or answered with a reset
(another life of the log). A member that does not take its frames has a bounded queue; when that overflows
the member is *behind*, and gets what it missed from the store as soon as it takes frames again. What is
in no log, the news of its person and of the site, it gets as the state in which they ended.

Three rules hold it together, each under the room's lock:

* joining and leaving the group, filling gaps and delivering are one serial step;
* a member joins at a position (the seq of the snapshot it was sent) and the relay makes that position and
  its own equal before the first event goes out to it;
* delivery itself never awaits, so nothing can come between two members of a room.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Final

from chat.domain import Event
from chat.errors import Unavailable
from chat.protocol import CloseCode, PresenceFrame, batch, batches, decode_presence, encode, encode_event
from chat.relay.fanout import FanOut
from chat.relay.groups import SITE_GROUP, Groups, Layer, person_group, room_group
from chat.relay.member import Level, Leveller, Member, Notice, Position, Send, State
from chat.relay.room import Room, Source

logger = logging.getLogger(__name__)

# Attempts to bring somebody level in a room whose log is being replaced at this very moment.
ENTER_TRIES: Final = 5
# Events of one room that wait for the layer; what comes after that, every process finds by the gap.
OUTBOX_EVENTS: Final = 1024
# People whose frames go through the layer together.
PEOPLE_A_MESSAGE: Final = 500


@contextmanager
def _entering(room: Room) -> Iterator[None]:
    """While somebody is being brought level, the room keeps what it relays."""
    room.entering += 1
    try:
        yield
    finally:
        room.entering -= 1
        if not room.entering:
            room.recent.clear()


def _write_level(room: Room, member: Member, reached: Level, missed: list[str]) -> None:
    """From here on the member is where the room is."""
    member.epoch = room.epoch
    member.behind = False
    member.write(reached.text, events=0, seq=reached.seq)
    seq = reached.seq
    for run in batches(missed):
        seq += len(run)
        member.write(batch(run), len(run), seq)


class _Outbox:
    """Events of one room on their way to the layer: one ``group_send`` at a time, the rest joins the next."""

    __slots__ = ("epoch", "events", "sender")

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.events: list[tuple[int, str]] = []
        self.sender: asyncio.Task[None] | None = None


class Relay:
    """See the module.

    ``source`` is what it may ask the stores, ``clock`` gives seconds and ``sleep`` waits for some;
    ``on_notice`` is called with what ``tell_processes`` of any process was given.
    """

    def __init__(
        self,
        layer: Layer,
        source: Source,
        *,
        clock: Callable[[], float],
        on_notice: Callable[[dict[str, Any]], None],
        stalled_after: float = 10.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._layer = layer
        self._groups = Groups(layer, self.counters)
        self._source = source
        self._clock = clock
        self._on_notice = on_notice
        self._stalled_after = stalled_after
        self._sleep = sleep
        self._channel = ""
        self._rooms: dict[str, Room] = {}
        self._outboxes: dict[str, _Outbox] = {}
        self._people: dict[str, dict[Member, None]] = {}
        self._person_groups: Counter[str] = Counter()
        self._held_groups: set[str] = set()
        self._person_lock = asyncio.Lock()
        self._members: dict[Member, None] = {}
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fan_out = FanOut(clock=clock, sleep=sleep, spawn=self._spawn, counters=self.counters)

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take a channel in the layer and begin to listen. Twice is harmless. Raises ``Unavailable``."""
        async with self._starting:
            if self._channel:
                return
            channel = await self._groups.open()
            try:
                await self._groups.join(SITE_GROUP, channel)
            except BaseException:
                await self._groups.shut(channel)
                raise
            self._channel = channel
            self._spawn(self._listen())
            self._spawn(self._fan_out.run())

    async def close(self) -> None:
        """End every task. Connections are not closed: the server does that."""
        writers = [member.writer for member in self._members if member.writer is not None]
        for member in self._members:
            member.end()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *writers, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # In a context of its own: it outlives the request or connection that happened to come first.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def connections(self) -> int:
        """How many connections are attached here."""
        return len(self._members)

    def rooms(self) -> list[str]:
        """Rooms with members here."""
        return [name for name, room in self._rooms.items() if room.members]

    def members(self) -> list[Member]:
        """All connections that are attached here."""
        return list(self._members)

    # --- members -----------------------------------------------------------------------------------

    async def attach(self, person: str, session: str, send: Send, notice: Notice, state: State) -> Member:
        """A new connection: begin to carry what is for this person and for everybody.

        ``state`` makes the frame that it gets in place of such news when it was too slow for them. Raises
        ``Unavailable``, and then nothing is left of it.
        """
        await self.start()
        member = Member(
            person,
            session,
            send,
            notice,
            state=state,
            bring_back=self._bring_back,
            clock=self._clock,
            counters=self.counters,
        )
        self._members[member] = None
        self._people.setdefault(person, {})[member] = None
        group = person_group(person)
        self._person_groups[group] += 1
        try:
            async with self._person_lock:
                if group not in self._held_groups:
                    await self._groups.join(group, self._channel)
                    self._held_groups.add(group)
        except BaseException:
            await self.detach(member)
            raise
        return member

    async def detach(self, member: Member) -> None:
        """The connection is over. Twice is harmless."""
        if member not in self._members:
            return
        # First, and at once, what is in memory. The rest waits for others; a cancellation must not end it.
        del self._members[member]
        member.end()
        tabs = self._people[member.person]
        del tabs[member]
        if not tabs:
            del self._people[member.person]
        group = person_group(member.person)
        self._person_groups[group] -= 1
        room = self._rooms.get(member.room or "")
        if room is not None:
            del room.members[member]
            member.room = member.level = None
        await asyncio.shield(self._spawn(self._let_go(room, group)))

    async def _let_go(self, room: Room | None, group: str) -> None:
        """Leave the groups that nobody here needs any more."""
        if room is not None:
            await self._give_up(room)
        async with self._person_lock:
            if not self._person_groups[group]:
                del self._person_groups[group]
                self._held_groups.discard(group)
                await self._groups.leave(group, self._channel)

    async def enter(
        self,
        member: Member,
        room_name: str,
        answer: Callable[[], Awaitable[Level]],
        level: Leveller,
    ) -> None:
        """Put a member in a room: subscribe, send the frame that ``answer`` makes, then every later event.

        Leaves the room it was in. ``level`` is kept for the time it falls behind. Raises what ``answer``
        raises, and ``Unavailable``; then the member is in no room. One that is over enters none.
        """
        await self.leave(member)
        room = self._rooms.get(room_name)
        if room is None:
            room = self._rooms[room_name] = Room(room_name, self._source, self.counters)
        with _entering(room):
            try:
                async with room.lock:
                    await self._subscribe(room)
                await self._seat(room, member, answer)
                member.level = level
            finally:
                if member.room is None:
                    # Beside us: as long as we count as entering, nobody gives the room up.
                    self._spawn(self._give_up(room))

    async def _seat(self, room: Room, member: Member, answer: Callable[[], Awaitable[Level]]) -> None:
        """Send the answer and let the member begin exactly where it ends."""
        for _ in range(ENTER_TRIES):
            reached = await answer()
            async with room.lock:
                missed = await room.align(reached)
                if member.dead:
                    return
                if missed is not None:
                    member.room = room.name
                    room.members[member] = None
                    _write_level(room, member, reached, missed)
                    return
        raise Unavailable("This room is changing too fast. Try again.")

    async def leave(self, member: Member) -> None:
        """Take a member out of its room. Twice is harmless."""
        if member.room is None:
            return
        room = self._rooms[member.room]
        async with room.lock:
            room.members.pop(member, None)
            member.room = member.level = None
            member.behind = False
        await asyncio.shield(self._spawn(self._give_up(room)))

    def expel(self, member: Member) -> None:
        """Take a member out of its room this very moment: nothing more of the room is written to it."""
        room = self._rooms.get(member.room or "")
        member.room = member.level = None
        member.behind = False
        member.drop_events()
        if room is not None:
            room.members.pop(member, None)
            self._spawn(self._give_up(room))

    async def _subscribe(self, room: Room) -> None:
        if room.epoch:
            return
        await self._groups.join(room_group(room.name), self._channel)
        try:
            await room.begin()
        except BaseException:
            await self._groups.leave(room_group(room.name), self._channel)
            raise

    async def _give_up(self, room: Room) -> None:
        """Leave the group with the last member. In a task of its own, which no leaver's end can cancel."""
        async with room.lock:
            if room.members or room.entering or self._rooms.get(room.name) is not room:
                return
            if room.epoch:
                room.epoch = ""
                await self._groups.leave(room_group(room.name), self._channel)
            if not room.members and not room.entering:
                del self._rooms[room.name]

    # --- publishing ----------------------------------------------------------------------------------

    def publish(self, room: str, epoch: str, event: Event) -> None:
        """Hand over a stored event for everybody in the room, in every process. Never fails, never waits."""
        outbox = self._outboxes.get(room)
        if outbox is None or outbox.epoch != epoch:
            outbox = self._outboxes[room] = _Outbox(epoch)
        if len(outbox.events) >= OUTBOX_EVENTS:
            self.counters["publish_failures"] += 1
            return
        outbox.events.append((event.seq, encode_event(event)))
        if outbox.sender is None:
            outbox.sender = self._spawn(self._send_out(room, outbox))

    async def _send_out(self, room: str, outbox: _Outbox) -> None:
        group = room_group(room)
        while outbox.events:
            events, outbox.events = outbox.events, []
            message = {"type": "chat.events", "room": room, "epoch": outbox.epoch, "events": events}
            await self._groups.send(group, message)
        outbox.sender = None
        if self._outboxes.get(room) is outbox:
            del self._outboxes[room]

    async def reset(self, room: str, epoch: str) -> None:
        """The room's log began again, with this epoch: everybody in it gets a reset, in every process.

        Without it they would get it all the same, when heads are compared next. Twice is harmless.
        """
        message = {"type": "chat.events", "room": room, "epoch": epoch, "events": []}
        await self._groups.send(room_group(room), message)

    async def announce(self, room: str, frame: PresenceFrame) -> None:
        """Tell a room who came, went, or changed their name; nobody is told about themselves."""
        await self._groups.send(
            room_group(room), {"type": "chat.presence", "room": room, "text": encode(frame)}
        )

    async def hint(self, room: str, text: str, *, but: str) -> None:
        """An unnumbered frame for a room, but not for the person ``but``."""
        message = {"type": "chat.hint", "room": room, "text": text, "but": but}
        await self._groups.send(room_group(room), message)

    async def tell(
        self,
        person: str,
        *,
        text: str = "",
        notice: dict[str, Any] | None = None,
        session: str = "",
        but: str = "",
    ) -> None:
        """A frame, a notice or both for all connections of a person (or of one session of theirs).

        The connection with the key ``but`` is left out.
        """
        message = {
            "type": "chat.personal",
            "person": person,
            "session": session,
            "but": but,
            "text": text,
            "notice": notice,
        }
        await self._groups.send(person_group(person), message)

    async def tell_all(self, text: str = "", *, but_room: str = "") -> None:
        """A frame for every connection of the site (of those not in ``but_room``)."""
        await self._groups.send(SITE_GROUP, {"type": "chat.site", "text": text, "but_room": but_room})

    async def tell_each(self, texts: Mapping[str, str]) -> None:
        """A frame for each of these people (by id), for all their connections in every process."""
        people = list(texts)
        for start in range(0, len(people), PEOPLE_A_MESSAGE):
            some = {person: texts[person] for person in people[start : start + PEOPLE_A_MESSAGE]}
            await self._groups.send(SITE_GROUP, {"type": "chat.each", "texts": some})

    async def tell_processes(self, notice: dict[str, Any]) -> None:
        """Something for every process, ours too: ``on_notice`` is called with it."""
        await self._groups.send(SITE_GROUP, {"type": "chat.notice", "notice": notice})

    # --- what arrives ----------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except asyncio.CancelledError:
                raise
            except Exception:
                self.counters["layer_failures"] += 1
                logger.warning("The channel layer cannot be read.", exc_info=True)
                await self._sleep(1)
                continue
            try:
                self._take(message)
            except Exception:
                self.counters["layer_garbage"] += 1
                logger.exception("A message of the channel layer could not be used.")

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "chat.events":
            self._take_events(message)
        elif kind in ("chat.presence", "chat.hint"):
            self._take_hint(message)
        elif kind == "chat.personal":
            self._take_personal(message)
        elif kind == "chat.each":
            for person in message["texts"].keys() & self._people.keys():
                for member in list(self._people[person]):
                    member.tell(message["texts"][person])
        elif kind == "chat.notice":
            self._on_notice(message["notice"])
        else:
            for member in list(self._members):
                if not message["but_room"] or member.room != message["but_room"]:
                    member.tell(message["text"])

    def _take_personal(self, message: dict[str, Any]) -> None:
        for member in list(self._people.get(message["person"], ())):
            if member.key == message["but"] or message["session"] not in ("", member.session):
                continue
            # The notice first: who is put out of a room loses what waits for them, and hears why after that.
            if message["notice"]:
                member.notice(message["notice"])
            if message["text"]:
                member.tell(message["text"])

    def _take_events(self, message: dict[str, Any]) -> None:
        room = self._rooms.get(message["room"])
        if room is None or not room.epoch:
            return
        room.take(message["epoch"], message["events"])
        self._fan_out.touch(room)

    def _take_hint(self, message: dict[str, Any]) -> None:
        room = self._rooms.get(message["room"])
        if room is None:
            return
        text = message["text"]
        if message["type"] == "chat.hint":
            for member in room.members:
                if member.person != message["but"]:
                    member.write(text)
            return
        frame = decode_presence(text)
        about = frame.about()
        for member in room.members:
            member.write(encode(frame.without(member.person)) if member.person in about else text)

    # --- what the layer loses ------------------------------------------------------------------------------

    async def compare_heads(self) -> None:
        """Look at the store's heads of all rooms here; what is ahead, or of another life, is fetched."""
        names = self.rooms()
        heads = await self._source.heads(names)
        for name, head in heads.items():
            room = self._rooms.get(name)
            if room is not None and room.epoch and room.compare(head):
                self._fan_out.touch(room)

    async def regroup(self) -> None:
        """Take all memberships again.

        The in-memory layer forgets them after a day, or after one message that waited for a minute; taking
        one twice is harmless. Raises ``Unavailable``.
        """
        if not self._channel:
            return
        await self._groups.join(SITE_GROUP, self._channel)
        async with self._person_lock:
            for group in self._held_groups:
                await self._groups.join(group, self._channel)
        for room in list(self._rooms.values()):
            async with room.lock:
                if room.epoch:
                    await self._groups.join(room_group(room.name), self._channel)

    # --- members that cannot keep up ---------------------------------------------------------------------

    async def _bring_back(self, member: Member) -> None:
        """A member that was behind takes frames again: what it missed, or a reset, then the queue.

        Raises as ``enter`` does, and then the member is lost.
        """
        room = self._rooms.get(member.room or "")
        level = member.level
        if room is None or level is None:
            member.behind = False
            return
        position = Position(member.epoch, member.seq)
        with _entering(room):
            for _ in range(ENTER_TRIES):
                reached = await level(position)
                async with room.lock:
                    missed = await room.align(reached)
                    # Meanwhile it may have left, come back, or been reset: that is another story.
                    if member not in room.members or not member.behind:
                        return
                    if missed is not None:
                        _write_level(room, member, reached, missed)
                        return
        raise Unavailable("This room is changing too fast. Try again.")

    def stalled(self) -> list[Member]:
        """Members whose writer has made no progress for too long."""
        limit = self._clock() - self._stalled_after
        return [one for one in self._members if one.writer is not None and one.progress_at < limit]

    def close_stalled(self) -> None:
        """Close the connections of stalled members, with 4408."""
        for member in self.stalled():
            self.counters["members_stalled"] += 1
            member.end()
            member.notice({"close": int(CloseCode.STALLED)})

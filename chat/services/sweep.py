"""The regular work of a process: what is coalesced, what runs out, what is looked at again.

``tick`` does what is due at the present moment and returns; ``run`` calls it four times a second. Tests call
``tick`` with a clock of their own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from chat.domain import Head, RoomKind, split_room
from chat.errors import NotFound
from chat.presence.base import SITE, Changes
from chat.protocol import (
    CloseCode,
    HeadsFrame,
    MeFrame,
    OnlineFrame,
    PresenceFrame,
    ReadFrame,
    Renamed,
    RoomHead,
    batch,
    encode,
)
from chat.services import access, directs, identity, releases
from chat.services.identity import Identity
from chat.services.runtime import Live, Runtime

logger = logging.getLogger(__name__)

TICK: Final = 0.25


class Sweep:
    """See the module. One a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        times = runtime.settings.TIMES
        now = runtime.clock()
        self._jobs: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (0.0, self.announce),
            (times.heads, self.spread_news),
            (1.0, self.check_connections),
            (1.0, self.settle_files),
            (times.compare, self.compare),
            (times.lease_renewed, self.renew),
            (times.recheck, self.recheck),
            (times.regroup, runtime.relay.regroup),
        ]
        self._due = [now + every for every, _ in self._jobs]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self.tick()

    async def tick(self) -> None:
        """Do what is due. A job that fails is logged and comes again in its turn."""
        now = self._runtime.clock()
        for index, (every, job) in enumerate(self._jobs):
            if self._due[index] > now:
                continue
            self._due[index] = now + every
            try:
                await job()
            except Exception:
                self._runtime.counters["sweep_failures"] += 1
                logger.exception("Regular work failed: %s.", getattr(job, "__name__", job))

    async def announce(self) -> None:
        """Tell rooms who came and went, and everybody how many people are online."""
        relay = self._runtime.relay
        for changes in await self._runtime.presence.sweep():
            if changes.room == SITE:
                await relay.tell_all(encode(OnlineFrame(changes.count)))
            else:
                await relay.announce(changes.room, self._frame(changes))

    def _frame(self, changes: Changes) -> PresenceFrame:
        if changes.count > self._runtime.settings.LIMITS.members_listed:
            return PresenceFrame(changes.room, changes.count)
        renamed = tuple(Renamed(person, former) for person, former in changes.renamed)
        return PresenceFrame(changes.room, changes.count, changes.joined, changes.left, renamed)

    async def spread_news(self) -> None:
        """Tell those who are elsewhere which rooms went on, and posters' other tabs of their markers."""
        runtime = self._runtime
        posted, runtime.posted = runtime.posted, set()
        news, runtime.news = runtime.news, {}
        recounted, runtime.recounted = runtime.recounted, set()
        for person, room in posted:
            if head := news.get(room):
                state = (await runtime.store.unread([room], person, 0))[room]
                frame = ReadFrame(room, head.epoch, state.read, state.unread)
                await runtime.relay.tell(person, text=encode(frame))
        for room in recounted:
            await directs.recount(runtime, room)
        public: list[tuple[str, Head]] = []
        private: dict[str, dict[str, RoomHead]] = {}
        for room, head in news.items():
            belonging = await runtime.directory.belonging(room)
            if belonging is None:
                public.append((room, head))
            for person in belonging or ():
                private.setdefault(person, {})[room] = RoomHead(*head)
        for start in range(0, len(public), runtime.settings.LIMITS.rooms_listed):
            await self._tell_heads(public[start : start + runtime.settings.LIMITS.rooms_listed])
        await self._tell_private(private)

    async def _tell_private(self, heads: dict[str, dict[str, RoomHead]]) -> None:
        """Heads of rooms that are not everybody's, to those they belong to: one frame for each person.

        A personal chat comes with all its numbers, since it may not have been in the list before.
        """
        runtime = self._runtime
        frames: dict[str, list[str]] = {}
        for room in {room for rooms in heads.values() for room in rooms}:
            kind, key = split_room(room)
            pair = await runtime.directory.pair(key) if kind == RoomKind.DIRECT else None
            if pair is not None:
                for person, text in (await directs.news(runtime, room, pair)).items():
                    frames.setdefault(person, []).append(text)
        for person, rooms in heads.items():
            frames.setdefault(person, []).append(encode(HeadsFrame(rooms)))
        await runtime.relay.tell_each({person: batch(texts) for person, texts in frames.items()})

    async def _tell_heads(self, rooms: list[tuple[str, Head]]) -> None:
        heads = {room: RoomHead(*head) for room, head in rooms}
        but_room = rooms[0][0] if len(rooms) == 1 else ""
        await self._runtime.relay.tell_all(encode(HeadsFrame(heads)), but_room=but_room)

    async def check_connections(self) -> None:
        """Ping the silent, close the dead and those that take nothing."""
        self._runtime.relay.close_stalled()
        for connection in list(self._runtime.live.values()):
            connection.check_silence()

    async def settle_files(self) -> None:
        """Write what has happened to files of messages."""
        await releases.settle(self._runtime)

    async def compare(self) -> None:
        """Look at the store's heads for what the layer has lost."""
        await self._runtime.relay.compare_heads()

    async def renew(self) -> None:
        """Everybody who is connected here is still here."""
        await self._runtime.presence.renew(list(self._runtime.live))

    async def recheck(self) -> None:
        """Ask the database about everybody who is connected, about the channels and who belongs to them."""
        runtime = self._runtime
        await runtime.directory.refresh()
        await runtime.directory.refresh_members()
        await releases.review(runtime)
        live = list(runtime.live.values())
        if not live:
            return
        found = await identity.identities_of(runtime, {one.session_key for one in live})
        for connection in live:
            if connection.session_key not in found:
                continue  # it has another session since: a login or a registration in place
            who = found[connection.session_key]
            if who is None or who.author.id != connection.author.id:
                connection.close_soon(CloseCode.NO_IDENTITY)
            else:
                await self._correct(connection, who)
                await self._admit(connection)

    async def _admit(self, connection: Live) -> None:
        """Out of the room, who may not be in it any more: the notice of their removal was lost."""
        room = connection.room
        if room is None:
            return
        try:
            await access.readable(self._runtime, room, connection.author.id)
        except NotFound:
            connection.notice({"expelled": room})

    async def _correct(self, connection: Live, who: Identity) -> None:
        """The notice of a new name may have been lost, or have come while the connection was opening."""
        author = who.author
        self._runtime.directory.know(author.id, author.name)
        former = connection.author
        connection.notice({"name": author.name, "guest": author.guest, "staff": who.staff})
        if former != author:
            await self._runtime.presence.rename(author, former.name)
            await self._runtime.relay.tell(author.id, text=encode(MeFrame(author)))

"""The regular work of a process: what is coalesced, what runs out, what is looked at again.

``run`` begins four times a second what is due, each job in a task of its own. Tests call ``tick`` with a
clock of their own: it does what is due and returns.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from chat.domain import Head, RoomKind, split_room
from chat.errors import NotFound, Unavailable
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


class _Job:
    """Something to be done ``every`` so many seconds, first after as many."""

    __slots__ = ("act", "away", "due", "every", "task")

    def __init__(self, every: float, act: Callable[[], Awaitable[None]], now: float) -> None:
        self.every = every
        self.act = act
        self.due = now + every
        self.away: Unavailable | None = None  # why it could not be done the last time
        self.task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        return self.task is not None and not self.task.done()


class Sweep:
    """See the module. One a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        times = runtime.settings.TIMES
        now = runtime.clock()
        self._jobs = [
            _Job(every, act, now)
            for every, act in (
                # Before anybody looks at leases: after a standstill, who is connected here is still here.
                (times.lease_renewed, self.renew),
                (0.0, self.announce),
                (times.heads, self.spread_news),
                (1.0, self.check_connections),
                (1.0, self.settle_files),
                (times.compare, self.compare),
                (times.recheck, self.recheck),
                (times.regroup, runtime.relay.regroup),
            )
        ]
        self._is_away = False  # what the work needs

    async def run(self) -> None:
        """Until cancelled.

        Each job has a task of its own: one that waits, for a database that hangs, keeps no other waiting.
        And nothing but the sleep is awaited here: redis-py may take a cancellation for itself (`wait_for` of
        Python 3.11). A job ends all the same; this would go on for ever.
        """
        while True:
            await asyncio.sleep(TICK)
            for job in self._due():
                if not job.under_way:  # else it comes again in its turn
                    job.task = self._runtime.spawn(self._do(job))
            self._note()

    async def tick(self) -> None:
        """Do what is due, one job after the other. One that fails is logged and comes again in its turn."""
        for job in self._due():
            await self._do(job)
        self._note()

    def _due(self) -> list[_Job]:
        now = self._runtime.clock()
        due = [job for job in self._jobs if job.due <= now]
        for job in due:
            job.due = now + job.every
        return due

    async def _do(self, job: _Job) -> None:
        try:
            await job.act()
        except Unavailable as error:
            self._runtime.counters["sweep_failures"] += 1
            job.away = error
            return
        except Exception:
            self._runtime.counters["sweep_failures"] += 1
            logger.exception("Regular work failed: %s.", getattr(job.act, "__name__", job.act))
        job.away = None

    def _note(self) -> None:
        """An outage is told when it begins and when it ends, not four times a second."""
        error = next((job.away for job in self._jobs if job.away is not None), None)
        if error is not None and not self._is_away:
            logger.warning("Regular work waits for what it needs: %s", error.__cause__ or error)
        elif error is None and self._is_away:
            logger.warning("What the regular work needs is back.")
        self._is_away = error is not None

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
        try:
            await self._tell_markers(posted, news)
            for room in recounted:
                await directs.recount(runtime, room)
            await self._tell_news(news)
        except Unavailable:
            runtime.posted |= posted
            runtime.news = news | runtime.news
            runtime.recounted |= recounted
            raise

    async def _tell_news(self, news: dict[str, Head]) -> None:
        public: list[tuple[str, Head]] = []
        private: dict[str, dict[str, RoomHead]] = {}
        for room, head in news.items():
            belonging = await self._runtime.directory.belonging(room)
            if belonging is None:
                public.append((room, head))
            for person in belonging or ():
                private.setdefault(person, {})[room] = RoomHead(*head)
        listed = self._runtime.settings.LIMITS.rooms_listed
        for start in range(0, len(public), listed):
            await self._tell_heads(public[start : start + listed])
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

    async def _tell_markers(self, posted: set[tuple[str, str]], news: dict[str, Head]) -> None:
        for person, room in posted:
            if head := news.get(room):
                state = (await self._runtime.store.unread([room], person, 0))[room]
                frame = ReadFrame(room, head.epoch, state.read, state.unread)
                await self._runtime.relay.tell(person, text=encode(frame))

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
        nobodys = await self._check(live)
        # A session may have got another key just now, and the connection not have heard of it when it was
        # asked about: who is asked again is asked under the new one.
        for connection in await self._check(nobodys):
            connection.close_soon(CloseCode.NO_IDENTITY)

    async def _admit(self, connection: Live) -> None:
        """Out of the room, who may not be in it any more: the notice of their removal was lost."""
        room = connection.room
        if room is None:
            return
        try:
            await access.readable(self._runtime, room, connection.author.id)
        except NotFound:
            connection.notice({"expelled": room})

    async def _check(self, connections: list[Live]) -> list[Live]:
        """Bring who is still somebody up to date; the connections that are nobody's, or somebody else's."""
        found = await identity.identities_of(self._runtime, {one.session_key for one in connections})
        nobodys = []
        for connection in connections:
            who = found.get(connection.session_key)
            if who is None or who.author.id != connection.author.id:
                nobodys.append(connection)
            else:
                await self._correct(connection, who)
                await self._admit(connection)
        return nobodys

    async def _correct(self, connection: Live, who: Identity) -> None:
        """The notice of a new name may have been lost, or have come while the connection was opening."""
        author = who.author
        self._runtime.directory.know(author.id, author.name)
        former = connection.author
        connection.notice({"name": author.name, "guest": author.guest, "staff": who.staff})
        if former != author:
            await self._runtime.presence.rename(author, former.name)
            await self._runtime.relay.tell(author.id, text=encode(MeFrame(author)))

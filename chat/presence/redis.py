"""Presence that processes share, on Redis: leases in sorted sets, swept by any process.

Each method is one Lua script (``lua/``, whose ``people.lua`` lists the keys), so of several processes that
sweep at once exactly one gets each change to announce. A connection's leases run out together: whoever renews
one of them is alive in all.

A process remembers what its own connections hold, and takes those leases again when Redis has lost them. It
also remembers what it could not give back: a connection that lives on would renew that too.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from chat.conf import Times
from chat.domain import Author, Present
from chat.errors import Unavailable
from chat.presence.base import Changes, Presence
from chat.redis import Client, script

# Connections, leavings and rooms that one sweep looks at; the rest waits for the next, a quarter of a second.
SWEPT_AT_ONCE: Final = 500
RENEWED_AT_ONCE: Final = 1_000

_LUA: Final = Path(__file__).parent / "lua"
_ENTER, _LEAVE, _RENAME, _RENEW, _PRESENT, _SWEEP = (
    script(_LUA / "people.lua", _LUA / f"{name}.lua")
    for name in ("enter", "leave", "rename", "renew", "present", "sweep")
)

_encode = msgspec.json.Encoder().encode
_author = msgspec.json.Decoder(Author).decode
_authors = msgspec.json.Decoder(tuple[Author, ...]).decode


class RedisPresence(Presence):
    """See the module and ``Presence``.

    ``clock`` gives seconds that all processes share: the time of day. Where clocks of machines differ by more
    than a part of the lease, people would come and go.
    """

    def __init__(self, client: Client, clock: Callable[[], float], times: Times | None = None) -> None:
        self._client = client
        self._clock = clock
        self._times = times or Times()
        self._life = b""
        self._held: dict[str, dict[str, Author]] = {}  # connection: room: person
        self._owed: dict[tuple[str, str, str], float] = {}  # room, person, connection: when it is final

    async def enter(self, room: str, person: Author, connection: str) -> None:
        lease = (room, person.id, connection)
        # First: giving back what is owed must not come after us.
        self._owed.pop(lease, None)
        try:
            await self._take(room, person, connection)
        except BaseException:
            if room not in self._held.get(connection, {}):
                self._owed[lease] = self._clock()  # it may have been taken, though nobody said so
            raise
        self._held.setdefault(connection, {})[room] = person

    async def _take(self, room: str, person: Author, connection: str) -> None:
        now = self._clock()
        expires = now + self._times.lease
        author = _encode(person)
        await self._client.run(_ENTER, room, person.id, author, connection, repr(now), repr(expires))

    async def leave(self, room: str, person: str, connection: str, *, at_once: bool = False) -> None:
        rooms = self._held.get(connection, {})
        rooms.pop(room, None)
        if not rooms:
            self._held.pop(connection, None)
        final_at = self._clock() + (0.0 if at_once else self._times.grace)
        await self._give_back((room, person, connection), final_at)

    async def _give_back(self, lease: tuple[str, str, str], final_at: float) -> None:
        self._owed[lease] = final_at
        await self._client.run(_LEAVE, *lease, repr(final_at))
        self._owed.pop(lease, None)

    async def rename(self, person: Author, former: str) -> None:
        for rooms in self._held.values():
            for room, holder in rooms.items():
                if holder.id == person.id:
                    rooms[room] = person
        now = repr(self._clock())
        await self._client.run(_RENAME, person.id, _encode(person), former, now)

    async def renew(self, connections: Iterable[str]) -> None:
        for lease, final_at in list(self._owed.items()):
            if lease in self._owed:  # it may have been taken again meanwhile
                await self._give_back(lease, final_at)
        expires = repr(self._clock() + self._times.lease)
        rest = iter(connections)
        while some := list(islice(rest, RENEWED_AT_ONCE)):
            unknown: list[bytes] = await self._client.run(_RENEW, expires, *some)
            await self._take_again(connection.decode() for connection in unknown)

    async def _take_again(self, connections: Iterable[str]) -> None:
        """Redis has lost, or given up, connections that are alive here."""
        leases = (
            self._take(room, person, connection)
            for connection in list(connections)
            for room, person in list(self._held.get(connection, {}).items())
        )
        while some := list(islice(leases, RENEWED_AT_ONCE)):
            await asyncio.gather(*some)

    async def present(self, room: str, limit: int, after: str = "") -> Present:
        count, authors = await self._client.run(_PRESENT, room, limit, after)
        return Present(_authors(authors), count)

    async def sweep(self) -> list[Changes]:
        now = self._clock()
        again = repr(now + self._times.presence)
        life, told = await self._client.run(_SWEEP, repr(now), self._times.grace, again, SWEPT_AT_ONCE)
        if life != self._life:
            # A Redis that came back without what it had, or with something older.
            try:
                await self._take_again(self._held)
                self._life = life
            except Unavailable:
                pass  # the next sweep does it; what it was told now, nobody would be told again
        return [_changes(*one) for one in told]


def _changes(
    room: bytes, count: int, joined: list[bytes], left: list[bytes], renamed: list[tuple[bytes, bytes]]
) -> Changes:
    return Changes(
        room.decode(),
        tuple(map(_author, joined)),
        tuple(map(_author, left)),
        tuple((_author(author), former.decode()) for author, former in renamed),
        count,
    )

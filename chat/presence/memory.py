"""Presence of one process, in its memory. Belongs to one event loop, like the in-process store."""

from collections.abc import Callable, Iterable
from itertools import islice

from chat.conf import Times
from chat.domain import Author, Present
from chat.presence.base import Changes, Presence


class _Someone:
    """A person in a room, and until when each of their connections holds it."""

    __slots__ = ("author", "leases")

    def __init__(self, author: Author) -> None:
        self.author = author
        self.leases: dict[str, float] = {}


class _Room:
    __slots__ = ("due_at", "joined", "left", "people", "renamed")

    def __init__(self) -> None:
        self.people: dict[str, _Someone] = {}
        self.joined: dict[str, None] = {}
        self.left: dict[str, Author] = {}
        self.renamed: dict[str, str] = {}
        self.due_at = 0.0

    @property
    def changed(self) -> bool:
        return bool(self.joined or self.left or self.renamed)

    def arrive(self, author: Author) -> _Someone:
        someone = self.people.get(author.id)
        if someone is None:
            someone = self.people[author.id] = _Someone(author)
            # Back before the leaving was told: nothing happened, but perhaps a rename.
            before = self.left.pop(author.id, None)
            if before is None:
                self.joined[author.id] = None
            elif before.name != author.name:
                self.renamed[author.id] = before.name
        return someone

    def depart(self, person: str) -> None:
        author = self.people.pop(person).author
        former = self.renamed.pop(person, None)
        if person in self.joined:
            del self.joined[person]
        else:
            self.left[person] = author if former is None else Author(person, former, author.guest)

    def changes(self, name: str) -> Changes:
        people = self.people
        joined = tuple(people[one].author for one in self.joined)
        renamed = tuple((people[one].author, former) for one, former in self.renamed.items())
        changes = Changes(name, joined, tuple(self.left.values()), renamed, len(people))
        self.joined.clear()
        self.left.clear()
        self.renamed.clear()
        return changes


class MemoryPresence(Presence):
    """See ``Presence``. ``clock`` gives seconds; ``times`` are the lease, the grace and the rhythm."""

    def __init__(self, clock: Callable[[], float], times: Times | None = None) -> None:
        self._clock = clock
        self._times = times or Times()
        self._rooms: dict[str, _Room] = {}
        self._connections: dict[str, dict[tuple[str, str], None]] = {}
        self._leaving: dict[tuple[str, str], float] = {}  # (room, person): when it is final
        self._expire_at = clock()

    async def enter(self, room: str, person: Author, connection: str) -> None:
        place = self._rooms.get(room)
        if place is None:
            place = self._rooms[room] = _Room()
        someone = place.arrive(person)
        someone.leases[connection] = self._clock() + self._times.lease
        self._leaving.pop((room, person.id), None)
        self._connections.setdefault(connection, {})[room, person.id] = None

    async def leave(self, room: str, person: str, connection: str, *, at_once: bool = False) -> None:
        self._end(room, person, connection, self._clock() + (0.0 if at_once else self._times.grace))

    def _end(self, room: str, person: str, connection: str, final_at: float) -> None:
        held = self._connections.get(connection)
        if held is None or held.pop((room, person), self) is self:
            return
        if not held:
            del self._connections[connection]
        someone = self._rooms[room].people[person]
        del someone.leases[connection]
        if not someone.leases:
            self._leaving[room, person] = final_at

    async def rename(self, person: Author, former: str) -> None:
        for place in self._rooms.values():
            someone = place.people.get(person.id)
            if someone is None:
                continue
            renamed = someone.author.name != person.name
            someone.author = person
            if renamed and person.id not in place.joined:
                first = place.renamed.setdefault(person.id, former)
                if first == person.name:
                    del place.renamed[person.id]

    async def renew(self, connections: Iterable[str]) -> None:
        until = self._clock() + self._times.lease
        for connection in connections:
            for room, person in self._connections.get(connection, ()):
                self._rooms[room].people[person].leases[connection] = until

    async def present(self, room: str, limit: int, after: str = "") -> Present:
        place = self._rooms.get(room)
        if place is None:
            return Present((), 0)
        here = iter(place.people.items())
        if after in place.people:
            next(one for one, _ in here if one == after)  # on to whoever came next
        people = [someone.author for _, someone in islice(here, limit)]
        return Present(tuple(people), len(place.people))

    async def sweep(self) -> list[Changes]:
        now = self._clock()
        if now >= self._expire_at:
            self._expire_at = now + self._times.grace
            self._expire(now)
        for (room, person), final_at in list(self._leaving.items()):
            if final_at <= now:
                del self._leaving[room, person]
                self._rooms[room].depart(person)
        return [place.changes(room) for room, place in self._due(now)]

    def _due(self, now: float) -> list[tuple[str, _Room]]:
        due = []
        for room, place in list(self._rooms.items()):
            if place.changed and place.due_at <= now:
                place.due_at = now + self._times.presence
                due.append((room, place))
            elif not place.changed and not place.people and place.due_at <= now:
                del self._rooms[room]
        return due

    def _expire(self, now: float) -> None:
        over = [
            (room, person, connection, until)
            for connection, held in self._connections.items()
            for room, person in held
            if (until := self._rooms[room].people[person].leases[connection]) <= now
        ]
        for room, person, connection, until in over:
            self._end(room, person, connection, until + self._times.grace)

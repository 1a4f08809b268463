"""What presence promises: people, not sockets, in every way of dying.

A connection holds a *lease* on a room for its person and renews it; a person is in the room as long as one
lease of theirs is. What is *announced* is less than what happens: a second tab is silent, and so is a
reload, because a person is gone only when the last lease has been over for the grace time. ``present`` and
the counts speak of what has been, or is about to be, announced, so that lists, counts and announcements
always agree.

The whole site is one more room, ``SITE``. Methods raise ``Unavailable`` when the state cannot be reached.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from chat.domain import Author, Present

SITE: Final = ""


class Changes(Struct, frozen=True):
    """What happened in a room since the last announcement. ``renamed``: the person and the former name."""

    room: str
    joined: tuple[Author, ...]
    left: tuple[Author, ...]
    renamed: tuple[tuple[Author, str], ...]
    count: int


class Presence(ABC):
    """Leases, counted per person."""

    @abstractmethod
    async def enter(self, room: str, person: Author, connection: str) -> None:
        """Take a lease. Twice for one connection is a renewal."""

    @abstractmethod
    async def leave(self, room: str, person: str, connection: str, *, at_once: bool = False) -> None:
        """Give a lease back; if it was the last one and ``at_once`` (a logout), without the grace.

        Twice is harmless.
        """

    @abstractmethod
    async def rename(self, person: Author, former: str) -> None:
        """The person is ``person`` now, wherever they are. Another name is announced, nothing else is."""

    @abstractmethod
    async def renew(self, connections: Iterable[str]) -> None:
        """These connections are alive: all their leases begin again."""

    @abstractmethod
    async def present(self, room: str, limit: int, after: str = "") -> Present:
        """The first ``limit`` people of a room, and how many in all: in the order in which they came.

        ``after`` is the id of the last person of the page before. When they are gone it is the first page
        again: pages may overlap, but leave out nobody who stays.
        """

    @abstractmethod
    async def sweep(self) -> list[Changes]:
        """End leases that ran out, and return what is due to be announced: each change once.

        A room is due at most once a second; who came and went in between is not mentioned.
        """

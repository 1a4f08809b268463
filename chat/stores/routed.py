"""Two stores as one: each room's log is in the one that keeps as much as the room wants, and may move."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Set
from typing import Final, Protocol, TypeVar

from chat.domain import Draft, Head, Message, Page, Unread
from chat.errors import Unavailable
from chat.stores.base import Appended, Change, MessageStore, Moving, NotHere, Replay, Snapshot

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How often a change looks for the store that has the log now.
TRIES: Final = 3
MOVES: Final = "This channel moves to another store. Try again."

# What makes a move true: it is handed the log, and its head in the store where it is from now on.
Switch = Callable[[Moving, Head], Awaitable[None]]


NOTHING: Final = Moving(0, 0, 0, (), {}, {})


async def _drop(store: MessageStore, room: str) -> None:
    """Nobody looks here any more for what this store has of a room."""
    try:
        await store.give_up(room)
    except Unavailable:
        logger.warning("What a store had of %s is still in it, until the room comes back.", room)


class Rooms(Protocol):
    """Who knows which rooms keep every message."""

    async def lasts(self, room: str) -> bool: ...

    async def lasts_now(self, room: str) -> bool:
        """The same, looked up anew: another process may have changed it."""
        ...

    async def lasting(self, rooms: Iterable[str]) -> Set[str]:
        """Those of them that do."""
        ...


class RoutedStore(MessageStore):
    """``lasting`` for the rooms of which ``rooms`` says so, ``recent`` for the others.

    Which store has a log is what the channel's row says, and ``move`` takes the log along. When a store says
    that it does not have it any more, another process has moved it.
    """

    def __init__(self, recent: MessageStore, lasting: MessageStore, rooms: Rooms) -> None:
        self._recent = recent
        self._lasting = lasting
        self._rooms = rooms
        self._moving: dict[str, asyncio.Event] = {}  # set when the move is over

    async def move(self, room: str, *, lasting: bool, switch: Switch) -> None:
        """Let the room's log go on in the other store, with a new epoch there.

        The lasting one takes all that the recent one holds; the recent one as much as it keeps. Changes wait
        meanwhile. ``switch`` says for everybody where the log is from now on; until it has returned the move
        can come to nothing, and the log goes on where it was. Raises what ``switch`` raises, ``Unavailable``.
        """
        if room in self._moving:
            raise Unavailable(MOVES)
        over = self._moving[room] = asyncio.Event()
        try:
            await self._move(room, lasting, switch)
        finally:
            del self._moving[room]
            over.set()

    async def _move(self, room: str, lasting: bool, switch: Switch) -> None:
        source, target = (self._recent, self._lasting) if lasting else (self._lasting, self._recent)
        if source.is_one_with(target):
            await switch(NOTHING, (await source.heads([room]))[room])
            return
        try:
            log = await source.take_out(room)
        except NotHere:
            await self._rooms.lasts_now(room)
            raise Unavailable(MOVES) from None
        try:
            await switch(log, await target.take_in(room, log))
        except BaseException:
            # It may be true all the same, and only the answer have been lost.
            if await self._rooms.lasts_now(room) != lasting:
                await source.put_back(room)
                await _drop(target, room)
                raise
        await _drop(source, room)

    async def _change(self, room: str, do: Callable[[MessageStore], Awaitable[T]]) -> T:
        """Do something in the store that has the log, wherever that goes meanwhile."""
        for _ in range(TRIES):
            if (moving := self._moving.get(room)) is not None:
                await moving.wait()
            try:
                return await do(await self._of(room))
            except NotHere:
                if room not in self._moving:
                    await self._rooms.lasts_now(room)
        raise Unavailable(MOVES)

    @property
    def in_process(self) -> bool:  # type: ignore[override]
        """Whether what channels hold by default is this process's alone."""
        return self._recent.in_process

    async def _of(self, room: str) -> MessageStore:
        return self._lasting if await self._rooms.lasts(room) else self._recent

    async def _split(self, rooms: Iterable[str]) -> list[tuple[MessageStore, list[str]]]:
        """The rooms by store; a store without any is not asked."""
        rooms = list(rooms)
        lasting = await self._rooms.lasting(rooms)
        if not lasting:
            return [(self._recent, rooms)] if rooms else []
        recent = [room for room in rooms if room not in lasting]
        both = ((self._recent, recent), (self._lasting, [room for room in rooms if room in lasting]))
        return [(store, ours) for store, ours in both if ours]

    async def append(self, room: str, draft: Draft) -> Appended:
        return await self._change(room, lambda store: store.append(room, draft))

    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        return await (await self._of(room)).sent(room, author, cid)

    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        return await self._change(room, lambda store: store.edit(room, message_id, body, ts))

    async def delete(self, room: str, message_id: str) -> Change:
        return await self._change(room, lambda store: store.delete(room, message_id))

    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        return await self._change(room, lambda store: store.react(room, message_id, person, emoji, on))

    async def get(self, room: str, message_id: str) -> Message:
        return await (await self._of(room)).get(room, message_id)

    async def latest(self, room: str, limit: int) -> Snapshot:
        return await (await self._of(room)).latest(room, limit)

    async def before(self, room: str, n: int, limit: int) -> Page:
        return await (await self._of(room)).before(room, n, limit)

    async def read_after(self, room: str, epoch: str, seq: int) -> Replay | None:
        return await (await self._of(room)).read_after(room, epoch, seq)

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        found: dict[str, Head] = {}
        for store, ours in await self._split(rooms):
            found.update(await store.heads(ours))
        return found

    async def active_at(self, rooms: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for store, ours in await self._split(rooms):
            found.update(await store.active_at(ours))
        return found

    async def mark_read(self, room: str, person: str, epoch: str, n: int, since: int) -> Unread:
        return await self._change(room, lambda store: store.mark_read(room, person, epoch, n, since))

    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        found: dict[str, Unread] = {}
        for store, ours in await self._split(rooms):
            found.update(await store.unread(ours, person, since))
        return found

    async def clear(self, room: str) -> Head:
        return await self._change(room, lambda store: store.clear(room))

    async def take_out(self, room: str) -> Moving:
        return await self._change(room, lambda store: store.take_out(room))

    async def put_back(self, room: str) -> None:
        await (await self._of(room)).put_back(room)

    async def give_up(self, room: str) -> None:
        await (await self._of(room)).give_up(room)

    async def take_in(self, room: str, moving: Moving) -> Head:
        return await (await self._of(room)).take_in(room, moving)

    async def close(self) -> None:
        await self._recent.close()
        await self._lasting.close()

"""Two stores as one: each room's log is in the one that keeps as much as the room wants."""

from collections.abc import Collection, Iterable, Set
from typing import Protocol

from chat.domain import Draft, Head, Message, Page, Unread
from chat.stores.base import Appended, Change, MessageStore, Replay, Snapshot


class Rooms(Protocol):
    """Who knows which rooms keep every message."""

    async def lasts(self, room: str) -> bool: ...

    async def lasting(self, rooms: Iterable[str]) -> Set[str]:
        """Those of them that do."""
        ...


class RoutedStore(MessageStore):
    """``lasting`` for the rooms of which ``rooms`` says so, ``recent`` for the others.

    A room that moves has another log there, with an epoch of its own: everybody in it is reset. What was
    said before stays in the other store, and comes back when the room does.
    """

    def __init__(self, recent: MessageStore, lasting: MessageStore, rooms: Rooms) -> None:
        self._recent = recent
        self._lasting = lasting
        self._rooms = rooms

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
        return await (await self._of(room)).append(room, draft)

    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        return await (await self._of(room)).sent(room, author, cid)

    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        return await (await self._of(room)).edit(room, message_id, body, ts)

    async def delete(self, room: str, message_id: str) -> Change:
        return await (await self._of(room)).delete(room, message_id)

    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        return await (await self._of(room)).react(room, message_id, person, emoji, on)

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
        return await (await self._of(room)).mark_read(room, person, epoch, n, since)

    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        found: dict[str, Unread] = {}
        for store, ours in await self._split(rooms):
            found.update(await store.unread(ours, person, since))
        return found

    async def clear(self, room: str) -> Head:
        """In both: what was cleared must not come back when the room moves."""
        chosen = await self._of(room)
        await (self._recent if chosen is self._lasting else self._lasting).clear(room)
        return await chosen.clear(room)

    async def close(self) -> None:
        await self._recent.close()
        await self._lasting.close()

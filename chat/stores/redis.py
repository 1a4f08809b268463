"""The store that processes share, on Redis: each channel's newest messages, changed by scripts.

Each method that changes something is one Lua script (``lua/``), which Redis runs as one step; that is what
makes ``seq`` rise by exactly one whoever writes. Bounds are those of the in-process store. Keys of a room,
after ``<prefix>room:<room>:``

======== ======= =========================================================================
head     hash    ``seq``, ``n``, and ``life`` if the room was cleared
messages hash    id → record, ``kept`` of them (``lua/room.lua``)
index    list    "id ts author", oldest first; numbers have no gaps, so ``n`` is a position
events   list    the log behind resume, ``events_kept`` entries without texts
sends    hash    author and cid → what the send became, ``cids_kept`` of them
sent     list    the order of those
markers  zset    person → n, ``markers_kept`` of them
by:…     zset    who stands behind one reaction, in the order they came
out      string  the log is on its way to another store, or there: nothing changes it here
======== ======= =========================================================================

and beside them ``<prefix>epoch``, ``<prefix>run`` (which Redis it is) and ``<prefix>active`` (when rooms were
last written to). A room's epoch is ``<prefix>epoch``, which changes when Redis may have come back older, and
the room's own life.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from chat.conf import Limits
from chat.domain import DeleteEvent, Draft, EditEvent, Head, Message, Page, ReactionEvent, Unread
from chat.errors import NotFound, TooLong
from chat.redis import Argument, Client, Script, script
from chat.stores.base import (
    REACTORS_SHOWN,
    TAKEN_OUT_FOR,
    Appended,
    Change,
    MessageStore,
    Moving,
    NotHere,
    Replay,
    Snapshot,
    new_id,
    numbered,
)
from chat.stores.commit import GroupCommit
from chat.stores.records import (
    encode,
    read_event,
    read_message,
    read_messages,
    read_moving,
    read_send,
    write_drafts,
    write_moving,
)

# Rooms in one script: it holds up everybody else while it runs.
ROOMS_A_SCRIPT: Final = 200
# Rooms whose newest messages are kept here, for the next one who enters.
SNAPSHOTS_KEPT: Final = 256
# Numbers beyond what Lua counts exactly are beyond every log.
LARGEST: Final = 2**53 - 1

_NOTHING, _NOT_FOUND, _TOO_MANY_KINDS = 0, -1, -2

_LUA: Final = Path(__file__).parent / "lua"
_APPEND, _SENT, _EDIT, _DELETE, _REACT, _LATEST, _BEFORE, _AFTER, _HEADS, _UNREAD, _MARK, _CLEAR, *_MOVES = (
    script(_LUA / "room.lua", _LUA / f"{name}.lua")
    for name in (
        *("append", "sent", "edit", "delete", "react", "latest"),
        *("before", "after", "heads", "unread", "mark", "clear"),
        *("take_out", "give_up", "take_in"),
    )
)
_TAKE_OUT, _GIVE_UP, _TAKE_IN = _MOVES


def _head(epoch: bytes, seq: int, n: int) -> Head:
    return Head(epoch.decode(), seq, n)


def _some(rooms: Iterable[str]) -> Iterable[Sequence[str]]:
    wanted = list(rooms)
    return (wanted[start : start + ROOMS_A_SCRIPT] for start in range(0, len(wanted), ROOMS_A_SCRIPT))


class RedisStore(MessageStore):
    """See the module and ``MessageStore``. ``client`` is not the store's own: whoever made it closes it.

    Messages of a room that come while some are on their way are one script, the next.
    """

    needs_redis = True

    def __init__(self, limits: Limits | None, client: Client) -> None:
        self._limits = limits or Limits()
        self._client = client
        self._appends = GroupCommit(self._append, lambda: client.timeout)
        self._snapshots: OrderedDict[tuple[str, int], Snapshot] = OrderedDict()

    async def append(self, room: str, draft: Draft) -> Appended:
        return await self._appends.add(room, draft)

    async def _append(self, room: str, drafts: Sequence[Draft]) -> Sequence[Appended]:
        """Several messages in one step."""
        limits, ids = self._limits, [new_id() for _ in drafts]
        written = write_drafts(ids, drafts)
        bounds = limits.kept, limits.events_kept, limits.cids_kept, limits.markers_kept
        answer = await self._change(_APPEND, room, *bounds, written)
        epoch, seq, n, records, became = answer
        became = became or [0] * len(drafts)
        fresh = became.count(0)
        seq, n, released = seq - fresh, n - fresh, read_messages(room, records)
        appended = []
        for message_id, draft, before in zip(ids, drafts, became, strict=True):
            if before:
                appended.append(read_send(room, draft.author.id, draft.cid, epoch, before))
                continue
            seq, n = seq + 1, n + 1
            message = numbered(draft, room, message_id, seq, n)
            appended.append(Appended(epoch.decode(), message, False, released))
            released = ()
        return appended

    async def _change(self, script: Script, *arguments: Argument) -> Any:
        """What the script of a change answers. Raises ``NotHere``."""
        answer = await self._client.run(script, *arguments)
        if answer is None:
            raise NotHere
        return answer

    async def sent(self, room: str, author: str, cid: str) -> Appended | None:
        epoch, before = await self._client.run(_SENT, room, author, cid)
        return None if before is None else read_send(room, author, cid, epoch, before)

    async def edit(self, room: str, message_id: str, body: str, ts: int) -> Change | None:
        kept = self._limits.events_kept
        answer = await self._change(_EDIT, room, message_id, encode(body), ts, kept)
        if not self._has_changed(answer[0]):
            return None
        seq, epoch = answer
        return Change(epoch.decode(), EditEvent(room, seq, message_id, body, ts))

    async def delete(self, room: str, message_id: str) -> Change:
        answer = await self._change(_DELETE, room, message_id, self._limits.events_kept)
        self._has_changed(answer[0])
        seq, epoch = answer
        return Change(epoch.decode(), DeleteEvent(room, seq, message_id))

    async def react(self, room: str, message_id: str, person: str, emoji: str, on: bool) -> Change | None:
        limits = self._limits
        answer = await self._change(
            _REACT,
            room,
            message_id,
            person,
            emoji,
            int(on),
            limits.reaction_kinds,
            limits.reaction_people,
            REACTORS_SHOWN,
            limits.events_kept,
        )
        if not self._has_changed(answer[0]):
            return None
        seq, epoch, count = answer
        event = ReactionEvent(room, seq, message_id, emoji, person, on, count)
        return Change(epoch.decode(), event)

    def _has_changed(self, code: int) -> bool:
        """Whether a script has changed something; raises what it refuses."""
        if code > _NOTHING:
            return True
        if code == _NOTHING:
            return False
        if code == _NOT_FOUND:
            raise NotFound("This message is not here any more.")
        if code == _TOO_MANY_KINDS:
            raise TooLong(f"A message has at most {self._limits.reaction_kinds} kinds of reaction.")
        raise TooLong(f"At most {self._limits.reaction_people} people share one reaction.")

    async def get(self, room: str, message_id: str) -> Message:
        key = f"{self._client.prefix}room:{room}:messages"
        record = await self._client.command("HGET", key, message_id)
        message = None if record is None else read_message(room, record)
        if message is None or message.deleted:
            raise NotFound("This message is not here any more.")
        return message

    async def latest(self, room: str, limit: int) -> Snapshot:
        # The same head is the same room: nothing changes without a number.
        known = self._snapshots.get((room, limit))
        epoch, seq = ("", -1) if known is None else (known.head.epoch, known.head.seq)
        found, *answer = await self._client.run(_LATEST, room, min(limit, LARGEST), epoch, seq)
        head = _head(found, answer[0], answer[1])
        if len(answer) == 2 and known is not None:
            return known
        more, records = answer[2:]
        snapshot = Snapshot(head, Page(read_messages(room, records), bool(more)))
        self._snapshots[room, limit] = snapshot
        self._snapshots.move_to_end((room, limit))
        if len(self._snapshots) > SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)
        return snapshot

    async def before(self, room: str, n: int, limit: int) -> Page:
        more, records = await self._client.run(_BEFORE, room, _within(n), min(limit, LARGEST))
        return Page(read_messages(room, records), bool(more))

    async def read_after(self, room: str, epoch: str, seq: int) -> Replay | None:
        if not 0 <= seq <= LARGEST:
            return None
        answer = await self._client.run(_AFTER, room, epoch, seq)
        if answer is None:
            return None
        found, last, n, entries, ids, records = answer
        messages = dict(zip(ids, read_messages(room, records), strict=True))
        events = tuple(
            read_event(room, number, entry.split(b"\n"), messages)
            for number, entry in enumerate(entries, last - len(entries) + 1)
        )
        return Replay(_head(found, last, n), events)

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        heads: dict[str, Head] = {}
        for some in _some(rooms):
            answers = await self._client.run(_HEADS, *some)
            heads.update(zip(some, (_head(*answer) for answer in answers), strict=True))
        return heads

    async def active_at(self, rooms: Iterable[str]) -> dict[str, int]:
        active: dict[str, int] = {}
        for some in _some(rooms):
            scores = await self._client.command("ZMSCORE", f"{self._client.prefix}active", *some)
            active.update((room, int(score)) for room, score in zip(some, scores, strict=True) if score)
        return active

    async def mark_read(self, room: str, person: str, epoch: str, n: int, since: int) -> Unread:
        bound = self._limits.markers_kept
        answer = await self._change(_MARK, room, person, epoch, _within(n), since, bound)
        return Unread(*answer)

    async def unread(self, rooms: Collection[str], person: str, since: int) -> dict[str, Unread]:
        states: dict[str, Unread] = {}
        for some in _some(rooms):
            answers = await self._client.run(_UNREAD, person, since, *some)
            states.update(zip(some, (Unread(*answer) for answer in answers), strict=True))
        return states

    async def clear(self, room: str) -> Head:
        epoch = await self._change(_CLEAR, room, new_id())
        return _head(epoch, 0, 0)

    async def take_out(self, room: str) -> Moving:
        return read_moving(room, await self._change(_TAKE_OUT, room, TAKEN_OUT_FOR))

    async def put_back(self, room: str) -> None:
        await self._client.command("DEL", f"{self._client.prefix}room:{room}:out")

    async def give_up(self, room: str) -> None:
        await self._client.run(_GIVE_UP, room, new_id())

    async def take_in(self, room: str, moving: Moving) -> Head:
        numbers = moving.seq, moving.n, moving.active_at
        parts = write_moving(moving, self._limits)
        epoch = await self._client.run(_TAKE_IN, room, new_id(), *numbers, *parts)
        return _head(epoch, moving.seq, moving.n)

    async def close(self) -> None:
        """Nothing is lost with it: Redis has the messages."""
        await self._appends.close()
        self._snapshots.clear()


def _within(n: int) -> int:
    return max(-LARGEST, min(n, LARGEST))

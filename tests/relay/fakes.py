"""A store, a connection and a clock that do as the test says, and the wait for a condition."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from chat.domain import Author, Event, Head, Message, MessageEvent
from chat.errors import Unavailable
from chat.relay import Level, Member, Position, Relay

ROOM = "channel:pit-crew"
TURNS = 5_000


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds."""
    for _ in range(TURNS):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("what was waited for did not happen")


async def quiet() -> None:
    """Let everything that is under way come to its end."""
    for _ in range(200):
        await asyncio.sleep(0)


class Logs:
    """What the relay may ask: the logs of rooms, as events in order.

    ``pause`` is awaited in each answer, between reading and returning, with the name of the question.
    ``down`` refuses. ``first`` is the
    oldest seq that a log still tells.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.epochs: dict[str, str] = defaultdict(lambda: "first life")
        self.first: dict[str, int] = defaultdict(lambda: 1)
        self.asked: list[str] = []
        self.down = False
        self.pause: Callable[[str], Awaitable[None]] | None = None

    def add(self, room: str = ROOM, text: str = "") -> Event:
        """Store a message."""
        seq = len(self.events[room]) + 1
        ann = Author("ann", "Ann")
        message = Message(f"{self.epochs[room]} {seq}", room, seq, seq, ann, text, 1_000 + seq, f"cid {seq}")
        event = MessageEvent(room, seq, message)
        self.events[room].append(event)
        return event

    def begin_again(self, room: str = ROOM, *, epoch: str = "second life", events: int = 0) -> None:
        """Another life of the log."""
        self.epochs[room] = epoch
        self.first[room] = 1
        del self.events[room][:]
        for _ in range(events):
            self.add(room)

    def forget(self, room: str = ROOM) -> None:
        """Keep the head, and tell none of the events before it any more."""
        self.first[room] = len(self.events[room]) + 1

    def head(self, room: str) -> Head:
        return Head(self.epochs[room], len(self.events[room]), len(self.events[room]))

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.pause is not None:
            await self.pause(question)
        if self.down:
            raise Unavailable("the store is down")

    async def events_after(self, room: str, epoch: str, seq: int) -> list[Event] | None:
        events = self._after(room, epoch, seq)
        await self._answer("events_after")
        return events

    def _after(self, room: str, epoch: str, seq: int) -> list[Event] | None:
        if epoch != self.epochs[room] or not self.first[room] - 1 <= seq <= len(self.events[room]):
            return None
        return self.events[room][seq:]

    async def heads(self, rooms: Iterable[str]) -> dict[str, Head]:
        heads = {room: self.head(room) for room in rooms}
        await self._answer("heads")
        return heads

    async def reset(self, room: str) -> Level:
        return await self.joined(room, None)

    async def joined(self, room: str, at: Position | None) -> Level:
        """A ``joined`` frame: the events after a position, or a reset with the numbers of all messages."""
        epoch, seq, _ = self.head(room)
        after = None if at is None else self._after(room, *at)
        frame = {
            "type": "joined",
            "room": room,
            "epoch": epoch,
            "seq": seq,
            "reset": after is None,
            "events": [event.seq for event in after or ()],
        }
        await self._answer("joined")
        return Level(json.dumps(frame), epoch, seq)


class Tab:
    """A connection, and the client behind it: it takes frames, and checks that each is what comes next."""

    def __init__(self, person: str = "bob", session: str = "bob's laptop") -> None:
        self.person = person
        self.session = session
        self.frames: list[dict[str, Any]] = []  # batches taken apart
        self.sizes: list[int] = []  # how many frames came together
        self.notices: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken: BaseException | None = None
        self.starts = 0
        self.news = 0  # the last that happened
        self.welcomes = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None  # between looking and answering
        self._member: Member | None = None

    @property
    def member(self) -> Member:
        assert self._member is not None
        return self._member

    async def open(self, relay: Relay) -> "Tab":
        self._member = await relay.attach(
            self.person, self.session, self.send, self.notices.append, self.welcome
        )
        return self

    async def welcome(self) -> str:
        """How everything is outside of rooms: the number of the last news of which the server knows."""
        self.welcomes += 1
        frame = {"type": "welcome", "last": self.news}
        if self.meanwhile is not None:
            await self.meanwhile()
        return json.dumps(frame)

    async def enter(self, relay: Relay, logs: Logs, room: str = ROOM, at: Position | None = None) -> "Tab":
        await relay.enter(self.member, room, partial(logs.joined, room, at), partial(logs.joined, room))
        return self

    async def send(self, message: dict[str, Any]) -> None:
        self.starts += 1
        if self.broken is not None:
            raise self.broken
        if not self.gate.is_set():
            await self.gate.wait()
        assert message["type"] == "websocket.send"
        frame = json.loads(message["text"])
        frames = frame["frames"] if frame["type"] == "batch" else [frame]
        self.sizes.append(len(frames))
        self.frames.extend(frames)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def seqs(self) -> list[int]:
        """Numbers of all events, as they came."""
        return [frame["seq"] for frame in self.of("event")]

    @property
    def resets(self) -> int:
        return sum(frame["reset"] for frame in self.of("joined"))

    @property
    def position(self) -> Position | None:
        """What a client has applied that drops nothing and forgives nothing: each event is the next one."""
        at: Position | None = None
        for frame in self.frames:
            if frame["type"] == "joined":
                if not frame["reset"]:
                    assert at is not None
                    assert frame["events"] == list(range(at.seq + 1, frame["seq"] + 1))
                at = Position(frame["epoch"], frame["seq"])
            elif frame["type"] == "event":
                assert at is not None, "an event before the room was entered"
                assert frame["seq"] == at.seq + 1, f"{frame['seq']} came after {at.seq}"
                at = Position(at.epoch, frame["seq"])
        return at

"""Channel layers that lose, double, reorder or hold back what they carry, as the test decides."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

from channels.layers import InMemoryChannelLayer

Message = dict[str, Any]


class WatchedLayer(InMemoryChannelLayer):
    """An honest layer that notes what was asked of it, and refuses while it is ``down``."""

    def __init__(self) -> None:
        super().__init__(capacity=10_000)
        self.added: Counter[str] = Counter()
        self.discarded: Counter[str] = Counter()
        self.sent: list[Message] = []
        self.down = False

    def _ask(self) -> None:
        if self.down:
            raise ConnectionError("the layer is down")

    async def group_add(self, group: str, channel: str) -> None:
        self._ask()
        self.added[group] += 1
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._ask()
        self.discarded[group] += 1
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: Message) -> None:
        self._ask()
        self.sent.append(message)
        await super().group_send(group, message)

    async def receive(self, channel: str) -> Message:
        self._ask()
        return await super().receive(channel)

    @property
    def carried(self) -> list[list[int]]:
        """The numbers of the events in each message of events."""
        messages = (message for message in self.sent if message["type"] == "chat.events")
        return [[seq for seq, _ in message["events"]] for message in messages]


class DroppingLayer(WatchedLayer):
    """Says that it has taken a message of events, and while ``dropping`` carries nothing."""

    dropping = False

    async def group_send(self, group: str, message: Message) -> None:
        if self.dropping and message["type"] == "chat.events":
            self.sent.append(message)
        else:
            await super().group_send(group, message)


class DoublingLayer(WatchedLayer):
    """Carries each message of events twice."""

    async def group_send(self, group: str, message: Message) -> None:
        await super().group_send(group, message)
        if message["type"] == "chat.events":
            await super().group_send(group, message)


class HoldingLayer(WatchedLayer):
    """Keeps messages of events while ``holding``; ``release`` says in which order they go on."""

    def __init__(self) -> None:
        super().__init__()
        self.holding = True
        self.held: list[tuple[str, Message]] = []

    async def group_send(self, group: str, message: Message) -> None:
        if self.holding and message["type"] == "chat.events":
            self.held.append((group, message))
        else:
            await super().group_send(group, message)

    async def release(self, *order: int) -> None:
        """Carry what is held: in the given order of places, by default as it came."""
        held, self.held = self.held, []
        for place in order or range(len(held)):
            await super().group_send(*held[place])


class SlowLayer(WatchedLayer):
    """Every operation on groups waits while the gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0

    async def _pass(self) -> None:
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1

    async def group_add(self, group: str, channel: str) -> None:
        await self._pass()
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._pass()
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: Message) -> None:
        await self._pass()
        await super().group_send(group, message)


class WildLayer(WatchedLayer):
    """Loses, doubles, delays and reorders messages of events, as its random numbers say, while ``wild``."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.wild = True
        self._random = random
        self._late: list[tuple[str, Message]] = []

    async def group_send(self, group: str, message: Message) -> None:
        if not self.wild or message["type"] != "chat.events":
            await super().group_send(group, message)
            return
        fate = self._random.random()
        if fate < 0.15:
            return
        if fate < 0.3:
            self._late.append((group, message))
            return
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)
        await super().group_send(group, message)
        if fate < 0.45:
            await super().group_send(group, message)
        if self._late and fate > 0.7:
            await super().group_send(*self._late.pop(self._random.randrange(len(self._late))))

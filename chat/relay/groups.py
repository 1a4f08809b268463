"""Channel groups, and a channel layer that may fail or never answer."""

import asyncio
import logging
import zlib
from collections import Counter
from typing import Any, Final, Protocol

from chat.domain import split_room
from chat.errors import Unavailable

logger = logging.getLogger(__name__)

SITE_GROUP: Final = "chat.site"
# Groups for personal news. One each would be thousands, and the in-memory layer walks all groups on every
# message; with 64 the walk is 8 µs and a process drops what is for somebody who is not here.
PERSON_GROUPS: Final = 64

# Seconds until a layer that does not answer is given up.
LAYER_TIMEOUT: Final = 2.0


def room_group(room: str) -> str:
    """The channel group of a room: ASCII, under 100 characters (``channel:a`` → ``chat.channel.a``)."""
    kind, key = split_room(room)
    return f"chat.{kind}.{key}"


def person_group(person: str) -> str:
    """The channel group that carries what is for this person."""
    return f"chat.person.{zlib.crc32(person.encode()) % PERSON_GROUPS}"


class Layer(Protocol):
    """The part of a channel layer that is used."""

    async def new_channel(self, prefix: str = ...) -> str: ...
    async def receive(self, channel: str) -> dict[str, Any]: ...
    async def group_add(self, group: str, channel: str) -> None: ...
    async def group_discard(self, group: str, channel: str) -> None: ...
    async def group_send(self, group: str, message: dict[str, Any]) -> None: ...


class Groups:
    """The layer's groups, asked with a time limit; what it fails at is counted."""

    def __init__(self, layer: Layer, counters: "Counter[str]") -> None:
        self._layer = layer
        self._counters = counters

    async def open(self) -> str:
        """A channel of our own. Raises ``Unavailable``."""
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                return await self._layer.new_channel()
        except Exception as error:
            self._counters["layer_failures"] += 1
            raise Unavailable("The channel layer cannot be reached. Try again.") from error

    async def shut(self, channel: str) -> None:
        """Give back a channel that nobody listens to: layers know it by a listener who goes. Never fails."""
        hearing = asyncio.ensure_future(self._layer.receive(channel))
        await asyncio.sleep(0)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)

    async def join(self, group: str, channel: str) -> None:
        """Hear what is sent to a group. Twice is harmless. Raises ``Unavailable``."""
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                await self._layer.group_add(group, channel)
        except Exception as error:
            self._counters["layer_failures"] += 1
            raise Unavailable("The channel layer cannot be reached. Try again.") from error

    async def leave(self, group: str, channel: str) -> None:
        """Leave a group. If the layer does not answer, what it carries for nobody is dropped here."""
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                await self._layer.group_discard(group, channel)
        except Exception:
            self._counters["layer_failures"] += 1
            logger.warning("The group %s could not be left.", group, exc_info=True)

    async def send(self, group: str, message: dict[str, Any]) -> None:
        """A message for everybody in a group, in every process. Never fails."""
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                await self._layer.group_send(group, message)
        except Exception:
            # The event is stored; every process finds it by the gap or by the head.
            self._counters["publish_failures"] += 1
            logger.warning("The channel layer did not take a message for %s.", group, exc_info=True)

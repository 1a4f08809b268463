"""The plain Channels design: every member a consumer in the group, every event a message for each of them.

It is what the Channels tutorial teaches, and does nothing else: no sessions, no names, no store, no replay.
It speaks as much of the chat's protocol as the benchmark's client needs.
"""

from itertools import count
from typing import Any

from django.conf import settings

settings.configure(
    SECRET_KEY="benchmark",
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
)

import django  # noqa: E402

django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402

ROOM = "channel:general-talk"
GROUP = "general-talk"

_numbers = count(1)


class PlainConsumer(AsyncJsonWebsocketConsumer):
    """One socket, in one group."""

    groups = [GROUP]

    async def connect(self) -> None:
        await self.accept()
        await self.send_json({"type": "welcome", "rooms": [{"room": ROOM}]})

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        if content["type"] == "join":
            await self.send_json({"type": "joined", "ref": content["ref"], "room": ROOM, "seq": 0})
        elif content["type"] == "send":
            await self._post(content)

    async def _post(self, content: dict[str, Any]) -> None:
        seq = next(_numbers)
        message = {"id": str(seq), "room": ROOM, "seq": seq, "cid": content["cid"], "body": content["body"]}
        event = {"type": "event", "kind": "message", "room": ROOM, "seq": seq, "message": message}
        await self.channel_layer.group_send(GROUP, {"type": "chat.event", "event": event})
        await self.send_json({"type": "ack", "ref": content["ref"], "cid": content["cid"], "seq": seq})

    async def chat_event(self, message: dict[str, Any]) -> None:
        await self.send_json(message["event"])


application = PlainConsumer.as_asgi()

"""Somebody over real sockets: HTTP with cookies, and a WebSocket that resumes wherever it is opened."""

import asyncio
import json
from collections.abc import Callable
from http.cookiejar import CookieJar
from itertools import count
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener
from uuid import uuid4

from websockets import ConnectionClosed, Origin
from websockets.asyncio.client import ClientConnection, connect

GENERAL = "channel:general-talk"

# Seconds for an answer on a busy machine.
PATIENCE = 30.0

Frame = dict[str, Any]


class Client:
    """A session with a name. ``seen`` are the events of its room by number, each as it came first.

    ``trouble`` lists what a client must never see: an event twice, a gap, a reset.
    """

    def __init__(self) -> None:
        self._jar = CookieJar()
        self._http = build_opener(HTTPCookieProcessor(self._jar))
        self._refs = count(1)
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self.url = ""
        self.frames: list[Frame] = []
        self.epoch = ""
        self.seq = 0
        self.seen: dict[int, Frame] = {}
        self.trouble: list[str] = []

    @classmethod
    async def named(cls, name: str, url: str) -> Self:
        """Somebody new, in a room of the process at ``url``."""
        client = cls()
        client.url = url
        await client.get("/")
        await client.post("/name/", name=name)
        await client.enter(url)
        return client

    # --- HTTP ------------------------------------------------------------------------------------

    async def get(self, path: str) -> None:
        await asyncio.to_thread(lambda: self._http.open(self.url + path, timeout=PATIENCE).read())

    async def post(self, path: str, **fields: str) -> Frame:
        headers = {"X-CSRFToken": self._cookie("csrftoken"), "Origin": self.url}
        request = Request(self.url + path, urlencode(fields).encode(), headers)
        text = await asyncio.to_thread(lambda: self._http.open(request, timeout=PATIENCE).read())
        answer: Frame = json.loads(text)
        return answer

    def _cookie(self, name: str) -> str:
        return next((one.value or "" for one in self._jar if one.name == name), "")

    # --- the socket ------------------------------------------------------------------------------

    async def open(self, url: str) -> None:
        """A socket at this process."""
        self.url = url
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._jar)
        self._socket = await connect(
            url.replace("http", "ws", 1) + "/ws/chat/",
            origin=Origin(url),
            additional_headers={"Cookie": cookies},
            open_timeout=PATIENCE,
            max_queue=None,
        )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def enter(self, url: str, room: str = GENERAL) -> Frame:
        """Join the room there, after what was seen last."""
        await self.open(url)
        at = {"at": {"epoch": self.epoch, "seq": self.seq}} if self.epoch else {}
        return await self.ask("join", room=room, **at)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                received = json.loads(text)
                for frame in received["frames"] if received["type"] == "batch" else [received]:
                    self._take(frame)
                async with self._news:
                    self._news.notify_all()
        except ConnectionClosed:
            pass

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame["type"] == "joined":
            if frame["reset"]:
                if self.epoch:
                    self.trouble.append(f"reset to {frame['seq']}")
                self.epoch, self.seq = frame["epoch"], frame["seq"]
            for event in frame.get("events", ()):
                self._apply(event)
        elif frame["type"] == "event":
            self._apply(frame)

    def _apply(self, event: Frame) -> None:
        seq = event["seq"]
        if seq <= self.seq:
            return  # a client drops what it has
        if seq != self.seq + 1:
            self.trouble.append(f"a gap between {self.seq} and {seq}")
        self.seq = seq
        self.seen[seq] = event

    async def until(self, fits: Callable[[Frame], object]) -> Frame:
        """The first frame like this that has come, or comes."""
        looked = 0
        async with asyncio.timeout(PATIENCE), self._news:
            while True:
                for frame in self.frames[looked:]:
                    if fits(frame):
                        return frame
                looked = len(self.frames)
                await self._news.wait()

    async def reaches(self, seq: int) -> None:
        """Until everything up to this number was seen."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: self.seq >= seq)

    async def hears(self, body: str) -> Frame:
        event = await self.until(lambda frame: frame.get("message", {}).get("body") == body)
        found: Frame = event["message"]
        return found

    async def tell(self, **fields: Any) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(fields))

    async def ask(self, type: str, **fields: Any) -> Frame:
        """The reply to a command. Raises ``ConnectionClosed`` when the process is gone."""
        ref = next(self._refs)
        await self.tell(type=type, ref=ref, **fields)
        waiting = asyncio.ensure_future(self.until(lambda frame: frame.get("ref") == ref))
        assert self._reader is not None
        await asyncio.wait([waiting, self._reader], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise ConnectionClosed(None, None)
        return waiting.result()

    async def say(self, body: str, room: str = GENERAL, cid: str = "") -> Frame:
        """Send a message; its ``ack``."""
        reply = await self.ask("send", room=room, cid=cid or str(uuid4()), body=body)
        assert reply["type"] == "ack", reply
        return reply

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

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

from files.forms import MULTIPART, field, file, form
from websockets import ConnectionClosed, Origin
from websockets.asyncio.client import ClientConnection, connect

GENERAL = "channel:general-talk"
FORM = "application/x-www-form-urlencoded"

# Seconds for an answer on a busy machine.
PATIENCE = 30.0

Frame = dict[str, Any]


class Client:
    """A session with a name. ``seen`` are the events of its room by number, each as it came first, and the
    messages that the room was reset to.

    ``trouble`` lists what a client must never see: an event twice, a gap, a reset.
    """

    def __init__(self, browser: "Client | None" = None) -> None:
        """A tab of this browser, or of a new one."""
        self._jar: CookieJar = browser._jar if browser else CookieJar()
        self._http = build_opener(HTTPCookieProcessor(self._jar))
        self._refs = count(1)
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self.url = browser.url if browser else ""
        self.frames: list[Frame] = []
        self.closed: int | None = None
        self.epoch = ""
        self.seq = 0
        self.seen: dict[int, Frame] = {}
        self.trouble: list[str] = []

    @classmethod
    async def named(cls, name: str, url: str) -> Self:
        """Somebody new, in a room of the process at ``url``."""
        client = await cls.visiting(url)
        await client.post("/name/", name=name)
        await client.enter(url)
        return client

    @classmethod
    async def visiting(cls, url: str) -> Self:
        """Somebody without a name or a socket, whose requests go to the process at ``url``."""
        client = cls()
        client.url = url
        await client.get("/")
        return client

    @property
    def me(self) -> Frame:
        found: Frame = next(frame for frame in self.frames if frame["type"] == "welcome")["me"]
        return found

    # --- HTTP ------------------------------------------------------------------------------------

    async def get(self, path: str) -> bytes:
        """What is there. Raises ``HTTPError``."""
        return await self._request(path)

    async def post(self, path: str, **fields: str) -> Frame:
        """The JSON of the answer. Raises ``HTTPError``."""
        answer: Frame = json.loads(await self._request(path, urlencode(fields).encode()))
        return answer

    async def submit(self, path: str, **fields: str) -> None:
        """A form on a page; where it leads. Raises ``HTTPError``."""
        await self._request(path, urlencode(fields).encode())

    async def upload(self, content: bytes, name: str, room: str) -> Frame:
        body = form(field("room", room), file(content, name))
        answer: Frame = json.loads(await self._request("/files/", body, MULTIPART))
        found: Frame = answer["attachment"]
        return found

    async def _request(self, path: str, body: bytes | None = None, kind: str = FORM) -> bytes:
        headers = {"X-CSRFToken": self._cookie("csrftoken"), "Origin": self.url, "Content-Type": kind}
        request = Request(self.url + path, body, headers if body is not None else {})
        found: bytes = await asyncio.to_thread(lambda: self._http.open(request, timeout=PATIENCE).read())
        return found

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
        self.closed = socket.close_code

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame["type"] == "joined":
            if frame["reset"]:
                if self.epoch:
                    self.trouble.append(f"reset to {frame['seq']}")
                self.epoch, self.seq = frame["epoch"], frame["seq"]
                self.seen = {message["seq"]: {"message": message} for message in frame["messages"]}
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

    async def reaches(self, seq: int, epoch: str = "") -> None:
        """Until everything up to this number was seen; in this epoch, if one is given."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: epoch in ("", self.epoch) and self.seq >= seq)

    @property
    def bodies(self) -> list[str]:
        """What was said in the room, in order, since the last reset."""
        return [self.seen[seq]["message"]["body"] for seq in sorted(self.seen)]

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

    async def join(self, room: str) -> Frame:
        """Be in this room and in no other, with all that it has; what is ``seen`` is its own from now on."""
        self.epoch = ""
        reply = await self.ask("join", room=room)
        assert reply["type"] == "joined", reply
        return reply

    async def say(self, body: str, room: str = GENERAL, cid: str = "") -> Frame:
        """Send a message; its ``ack``."""
        reply = await self.ask("send", room=room, cid=cid or str(uuid4()), body=body)
        assert reply["type"] == "ack", reply
        return reply

    async def ends(self) -> int | None:
        """Wait for the server to close; with which code."""
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reader)
        return self.closed

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

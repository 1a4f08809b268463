"""People for tests: visitors with a real session, and their tabs, over the whole ASGI application.

alice owns (she makes the channels), bob is a member, carol is outside or has no name. A ``Site`` is one
process of the chat with a clock that the test moves; nothing in it waits for real time.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from time import time_ns
from typing import Any, Self
from unittest import mock
from uuid import uuid4

import clocks
from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import AsyncClient

from chat.models import Person
from chat.services import process
from chat.services.runtime import Runtime
from chat.services.sweep import Sweep
from chitchat_site.asgi import application

GENERAL = "channel:general-talk"
HOST = "testserver"
ORIGIN = f"http://{HOST}"

# How long a condition may take on a busy machine. Nothing waits this long when all is well.
PATIENCE = 20.0

Frame = dict[str, Any]


@asynccontextmanager
async def thread_of_a_request() -> AsyncIterator[None]:
    """As a server does: each request has a thread of its own for the database, and closes its connections."""
    async with ThreadSensitiveContext():
        try:
            yield
        finally:
            await sync_to_async(connections.close_all)()


class Browser(AsyncClient):
    """Its requests have threads of their own, as under a server: one thread for all would wait for itself."""

    async def request(self, **request: Any) -> Any:
        async with thread_of_a_request():
            return await super().request(**request)


class Closed(Exception):
    """The server closed the socket, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket(WebsocketCommunicator):
    """A client's end. While Channels' own waits, nobody looks after old connections to the database.

    It replaces ``channels.db.close_old_connections`` for that time; of two that wait at once, the one that
    began first puts back the right one, and the other the replacement, for all tests to come.
    """

    async def send_input(self, message: dict[str, Any]) -> None:
        await ApplicationCommunicator.send_input(self, message)

    async def receive_output(self, timeout: float = 1) -> dict[str, Any]:  # noqa: ASYNC109 - as it is there
        received: dict[str, Any] = await ApplicationCommunicator.receive_output(self, timeout)
        return received


class Clock(clocks.Clock):
    """Seconds that pass when the test says so; the time of day is the real one, moved by as much."""

    def __init__(self) -> None:
        super().__init__()
        self._start = self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def now_ms(self) -> int:
        return time_ns() // 1_000_000 + round((self.now - self._start) * 1000)


class Tab:
    """An open socket, as the browser's script sees it: ``batch`` frames are unpacked.

    ``until`` and ``ask`` leave what they were not looking for in ``unclaimed``, in order.
    """

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.welcome: Frame = {}
        self.unclaimed: list[Frame] = []
        self._arrived: deque[Frame] = deque()
        self._refs = count(1)

    @property
    def me(self) -> Frame:
        return self.welcome["me"]

    @property
    def id(self) -> str:
        return self.me["id"]

    async def send(self, **fields: Any) -> None:
        await self.raw(json.dumps(fields))

    async def raw(self, text: str) -> None:
        await self.socket.send_input({"type": "websocket.receive", "text": text})

    async def raw_bytes(self, data: bytes) -> None:
        await self.socket.send_input({"type": "websocket.receive", "bytes": data})

    async def frame(self) -> Frame:
        """The next frame. Raises ``Closed``."""
        while not self._arrived:
            output = await self.socket.receive_output(PATIENCE)
            if output["type"] == "websocket.close":
                raise Closed(output["code"])
            received = json.loads(output["text"])
            self._arrived.extend(received["frames"] if received["type"] == "batch" else [received])
        return self._arrived.popleft()

    async def until(self, type: str, **fields: Any) -> Frame:
        """The first frame of this type (and with these fields) that nobody has asked for yet."""
        wanted = {"type": type, **fields}
        return await self.first(
            lambda frame: wanted.items() <= {key: frame.get(key) for key in wanted}.items()
        )

    async def first(self, fits: Callable[[Frame], bool]) -> Frame:
        """The first frame that fits and that nobody has asked for yet."""
        for frame in self.unclaimed:
            if fits(frame):
                self.unclaimed.remove(frame)
                return frame
        while not fits(frame := await self.frame()):
            self.unclaimed.append(frame)
        return frame

    async def ask(self, type: str, **fields: Any) -> Frame:
        """Send a command and return its one reply, whatever it is."""
        ref = next(self._refs)
        await self.send(type=type, ref=ref, **fields)
        while (frame := await self.frame()).get("ref") != ref:
            self.unclaimed.append(frame)
        return frame

    async def refusal(self, type: str, **fields: Any) -> str:
        """Send a command that must fail; the code of its error."""
        reply = await self.ask(type, **fields)
        assert reply["type"] == "error", reply
        return reply["code"]

    async def join(self, room: str = GENERAL, **fields: Any) -> Frame:
        reply = await self.ask("join", room=room, **fields)
        assert reply["type"] == "joined", reply
        return reply

    async def say(self, body: str, room: str = GENERAL, **fields: Any) -> Frame:
        """Send a message; its ``ack``."""
        reply = await self.ask("send", room=room, cid=fields.pop("cid", str(uuid4())), body=body, **fields)
        assert reply["type"] == "ack", reply
        return reply

    async def hears(self, body: str, room: str = GENERAL) -> Frame:
        """The message with this text, when it comes."""
        event = await self.first(
            lambda frame: frame["type"] == "event" and frame.get("message", {}).get("body") == body
        )
        assert event["room"] == room
        return event["message"]

    async def direct(self, person: str) -> str:
        """Open the personal chat with a person (their id); its room."""
        reply = await self.ask("direct", person=person)
        assert reply["type"] == "ok", reply
        return reply["room"]["room"]

    async def rooms(self) -> dict[str, Frame]:
        """The rooms that this person finds, by room, with their numbers."""
        reply = await self.ask("rooms", limit=100)
        assert reply["type"] == "ok", reply
        return {state["room"]: state for state in reply["rooms"]}

    def heard(self, type: str) -> list[Frame]:
        """Frames of a type that came and were not asked for."""
        return [frame for frame in self.unclaimed if frame["type"] == type]

    async def closed(self) -> int:
        """Wait for the server to close; the code. What came before is in ``unclaimed``."""
        try:
            while True:
                self.unclaimed.append(await self.frame())
        except Closed as closed:
            await self.leave(closed.code)
            return closed.code

    async def leave(self, code: int = 1001) -> None:
        """The browser closes, and the server tells the application."""
        if not self.socket.future.done():
            await self.socket.send_input({"type": "websocket.disconnect", "code": code})
            await self.socket.wait(PATIENCE)

    @property
    def over(self) -> bool:
        """Whether the application has ended for this socket."""
        return self.socket.future.done()


class Visitor:
    """A browser: cookies, HTTP, tabs."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self.http = Browser()
        self.me: Frame = {}

    @property
    def cookies(self) -> str:
        return "; ".join(f"{key}={morsel.value}" for key, morsel in self.http.cookies.items())

    async def choose_name(self, name: str) -> Frame:
        response = await self.http.post("/name/", {"name": name})
        assert response.status_code == 200, response.content
        self.me = response.json()["me"]
        return self.me

    async def knock(self, *headers: tuple[bytes, bytes], path: str = "/ws/chat/", **scope: Any) -> Socket:
        """A handshake that has not been answered yet. ``headers`` replace those of the same name."""
        usual = {b"host": HOST.encode(), b"origin": ORIGIN.encode(), b"cookie": self.cookies.encode()}
        replaced = {name for name, _ in headers}
        rest = [pair for pair in usual.items() if pair[0] not in replaced]
        socket = Socket(application, path, headers=[*rest, *headers])
        socket.scope.update({"client": ("127.0.0.1", 50_000), "scheme": "ws", **scope})
        self._site.sockets.append(socket)
        return socket

    async def open(self, *headers: tuple[bytes, bytes], **scope: Any) -> Tab:
        """A tab whose socket has been welcomed."""
        socket = await self.knock(*headers, **scope)
        accepted, _ = await socket.connect(PATIENCE)
        assert accepted
        tab = Tab(socket)
        tab.welcome = await tab.until("welcome")
        return tab

    async def enter(self, room: str = GENERAL) -> Tab:
        """A tab that is in a room."""
        tab = await self.open()
        await tab.join(room)
        return tab

    async def make_channel(self, name: str, **fields: Any) -> str:
        """Make a channel; its room."""
        response = await self.http.post("/channels/", {"name": name, **fields})
        assert response.status_code == 201, response.content
        return response.json()["channel"]["room"]


class Site:
    """One process of the chat, as long as a test runs. The runtime is made when it is first needed."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sockets: list[Socket] = []
        self._runtime: Runtime | None = None
        self._sweep: Sweep | None = None
        # The real sweep sleeps; `tick` does its work when the test says.
        self._asleep = mock.patch("chat.services.sweep.TICK", 3_600)
        self._asleep.start()

    @property
    def runtime(self) -> Runtime:
        if self._runtime is None:
            self._runtime = process.new_runtime(clock=self.clock, now_ms=self.clock.now_ms)
            self._sweep = Sweep(self._runtime)
            process._runtimes[asyncio.get_running_loop()] = self._runtime
        return self._runtime

    async def visitor(self, name: str = "") -> Visitor:
        """Somebody with a browser, and a name if one is given."""
        assert self.runtime
        visitor = Visitor(self)
        if name:
            await visitor.choose_name(name)
        return visitor

    async def account(self, name: str, *, staff: bool = False) -> Visitor:
        """Somebody who is logged in to an account."""
        visitor = await self.visitor(name)
        user = await get_user_model().objects.acreate(username=name, is_staff=staff)
        await Person.objects.filter(id=visitor.me["id"]).aupdate(user=user)
        await visitor.http.aforce_login(user)
        visitor.me = {**visitor.me, "guest": False}
        return visitor

    async def accounts(self, *names: str) -> list[Tab]:
        """People with an account, each with a tab in no room."""
        return [await (await self.account(name)).open() for name in names]

    async def enter(self, *names: str, room: str = GENERAL) -> list[Tab]:
        """People with these names, each with a tab in a room."""
        return [await (await self.visitor(name)).enter(room) for name in names]

    async def tick(self, seconds: float = 0.0) -> None:
        """Let this much time pass, then do the regular work that is due."""
        assert self.runtime
        assert self._sweep is not None
        self.clock.advance(seconds)
        await self._sweep.tick()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass as it does: the regular work every second."""
        for _ in range(round(seconds)):
            await self.tick(1.0)

    async def settle(self, *tabs: Tab) -> None:
        """Until what was handed to the layer (but for numbered events) has reached these tabs."""
        marker = {"type": "marker", "id": str(uuid4())}
        await self.runtime.relay.tell_all(json.dumps(marker))
        for tab in tabs:
            await tab.until(**marker)

    async def work_done(self) -> None:
        """Until nothing is left of the work that runs beside requests."""
        here = self.runtime
        while beside := [task for task in here._tasks if task is not here._sweeping]:
            await asyncio.wait(beside)

    async def restart(self) -> None:
        """The process ends and another one starts: what was in memory is gone."""
        await self._end_sockets()
        await self.runtime.close()
        self._runtime = None
        assert self.runtime

    async def _end_sockets(self) -> None:
        for socket in self.sockets:
            if socket._future is not None and not socket.future.done():
                await socket.send_input({"type": "websocket.disconnect", "code": 1006})
                await socket.wait(PATIENCE)
        self.sockets.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._end_sockets()
            if self._runtime is not None:
                await self._runtime.close()
        finally:
            process._runtimes.pop(asyncio.get_running_loop(), None)
            self._asleep.stop()
            # A visit to the database that nobody waits for any more goes on in its thread. pytest-django
            # would cut it off within a transaction, and leave the next test no autocommit.
            await asyncio.wrap_future(SyncToAsync.single_thread_executor.submit(lambda: None))


async def eventually(holds: Callable[[], object]) -> None:
    """Give other tasks their turn until something is so; fail when it never is."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.001)

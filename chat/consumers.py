"""The WebSocket transport: ASGI messages in, text out, and an end in every way of dying."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from chat import conf
from chat.connection import Connection
from chat.errors import ChatError, RateLimited, Unavailable
from chat.protocol import CloseCode, encode, error_frame
from chat.services import process
from chat.services.identity import identity_of
from chat.services.peer import client_address

# How long a peer may take to accept our closing before its task is ended.
CLOSE_TIMEOUT: Final = 2.0

# RFC 6455, section 7.4.2: from here on, close codes are not the standard's own.
PRIVATE_CODES: Final = 3000


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One socket. It has no channel of its own in the layer: the relay joins groups for all of a process."""

    connection: Connection | None = None

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.base_send = send
        self._task = asyncio.current_task()
        self._closer: asyncio.Task[None] | None = None
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        except OSError:
            pass  # the server's way to say that the peer is gone, in the middle of a send
        except RuntimeError as error:
            if type(error).__name__ != "Disconnected":  # Daphne's way to say it
                raise
        except asyncio.CancelledError:
            if self._closer is None:
                raise
        finally:
            # Not in `disconnect`: it does not run after an exception, nor when a server stops.
            await self._clean_up()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, without its visit to the database thread for each event: a third of the time.

        What uses the database closes old connections around itself.
        """
        kind = message["type"]
        if kind == "websocket.receive":
            await self.receive(message.get("text"), message.get("bytes"))
        elif kind == "websocket.connect":
            await self.connect()
        elif kind == "websocket.disconnect":
            raise StopConsumer

    async def connect(self) -> None:
        try:
            await self._come_in()
        except RateLimited as error:
            await self._turn_away(CloseCode.FLOODING, error)
        except Unavailable as error:
            await self._turn_away(CloseCode.RESTART, error)

    async def _come_in(self) -> None:
        here = process.current()
        try:
            who = await identity_of(here, self.scope["session"])
        except Unavailable:
            await self.accept()
            raise
        await self.accept()  # not sooner: `welcome` follows at once, and whoever waits wakes up once
        if who is None:
            await self._turn_away(CloseCode.NO_IDENTITY)
        self.connection = Connection(here, who, self._address(), self.base_send, self._close_soon)
        await self.connection.open()

    def _address(self) -> str:
        peer = (self.scope.get("client") or ("", 0))[0]
        forwarded = [
            value.decode("latin-1") for name, value in self.scope["headers"] if name == b"x-forwarded-for"
        ]
        return client_address(peer, forwarded, conf.get().TRUSTED_PROXIES)

    async def _turn_away(self, code: CloseCode, error: ChatError | None = None) -> NoReturn:
        """Close a socket that has just been accepted: before that, no code would reach the client."""
        if error is not None:
            await self.base_send({"type": "websocket.send", "text": encode(error_frame(error))})
        await self._close_with(code)
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.connection is not None:
            await self.connection.receive(text_data)

    def _close_soon(self, code: int) -> None:
        self._closer = asyncio.get_running_loop().create_task(self._close_now(code))

    async def _close_with(self, code: int) -> None:
        """Daphne as it comes takes plain integers only, and from an application 1000 and 3000 to 4999 only:
        a standard code goes out 3,000 higher there.
        """
        try:
            await self.close(int(code))
        except Exception as error:
            if type(error) is not Exception or code >= PRIVATE_CODES:
                raise
            await self.close(int(code) + PRIVATE_CODES)

    async def _close_now(self, code: int) -> None:
        """Close, and do not wait for ever for a peer that takes nothing."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._close_with(code)
        except (TimeoutError, OSError, RuntimeError):
            pass  # it is stalled or gone: its task ends below
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT)
            # Until it cleans up: what it waits for may take a cancellation for itself.
            while self.connection is not None and not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT)

    async def _clean_up(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.end()

"""What the site's WebSocket for uvicorn adds to uvicorn's own. Its bounds are in tests/faults."""

import asyncio
import gc
import weakref
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from chitchat_site.uvicorn import WebSocket, text_frame

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: testserver\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
HELLO = b"\x81\x05hello"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A server of an application, and what it has for its connections."""

    def __init__(self, application: Any, websocket: type[WebSocket] = WebSocket) -> None:
        self.config = Config(application, ws=websocket, log_config=None, lifespan="off")
        self.config.load()
        self.state = ServerState()
        self.readers: list[weakref.ref[HttpToolsProtocol]] = []

    def read(self) -> HttpToolsProtocol:
        reader = HttpToolsProtocol(self.config, self.state, {})
        self.readers.append(weakref.ref(reader))
        return reader

    @asynccontextmanager
    async def clients(self, count: int, *headers: bytes) -> AsyncIterator[list[Client]]:
        """So many that have been accepted. Waits at the end until the application has done with them."""
        server = await asyncio.get_running_loop().create_server(self.read, "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            address = server.sockets[0].getsockname()
            clients = [await asyncio.open_connection(*address) for _ in range(count)]
            for reader, writer in clients:
                writer.write(HANDSHAKE + b"".join(headers) + b"\r\n")
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            yield clients
            for _, writer in clients:
                writer.close()
            await asyncio.gather(*self.state.tasks)


async def greet(_: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})
    await receive()


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
async def test_what_a_handshake_took_is_not_kept_with_the_connection() -> None:
    requests: list[Request] = []

    class Watched(WebSocket):
        def handle_connect(self, event: Request) -> None:
            requests.append(event)
            super().handle_connect(event)

    served = Served(greet, Watched)
    async with served.clients(1) as [(reader, _)]:
        assert await reader.readexactly(len(HELLO)) == HELLO
        [connection] = served.state.connections
        assert not {"request", "response"} & vars(connection).keys()
        assert [list(request.headers) for request in requests] == [[]]
        assert [one() for one in served.readers] == [None]


async def test_a_text_becomes_a_frame_once_for_everybody() -> None:
    text_frame.cache_clear()
    async with Served(greet).clients(3) as clients:
        for reader, _ in clients:
            assert await reader.readexactly(len(HELLO)) == HELLO
    assert text_frame.cache_info().misses == 1


async def test_what_is_compressed_is_so_for_each_connection() -> None:
    async with Served(greet).clients(2, b"Sec-WebSocket-Extensions: permessage-deflate\r\n") as clients:
        for reader, _ in clients:
            head, length = await reader.readexactly(2)
            assert head == 0xC1
            data = await reader.readexactly(length) + b"\x00\x00\xff\xff"
            assert zlib.decompressobj(-15).decompress(data) == b"hello"


async def refusal(send: Any) -> str:
    """What becomes of a text that should not leave."""
    try:
        await send({"type": "websocket.send", "text": "hello"})
    except (OSError, RuntimeError) as error:
        return type(error).__name__
    return "sent"


async def test_who_sends_to_somebody_who_is_gone_hears_so() -> None:
    refusals: list[str] = []

    async def talk_on(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await greet(scope, receive, send)
        refusals.append(await refusal(send))

    async with Served(talk_on).clients(1):
        pass
    assert refusals == ["ClientDisconnected"]


async def test_nothing_is_sent_after_the_order_to_close() -> None:
    refusals: list[str] = []

    async def talk_on(_: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4401})
        refusals.append(await refusal(send))

    async with Served(talk_on).clients(1) as [(reader, writer)]:
        assert await reader.readexactly(4) == b"\x88\x02\x11\x31"
        writer.write(b"\x88\x82\x00\x00\x00\x00\x11\x31")
        assert await reader.read() == b""
    assert refusals == ["RuntimeError"]

"""What the site's WebSocket for uvicorn adds to uvicorn's own. Its bounds are in tests/faults."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from chitchat_site.uvicorn import WebSocket

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: testserver\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


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
    readers: list[weakref.ref[HttpToolsProtocol]] = []

    class Watched(WebSocket):
        def handle_connect(self, event: Request) -> None:
            requests.append(event)
            super().handle_connect(event)

    def read() -> HttpToolsProtocol:
        reader = HttpToolsProtocol(config, state, {})
        readers.append(weakref.ref(reader))
        return reader

    config = Config(greet, ws=Watched, log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(read, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(HANDSHAKE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        assert await reader.readexactly(7) == b"\x81\x05hello"
        [connection] = state.connections
        assert not {"request", "response"} & vars(connection).keys()
        assert [list(request.headers) for request in requests] == [[]]
        assert [one() for one in readers] == [None]
        writer.close()
        await asyncio.gather(*state.tasks)

"""What the site's WebSocket for uvicorn adds to uvicorn's own. Its bounds are in tests/faults."""

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

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


async def test_the_headers_of_a_handshake_are_not_kept_with_the_connection() -> None:
    config = Config(greet, log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: WebSocket(config, state, {}), "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(HANDSHAKE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        assert await reader.readexactly(7) == b"\x81\x05hello"
        [connection] = state.connections
        assert not {"request", "response"} & vars(connection).keys()
        writer.close()
        await asyncio.gather(*state.tasks)

"""uvicorn's WebSocket, with bounds that it does not have: ``--ws chitchat_site.uvicorn:WebSocket``."""

from asyncio import BaseTransport, Transport
from functools import lru_cache
from typing import Final, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

# An empty fragment costs the sender six bytes and the server eight, and counts for nothing in a bound in
# bytes. No client has a reason to cut 64 KiB into more than this.
FRAGMENTS: Final = 1024

# What goes to everybody in a room goes to one after the other; between them may be a few answers.
FRAMES_KEPT: Final = 8


@lru_cache(maxsize=FRAMES_KEPT)
def text_frame(text: str) -> bytes:
    """A text as a frame of a server: not masked, so it is the same for everybody."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class WebSocket(WebSocketsSansIOProtocol):
    """Takes no message in countless fragments, and keeps no answers for who pings and does not read."""

    def connection_made(self, transport: BaseTransport) -> None:
        """What has read the request is done. It and its parser hold each other: uvicorn leaves them to the
        garbage collector.
        """
        super().connection_made(transport)
        former = cast(Transport, transport).get_protocol()
        if isinstance(former, HttpToolsProtocol):
            former.parser = None  # type: ignore[assignment]

    def start_keepalive(self) -> None:
        """The handshake is over: its headers, a dozen lists, need not stay as long as the connection."""
        super().start_keepalive()
        self.request.headers.clear()  # the parser of frames holds on to the request
        del self.request, self.response

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's, but the frame of a text is made once for all whom it goes to."""
        text = message.get("text")
        await self.writable.wait()
        if text is None or self.disconnected or self.conn.state is not State.OPEN or self.conn.extensions:
            await super().send(message)
        else:
            self.transport.write(text_frame(text))

    def handle_cont(self, event: Frame) -> None:
        if self.close_sent:
            return  # the rest of what came together with the last fragment
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        else:
            self.frames = []
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        """RFC 6455, section 5.5.3: not each ping needs an answer. Who does not read gets none."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # the answer that it has ready

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()  # closing would wait for ever for who takes nothing

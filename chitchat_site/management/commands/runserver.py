"""Daphne's development server, with what the chat promises and Daphne as it comes does not do."""

from typing import Any, Final

from daphne.management.commands.runserver import Command as DaphneCommand
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

# Each fragment costs its own bytes object, however small, or none at all, it is: a bound in bytes is not
# enough. No client has a reason to cut 64 KiB into more than this.
FRAGMENTS: Final = 1024
TOO_BIG: Final = 1009


class WebSocket(WebSocketProtocol):  # type: ignore[misc]
    """Closes with any code, and takes no message in countless fragments."""

    _fragments = 0

    def serverClose(self, code: int | None = None) -> None:
        """Autobahn's own way refuses 1008, 1009 and 1012 to applications; the frame itself takes them."""
        self.sendCloseFrame(code=1000 if code is None else code)

    def onMessageBegin(self, isBinary: bool) -> None:
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > FRAGMENTS:
            self._fail_connection(TOO_BIG, "too many fragments")


class ChatServer(Server):  # type: ignore[misc]
    """Daphne makes its factory itself and calls it by this name; there is no option for its protocol."""

    @property
    def ws_factory(self) -> Any:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: Any) -> None:
        factory.protocol = WebSocket
        self._ws_factory = factory


class Command(DaphneCommand):  # type: ignore[misc]
    server_cls = ChatServer

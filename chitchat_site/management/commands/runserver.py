"""Daphne's development server, with what the chat promises and Daphne as it comes does not do."""

import asyncio
import os
from typing import Any, Final

from daphne.management.commands.runserver import Command as DaphneCommand
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Each fragment costs its own object, however small or empty it is: a bound in bytes is not enough. No client
# has a reason to cut 64 KiB into more than this.
FRAGMENTS: Final = 1024
TOO_BIG: Final = 1009


class WebSocket(WebSocketProtocol):  # type: ignore[misc]
    """Closes with any code, takes no message in countless fragments, and knows when its peer does not read.

    It is the transport's "producer", in Twisted's words: who is told when the buffer is full.
    """

    _fragments = 0

    def connectionMade(self) -> None:
        super().connectionMade()
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport.unregisterProducer()  # HTTP's, which is over
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self.writable.clear()

    def resumeProducing(self) -> None:
        self.writable.set()

    def stopProducing(self) -> None:
        self.writable.set()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.writable.set()
        super().onClose(wasClean, code, reason)

    def onPing(self, payload: bytes) -> None:
        """RFC 6455, section 5.5.3: not each ping needs an answer. Who does not read gets none."""
        if self.writable.is_set():
            super().onPing(payload)

    def onMessageBegin(self, isBinary: bool) -> None:
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > FRAGMENTS:
            self._fail_connection(TOO_BIG, "too many fragments")

    def application_ended(self, application: "asyncio.Future[None]") -> None:
        """Who was not told to close, since they take nothing, is cut off."""
        failed = not application.cancelled() and application.exception() is not None
        if self.state == self.STATE_OPEN and not failed:
            self.dropConnection(abort=True)

    def serverClose(self, code: int | None = None) -> None:
        """Autobahn's own way refuses 1008, 1009 and 1012 to applications; the frame itself takes them."""
        self.sendCloseFrame(code=1000 if code is None else code)


class ChatServer(Server):  # type: ignore[misc]
    """Lets the application wait for peers that do not read: as it comes, Daphne keeps everything for them."""

    # Daphne makes its factory itself and keeps it under this name; there is no option for its protocol.
    @property
    def ws_factory(self) -> Any:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: Any) -> None:
        factory.protocol = WebSocket
        self._ws_factory = factory

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        queue = super().create_application(protocol, scope)
        if isinstance(protocol, WebSocket) and queue is not None:
            self.connections[protocol]["application_instance"].add_done_callback(protocol.application_ended)
        return queue

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if isinstance(protocol, WebSocket):
            await protocol.writable.wait()
        await super().handle_reply(protocol, message)


class Command(DaphneCommand):  # type: ignore[misc]
    server_cls = ChatServer

    def get_application(self, options: dict[str, Any]) -> Any:
        """While DEBUG is on, the site's own application has the static files: Daphne need not look first."""
        by_daphne = not settings.DEBUG and options.get("use_static_handler")
        return super().get_application({**options, "use_static_handler": by_daphne})

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Daphne knows no lifespan: a second process would serve until somebody opens a WebSocket."""
        from chat.services import startup  # needs the apps

        try:
            startup.admit()
        except ImproperlyConfigured as error:
            self.stderr.write(f"runserver: {error}")
            os._exit(1)  # as Django's own: this may be a thread, which sys.exit would end alone
        super().inner_run(*args, **options)

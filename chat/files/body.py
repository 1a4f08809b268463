"""How much of a request's body the server reads at all.

Django's ASGI handler writes a whole body to a temporary file before any middleware or view sees the
request (``ASGIHandler.read_body``), and ``DATA_UPLOAD_MAX_MEMORY_SIZE`` leaves files out: without a bound of
ours anybody could fill the disk.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# As loose as servers and frameworks are: Django's own handler has narrower types for the two.
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

# What a multipart body has around its one file: boundaries, headers, the name of the room.
ENVELOPE_BYTES: Final = 64 * 1024

# A browser reads the answer only when it has been allowed to finish. More than this many times the bound is
# not read: then it sees a broken connection instead of words.
DRAINED_TIMES: Final = 4

BODY_CUT: Final = "chat.body_cut"


class BoundedBody:
    """Ends a body that is longer than ``most()`` bytes, and says so: ``scope["chat.body_cut"]``.

    It counts what comes and believes no Content-Length. What is over the bound is read and dropped.
    """

    # By which a system check finds it among the layers of an application.
    MARK: ClassVar[str] = "bounds_bodies"
    bounds_bodies: ClassVar[bool] = True

    def __init__(self, application: Application, most: Callable[[], int]) -> None:
        self._application = application
        self._most = most

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope = {**scope, BODY_CUT: False}
        await self._application(scope, self._bounded(scope, receive), send)

    def _bounded(self, scope: dict[str, Any], receive: Receive) -> Receive:
        most = self._most()
        taken = 0

        async def bounded() -> dict[str, Any]:
            nonlocal taken
            message = await receive()
            while scope[BODY_CUT] and message["type"] == "http.request":
                message = await receive()  # the application has had its end of the body
            if message["type"] != "http.request":
                return message
            taken += len(message.get("body", b""))
            if taken <= most:
                return message
            scope[BODY_CUT] = True
            while message.get("more_body", False) and taken <= most * (1 + DRAINED_TIMES):
                message = await receive()
                if message["type"] != "http.request":
                    return message
                taken += len(message.get("body", b""))
            return {"type": "http.request", "body": b"", "more_body": False}

        return bounded


def was_cut(scope: dict[str, Any]) -> bool:
    """Whether this request's body was longer than the server reads."""
    return bool(scope.get(BODY_CUT))

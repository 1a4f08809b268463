"""Where WebSockets come in: an exact-origin check, the session, the consumer.

And how much HTTP may bring, and where a process begins.
"""

import logging
import os
import signal
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.urls import path, re_path
from django.utils.http import parse_header_parameters

from chat import conf
from chat.consumers import ChatConsumer
from chat.errors import Unavailable
from chat.files.body import ENVELOPE_BYTES, Application, BoundedBody, Receive, Send
from chat.services import process, startup
from chat.services.identity import session_store
from chat.services.peer import is_own_origin

logger = logging.getLogger(__name__)

LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]

# A host and an origin (RFC 1035: 253 characters each, a scheme and a port). Longer is neither, and nothing
# to remember an answer for.
HEADER_CHARACTERS = 1_000


class OriginGate:
    """Lets in handshakes from pages of this very site: scheme, host and port must be equal.

    A browser sends cookies with a WebSocket handshake from any page, and there is no CSRF token in it: the
    origin is the only proof. Channels' own validator takes another port, another scheme and subdomains.
    """

    _path_routing = True  # for a URLRouter around it: the rest of the path is for the one inside

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if self._is_ours(scope) and _may_serve():
            await self._application(_below_the_mount(scope), receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    @staticmethod
    def _is_ours(scope: dict[str, Any]) -> bool:
        chat = conf.get()
        sent = _sent(scope["headers"], b"host", b"origin", b"x-forwarded-proto")
        if sum(len(value) for values in sent.values() for value in values) > HEADER_CHARACTERS:
            return False
        scheme = "https" if scope.get("scheme") == "wss" else "http"
        if chat.TRUSTED_PROXIES and (forwarded := sent[b"x-forwarded-proto"]):
            scheme = forwarded[-1].rpartition(",")[2].strip()
        return _is_own(
            scheme,
            tuple(sent[b"host"]),
            tuple(sent[b"origin"]),
            tuple(settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])),
            chat.ALLOWED_ORIGINS,
        )


def _sent(headers: Iterable[tuple[bytes, bytes]], *names: bytes) -> dict[bytes, list[str]]:
    """The values of these headers, by name."""
    sent: dict[bytes, list[str]] = {name: [] for name in names}
    for name, value in headers:
        if name in sent:
            sent[name].append(value.decode("latin-1"))
    return sent


def _cookies(sent: dict[bytes, list[str]]) -> dict[str, str]:
    return parse_cookie("; ".join(sent[b"cookie"]))


def _below_the_mount(scope: dict[str, Any]) -> dict[str, Any]:
    """With the path as Django has it for pages, where the site is mounted under one.

    A URLRouter raises for a path that is not below ``root_path``; with Daphne a client may say what it is.
    """
    if "path_remaining" in scope:
        return scope
    mount = (settings.FORCE_SCRIPT_NAME or scope.get("root_path", "")).rstrip("/")
    below = scope["path"].removeprefix(mount)
    return {**scope, "root_path": "", "path": below if below.startswith("/") else scope["path"]}


class CookieSession:
    """Puts the session that the cookie names into the scope, unless one is there. It is not read here.

    Nor is it ever saved: a stale copy would bring an old name back. Channels' own middleware wraps `send` in
    order to save it, and looks at it with every frame: 50 µs of a join, and 1.7 KB of a connection.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        key = _cookies(_sent(scope["headers"], b"cookie")).get(settings.SESSION_COOKIE_NAME)
        await self._application({"session": session_store(key), **scope}, receive, send)


def _may_serve() -> bool:
    """Servers without ASGI's lifespan say nothing when they start: then this is the first that we hear.

    What is left of the server is told to end, as it would serve half of the people wrongly.
    """
    try:
        startup.admit()
    except ImproperlyConfigured as error:
        logger.critical("%s", error)
        os.kill(os.getpid(), signal.SIGTERM)
        return False
    return True


async def lifespan_application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """ASGI's lifespan: refuse to start in one sentence, and let go of everything at the end."""
    await receive()
    try:
        startup.admit()
    except ImproperlyConfigured as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await _look_at_redis()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await process.end()
    await send({"type": "lifespan.shutdown.complete"})


async def _look_at_redis() -> None:
    """A warning in the log is enough: it heals by itself."""
    redis = process.current().redis
    try:
        if redis is not None:
            await redis.check()
    except Unavailable as error:
        logger.warning("Redis is not ready: %s (%s)", error, error.__cause__ or "see above")


# The same few answers for everybody; taking addresses apart was an eighth of the cost of a handshake.
@lru_cache(maxsize=1024)
def _is_own(
    scheme: str,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    allowed_origins: tuple[str, ...],
) -> bool:
    if len(hosts) != 1:
        return False
    domain, _ = split_domain_port(hosts[0])
    if not domain or not validate_host(domain, allowed_hosts):
        return False
    return is_own_origin(origins, f"{scheme}://{hosts[0]}", allowed_origins)


websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi())]

# An address without a consumer is refused like a foreign page; the router alone would raise.
_elsewhere = re_path("", WebsocketDenier.as_asgi())

websocket_application = OriginGate(CookieSession(URLRouter([*websocket_urlpatterns, _elsewhere])))


# What the charset of a form with files has to leave as it is. Some of Python's are none of texts, others make
# of these a half of a character, which nothing can encode again.
ESCAPES: Final = rb"a\ud800+2AA-"
PLAIN: Final = ((b"content-type", b"text/plain; charset=utf-8"),)


class ReadableHeaders:
    """Refuses what Django's parsers of headers raise for, outside of everything that could answer for it."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_readable(scope["headers"]):
            await send({"type": "http.response.start", "status": 400, "headers": PLAIN})
            await send({"type": "http.response.body", "body": b"The server could not read that.\n"})
        else:
            await self._application(scope, receive, send)


def _is_readable(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """RFC 2231 lets a parameter name its encoding, and a form's type that of its fields: any of Python's."""
    sent = _sent(headers, b"accept", b"content-type", b"cookie")
    # PostgreSQL refuses to look for a NUL; in a cookie it is written \\000.
    if any("\0" in value for value in _cookies(sent).values()):
        return False
    try:
        for one in ",".join(sent[b"accept"]).split(","):
            parse_header_parameters(one)
        kind, parameters = parse_header_parameters(",".join(sent[b"content-type"]))
        if kind != "multipart/form-data":
            return True  # where Django decodes these, it says so itself
        return ESCAPES.decode(parameters.get("charset", "utf-8"), "replace") == ESCAPES.decode("ascii")
    except (LookupError, ValueError):
        return False


def http_application(application: Application) -> BoundedBody:
    """Django's ASGI application, for requests that it can read, and no longer than the largest file."""
    return BoundedBody(ReadableHeaders(application), lambda: conf.get().LIMITS.file_bytes + ENVELOPE_BYTES)

"""Where WebSockets come in: an exact-origin check, the session, the consumer. And how much HTTP may bring."""

from functools import lru_cache
from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from channels.sessions import SessionMiddlewareStack
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import path, re_path

from chat import conf
from chat.consumers import SERVER_SEND, ChatConsumer
from chat.files.body import ENVELOPE_BYTES, Application, BoundedBody, Receive, Send
from chat.services.peer import is_own_origin

LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


class OriginGate:
    """Lets in handshakes from pages of this very site: scheme, host and port must be equal.

    A browser sends cookies with a WebSocket handshake from any page, and there is no CSRF token in it: the
    origin is the only proof. Channels' own validator takes another port, another scheme and subdomains.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if self._is_ours(scope):
            await self._application({**scope, SERVER_SEND: send}, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)

    @staticmethod
    def _is_ours(scope: dict[str, Any]) -> bool:
        chat = conf.get()
        sent: dict[bytes, list[str]] = {b"host": [], b"origin": [], b"x-forwarded-proto": []}
        for name, value in scope["headers"]:
            if name in sent:
                sent[name].append(value.decode("latin-1"))
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

websocket_application = OriginGate(SessionMiddlewareStack(URLRouter([*websocket_urlpatterns, _elsewhere])))


def http_application(application: Application) -> BoundedBody:
    """Django's ASGI application, for requests that are no longer than one with the largest file."""
    return BoundedBody(application, lambda: conf.get().LIMITS.file_bytes + ENVELOPE_BYTES)

"""What goes wrong only when others come: processes, proxies, sessions, sizes."""

import os
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from chat import conf
from chat.checks.readable import readable_settings
from chat.services.combinations import (
    keeps_messages_in_process,
    layer_is_in_memory,
    sessions_are_in_memory,
)

SHARE_HINT: Final = 'Set CHITCHAT["REDIS_URL"] and a Redis channel layer (the example site: REDIS_URL).'
# Under load a process has hundreds of rooms on their way at once; with the layer's 100 it goes silent.
LEAST_CAPACITY: Final = 1_000


@register(Tags.compatibility)
def check_workers(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """One process, as long as something lives in its memory. Knows what WEB_CONCURRENCY says, no more."""
    count = os.environ.get("WEB_CONCURRENCY", "")
    if not count.isdecimal() or int(count) < 2:
        return []
    chat = readable_settings()
    parts = []
    if layer_is_in_memory():
        parts.append("the channel layer")
    if chat is not None and _is_in_process(chat):
        parts.append("the message store")
    if not parts:
        return []
    words = f"WEB_CONCURRENCY={count}, but {' and '.join(parts)} would be another one in each process."
    return [Error(words, hint=f"{SHARE_HINT} Or run one process: unset WEB_CONCURRENCY.", id="chat.E011")]


def _is_in_process(chat: conf.Settings) -> bool:
    try:
        return keeps_messages_in_process(chat)
    except ImportError:
        return False  # chat.E010 says it


@register(Tags.compatibility)
def check_layer_capacity(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The in-memory layer drops silently what is over its capacity."""
    layer: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {})
    if not layer_is_in_memory() or layer.get("CONFIG", {}).get("capacity", 100) >= LEAST_CAPACITY:
        return []
    words = "The channel layer drops messages silently when more than its capacity are under way."
    hint = 'Write "CONFIG": {"capacity": 10_000} in CHANNEL_LAYERS["default"].'
    return [Warning(words, hint=hint, id="chat.W005")]


@register(Tags.security)
def check_hosts(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A site under development is not for everybody."""
    if not settings.DEBUG or "*" not in settings.ALLOWED_HOSTS:
        return []
    words = "DEBUG is on and ALLOWED_HOSTS lets any name in: error pages show settings to anybody."
    hint = "Set DEBUG to False, or name the hosts in ALLOWED_HOSTS."
    return [Warning(words, hint=hint, id="chat.W006")]


@register(Tags.security)
def check_proxies(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Pages and WebSockets believe the same proxies."""
    chat = readable_settings()
    if chat is None:
        return []
    pages, sockets = settings.SECURE_PROXY_SSL_HEADER is not None, chat.TRUSTED_PROXIES > 0
    if sockets and not pages:
        words = (
            'CHITCHAT["TRUSTED_PROXIES"] is set, but Django does not believe the proxy that a page is HTTPS.'
        )
        hint = 'Set SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https").'
        return [Warning(words, hint=hint, id="chat.W007")]
    if pages and not sockets and not chat.ALLOWED_ORIGINS:
        words = "Behind the proxy a WebSocket looks like HTTP, and its page's HTTPS origin is refused."
        hint = 'Set CHITCHAT["TRUSTED_PROXIES"] to the number of proxies in front, or list "ALLOWED_ORIGINS".'
        return [Warning(words, hint=hint, id="chat.W008")]
    return []


@register(Tags.compatibility)
def check_session_life(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A name lasts as long as people think."""
    messages: list[CheckMessage] = []
    chat = readable_settings()
    if settings.SESSION_EXPIRE_AT_BROWSER_CLOSE:
        words = "Who closes the browser loses the name, and it stays taken."
        hint = "Set SESSION_EXPIRE_AT_BROWSER_CLOSE = False."
        messages.append(Warning(words, hint=hint, id="chat.W009"))
    elif chat is not None and chat.TIMES.guest_kept > settings.SESSION_COOKIE_AGE:
        words = "Sessions end before the names of their guests do: a name would be taken and nobody's."
        hint = f"Set SESSION_COOKIE_AGE to at least {chat.TIMES.guest_kept:.0f} (a year is usual for a chat)."
        messages.append(Warning(words, hint=hint, id="chat.W010"))
    if settings.SESSION_SAVE_EVERY_REQUEST:
        words = "Each page writes back the session as it read it, and undoes what another tab did meanwhile."
        hint = "Set SESSION_SAVE_EVERY_REQUEST = False, with a long SESSION_COOKIE_AGE."
        messages.append(Warning(words, hint=hint, id="chat.W011"))
    if sessions_are_in_memory():
        words = "Sessions live in the memory of the process: a restart takes everybody's name."
        hint = 'Set SESSION_ENGINE = "django.contrib.sessions.backends.db", or use a cache that lasts.'
        messages.append(Warning(words, hint=hint, id="chat.W012"))
    return messages


@register(Tags.security)
def check_bodies(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """What a request may carry is bounded, and a message fits in."""
    chat = readable_settings()
    most: Any = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is None:
        words = "A request may be of any size, all of it in memory."
        hint = "Leave out DATA_UPLOAD_MAX_MEMORY_SIZE; its default is 2.5 MB."
        return [Warning(words, hint=hint, id="chat.W013")]
    if chat is not None and most < chat.LIMITS.frame_bytes:
        words = "DATA_UPLOAD_MAX_MEMORY_SIZE is less than what one frame of the protocol may have."
        hint = f"Set it to at least {chat.LIMITS.frame_bytes}."
        return [Warning(words, hint=hint, id="chat.W013")]
    return []

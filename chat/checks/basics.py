"""System checks: usual mistakes, each with an id and what to write instead."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from chat import conf
from chat.checks.readable import readable_settings
from chat.services.combinations import missing_layer, missing_packages


@register(Tags.compatibility)
def check_settings(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """``CHITCHAT`` has only keys that exist."""
    try:
        conf.get()
    except (ImproperlyConfigured, TypeError, ValueError) as error:
        hint = "docs/settings.md lists the keys of CHITCHAT, with their defaults."
        return [Error(str(error), hint=hint, id="chat.E001")]
    return []


@register(Tags.compatibility)
def check_layer(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """There is a channel layer."""
    chat = readable_settings()
    if chat is None or any(missing_packages(chat)):
        return []  # chat.E020 says it
    return [Error(one.words, hint=one.hint, id=one.id) for one in missing_layer(chat)]


@register(Tags.security)
def check_sessions(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Sessions live on the server: one in a cookie cannot be ended."""
    if settings.SESSION_ENGINE != "django.contrib.sessions.backends.signed_cookies":
        return []
    return [
        Error(
            "Sessions in cookies cannot be ended by a logout.",
            hint='Set SESSION_ENGINE = "django.contrib.sessions.backends.db".',
            id="chat.E003",
        )
    ]


@register(Tags.security)
def check_rate_limits(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The limits are lifted for a benchmark only."""
    chat = readable_settings()
    if settings.DEBUG or chat is None or chat.RATE_LIMITS:
        return []
    return [
        Warning(
            "The rate limits are off, so one client can take the whole server.",
            hint="Unset CHITCHAT_RATE_LIMITS; it is for benchmarks.",
            id="chat.W001",
        )
    ]

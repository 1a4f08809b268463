"""Accounts: what of the host's login the chat needs, and whether its own pages can make an account."""

from collections.abc import Sequence
from inspect import isclass
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import models
from django.utils.module_loading import import_string

from chat.checks.readable import readable_settings

# What the chat calls an account to the host: as long as the id of a person.
USERNAME_CHARACTERS: Final = 16

OWN_PAGES_HINT: Final = 'Set CHITCHAT["ACCOUNTS"] = False: people register and log in on pages of yours.'


def _has_pages() -> bool:
    chat = readable_settings()
    return chat is not None and chat.ACCOUNTS


@register(Tags.security)
def check_authentication(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Somebody can log in, and requests know who has."""
    messages: list[CheckMessage] = []
    if not settings.AUTHENTICATION_BACKENDS:
        words = "AUTHENTICATION_BACKENDS is empty, so nobody can log in, and who has is nobody in the chat."
        hint = 'Leave it out, or write ["django.contrib.auth.backends.ModelBackend"].'
        messages.append(Error(words, hint=hint, id="chat.E015"))
    found = [import_string(name) for name in settings.MIDDLEWARE]
    if not any(isclass(one) and issubclass(one, AuthenticationMiddleware) for one in found):
        words = "Without AuthenticationMiddleware requests do not know who is logged in."
        hint = (
            'Add "django.contrib.auth.middleware.AuthenticationMiddleware" to MIDDLEWARE, after the sessions.'
        )
        messages.append(Error(words, hint=hint, id="chat.E016"))
    return messages


@register(Tags.compatibility)
def check_user_model(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The page to register can make a user: with an opaque name and a password, and nothing else."""
    if not _has_pages():
        return []
    model: Any = get_user_model()
    named = model._meta.get_field(model.USERNAME_FIELD)
    fits = isinstance(named, models.CharField) and not isinstance(named, models.EmailField)
    if not fits or (named.max_length or USERNAME_CHARACTERS) < USERNAME_CHARACTERS:
        words = (
            f"An account has an opaque name of {USERNAME_CHARACTERS} characters: no {model.USERNAME_FIELD}."
        )
        return [Error(words, hint=OWN_PAGES_HINT, id="chat.E017")]
    if asked := [one.name for one in model._meta.concrete_fields if _is_asked_for(one) and one is not named]:
        words = f"People who register give a name and a password, and a user needs {', '.join(asked)} too."
        return [Error(words, hint=OWN_PAGES_HINT, id="chat.E017")]
    return []


def _is_asked_for(field: Any) -> bool:
    """Whether a row cannot be stored without somebody's having said what stands here."""
    if field.primary_key or field.name == "password" or field.null:
        return False
    return not field.has_default() and (not field.blank or field.unique) and not _fills_itself(field)


def _fills_itself(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


@register(Tags.security)
def check_passwords(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """A password is judged before it is taken."""
    if settings.AUTH_PASSWORD_VALIDATORS or not _has_pages():
        return []
    words = "AUTH_PASSWORD_VALIDATORS is empty: people may register with the password “1”."
    hint = "List Django's validators, with a min_length of 10 or more."
    return [Warning(words, hint=hint, id="chat.W016")]

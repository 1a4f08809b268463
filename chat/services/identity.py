"""Whose session it is, and what the database says of everybody who is connected.

The session holds the person's id, a copy of the name and the last channel, and nothing else of ours. With
a login of Django's in it (three keys of ``django.contrib.auth``) it is the account's, whatever it holds of
ours besides; without one it is a guest's.
"""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat.database import Lookup, in_database
from chat.domain import Author
from chat.models import Person
from chat.services.runtime import Runtime

PERSON_KEY: Final = "chat_person"
NAME_KEY: Final = "chat_name"
CHANNEL_KEY: Final = "chat_channel"

SEEN_NOTED_EVERY: Final = timedelta(days=1)


class Identity(NamedTuple):
    """Whose request or connection this is. ``since``: when they first came, Unix ms.

    ``staff`` may change what others made.
    """

    author: Author
    since: int
    session_key: str
    last_channel: str
    staff: bool = False

    @property
    def session(self) -> str:
        """The session's name on the channel layer, from which the key cannot be had."""
        return session_name(self.session_key)


@lru_cache(maxsize=1024)
def session_name(session_key: str) -> str:
    """What a session is called on the channel layer and for people. The key cannot be had from it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:24]


async def identity_of(runtime: Runtime, session: SessionBase) -> Identity | None:
    """Who a session belongs to; None for a visitor without a name.

    Reads what is stored, not what this object holds. Those who ask at the same moment, such as everybody
    after a restart, share one visit to the database.
    """
    key = session.session_key
    # A cookie may say anything. PostgreSQL refuses to look for a NUL, for all who share the visit.
    if key is None or "\0" in key:
        return None
    return await runtime.visits(identify).ask(key)


async def identities_of(runtime: Runtime, session_keys: Collection[str]) -> dict[str, Identity | None]:
    """Who each of these sessions belongs to, a hundred a visit: others need not wait until all are done."""
    keys = list(session_keys)
    visits = runtime.visits(identify)
    return dict(zip(keys, await asyncio.gather(*map(visits.ask, keys)), strict=True))


def identify(session_keys: Sequence[str]) -> list[Identity | None]:
    """Who these sessions belong to, in their order: a query for them, one for guests, one for accounts."""
    contents = _contents(session_keys)
    guests = _guests(contents.values())
    accounts = _accounts(contents.values())
    people: list[_Guest | Person] = [*guests.values(), *accounts.values()]
    stale = timezone.now() - SEEN_NOTED_EVERY
    if late := [person.id for person in people if person.seen_at < stale]:
        _note_seen(late)
    return [_identity(key, contents.get(key, {}), guests, accounts) for key in session_keys]


class _Guest(NamedTuple):
    """What is read of a guest's row."""

    id: str
    name: str
    created_at: datetime
    seen_at: datetime


@cache
def _guest_rows() -> Lookup:
    return Lookup(Person.objects.filter(ended_at=None, user=None).values_list(*_Guest._fields), "id")


def _guests(contents: Iterable[Mapping[str, Any]]) -> dict[str, _Guest]:
    """Those whom sessions without a login belong to, by their ids."""
    ids = (data.get(PERSON_KEY) for data in contents if SESSION_KEY not in data)
    found = map(_Guest._make, _guest_rows()([one for one in ids if isinstance(one, str)]))
    return {guest.id: guest for guest in found}


def _accounts(contents: Iterable[Mapping[str, Any]]) -> dict[Any, Person]:
    """Those whom sessions with a login belong to, by the keys of their users."""
    users = {_user_pk(data) for data in contents if SESSION_KEY in data}
    if not users:
        return {}
    found = Person.objects.filter(ended_at=None, user__in=users).select_related("user")
    return {person.user_id: person for person in found}


def _identity(
    key: str, data: Mapping[str, Any], guests: Mapping[Any, _Guest], accounts: Mapping[Any, Person]
) -> Identity | None:
    channel = data.get(CHANNEL_KEY) or ""
    if SESSION_KEY not in data:
        guest = guests.get(data.get(PERSON_KEY))
        if guest is None:
            return None
        return Identity(Author(guest.id, guest.name), _since(guest), key, channel)
    account = accounts.get(_user_pk(data))
    if account is None or not _is_logged_in(account.user, data):
        return None
    staff = bool(getattr(account.user, "is_staff", False))
    return Identity(account.author, _since(account), key, channel, staff)


def _since(person: _Guest | Person) -> int:
    return int(person.created_at.timestamp() * 1000)


def _user_pk(data: Mapping[str, Any]) -> Any:
    """The key of the account that is logged in; None for one that cannot be, of another user model."""
    try:
        return get_user_model()._meta.pk.to_python(data[SESSION_KEY])
    except (ValidationError, TypeError, ValueError):
        return None


def _is_logged_in(user: Any, data: Mapping[str, Any]) -> bool:
    """What ``django.contrib.auth.get_user`` asks of a session, and whether the account is active.

    The hash is of the password: with another password, all sessions but the one that changed it are over.
    """
    if not getattr(user, "is_active", True):
        return False
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    if not hasattr(user, "get_session_auth_hash"):
        return True
    known = data.get(HASH_SESSION_KEY) or ""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, one) for one in hashes)


def logged_in(session: SessionBase) -> Any:
    """The account that is logged in to Django in this session; None without one. Called in a worker thread.

    A login that is over (another password, deactivated) goes, and the whole session with it.
    """
    if SESSION_KEY not in session:
        return None
    data = {key: session.get(key) for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)}
    user = get_user_model()._default_manager.filter(pk=_user_pk(data)).first()
    if user is not None and _is_logged_in(user, data):
        return user
    session.flush()
    return None


def _engine() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def session_store(session_key: str | None) -> SessionBase:
    """A session, not loaded yet, of whatever engine the host uses; without a key it has none."""
    store: SessionBase = _engine()(session_key)
    return store


@cache
def _session_rows(model: Any) -> Lookup:
    return Lookup(model.objects.values_list("session_key", "session_data", "expire_date"), "session_key")


def _contents(session_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these sessions hold; those that do not exist, or have expired, are left out."""
    engine = _engine()
    if not hasattr(engine, "get_model_class"):  # a host that keeps them elsewhere
        return {key: session_store(key).load() for key in session_keys}
    now, decode = timezone.now(), engine().decode
    rows = _session_rows(engine.get_model_class())(session_keys)
    return {key: decode(data) for key, data, expires in rows if expires > now}


def _note_seen(people: Collection[str]) -> None:
    """Whoever comes or is connected has been seen: a name must not lapse under its owner."""
    stale = timezone.now() - SEEN_NOTED_EVERY
    Person.objects.filter(id__in=people, seen_at__lt=stale).update(seen_at=timezone.now())


def _remember_channel(session_key: str, slug: str) -> None:
    session = session_store(session_key)
    # A session that was ended meanwhile loads as an empty one: saving that would revive it.
    if (PERSON_KEY in session or SESSION_KEY in session) and session.get(CHANNEL_KEY) != slug:
        session[CHANNEL_KEY] = slug
        try:
            session.save()
        except UpdateError:
            pass  # it was ended between the two lines above


async def remember_channel(session_key: str, slug: str) -> None:
    """Write the last channel to a session that was loaded fresh for it, and to nothing else."""
    await in_database(_remember_channel, session_key, slug)

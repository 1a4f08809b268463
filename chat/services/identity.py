"""Whose session it is, and what the database says of everybody who is connected.

The session holds the person's id, a copy of the name and the last channel, and nothing else of ours. With
a login of Django's in it (three keys of ``django.contrib.auth``) it is the account's, whatever it holds of
ours besides; without one it is a guest's.
"""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from itertools import islice
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat.database import in_database
from chat.domain import Author
from chat.models import Person
from chat.services.runtime import Runtime

PERSON_KEY: Final = "chat_person"
NAME_KEY: Final = "chat_name"
CHANNEL_KEY: Final = "chat_channel"

# Within SQLite's limit of variables in one query, with room to spare.
QUERY_CHUNK: Final = 500

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
    """Who these sessions belong to, in their order: a query for the sessions, one for people and accounts."""
    contents = _contents(session_keys)
    people = _people(contents.values())
    stale = timezone.now() - SEEN_NOTED_EVERY
    if late := [person.id for person in people if person.seen_at < stale]:
        _note_seen(late)
    by_id = {person.id: person for person in people if person.user_id is None}
    by_user = {person.user_id: person for person in people if person.user_id is not None}
    return [_identity(key, contents.get(key, {}), by_id, by_user) for key in session_keys]


def _people(contents: Iterable[Mapping[str, Any]]) -> list[Person]:
    guests, users = set(), set()
    for data in contents:
        if SESSION_KEY in data:
            users.add(_user_pk(data))
        elif isinstance(data.get(PERSON_KEY), str):
            guests.add(data[PERSON_KEY])
    found = Person.objects.filter(ended_at=None)
    if not users:
        return list(found.filter(id__in=guests))
    return list(found.filter(Q(id__in=guests) | Q(user__in=users)).select_related("user"))


def _identity(
    key: str, data: Mapping[str, Any], by_id: dict[Any, Person], by_user: dict[Any, Person]
) -> Identity | None:
    if SESSION_KEY in data:
        person = by_user.get(_user_pk(data))
        if person is None or not _is_logged_in(person.user, data):
            return None
    else:
        person = by_id.get(data.get(PERSON_KEY))
        if person is None:
            return None
    since = int(person.created_at.timestamp() * 1000)
    staff = bool(getattr(person.user, "is_staff", False)) if person.user_id is not None else False
    return Identity(person.author, since, key, data.get(CHANNEL_KEY) or "", staff)


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


def _rows() -> Any:
    """The table of sessions, or None where the host keeps them elsewhere."""
    engine = _engine()
    return engine.get_model_class().objects if hasattr(engine, "get_model_class") else None


def _contents(session_keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What these sessions hold; those that do not exist, or have expired, are left out."""
    rows = _rows()
    if rows is None:
        return {key: session_store(key).load() for key in session_keys}
    decode = _engine()().decode
    contents: dict[str, dict[str, Any]] = {}
    for chunk in _chunks(session_keys):
        alive = rows.filter(session_key__in=chunk, expire_date__gt=timezone.now())
        for key, data in alive.values_list("session_key", "session_data"):
            contents[key] = decode(data)
    return contents


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    ordered = iter(sorted(set(values)))
    while chunk := list(islice(ordered, QUERY_CHUNK)):
        yield chunk


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

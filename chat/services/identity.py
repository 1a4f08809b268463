"""Whose session it is, and what the database says of everybody who is connected.

The session holds the person's id, a copy of the name and the last channel, and nothing else of ours.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from importlib import import_module
from itertools import islice
from typing import Any, Final, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.utils import timezone

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


class Standing(NamedTuple):
    """What the database says of open connections: people by id, and sessions that still exist."""

    people: dict[str, Author]
    sessions: set[str]


def session_name(session_key: str) -> str:
    """What a session is called on the channel layer and for people. The key cannot be had from it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:24]


async def identity_of(runtime: Runtime, session: SessionBase) -> Identity | None:
    """Who a session belongs to; None for a visitor without a name.

    Reads what is stored, not what this object holds. Those who ask at the same moment, such as everybody
    after a restart, share one visit to the database.
    """
    key = session.session_key
    return None if key is None else await runtime.visits(identify).ask(key)


def identify(session_keys: Sequence[str]) -> list[Identity | None]:
    """Who these sessions belong to, in their order: a query for the sessions, one for the people."""
    contents = _contents(session_keys)
    wanted = {data.get(PERSON_KEY) for data in contents.values()}
    people = Person.objects.select_related("user").in_bulk([one for one in wanted if isinstance(one, str)])
    stale = timezone.now() - SEEN_NOTED_EVERY
    if late := [person.id for person in people.values() if person.seen_at < stale]:
        _note_seen(late)
    return [_identity(key, contents.get(key, {}), people) for key in session_keys]


def _identity(key: str, data: dict[str, Any], people: dict[Any, Person]) -> Identity | None:
    person = people.get(data.get(PERSON_KEY))
    if person is None or person.ended_at is not None:
        return None
    since = int(person.created_at.timestamp() * 1000)
    staff = bool(getattr(person.user, "is_staff", False))
    return Identity(person.author, since, key, data.get(CHANNEL_KEY) or "", staff)


def _engine() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def session_store(session_key: str) -> SessionBase:
    """A session, not loaded yet, of whatever engine the host uses."""
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


def _existing(session_keys: Collection[str]) -> set[str]:
    rows = _rows()
    if rows is None:
        return {key for key in session_keys if session_store(key).exists(key)}
    existing: set[str] = set()
    for chunk in _chunks(session_keys):
        existing.update(rows.filter(session_key__in=chunk).values_list("session_key", flat=True))
    return existing


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    ordered = iter(sorted(set(values)))
    while chunk := list(islice(ordered, QUERY_CHUNK)):
        yield chunk


def _note_seen(people: Collection[str]) -> None:
    """Whoever comes or is connected has been seen: a name must not lapse under its owner."""
    stale = timezone.now() - SEEN_NOTED_EVERY
    Person.objects.filter(id__in=people, seen_at__lt=stale).update(seen_at=timezone.now())


def _standing(people: Collection[str], session_keys: Collection[str]) -> Standing:
    authors: dict[str, Author] = {}
    for chunk in _chunks(people):
        found = Person.objects.filter(id__in=chunk, ended_at=None)
        authors.update({person.id: person.author for person in found})
        _note_seen(chunk)
    return Standing(authors, _existing(session_keys))


async def standing(people: Collection[str], session_keys: Collection[str]) -> Standing:
    """Look up everybody who is connected: a query for the people, one for their sessions."""
    found: Standing = await database_sync_to_async(_standing)(people, session_keys)
    return found


def _remember_channel(session_key: str, slug: str) -> None:
    session = session_store(session_key)
    # A session that was ended meanwhile loads as an empty one: saving that would revive it.
    if PERSON_KEY in session and session.get(CHANNEL_KEY) != slug:
        session[CHANNEL_KEY] = slug
        try:
            session.save()
        except UpdateError:
            pass  # it was ended between the two lines above


async def remember_channel(session_key: str, slug: str) -> None:
    """Write the last channel to a session that was loaded fresh for it, and to nothing else."""
    await database_sync_to_async(_remember_channel)(session_key, slug)

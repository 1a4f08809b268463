"""Who somebody is: choosing a name, changing it, leaving.

The Person row is the truth for a name; the session holds the person's id, a copy of the name and the last
channel. Names change over HTTP only, in a request that has its own fresh session.
"""

import hashlib
from collections.abc import Collection, Iterable
from datetime import timedelta
from importlib import import_module
from itertools import islice
from typing import Any, Final, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone

from chat import conf, names
from chat.domain import Author
from chat.errors import InvalidName, NameTaken
from chat.models import ChannelNameKey, NameKey, Person, PersonNameKey
from chat.protocol import CloseCode, MeFrame, encode
from chat.services.runtime import Runtime

PERSON_KEY: Final = "chat_person"
NAME_KEY: Final = "chat_name"
CHANNEL_KEY: Final = "chat_channel"

# Within SQLite's limit of variables in one query, with room to spare.
QUERY_CHUNK: Final = 500
SUGGESTIONS: Final = 3


class Identity(NamedTuple):
    """Whose request or connection this is. ``since``: when they first came, Unix ms."""

    author: Author
    since: int
    session_key: str
    last_channel: str

    @property
    def session(self) -> str:
        """The session's name on the channel layer, from which the key cannot be had."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:24]


class NameCheck(NamedTuple):
    """What the form is told while somebody types. ``code`` is empty when the name is free."""

    name: str
    code: str = ""
    detail: str = ""
    suggestions: tuple[str, ...] = ()


def identify(session: SessionBase) -> Identity | None:
    """Who a session belongs to; None for a visitor without a name. Reads the database."""
    person_id = session.get(PERSON_KEY)
    if not person_id or not session.session_key:
        return None
    person = Person.objects.filter(id=person_id, ended_at=None).first()
    if person is None:
        return None
    last = session.get(CHANNEL_KEY) or ""
    since = int(person.created_at.timestamp() * 1000)
    return Identity(person.author, since, session.session_key, last)


async def identity_of(session: SessionBase) -> Identity | None:
    """``identify``, from the event loop: one visit to the database thread."""
    identity: Identity | None = await database_sync_to_async(identify)(session)
    return identity


def reserved_names(settings: conf.Settings) -> tuple[str, ...]:
    """Names that nobody gets: the site's own among them."""
    return (*settings.RESERVED_NAMES, settings.SITE_NAME)


async def check_name(runtime: Runtime, who: Identity | None, address: str, raw: str) -> NameCheck:
    """What choosing this name would answer now, with up to three free ones when it is taken.

    Raises ``RateLimited``.
    """
    _throttle_attempt(runtime, who, address)
    limits, settings = runtime.settings.LIMITS, runtime.settings
    try:
        judged = names.judge(raw, reserved=reserved_names(settings), max_graphemes=limits.name_graphemes)
    except InvalidName as error:
        return NameCheck(raw, error.code, error.detail)
    if who is not None and who.author.name == judged.name:
        return NameCheck(judged.name, "name_yours", "You already use that name.")
    own = "" if who is None else who.author.id
    if not await database_sync_to_async(_is_taken)(judged.keys, own):
        return NameCheck(judged.name)
    suggestions = await database_sync_to_async(free_names)(PersonNameKey, judged.name, settings)
    return NameCheck(judged.name, NameTaken.code, taken_words(judged.name), suggestions)


def taken_words(name: str) -> str:
    """The sentence for somebody who wants a taken name."""
    return f"“{name}” is taken."


def _throttle_attempt(runtime: Runtime, who: Identity | None, address: str) -> None:
    whose = who.session if who is not None else address
    runtime.throttle("name_attempt", whose, runtime.settings.LIMITS.name_attempt)


async def choose_name(
    runtime: Runtime, who: Identity | None, address: str, raw: str, session: SessionBase
) -> Author:
    """Give a visitor a name, or a person another one, and write it to their session.

    The same name again is no change. Raises ``InvalidName``, ``NameTaken``, ``RateLimited``.
    """
    limits, settings = runtime.settings.LIMITS, runtime.settings
    _throttle_attempt(runtime, who, address)
    judged = names.judge(raw, reserved=reserved_names(settings), max_graphemes=limits.name_graphemes)
    if who is not None and who.author.name == judged.name:
        return who.author
    kind, whose, rate = (
        ("name_new", address, limits.name_new) if who is None else ("rename", who.author.id, limits.rename)
    )
    runtime.throttle(kind, whose, rate)
    try:
        person: Person = await database_sync_to_async(_take_name)(who, judged, session)
    except NameTaken:
        runtime.forgive(kind, whose)
        raise
    if who is not None:
        await _tell_rename(runtime, person.author, who.author.name)
    return person.author


def _take_name(who: Identity | None, judged: names.JudgedName, session: SessionBase) -> Person:
    try:
        with transaction.atomic():
            if who is None:
                person = Person.objects.create(name=judged.name)
            else:
                person = Person.objects.select_for_update().get(id=who.author.id, ended_at=None)
                person.name = judged.name
                person.save(update_fields=["name"])
            _claim(person, judged)
    except (IntegrityError, Person.DoesNotExist):
        raise NameTaken(taken_words(judged.name)) from None
    session[PERSON_KEY] = person.id
    session[NAME_KEY] = person.name
    session.save()
    return person


def _claim(person: Person, judged: names.JudgedName) -> None:
    """Make the keys of this name the person's only ones. Whoever comes second gets IntegrityError."""
    held = PersonNameKey.objects.filter(key__in=judged.keys).select_related("owner")
    for claim in held.exclude(owner=person):
        if not _has_lapsed(claim.owner):
            raise NameTaken(taken_words(judged.name))
        release_name(claim.owner)
    replace_keys(PersonNameKey, person, judged.keys)


def replace_keys(model: type[NameKey], owner: Model, keys: Collection[str]) -> None:
    """Let an owner have exactly these keys. Raises ``IntegrityError`` if one is somebody else's."""
    claims: Any = model._default_manager
    mine = claims.filter(owner=owner)
    mine.exclude(key__in=keys).delete()
    new = set(keys) - set(mine.values_list("key", flat=True))
    claims.bulk_create([model(key=key, owner=owner) for key in sorted(new)])  # type: ignore[misc]


def _has_lapsed(person: Person) -> bool:
    """A guest whom nobody has seen for a month has left."""
    kept = timedelta(seconds=conf.get().TIMES.guest_kept)
    return person.user_id is None and person.seen_at < timezone.now() - kept


def release_name(person: Person) -> None:
    """The person has left: the name is free, what they wrote keeps it."""
    PersonNameKey.objects.filter(owner=person).delete()
    person.ended_at = timezone.now()
    person.save(update_fields=["ended_at"])


def _is_taken(keys: Collection[str], own: str) -> bool:
    held = PersonNameKey.objects.filter(key__in=keys).exclude(owner_id=own).select_related("owner")
    return any(not _has_lapsed(claim.owner) for claim in held)


def free_names(
    model: type[PersonNameKey] | type[ChannelNameKey], name: str, settings: conf.Settings
) -> tuple[str, ...]:
    """Up to three alternatives that are free now; all candidates are looked up in one query."""
    reserved: set[str] = set()
    for word in reserved_names(settings):
        reserved |= names.keys(word)
    candidates = [(one, names.keys(one)) for one in islice(names.suggestions(name), 4 * SUGGESTIONS)]
    wanted = {key for _, keys in candidates for key in keys}
    claims: Any = model._default_manager
    taken = set(claims.filter(key__in=wanted).values_list("key", flat=True)) | reserved
    return tuple(one for one, keys in candidates if not keys & taken)[:SUGGESTIONS]


async def _tell_rename(runtime: Runtime, author: Author, former: str) -> None:
    runtime.directory.rename(author.id, author.name)
    await runtime.relay.tell_processes({"renamed": author.id, "name": author.name})
    await runtime.relay.tell(
        author.id,
        text=encode(MeFrame(author)),
        notice={"name": author.name, "guest": author.guest},
    )
    await runtime.presence.rename(author, former)


async def log_out(runtime: Runtime, who: Identity | None, session: SessionBase) -> None:
    """End this session in all its tabs; a guest's name is free again."""
    await database_sync_to_async(_end_session)(who, session)
    if who is not None:
        notice = {"close": int(CloseCode.NO_IDENTITY), "left": who.author.guest}
        await runtime.relay.tell(who.author.id, session=who.session, notice=notice)


def _end_session(who: Identity | None, session: SessionBase) -> None:
    session.flush()
    if who is not None and who.author.guest:
        person = Person.objects.filter(id=who.author.id, ended_at=None).first()
        if person is not None:
            with transaction.atomic():
                release_name(person)


def session_store(session_key: str) -> SessionBase:
    """A session, not loaded yet, of whatever engine the host uses."""
    engine = import_module(django_settings.SESSION_ENGINE)
    store: SessionBase = engine.SessionStore(session_key)
    return store


def _remember_channel(session_key: str, slug: str) -> None:
    session = session_store(session_key)
    # A session that was ended meanwhile loads as an empty one: saving that would revive it.
    if PERSON_KEY in session and session.get(CHANNEL_KEY) != slug:
        session[CHANNEL_KEY] = slug
        try:
            session.save(must_create=False)
        except Exception as error:
            from django.contrib.sessions.backends.base import UpdateError

            if not isinstance(error, UpdateError):
                raise


async def remember_channel(session_key: str, slug: str) -> None:
    """Write the last channel to a session that was loaded fresh for it, and to nothing else."""
    await database_sync_to_async(_remember_channel)(session_key, slug)


class Standing(NamedTuple):
    """What the database says of open connections: people by id, and sessions that still exist."""

    people: dict[str, Author]
    sessions: set[str]


def _standing(people: Collection[str], session_keys: Collection[str]) -> Standing:
    authors: dict[str, Author] = {}
    for chunk in _chunks(people):
        found = Person.objects.filter(id__in=chunk, ended_at=None)
        authors.update({person.id: person.author for person in found})
        # Whoever is connected has been seen: a name must not lapse under its owner.
        stale = timezone.now() - timedelta(days=1)
        Person.objects.filter(id__in=chunk, seen_at__lt=stale).update(seen_at=timezone.now())
    return Standing(authors, _existing_sessions(session_keys))


def _existing_sessions(session_keys: Collection[str]) -> set[str]:
    engine: Any = import_module(django_settings.SESSION_ENGINE).SessionStore
    if not hasattr(engine, "get_model_class"):
        return {key for key in session_keys if engine(key).exists(key)}
    rows = engine.get_model_class().objects
    existing: set[str] = set()
    for chunk in _chunks(session_keys):
        found = rows.filter(session_key__in=chunk).values_list("session_key", flat=True)
        existing.update(found)
    return existing


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    ordered = iter(sorted(set(values)))
    while chunk := list(islice(ordered, QUERY_CHUNK)):
        yield chunk


async def standing(people: Collection[str], session_keys: Collection[str]) -> Standing:
    """Look up everybody who is connected: a query for the people, one for their sessions."""
    found: Standing = await database_sync_to_async(_standing)(people, session_keys)
    return found

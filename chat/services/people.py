"""What somebody is called: choosing a name, changing it, leaving.

The Person row is the truth for a name. Names change over HTTP only, in a request that has its own fresh
session.
"""

from collections.abc import Collection
from datetime import timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model
from django.utils import timezone

from chat import conf, names
from chat.database import in_database, is_away
from chat.domain import Author
from chat.errors import ChatError, Forbidden, InvalidName, NameTaken, Unavailable
from chat.models import ChannelNameKey, NameKey, Person, PersonNameKey
from chat.protocol import CloseCode, MeFrame, encode
from chat.services import directs
from chat.services.identity import NAME_KEY, PERSON_KEY, Identity, logged_in
from chat.services.runtime import Runtime

SUGGESTIONS: Final = 3

# The notice that ends connections. ``left``: the leaving is announced at once, without the grace of a reload.
LOGGED_OUT: Final = {"close": int(CloseCode.NO_IDENTITY), "left": True}

SESSION_ENDED: Final = "This session has ended. Load the page again."


class NameCheck(NamedTuple):
    """What the form is told while somebody types. ``code`` is empty when the name is free."""

    name: str
    code: str = ""
    detail: str = ""
    suggestions: tuple[str, ...] = ()


def reserved_names(settings: conf.Settings) -> tuple[str, ...]:
    """Names that nobody gets: the site's own among them."""
    return (*settings.RESERVED_NAMES, settings.SITE_NAME)


def judge_name(settings: conf.Settings, raw: str) -> names.JudgedName:
    """A person's or a channel's name as it will be, and its look-alike keys. Raises ``InvalidName``."""
    most = settings.LIMITS.name_graphemes
    return names.judge(raw, reserved=reserved_names(settings), max_graphemes=most)


async def check_name(runtime: Runtime, who: Identity | None, address: str, raw: str) -> NameCheck:
    """What choosing this name would answer now, with up to three free ones when it is taken.

    Raises ``RateLimited``.
    """
    await throttle_attempt(runtime, who, address)
    settings = runtime.settings
    try:
        judged = judge_name(settings, raw)
    except InvalidName as error:
        return NameCheck(raw, error.code, error.detail)
    if who is not None and who.author.name == judged.name:
        return NameCheck(judged.name, "name_yours", "You already use that name.")
    own = "" if who is None else who.author.id
    if not await in_database(_is_taken, judged.keys, own):
        return NameCheck(judged.name)
    suggestions = await in_database(free_names, PersonNameKey, judged.name, settings)
    return NameCheck(judged.name, NameTaken.code, taken_words(judged.name), suggestions)


def taken_words(name: str) -> str:
    """The sentence for somebody who wants a taken name."""
    return f"“{name}” is taken."


async def throttle_attempt(runtime: Runtime, who: Identity | None, address: str) -> None:
    """Count a question about a name, or a choice. Raises ``RateLimited``."""
    whose = who.session if who is not None else address
    await runtime.throttle("name_attempt", whose, runtime.settings.LIMITS.name_attempt)


async def choose_name(
    runtime: Runtime, who: Identity | None, address: str, raw: str, session: SessionBase
) -> Author:
    """Give a visitor a name, or a person another one, and write it to their session.

    The same name again is no change. Raises ``InvalidName``, ``NameTaken``, ``RateLimited``, and
    ``Forbidden`` when the session ended meanwhile (a logout in another tab), ``Unavailable``.
    """
    limits, settings = runtime.settings.LIMITS, runtime.settings
    await throttle_attempt(runtime, who, address)
    judged = judge_name(settings, raw)
    if who is not None and who.author.name == judged.name:
        return who.author
    kind, whose, rate = (
        ("name_new", address, limits.name_new) if who is None else ("rename", who.author.id, limits.rename)
    )
    await runtime.throttle(kind, whose, rate)
    try:
        person: Person = await in_database(_take_name, who, judged, session)
    except ChatError:
        await runtime.forgive(kind, whose)
        raise
    if who is not None:
        await tell_rename(runtime, person.author, who.author.name)
    return person.author


def _take_name(who: Identity | None, judged: names.JudgedName, session: SessionBase) -> Person:
    try:
        with transaction.atomic():
            if who is None:
                # A host's user comes without a person, and has one from now on.
                person = Person.objects.create(name=judged.name, user=logged_in(session))
            else:
                # Read now: one that ended would be saved as a new one, and undo the logout.
                if not _is_still_theirs(session, who):
                    raise Forbidden(SESSION_ENDED)
                person = Person.objects.select_for_update().get(id=who.author.id, ended_at=None)
                person.name = judged.name
                person.save(update_fields=["name"])
            claim_name(person, judged)
            session[PERSON_KEY] = person.id
            session[NAME_KEY] = person.name
            # Inside: a name whose session cannot be kept would belong to nobody.
            session.save()
    except IntegrityError:
        raise NameTaken(taken_words(judged.name)) from None
    except Person.DoesNotExist:
        raise Forbidden(SESSION_ENDED) from None
    except OperationalError as error:
        # The database went away, or two claims waited for each other. What was undone is not saved later.
        session.modified = False
        raise Unavailable("The name could not be kept. Try again.") from error
    except UpdateError as error:
        if is_away(error):
            session.modified = False
            raise
        session.flush()  # or the middleware would try to save it again
        raise Forbidden(SESSION_ENDED) from None
    return person


def _is_still_theirs(session: SessionBase, who: Identity) -> bool:
    if who.author.guest:
        return bool(session.get(PERSON_KEY) == who.author.id)
    user = logged_in(session)
    return user is not None and Person.objects.filter(id=who.author.id, user=user).exists()


def claim_name(person: Person, judged: names.JudgedName) -> None:
    """Make the keys of this name the person's only ones. Whoever comes second gets IntegrityError."""
    held = PersonNameKey.objects.filter(key__in=judged.keys).select_related("owner").order_by("key")
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


async def tell_rename(runtime: Runtime, author: Author, former: str, **news: Any) -> None:
    """Tell everybody what somebody is called now, and their connections this news too.

    Only after it is committed. What cannot be told does not fail: the name is theirs already.
    """
    runtime.directory.rename(author.id, author.name)
    await runtime.relay.tell_processes({"renamed": author.id, "name": author.name})
    await runtime.relay.tell(
        author.id,
        text=encode(MeFrame(author)),
        notice={"name": author.name, "guest": author.guest, **news},
    )
    try:
        await runtime.presence.rename(author, former)
        if not author.guest:
            await directs.tell_renamed(runtime, author.id)
    except Unavailable:
        runtime.counters["renames_untold"] += 1


async def log_out(runtime: Runtime, who: Identity | None, session: SessionBase) -> None:
    """End this session in all its tabs; a guest's name is free again."""
    await in_database(_end_session, who, session)
    if who is not None:
        notice = {**LOGGED_OUT, "left": who.author.guest}
        await runtime.relay.tell(who.author.id, session=who.session, notice=notice)


def _end_session(who: Identity | None, session: SessionBase) -> None:
    session.flush()
    if who is not None and who.author.guest:
        with transaction.atomic():
            # Read now: who registered meanwhile is an account, and keeps the name.
            guests = Person.objects.select_for_update().filter(user=None, ended_at=None)
            person = guests.filter(id=who.author.id).first()
            if person is not None:
                release_name(person)

"""Accounts, on ``django.contrib.auth``: registering, logging in, another password, and what each ends.

A person with a user is an account. People log in with the name they have now: the Person row is the truth,
and the user's own name (``USERNAME_FIELD``) is the person's id, which never changes and is in nobody's way.
A user of the host's, whom this app has not made, logs in with the name the host knows.

What ends or goes on when somebody logs in hangs on Django's signal, so that the host's own login page and
the admin's do the same as ours.
"""

import logging
from typing import Any, NamedTuple

from django.conf import settings as django_settings
from django.contrib.auth import (
    authenticate,
    get_user_model,
    load_backend,
    login,
    update_session_auth_hash,
)
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from chat import names
from chat.database import in_database
from chat.domain import Author
from chat.errors import ChatError, Forbidden, NameTaken, Unavailable
from chat.models import Person, PersonNameKey, new_person_id
from chat.services import people
from chat.services.identity import NAME_KEY, PERSON_KEY, Identity, session_name
from chat.services.runtime import Runtime
from chat.services.seal import sealed
from chat.services.threads import when_committed

logger = logging.getLogger(__name__)


# --- registering -----------------------------------------------------------------------------------


async def register(
    runtime: Runtime, who: Identity | None, address: str, request: HttpRequest, raw: str, password: str
) -> Author:
    """Make an account of a guest, in place, or of a visitor; the session is logged in.

    A guest keeps id, connections and what was written; the name may be another one. ``password`` has passed
    Django's validators. Raises ``InvalidName``, ``NameTaken``, ``RateLimited``, and ``Forbidden`` when the
    session ended meanwhile, or is an account already, ``Unavailable``.
    """
    await people.throttle_attempt(runtime, who, address)
    judged = people.judge_name(runtime.settings, raw)
    await runtime.throttle("name_new", address, runtime.settings.LIMITS.name_new)
    try:
        person: Person = await in_database(_register, who, judged, password, request)
    except ChatError:
        await runtime.forgive("name_new", address)
        raise
    return person.author


def _register(who: Identity | None, judged: names.JudgedName, password: str, request: HttpRequest) -> Person:
    model = get_user_model()
    person_id = new_person_id() if who is None else who.author.id
    user = model(**{model.USERNAME_FIELD: person_id})
    user.set_password(password)  # takes its time: before the transaction, which others wait for
    try:
        with transaction.atomic():
            guest = None if who is None else _guest_who_registers(who, judged.name, request.session)
            user.save()
            person = guest or Person.objects.create(id=person_id, name=judged.name, user=user)
            people.claim_name(person, judged)
            login(request, user, backend=_backend_of(user))
    except IntegrityError:
        raise NameTaken(people.taken_words(judged.name)) from None
    person.refresh_from_db()
    logger.info("%s is an account now.", person.pk)
    return person


def _guest_who_registers(who: Identity, name: str, session: SessionBase) -> Person:
    """Stays a guest until the login, which makes the account and tells the connections."""
    # Read now: a session that ended would be saved as a new one, and undo the logout.
    guest = _guest_of(session)
    if guest is None or guest.pk != who.author.id:
        raise Forbidden(people.SESSION_ENDED)
    if guest.name != name:
        former, guest.name = guest.name, name
        guest.save(update_fields=["name"])
        _tell_renamed_later(guest.author, former)
    return guest


def _backend_of(user: Any) -> str:
    """The first of the host's backends that knows the account again."""
    backends = django_settings.AUTHENTICATION_BACKENDS
    return next((path for path in backends if load_backend(path).get_user(user.pk) == user), backends[0])


# --- logging in ------------------------------------------------------------------------------------


class _Login(NamedTuple):
    """The backends are asked for ``usernames`` in turn; attempts are counted under ``bucket``."""

    usernames: tuple[str, ...]
    bucket: str


async def log_in(
    runtime: Runtime, who: Identity | None, address: str, request: HttpRequest, name: str, password: str
) -> bool:
    """Log this session in; False when name and password do not go together, for whatever reason.

    An attempt is counted before the password is looked at: by address and name, and by address. The answer
    takes one look at a password, whether there is such a name or not (two, if staff have it as their
    username and somebody else here as their name). Raises ``RateLimited``, ``Unavailable``.
    """
    limits = runtime.settings.LIMITS
    await runtime.throttle("login_address", address, limits.name_attempt)
    known: _Login = await in_database(_login, name)
    await runtime.throttle("login", (address, known.bucket), limits.login)
    try:
        fits = await in_database(_log_in, request, known.usernames, password)
    except Unavailable:
        await runtime.forgive("login", (address, known.bucket))
        raise
    if not fits:
        return False
    await runtime.forgive("login", (address, known.bucket))
    if who is not None and not who.author.guest:
        await _end_former(runtime, who, request.session)
    return True


def _login(name: str) -> _Login:
    """A name is two to the eye at most ("Ian" is "ian" and "lan"); if both are accounts, the one spelt so."""
    for spelling in (name, name.casefold()):
        keys = names.keys(spelling)
        held = PersonNameKey.objects.filter(key__in=keys, owner__user__isnull=False, owner__ended_at=None)
        found: set[Any] = {claim.owner.user for claim in held.select_related("owner__user")}
        if len(found) == 1:
            username: str = found.pop().get_username()
            return _Login((*_staff_called(name), username), min(names.keys(username)))
    return _Login((name,), min(names.keys(name)))


def _staff_called(username: str) -> tuple[str, ...]:
    """Staff who are nobody here have only their username, which is anybody's to take as a name."""
    model = get_user_model()
    user = model._default_manager.filter(**{model.USERNAME_FIELD: username}, chat_person=None).first()
    return (username,) if getattr(user, "is_staff", False) else ()


def _log_in(request: HttpRequest, usernames: tuple[str, ...], password: str) -> bool:
    tried = (authenticate(request, username=one, password=password) for one in usernames)
    user = next((one for one in tried if one is not None), None)
    if user is None:
        return False
    with transaction.atomic():
        login(request, user)
    return True


async def _end_former(runtime: Runtime, who: Identity, session: SessionBase) -> None:
    """An account that logs in as another one leaves the session it had."""
    if session.session_key != who.session_key:
        await runtime.relay.tell(who.author.id, session=who.session, notice=people.LOGGED_OUT)


def settle(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Somebody has logged in, here or at the host's: who are they in the chat from now on?

    A user who is somebody here is that person, and the guest of this session has left. A user who is nobody
    yet becomes the account of the guest, in place; without a guest they choose a name at the first visit.
    Receiver of ``user_logged_in``.
    """
    session: SessionBase | None = getattr(request, "session", None)
    if session is None:
        return
    with transaction.atomic():
        guest = _guest_of(session)
        person = Person.objects.filter(user=user, ended_at=None).first()
        if person is not None:
            if guest is not None:
                people.release_name(guest)
                _tell_later(guest.pk, people.LOGGED_OUT)
        elif guest is not None:
            person = guest
            person.user = user
            person.save(update_fields=["user"])
        elif PERSON_KEY not in session:
            return
        _write_person(session, person)
        if person is not None and guest is person:
            _tell_moved_later(person, session)


def _guest_of(session: SessionBase) -> Person | None:
    guests = Person.objects.select_for_update().filter(user=None, ended_at=None)
    return guests.filter(pk=session.get(PERSON_KEY) or "").first()


def _write_person(session: SessionBase, person: Person | None) -> None:
    """Saved at once, not at the end of the request: connections ask for this session before that."""
    if person is None:
        session.pop(PERSON_KEY, None)
        session.pop(NAME_KEY, None)
    else:
        session[PERSON_KEY] = person.pk
        session[NAME_KEY] = person.name
    session.save()


def _tell_moved_later(person: Person, session: SessionBase) -> None:
    moved = {"from": "", "to": sealed(session.session_key or "")}
    staff = bool(getattr(person.user, "is_staff", False))
    _tell_renamed_later(person.author, person.name, moved=moved, staff=staff)


def _tell_renamed_later(author: Author, former: str, **news: Any) -> None:
    async def tell(runtime: Runtime) -> None:
        await people.tell_rename(runtime, author, former, **news)

    when_committed(tell)


def _tell_later(person_id: str, notice: dict[str, Any]) -> None:
    async def tell(runtime: Runtime) -> None:
        await runtime.relay.tell(person_id, notice=notice)

    when_committed(tell)


# --- another password, and the end of an account -----------------------------------------------------


async def change_password(
    runtime: Runtime, who: Identity | None, request: HttpRequest, user: Any, present: str, new: str
) -> bool:
    """Give an account another password and end all its other sessions; False if ``present`` is not the one.

    ``new`` has passed Django's validators. Attempts are counted as those to log in are, for the account.
    Raises ``RateLimited``, ``Unavailable``.
    """
    await runtime.throttle("password", user.pk, runtime.settings.LIMITS.login)
    try:
        fits = await in_database(_change_password, request, user, present, new)
    except Unavailable:
        await runtime.forgive("password", user.pk)
        raise
    if not fits:
        return False
    await runtime.forgive("password", user.pk)
    if who is not None:
        await _end_others(runtime, who, request.session.session_key or "")
    return True


def _change_password(request: HttpRequest, user: Any, present: str, new: str) -> bool:
    if not user.check_password(present):
        return False
    user.set_password(new)
    request.user = user  # looked up only now, it would find the old hash in the session, and end that
    with transaction.atomic():
        user.save(update_fields=["password"])
        update_session_auth_hash(request, user)
        request.session.save()
    return True


async def _end_others(runtime: Runtime, who: Identity, session_key: str) -> None:
    moved = {"from": who.session, "to": sealed(session_key)}
    notice = {**people.LOGGED_OUT, "left": False, "moved": moved, "spare": session_name(session_key)}
    await runtime.relay.tell(who.author.id, notice=notice)


def close_deactivated(sender: Any, instance: Any, raw: bool = False, **_: Any) -> None:
    """A user was saved: one who is not active any more leaves at once. Receiver of ``post_save``."""
    if raw or getattr(instance, "is_active", True):
        return
    for person_id in Person.objects.filter(user=instance).values_list("pk", flat=True):
        _tell_later(person_id, people.LOGGED_OUT)

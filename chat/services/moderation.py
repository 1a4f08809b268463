"""What staff do to rooms and people, from the admin.

Whether somebody may is asked by whoever calls: the admin asks Django's permissions. ``by`` is the name of
the account that does it, for the log.

What changes the database is called in a worker thread (Django's admin is sync).
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib.auth import SESSION_KEY
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import conf, names
from chat.domain import Head, Page, RoomKind, channel_room, split_room
from chat.errors import Forbidden, NameTaken, NotFound
from chat.models import Channel, Person
from chat.protocol import PAGE
from chat.services import channels, identity, people
from chat.services.defaults import default_slug
from chat.services.identity import CHANNEL_KEY, PERSON_KEY
from chat.services.runtime import Runtime
from chat.services.threads import in_chat, when_committed
from chat.text import clean_line

logger = logging.getLogger(__name__)

# A session says whose it is, a person does not know their sessions: so many are looked through, newest first.
SESSIONS_LOOKED_AT: Final = 10_000


# --- rooms -----------------------------------------------------------------------------------------


class Overview(NamedTuple):
    """What this process knows of a room. ``active_at``: its last event in Unix ms, None without one."""

    held: int
    here: int
    active_at: int | None


async def overview(runtime: Runtime, rooms: Iterable[str]) -> dict[str, Overview]:
    """Messages held (not those taken away), people here and the last event of each room."""
    rooms = list(rooms)
    active = await runtime.store.active_at(rooms)
    found = {}
    for room in rooms:
        held = (await runtime.store.latest(room, runtime.settings.LIMITS.kept)).page.messages
        here = (await runtime.presence.present(room, 0)).count
        found[room] = Overview(sum(not one.deleted for one in held), here, active.get(room))
    return found


class Held(NamedTuple):
    """Messages of a room, oldest first, and what those authors are called now who changed their name."""

    page: Page
    names: dict[str, str]


async def held_messages(runtime: Runtime, room: str, before: int | None = None) -> Held:
    """The newest hundred messages (with a number below ``before``), those taken away among them."""
    if before is None:
        page = (await runtime.store.latest(room, PAGE)).page
    else:
        page = await runtime.store.before(room, before, PAGE)
    present = await runtime.directory.present_names({one.author.id for one in page.messages})
    sent_as = {(one.author.id, one.author.name) for one in page.messages}
    renamed = {person: present[person] for person, name in sent_as if present.get(person, name) != name}
    return Held(page, renamed)


async def remove_message(runtime: Runtime, by: str, room: str, message_id: str) -> None:
    """Take anybody's message away, for everybody and at once; in an archived channel too.

    Raises ``NotFound`` when it is not held, or was taken away already.
    """
    message = await runtime.store.get(room, message_id)
    removed = await runtime.store.delete(room, message_id)
    runtime.files.gone([message])
    runtime.relay.publish(room, removed.epoch, removed.event)
    logger.info("%s removed the message %s of %s.", by, message_id, room)


async def clear_room(runtime: Runtime, by: str, room: str) -> None:
    """Drop all messages of a room. Who is in it sees it empty at once, in other lists its badge goes."""
    head = await runtime.store.clear(room)
    runtime.files.cleared_room(room, head.epoch)
    await runtime.relay.reset(room, head.epoch)
    runtime.news[room] = Head(head.epoch, head.seq, head.n)
    logger.info("%s cleared %s.", by, room)


def make_channel(by: str, maker: Person | None, name: str, topic: str) -> Channel:
    """As ``channels.create_channel``, without its rates. Called in a worker thread.

    Raises ``InvalidName``, ``NameTaken``, ``TooLong``, ``Invalid``, ``Unavailable``.
    """
    settings = conf.get()
    judged = people.judge_name(settings, name)
    topic = clean_line(topic, limit=settings.LIMITS.topic_characters)
    channel = channels.make(judged, topic, None if maker is None else maker.pk, settings.LIMITS.channels)
    when_committed(lambda runtime: channels.tell_changed(runtime, channel))
    logger.info("%s made %s.", by, channel.room)
    return channel


def change_channel(by: str, room: str, *, name: str | None = None, topic: str | None = None) -> Channel:
    """Rename a channel, or give it another topic; what is None stays. Called in a worker thread.

    Raises ``InvalidName``, ``NameTaken``, ``TooLong``, ``Invalid``, ``NotFound``.
    """
    settings = conf.get()
    judged = None if name is None else people.judge_name(settings, name)
    if topic is not None:
        topic = clean_line(topic, limit=settings.LIMITS.topic_characters)
    return _change(by, room, judged, topic, None)


def archive_channel(by: str, room: str, archived: bool = True) -> Channel:
    """Close a channel for writing, or open it again. Twice is harmless. Called in a worker thread.

    Raises ``Forbidden`` for the channel that everybody enters first, ``NotFound``.
    """
    if archived and room == channel_room(default_slug()):
        raise Forbidden("Everybody enters this channel first: it stays open.")
    return _change(by, room, None, None, archived)


def _change(
    by: str, room: str, judged: names.JudgedName | None, topic: str | None, archived: bool | None
) -> Channel:
    channel = channels.change(split_room(room)[1], judged, topic, archived)
    when_committed(lambda runtime: channels.tell_changed(runtime, channel))
    logger.info("%s changed %s.", by, room)
    return channel


def check_channel_name(name: str, own: int | None) -> str:
    """The name as it would be kept. ``own`` is the channel that is renamed.

    Raises ``InvalidName``, ``NameTaken``.
    """
    judged = people.judge_name(conf.get(), name)
    if own is not None and Channel.objects.filter(pk=own, private=True).exists():
        return judged.name
    others = Channel.objects.all() if own is None else Channel.objects.exclude(pk=own)
    if others.filter(name_keys__key__in=judged.keys).exists():
        raise NameTaken(people.taken_words(judged.name))
    return judged.name


# --- people ----------------------------------------------------------------------------------------


def rename_person(by: str, person_id: str, name: str) -> Person:
    """Give somebody another name, in all their tabs and everybody's lists. Called in a worker thread.

    Raises ``InvalidName``, ``NameTaken``, ``NotFound`` (also for a guest who left).
    """
    judged = people.judge_name(conf.get(), name)
    try:
        with transaction.atomic():
            person = Person.objects.select_for_update().filter(pk=person_id, ended_at=None).first()
            if person is None:
                raise NotFound("This person has left.")
            former, person.name = person.name, judged.name
            person.save(update_fields=["name"])
            people.claim_name(person, judged)
    except IntegrityError:
        raise NameTaken(people.taken_words(judged.name)) from None
    author = person.author
    if former != author.name:
        when_committed(lambda runtime: people.tell_rename(runtime, author, former))
        logger.info("%s renamed the person %s.", by, person_id)
    return person


class Place(NamedTuple):
    """An open connection of a person to this process. ``room`` is ``direct`` for any personal chat."""

    session: str
    room: str | None


async def connected(runtime: Runtime) -> dict[str, list[Place]]:
    """Everybody who is connected to this process, by id, with all their connections."""
    found: dict[str, list[Place]] = {}
    for member in runtime.relay.members():
        found.setdefault(member.person, []).append(Place(member.session, _shown(member.room)))
    return found


def _shown(room: str | None) -> str | None:
    """Not which personal chat: on two people's pages that would say who talks with whom."""
    kind = None if room is None else split_room(room)[0]
    return kind if kind == RoomKind.DIRECT else room


class SessionState(NamedTuple):
    """A session of a person. ``name`` is its name in the log, from which the key cannot be had."""

    name: str
    key: str
    expires: datetime
    last_channel: str


class Sessions(NamedTuple):
    """The sessions of a person that were found; ``complete`` is False when there may be others."""

    found: list[SessionState]
    complete: bool


def sessions_of(person_id: str) -> Sessions:
    """Look for a person's sessions, where sessions are rows of the database. Called in a worker thread."""
    store: Any = identity.session_store("")
    if not hasattr(store, "get_model_class"):
        return Sessions([], complete=False)
    living = store.get_model_class().objects.filter(expire_date__gt=timezone.now())
    rows = living.order_by("-expire_date").values_list("session_key", "session_data", "expire_date")
    user = Person.objects.filter(pk=person_id).values_list("user", flat=True).first()
    found, looked_at = [], 0
    for key, data, expires in rows[:SESSIONS_LOOKED_AT].iterator():
        looked_at += 1
        content = store.decode(data)
        # A user of the host's may have logged in before there was a person.
        logged_in = user is not None and content.get(SESSION_KEY) == str(user)
        if logged_in or content.get(PERSON_KEY) == person_id:
            last = content.get(CHANNEL_KEY) or ""
            found.append(SessionState(identity.session_name(key), key, expires, last))
    return Sessions(found, complete=looked_at < SESSIONS_LOOKED_AT)


def end_sessions(by: str, person_id: str) -> None:
    """Log somebody out everywhere; a guest's name is free then. Called in a worker thread.

    A guest is out for certain, since the guest ends. Of an account, what ``sessions_of`` finds and what is
    connected. Raises ``NotFound`` for who has left already.
    """
    keys = {one.key for one in sessions_of(person_id).found}
    keys |= in_chat(lambda runtime: _session_keys(runtime, person_id))
    with transaction.atomic():
        person = Person.objects.select_for_update().filter(pk=person_id, ended_at=None).first()
        if person is None:
            raise NotFound("This person has left.")
        for key in keys:
            identity.session_store(key).delete()
        if person.user_id is None:
            people.release_name(person)
    when_committed(lambda runtime: runtime.relay.tell(person_id, notice=people.LOGGED_OUT))
    logger.info("%s ended the sessions of the person %s.", by, person_id)


async def _session_keys(runtime: Runtime, person_id: str) -> set[str]:
    return {one.session_key for one in runtime.live.values() if one.author.id == person_id}

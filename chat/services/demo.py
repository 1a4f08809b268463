"""A conversation to look at: the channels of a school's robotics team, as they might be on some evening.

``demo.json`` has the words. It goes through the store like everything else, with times in the past: lines
of earlier days have a time of day, those of today say how many minutes ago they were.
"""

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5
from weakref import WeakKeyDictionary

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from msgspec import UNSET, Struct

from chat import conf, names
from chat.database import in_database
from chat.domain import Author, Draft, Message, Quote
from chat.errors import NameTaken
from chat.models import Channel, Person, PersonNameKey
from chat.services import channels, people
from chat.services.defaults import default_slug
from chat.services.runtime import Runtime
from chat.stores.base import Appended
from chat.text import excerpt

SCRIPT: Final = Path(__file__).with_name("demo.json")
MINUTE: Final = 60_000


class Extras(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a line. ``id`` is for ``answers``; ``reactions`` are names by emoji."""

    id: str = ""
    answers: str = ""
    edit: str = ""
    deleted: bool = False
    reactions: dict[str, str] = {}


class Line(Struct, frozen=True, array_like=True):
    at: str
    by: str
    body: str
    extras: Extras = Extras()


class Room(Struct, frozen=True, forbid_unknown_fields=True):
    """``days``: how many days ago, and its lines. Without a maker it is the default channel."""

    name: str
    maker: str
    days: list[tuple[int, list[Line]]]
    topic: str = ""


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    people: list[str]
    channels: list[Room]


def script() -> Script:
    """The words."""
    return msgspec.json.decode(SCRIPT.read_bytes(), type=Script)


# The team talks once in each process, however many come at once.
_filling: WeakKeyDictionary[Runtime, asyncio.Task[object]] = WeakKeyDictionary()


async def filled(runtime: Runtime) -> None:
    """Wait until the team has talked; begin if nobody has. What goes wrong is logged, and no more."""
    filling = _filling.get(runtime)
    if filling is None:
        filling = _filling[runtime] = runtime.spawn(fill(runtime))
    await asyncio.wait([filling])


async def fill(runtime: Runtime) -> None:
    """Let the team have talked. A room in which anything was said stays as it is, so twice is harmless."""
    play = script()
    cast = await in_database(_cast, play)
    for room in play.channels:
        address = await in_database(_channel, room, cast)
        runtime.directory.remember(await in_database(Channel.objects.get, slug=address))
        name = f"channel:{address}"
        if not (await runtime.store.heads([name]))[name].seq:
            await _Stage(runtime, name, cast).play(room)


def _cast(play: Script) -> dict[str, Author]:
    """The people, with the same ids on every start. Who finds the name taken gets a free one like it."""
    return {name: _person(name) for name in play.people}


def _person(name: str) -> Author:
    free = people.free_names(PersonNameKey, name, conf.get())
    for candidate in (name, *free):
        try:
            with transaction.atomic():
                person, _ = Person.objects.update_or_create(
                    id=f"demo-{name.lower()}",
                    defaults={"name": candidate, "ended_at": None, "seen_at": timezone.now()},
                )
                people.claim_name(person, names.judge(candidate))
        except (NameTaken, IntegrityError):
            continue
        return person.author
    raise NameTaken(people.taken_words(name))


def _channel(room: Room, cast: dict[str, Author]) -> str:
    """The slug of the channel, which is made if there is none of this name."""
    if not room.maker:
        channels.ensure_default_channel()
        return default_slug()
    judged = people.judge_name(conf.get(), room.name)
    existing = Channel.objects.filter(name_keys__key__in=judged.keys).first()
    if existing is not None:
        return existing.slug
    most = conf.get().LIMITS.channels
    return channels.make(judged, room.topic, cast[room.maker].id, most).slug


class _Stage:
    """One room while its conversation is played."""

    def __init__(self, runtime: Runtime, room: str, cast: dict[str, Author]) -> None:
        self._store = runtime.store
        self._now = runtime.now_ms()
        self._room = room
        self._cast = cast
        self._said: dict[str, Message] = {}
        self._last = 0

    async def play(self, room: Room) -> None:
        number = 0
        for ago, lines in room.days:
            for line in lines:
                number += 1
                stored = await self._say(self._time(ago, line.at), line, number)
                if not stored.duplicate:  # in a store that lasts it was played before
                    await self._go_on(stored.message, line.extras)

    def _time(self, ago: int, at: str) -> int:
        """Unix ms. Never before the line above it, whatever time of day it is now."""
        if ago:
            day = timezone.localdate(_moment(self._now)) - timedelta(days=ago)
            said = datetime.combine(day, time.fromisoformat(at), tzinfo=timezone.get_current_timezone())
            ts = int(said.timestamp() * 1000)
        else:
            ts = self._now - int(at) * MINUTE
        self._last = max(ts, self._last + 1000)
        return self._last

    async def _say(self, ts: int, line: Line, number: int) -> Appended:
        extras = line.extras
        answered = self._said[extras.answers] if extras.answers else None
        quote = Quote(answered.id, answered.author, excerpt(answered.body)) if answered else UNSET
        cid = str(uuid5(NAMESPACE_URL, f"{self._room}#{number}"))
        draft = Draft(self._cast[line.by], cid, line.body, ts, quote)
        stored = await self._store.append(self._room, draft)
        if extras.id:
            self._said[extras.id] = stored.message
        return stored

    async def _go_on(self, message: Message, extras: Extras) -> None:
        """What became of it."""
        if extras.edit:
            await self._store.edit(self._room, message.id, extras.edit, message.ts + MINUTE)
        if extras.deleted:
            await self._store.delete(self._room, message.id)
        for emoji, reactors in extras.reactions.items():
            for name in reactors.split():
                await self._store.react(self._room, message.id, self._cast[name].id, emoji, True)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=timezone.get_current_timezone())

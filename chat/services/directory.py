"""What a process remembers of the database, so that a public message does not need it.

Channels, who belongs to private ones, whose a personal chat is, and the present names of people who have
spoken. All follow the notices of other processes, and the sweep looks after them in case a notice was lost.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from django.db.models import Count, Max

from chat.database import in_database
from chat.domain import Author, RoomKind, split_room
from chat.models import Channel, ChannelMember, DirectChat, Person
from chat.protocol import ChannelInfo

NAMES_KEPT: Final = 20_000
PAIRS_KEPT: Final = 20_000
# Private channels whose members are remembered.
MEMBERS_KEPT: Final = 2_000

# Within SQLite's limit of variables in one query.
QUERY_CHUNK: Final = 500

T = TypeVar("T")

# Slugs and ids of chats. An address comes from anywhere, and PostgreSQL refuses to look for a NUL.
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Asked of each room of each list: an enumeration's member is an attribute of its class, and looked up anew.
_DIRECT: Final = RoomKind.DIRECT.value
_ALL: Final = Channel.Keeps.ALL.value

NEVER: Final = datetime.min.replace(tzinfo=UTC)

# How many channels there are, and when one last changed.
_State = tuple[int, datetime | None]


class Known(NamedTuple):
    """A room: what those who may see it see of it, and what only the services need."""

    info: ChannelInfo
    maker: str | None
    created_ms: int
    changed_at: datetime = NEVER


class Pair(NamedTuple):
    """Whose a personal chat is: twice the same person where it is their notes. It never changes."""

    first: str
    second: str
    created_ms: int

    def other(self, person: str) -> str:
        return self.second if person == self.first else self.first


class Membership(NamedTuple):
    """``number`` rises: who was removed and invited again has another one. 0 where nobody is ever removed."""

    number: int
    guest: bool


# The members of a private channel by id.
Members = Mapping[str, Membership]


def _known(channel: Channel) -> Known:
    created_ms = int(channel.created_at.timestamp() * 1000)
    return Known(channel.info, channel.maker_id, created_ms, channel.changed_at)


def _hold(channels: dict[str, Known], known: Known) -> None:
    held = channels.get(known.info.slug)
    if held is None or held.changed_at <= known.changed_at:
        channels[known.info.slug] = known


class Directory:
    """See the module."""

    def __init__(self) -> None:
        self._channels: dict[str, Known] | None = None
        self._state: _State = (0, None)
        self._reading = asyncio.Lock()
        self._told: dict[str, Known] = {}  # channels that were told of since all were read last
        self._names: OrderedDict[str, str] = OrderedDict()
        self._pairs: OrderedDict[str, Pair] = OrderedDict()
        self._members: OrderedDict[str, Members] = OrderedDict()
        self._memberships = 0  # how often a membership was told to have changed
        self.names_version = 0

    async def channels(self) -> dict[str, Known]:
        """All channels by slug."""
        if self._channels is None:
            async with self._reading:  # hundreds come at once after a restart: one reads
                if self._channels is None:
                    return await self._read_all()
        return self._channels

    async def find(self, room: str) -> Known | None:
        """The channel of a room, or None. Asks the database only for what it has not seen."""
        kind, slug = split_room(room)
        if kind != RoomKind.CHANNEL or not _KEY.fullmatch(slug):
            return None
        known = (await self.channels()).get(slug)
        return known or await self.reload(slug)

    async def lasts(self, room: str) -> bool:
        """Whether the room keeps every message."""
        return _lasts(room, await self.channels())

    async def lasting(self, rooms: Iterable[str]) -> set[str]:
        """Those of the rooms that keep every message."""
        channels = await self.channels()
        return {room for room in rooms if _lasts(room, channels)}

    async def lasts_now(self, room: str) -> bool:
        """As ``lasts``, from the database: what is remembered here was wrong."""
        kind, slug = split_room(room)
        if kind == RoomKind.CHANNEL:
            await self.reload(slug)
        return await self.lasts(room)

    async def pair(self, chat: str) -> Pair | None:
        """Whose the personal chat with this id is; None if there is none."""
        pair = self._pairs.get(chat)
        if pair is None:
            if not _KEY.fullmatch(chat):
                return None
            found = await in_database(DirectChat.objects.filter(pk=chat).first)
            if found is None:
                return None
            pair = self.remember_chat(found)
        return pair

    def remember_chat(self, chat: DirectChat) -> Pair:
        """A personal chat that was read, or made."""
        pair = Pair(chat.first_id, chat.second_id, int(chat.created_at.timestamp() * 1000))
        _keep(self._pairs, chat.id, pair, PAIRS_KEPT)
        return pair

    async def members(self, slug: str) -> Members:
        """Who belongs to a private channel."""
        known = self._members.get(slug)
        while known is None:
            memberships = self._memberships
            found = (await in_database(_read_members, [slug])).get(slug, {})
            # What was told meanwhile may not be in what was read.
            if memberships == self._memberships:
                known = found
                _keep(self._members, slug, known, MEMBERS_KEPT)
        return known

    def forget_members(self, slug: str) -> None:
        """Somebody was invited or removed: who asks next reads it again."""
        self._memberships += 1
        self._members.pop(slug, None)

    async def refresh_members(self) -> None:
        """Read again who belongs to the private channels that are remembered here."""
        memberships, slugs = self._memberships, list(self._members)
        if not slugs:
            return
        found = await in_database(_read_members, slugs)
        if memberships == self._memberships:
            self._members.update((slug, found.get(slug, {})) for slug in slugs if slug in self._members)

    async def belonging(self, room: str) -> Members | None:
        """Who belongs to a room that is not everybody's; None where everybody does."""
        kind, key = split_room(room)
        if kind == RoomKind.DIRECT:
            pair = await self.pair(key)
            return (
                {} if pair is None else dict.fromkeys((pair.first, pair.second), Membership(0, guest=False))
            )
        known = await self.find(room)
        if known is None:
            return {}
        return await self.members(key) if known.info.private else None

    async def authors(self, members: Members) -> tuple[Author, ...]:
        """These people as others see them now; who has no name any more is left out."""
        names = await self.present_names(members)
        return tuple(Author(one, names[one], its.guest) for one, its in members.items() if one in names)

    async def reload(self, slug: str) -> Known | None:
        """Read one channel again."""
        channel = await in_database(Channel.objects.filter(slug=slug).first)
        channels = await self.channels()
        if channel is None:
            channels.pop(slug, None)
            return None
        self.remember(channel)
        return channels[slug]

    def remember(self, channel: Channel) -> None:
        """This is how the channel is, or was: a row that was read before another change is older news."""
        known = self._told[channel.slug] = _known(channel)
        if self._channels is not None:
            _hold(self._channels, known)

    async def refresh(self) -> dict[str, Known]:
        """Read all channels again if any has changed; one cheap query if not."""
        async with self._reading:
            return await self._read_all()

    async def _read_all(self) -> dict[str, Known]:
        self._told = {}
        channels, self._state = await in_database(_read_channels, self._channels, self._state)
        for known in self._told.values():  # meanwhile: what was read may be older
            _hold(channels, known)
        self._channels = channels
        return channels

    def rename(self, person: str, name: str) -> None:
        """A person is called this now."""
        self.names_version += 1
        self._keep(person, name)

    def _keep(self, person: str, name: str) -> None:
        _keep(self._names, person, name, NAMES_KEPT)

    def know(self, person: str, name: str) -> None:
        """As ``rename``, from a source that is not news: what was unknown changes nobody's view."""
        former = self._names.get(person)
        if former is None:
            self._keep(person, name)
        elif former != name:
            self.rename(person, name)

    async def present_names(self, people: Iterable[str]) -> dict[str, str]:
        """The present names of these people; of those who are gone, none."""
        people = set(people)
        # Not a difference of sets: that would walk all the names there are.
        missing = {person for person in people if person not in self._names}
        if missing:
            for person, name in await in_database(_read_names, missing):
                if person not in self._names:  # what was told meanwhile is newer than what was read
                    self._keep(person, name)
        return {person: self._names[person] for person in people if person in self._names}


def _lasts(room: str, channels: Mapping[str, Known]) -> bool:
    kind, key = split_room(room)
    if kind == _DIRECT:
        return True
    known = channels.get(key)
    return known is not None and known.info.keeps == _ALL


def _keep(kept: OrderedDict[str, T], key: str, value: T, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


def _read_members(slugs: list[str]) -> dict[str, dict[str, Membership]]:
    found: dict[str, dict[str, Membership]] = {}
    for start in range(0, len(slugs), QUERY_CHUNK):
        rows = ChannelMember.objects.filter(channel__slug__in=slugs[start : start + QUERY_CHUNK])
        for slug, person, number, user in rows.order_by("pk").values_list(
            "channel__slug", "person_id", "pk", "person__user_id"
        ):
            found.setdefault(slug, {})[person] = Membership(number, guest=user is None)
    return found


def _read_names(people: set[str]) -> list[tuple[str, str]]:
    return list(Person.objects.filter(id__in=people).values_list("id", "name"))


def _read_channels(channels: dict[str, Known] | None, state: _State) -> tuple[dict[str, Known], _State]:
    summary = Channel.objects.aggregate(count=Count("id"), changed=Max("changed_at"))
    now = (summary["count"], summary["changed"])
    if channels is None or now != state:
        channels = {channel.slug: _known(channel) for channel in Channel.objects.all()}
    return channels, now

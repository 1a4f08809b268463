"""What a process remembers of the database, so that a public message does not need it.

Channels, and the present names of people who have spoken. Both follow the notices of other processes, and
the sweep looks after them in case a notice was lost.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from channels.db import database_sync_to_async
from django.db.models import Count, Max

from chat.domain import RoomKind, split_room
from chat.models import Channel, Person
from chat.protocol import ChannelInfo

NAMES_KEPT: Final = 20_000

# How many channels there are, and when one last changed.
_State = tuple[int, datetime | None]


class Known(NamedTuple):
    """A channel: what everybody may see of it, and what only the services need."""

    info: ChannelInfo
    maker: str | None
    created_ms: int
    changed_at: datetime


def _known(channel: Channel) -> Known:
    created_ms = int(channel.created_at.timestamp() * 1000)
    return Known(channel.info, channel.maker_id, created_ms, channel.changed_at)


class Directory:
    """See the module."""

    def __init__(self) -> None:
        self._channels: dict[str, Known] | None = None
        self._state: _State = (0, None)
        self._names: OrderedDict[str, str] = OrderedDict()
        self.names_version = 0

    async def channels(self) -> dict[str, Known]:
        """All channels by slug."""
        return await self.refresh() if self._channels is None else self._channels

    async def find(self, room: str) -> Known | None:
        """The channel of a room, or None. Asks the database only for what it has not seen."""
        kind, slug = split_room(room)
        if kind != RoomKind.CHANNEL:
            return None
        known = (await self.channels()).get(slug)
        return known or await self.reload(slug)

    async def reload(self, slug: str) -> Known | None:
        """Read one channel again."""
        channel = await database_sync_to_async(Channel.objects.filter(slug=slug).first)()
        channels = await self.channels()
        if channel is None:
            channels.pop(slug, None)
            return None
        self.remember(channel)
        return channels[slug]

    def remember(self, channel: Channel) -> None:
        """This is how the channel is, or was: a row that was read before another change is older news."""
        if self._channels is None:
            return
        held = self._channels.get(channel.slug)
        if held is None or held.changed_at <= channel.changed_at:
            self._channels[channel.slug] = _known(channel)

    async def refresh(self) -> dict[str, Known]:
        """Read all channels again if any has changed; one cheap query if not."""
        read: tuple[dict[str, Known], _State] = await database_sync_to_async(_read_channels)(
            self._channels, self._state
        )
        self._channels, self._state = read
        return self._channels

    def rename(self, person: str, name: str) -> None:
        """A person is called this now."""
        self.names_version += 1
        self._keep(person, name)

    def _keep(self, person: str, name: str) -> None:
        self._names[person] = name
        self._names.move_to_end(person)
        while len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)

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
            for person, name in await database_sync_to_async(_read_names)(missing):
                self.know(person, name)
        return {person: self._names[person] for person in people if person in self._names}


def _read_names(people: set[str]) -> list[tuple[str, str]]:
    return list(Person.objects.filter(id__in=people).values_list("id", "name"))


def _read_channels(channels: dict[str, Known] | None, state: _State) -> tuple[dict[str, Known], _State]:
    summary = Channel.objects.aggregate(count=Count("id"), changed=Max("changed_at"))
    now = (summary["count"], summary["changed"])
    if channels is None or now != state:
        channels = {channel.slug: _known(channel) for channel in Channel.objects.all()}
    return channels, now

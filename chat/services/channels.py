"""Making and changing channels."""

import asyncio
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.utils import timezone
from msgspec import UNSET

from chat import conf, names
from chat.database import in_database
from chat.domain import Head
from chat.errors import (
    ChatError,
    Forbidden,
    InvalidName,
    NameTaken,
    NotFound,
    RateLimited,
    TooLong,
    Unavailable,
)
from chat.models import Channel, ChannelMember, ChannelNameKey
from chat.protocol import ChannelFrame, ChannelInfo, CreateCommand, UpdateCommand, encode
from chat.services import access, releases
from chat.services.defaults import default_slug
from chat.services.identity import Identity
from chat.services.people import NameCheck, free_names, judge_name, replace_keys, taken_words
from chat.services.runtime import Runtime
from chat.stores.base import Moving
from chat.text import clean_line

P = ParamSpec("P")

# Slugs of the same name are numbered; after this many a random one is taken.
NUMBERED_SLUGS: Final = 20


def ensure_default_channel(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the default channel where there is none yet. Twice is harmless."""
    channels = Channel.objects.using(using)
    if channels.filter(slug=default_slug()).exists():
        return
    name = conf.get().DEFAULT_CHANNEL
    with transaction.atomic(using=using):
        channel = channels.create(slug=default_slug(), name=name)
        keys = ChannelNameKey.objects.using(using)
        claims = [ChannelNameKey(key=key, owner=channel) for key in names.keys(name)]
        # A look-alike that somebody made before keeps its claim; there are two then.
        keys.bulk_create(claims, ignore_conflicts=True)


async def check_channel_name(
    runtime: Runtime, whose: str, raw: str, *, private: bool = False
) -> tuple[NameCheck, str]:
    """What making a channel of this name would answer now, and the slug that it would get.

    ``whose`` is the session or address that asks. A private channel may be called what another one is
    called, and its address is a secret until it is made. Raises ``RateLimited``.
    """
    await runtime.throttle("name_attempt", whose, runtime.settings.LIMITS.name_attempt)
    try:
        judged = judge_name(runtime.settings, raw)
    except InvalidName as error:
        return NameCheck(raw, error.code, error.detail), ""
    if private:
        return NameCheck(judged.name), ""
    taken = await in_database(_is_taken, judged)
    if not taken:
        return NameCheck(judged.name), await in_database(_free_slug, judged.name)
    suggestions = await in_database(free_names, ChannelNameKey, judged.name, runtime.settings)
    return NameCheck(judged.name, NameTaken.code, taken_words(judged.name), suggestions), ""


def _is_taken(judged: names.JudgedName) -> bool:
    return ChannelNameKey.objects.filter(key__in=judged.keys).exists()


def _free_slug(name: str) -> str:
    stem = names.slug(name)
    if not stem:
        return f"c-{secrets.token_hex(4)}"
    taken = set(Channel.objects.filter(slug__startswith=stem).values_list("slug", flat=True)[:10_000])
    numbered = (f"{stem}-{number}" for number in range(2, NUMBERED_SLUGS))
    for slug in (stem, *numbered):
        if slug not in taken:
            return slug
    return f"{stem}-{secrets.token_hex(4)}"


def _secret_slug() -> str:
    return f"c-{secrets.token_hex(8)}"


async def create_channel(
    runtime: Runtime, who: Identity, address: str, command: CreateCommand
) -> ChannelInfo:
    """Make a channel; everybody's list shows it at once, a private one its maker's.

    Raises ``InvalidName``, ``NameTaken``, ``TooLong`` (the topic, or too many channels), ``Invalid``,
    ``Forbidden`` (to keep every message), ``RateLimited``, ``Unavailable`` (others took each address that
    was free, at that moment).
    """
    limits = runtime.settings.LIMITS
    if command.keeps == "all" and not access.may_keep_all(runtime.settings, who):
        raise Forbidden("You may not make channels that keep every message.")
    person = who.author.id
    judged = judge_name(runtime.settings, command.name)
    topic = clean_line(command.topic, limit=limits.topic_characters)
    await runtime.throttle("channel_by_person", person, limits.channel_by_person)
    try:
        await runtime.throttle("channel_by_address", address, limits.channel_by_address)
    except RateLimited:
        await runtime.forgive("channel_by_person", person)
        raise
    try:
        channel = await in_database(
            make, judged, topic, person, limits.channels, private=command.private, keeps=command.keeps
        )
    except ChatError:
        await runtime.forgive("channel_by_person", person)
        await runtime.forgive("channel_by_address", address)
        raise
    return await tell_changed(runtime, channel)


def _at_another_address(make: Callable[P, Channel]) -> Callable[P, Channel]:
    """Try again when somebody takes the address between the look and the writing: the next look sees it."""

    @wraps(make)
    def again(*args: P.args, **kwargs: P.kwargs) -> Channel:
        for _ in range(NUMBERED_SLUGS):
            try:
                return make(*args, **kwargs)
            except Unavailable:
                pass
        return make(*args, **kwargs)

    return again


@_at_another_address
def make(
    judged: names.JudgedName,
    topic: str,
    maker: str | None,
    most: int,
    *,
    private: bool = False,
    keeps: str = Channel.Keeps.RECENT,
) -> Channel:
    """The rows of a new channel; ``maker`` is a person's id. Nobody is told. Raises as ``create_channel``.

    A private one claims no name and has a random address: neither may say that it exists.
    """
    try:
        with transaction.atomic():
            if Channel.objects.count() >= most:
                raise TooLong(f"There are {most:,} channels already, which is the most there can be.")
            channel = Channel.objects.create(
                slug=_secret_slug() if private else _free_slug(judged.name),
                name=judged.name,
                topic=topic,
                maker_id=maker,
                private=private,
                keeps=keeps,
            )
            if not private:
                replace_keys(ChannelNameKey, channel, judged.keys)
            elif maker is not None:
                ChannelMember.objects.create(channel=channel, person_id=maker, invited_by_id=maker)
    except IntegrityError:
        if _is_taken(judged):
            raise NameTaken(taken_words(judged.name)) from None
        raise Unavailable("Somebody made a channel at the same moment. Try again.") from None
    return channel


async def update_channel(runtime: Runtime, who: Identity, command: UpdateCommand) -> ChannelInfo:
    """Change a channel's name, topic, or (staff) how much it keeps.

    With another ``keeps`` its messages go to another store: everybody in it is reset. Raises as
    ``create_channel``, ``NotFound`` and ``Forbidden``.
    """
    known = await access.changeable(runtime, command.room, who.author.id, staff=who.staff)
    keeps = None if command.keeps in (UNSET, known.info.keeps) else command.keeps
    if keeps and not who.staff:
        raise Forbidden("Only staff change how much a channel keeps.")
    judged = None if command.name is UNSET else judge_name(runtime.settings, command.name)
    limit = runtime.settings.LIMITS.topic_characters
    topic = None if command.topic is UNSET else clean_line(command.topic, limit=limit)
    if keeps:
        # Whoever asked may go away: a move is not left half-way for that.
        turned = await asyncio.shield(runtime.spawn(_turn(runtime, known.info, judged, topic, keeps)))
        if isinstance(turned, ChatError):
            raise turned
        return turned
    channel = await in_database(change, known.info.slug, judged, topic)
    return await tell_changed(runtime, channel)


async def _turn(
    runtime: Runtime, info: ChannelInfo, judged: names.JudgedName | None, topic: str | None, keeps: str
) -> ChannelInfo | ChatError:
    """Let a channel keep more, or less, from now on; its messages and their files go along."""

    async def switch(log: Moving, head: Head) -> None:
        def write() -> Channel:
            with transaction.atomic():
                releases.carry(log.messages, head.epoch)
                return change(info.slug, judged, topic, keeps=keeps)

        runtime.directory.remember(await in_database(write))

    try:
        await runtime.store.move(info.room, lasting=keeps == Channel.Keeps.ALL, switch=switch)
        head = (await runtime.store.heads([info.room]))[info.room]
        # The files of what did not come along are not read any more.
        runtime.files.cleared_room(info.room, head.epoch)
        known = await runtime.directory.find(info.room)
        if known is None:
            raise NotFound("There is no such room.")
        await _tell(runtime, known.info)
        await runtime.relay.reset(info.room, head.epoch)
        runtime.news[info.room] = head
    except ChatError as error:
        return error
    return known.info


def change(
    slug: str,
    judged: names.JudgedName | None,
    topic: str | None,
    archived: bool | None = None,
    *,
    keeps: str | None = None,
) -> Channel:
    """Change a channel's row; what is None stays. Nobody is told. Raises ``NameTaken``, ``NotFound``."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().filter(slug=slug).first()
        if channel is None:
            raise NotFound("There is no such room.")
        if topic is not None:
            channel.topic = topic
        if archived is not None and archived != (channel.archived_at is not None):
            channel.archived_at = timezone.now() if archived else None
        if keeps is not None:
            channel.keeps = keeps
        if judged is not None:
            channel.name = judged.name
        if judged is not None and not channel.private:
            try:
                with transaction.atomic():
                    replace_keys(ChannelNameKey, channel, judged.keys)
            except IntegrityError:
                raise NameTaken(taken_words(judged.name)) from None
        channel.save()
    return channel


async def tell_changed(runtime: Runtime, channel: Channel) -> ChannelInfo:
    """Tell every process, and the list of everybody who may see it, how the channel is now.

    Only after it is committed.
    """
    runtime.directory.remember(channel)
    await _tell(runtime, channel.info)
    return channel.info


async def _tell(runtime: Runtime, info: ChannelInfo) -> None:
    await runtime.relay.tell_processes({"channel": info.slug})
    text = encode(ChannelFrame(info))
    if info.private:
        await runtime.relay.tell_each(dict.fromkeys(await runtime.directory.members(info.slug), text))
    else:
        await runtime.relay.tell_all(text)

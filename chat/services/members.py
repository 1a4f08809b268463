"""Who belongs to a private channel: invited, and removed."""

from typing import Final

from django.db import transaction

from chat.database import in_database
from chat.domain import RoomKind
from chat.errors import Forbidden, NotFound, TooLong
from chat.models import Channel, ChannelMember, Person
from chat.protocol import ChannelFrame, InviteCommand, OkFrame, RemoveCommand, encode
from chat.services import access, lists
from chat.services.directory import Known
from chat.services.identity import Identity
from chat.services.runtime import Runtime

PUBLIC: Final = "This channel is open to everybody."
NOBODY: Final = "There is no such person."


async def invite(runtime: Runtime, who: Identity, command: InviteCommand) -> OkFrame:
    """Let a person, guest or account, into a private channel; they see it at once. Twice is harmless.

    What was said before they may read, but it is not unread to them. Raises ``NotFound`` (room, person),
    ``Forbidden``, ``TooLong`` (too many members), ``RateLimited``, ``Unavailable``.
    """
    known = await access.changeable(runtime, command.room, who.author.id, staff=who.staff)
    _require_private(known)
    room, slug, person = command.room, known.info.slug, command.person
    belongs = await in_database(_belongs, slug, person)
    await runtime.throttle("invite", who.author.id, runtime.settings.LIMITS.invite)
    if belongs:
        return OkFrame(command.ref)
    # Before they belong to it: afterwards they would be told of unread messages.
    head = (await runtime.store.heads([room]))[room]
    await runtime.store.mark_read(room, person, head.epoch, head.n, 0)
    # Likewise: what is stored must not fail any more.
    numbers = (await lists.numbers(runtime, person, 0, [room]))[room]
    most = runtime.settings.LIMITS.channel_members
    if await in_database(_add, slug, person, who.author.id, most):
        await _tell_processes(runtime, slug)
        await runtime.relay.tell(person, text=encode(ChannelFrame(known.info, state=numbers)))
    return OkFrame(command.ref)


async def remove(runtime: Runtime, who: Identity, command: RemoveCommand) -> OkFrame:
    """Take somebody out of a private channel, at once and in all their tabs; or oneself: that is leaving.

    Who made it stays in it, unless staff say otherwise. Raises ``NotFound`` (room, or no member),
    ``Forbidden``.
    """
    room, person = command.room, command.person
    if person == who.author.id:
        known = await access.readable(runtime, room, person)
    else:
        known = await access.changeable(runtime, room, who.author.id, staff=who.staff)
    _require_private(known)
    if known.maker == person and not who.staff:
        raise Forbidden("Who made a channel stays in it.")
    membership: int | None = await in_database(_take_out, known.info.slug, person)
    if membership is None:
        raise NotFound("This person does not belong to the channel.")
    await _tell_processes(runtime, known.info.slug)
    gone = ChannelFrame(known.info, gone=True)
    # With the number, since it may come after the next invitation.
    notice = {"expelled": room, "membership": membership}
    await runtime.relay.tell(person, text=encode(gone), notice=notice)
    return OkFrame(command.ref)


def _require_private(known: Known) -> None:
    if known.info.kind == RoomKind.DIRECT:
        raise Forbidden("A personal chat belongs to its two people as it is.")
    if not known.info.private:
        raise Forbidden(PUBLIC)


async def _tell_processes(runtime: Runtime, slug: str) -> None:
    runtime.directory.forget_members(slug)
    await runtime.relay.tell_processes({"members": slug})


def _belongs(slug: str, person: str) -> bool:
    """Whether they are a member already. Raises ``NotFound`` for who does not exist, or has left."""
    if not Person.objects.filter(pk=person, ended_at=None).exists():
        raise NotFound(NOBODY)
    return ChannelMember.objects.filter(channel__slug=slug, person=person).exists()


def _add(slug: str, person: str, by: str, most: int) -> bool:
    """Whether they did not belong to it before."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().filter(slug=slug).first()
        if channel is None:
            raise NotFound("There is no such room.")
        members = ChannelMember.objects.filter(channel=channel)
        if members.filter(person=person).exists():
            return False
        if members.count() >= most:
            raise TooLong(f"A channel has at most {most:,} members.")
        ChannelMember.objects.create(channel=channel, person_id=person, invited_by_id=by)
    return True


def _take_out(slug: str, person: str) -> int | None:
    """The number of the membership that ended; None if there was none."""
    with transaction.atomic():
        rows = ChannelMember.objects.select_for_update(of=("self",))
        member = rows.filter(channel__slug=slug, person=person).first()
        if member is None:
            return None
        number: int = member.pk
        member.delete()
    return number

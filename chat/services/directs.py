"""Personal chats: finding people, opening a chat, and telling its two people of it.

Only accounts have them: a guest's name is somebody else's after a month.
"""

from typing import Final

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Q, QuerySet
from msgspec import UNSET

from chat.database import in_database
from chat.domain import Author
from chat.errors import Forbidden, NotFound
from chat.models import DirectChat, Person
from chat.names import search_key
from chat.protocol import (
    ChannelFrame,
    DirectCommand,
    OkFrame,
    PeopleCommand,
    ReadFrame,
    encode,
    info_of,
    numbers_of,
)
from chat.services import access, lists
from chat.services.directory import Pair
from chat.services.identity import Identity
from chat.services.runtime import Runtime

NOBODY: Final = "There is no such person."
GUESTS: Final = "Personal chats are for people with an account."

# Above every character: the end of a range of texts that begin alike.
LAST: Final = "\U0010ffff"


# --- people ----------------------------------------------------------------------------------------


async def find_people(runtime: Runtime, who: Identity, command: PeopleCommand) -> OkFrame:
    """Accounts whose name starts with ``query``, in any case, by name, a page at a time.

    Raises ``Forbidden`` for a guest, ``NotFound`` when the person ``after`` has no account any more.
    """
    if who.author.guest:
        raise Forbidden(GUESTS)
    after = "" if command.after is UNSET else command.after
    found = await in_database(_starting, search_key(command.query), after, command.limit + 1)
    page = found[: command.limit]
    return OkFrame(command.ref, people=page, more=len(found) > len(page))


def _accounts() -> QuerySet[Person]:
    """Everybody with an account that may log in."""
    accounts = Person.objects.filter(user__isnull=False, ended_at=None)
    try:
        get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:  # a host's own model need not have it
        return accounts
    return accounts.filter(user__is_active=True)


def _starting(start: str, after: str, limit: int) -> list[Author]:
    found = _accounts().order_by("search_key", "pk")
    if start:
        found = found.filter(search_key__startswith=start)
        if connection.vendor == "sqlite":
            # Its LIKE knows no index; its texts are in the order of their characters, others' are not.
            found = found.filter(search_key__gte=start, search_key__lt=start + LAST)
    if after:
        last = _accounts().filter(pk=after).values_list("search_key", flat=True).first()
        if last is None:
            raise NotFound(NOBODY)
        found = found.filter(Q(search_key__gt=last) | Q(search_key=last, pk__gt=after))
    return [person.author for person in found[:limit]]


# --- chats -----------------------------------------------------------------------------------------


async def open_direct(runtime: Runtime, who: Identity, command: DirectCommand) -> OkFrame:
    """The personal chat with this person, made when there is none yet: one, however many open it at once.

    It is in the lists of who opened it; the other one sees it with the first message. Raises
    ``Forbidden`` for and with a guest, ``NotFound``, ``RateLimited``.
    """
    if who.author.guest:
        raise Forbidden(GUESTS)
    await runtime.throttle("direct", who.author.id, runtime.settings.LIMITS.direct)
    chat: DirectChat = await in_database(_open, who.author.id, command.person)
    pair = runtime.directory.remember_chat(chat)
    known = await access.personal(runtime, chat.room, pair, who.author.id)
    [state] = await lists.states(runtime, who, [known])
    frame = ChannelFrame(info_of(state), state=numbers_of(state))
    await runtime.relay.tell(who.author.id, text=encode(frame))
    return OkFrame(command.ref, room=state)


def _open(opener: str, person: str) -> DirectChat:
    first, second = sorted((opener, person))
    found = DirectChat.objects.filter(first=first, second=second).first()
    if found is None:
        _require_account(person)
        found, _ = DirectChat.objects.get_or_create(first_id=first, second_id=second)
    opened = "first_opened" if opener == first else "second_opened"
    if not getattr(found, opened):
        DirectChat.objects.filter(pk=found.pk).update(**{opened: True})
    return found


def _require_account(person: str) -> None:
    """Raises ``NotFound``, and ``Forbidden`` for a guest."""
    if _accounts().filter(pk=person).exists():
        return
    if Person.objects.filter(pk=person, ended_at=None, user=None).exists():
        raise Forbidden(GUESTS)
    raise NotFound(NOBODY)


# --- news ------------------------------------------------------------------------------------------


async def news(runtime: Runtime, room: str, pair: Pair) -> dict[str, str]:
    """For each of the two, by id, the frame that puts the chat into their lists with its numbers."""
    frames = {}
    for person in dict.fromkeys((pair.first, pair.second)):
        known = await access.personal(runtime, room, pair, person)
        # No message can be older than the chat: nothing is history to either.
        numbers = (await lists.numbers(runtime, person, 0, [room]))[room]
        frames[person] = encode(ChannelFrame(known.info, state=numbers))
    return frames


async def recount(runtime: Runtime, room: str) -> None:
    """Tell both people what is unread now: a message was taken away."""
    head = (await runtime.store.heads([room]))[room]
    frames = {}
    for person in await runtime.directory.belonging(room) or ():
        state = (await runtime.store.unread([room], person, 0))[room]
        frames[person] = encode(ReadFrame(room, head.epoch, state.read, state.unread))
    await runtime.relay.tell_each(frames)


async def tell_renamed(runtime: Runtime, person: str) -> None:
    """Personal chats are called what the other one is called: tell those who see one with this person."""
    most = runtime.settings.LIMITS.rooms_of_person
    chats: list[DirectChat] = await in_database(_chats_of, person, most)
    heads = await runtime.store.heads([chat.room for chat in chats])
    frames: dict[str, str] = {}
    for chat in chats:
        pair = runtime.directory.remember_chat(chat)
        other = pair.other(person)
        if heads[chat.room].n or chat.opened_by(other):
            known = await access.personal(runtime, chat.room, pair, other)
            frames[other] = encode(ChannelFrame(known.info))
    await runtime.relay.tell_each(frames)


def _chats_of(person: str, most: int) -> list[DirectChat]:
    chats = DirectChat.objects.filter(Q(first=person) | Q(second=person))
    return list(chats.order_by("-created_at", "pk")[:most])

"""Posting, changing and answering messages.

The order is the same in each: how fast, may they, is it clean; then store, hand over to the relay,
acknowledge. What is acknowledged is stored, and publishing cannot fail a send.
"""

from msgspec import UNSET, UnsetType

from chat.domain import Attachment, Author, Draft, Head, Message, MessageEvent, Quote, RoomKind
from chat.errors import ChatError, Empty, Forbidden, Invalid, NotFound
from chat.protocol import (
    AckFrame,
    DeleteCommand,
    EditCommand,
    ReactCommand,
    SendCommand,
    TypingCommand,
    TypingFrame,
    encode,
)
from chat.services import access, attachments
from chat.services.identity import Identity
from chat.services.runtime import Runtime
from chat.stores.base import Appended, Change
from chat.text import clean_body, excerpt, is_emoji


async def post_message(runtime: Runtime, who: Author, command: SendCommand) -> AckFrame:
    """Store a message and tell its room.

    The sender is ``who``, never the client's word. Raises ``NotFound`` (room, quoted message, attachment),
    ``Forbidden``, ``RateLimited``, ``Empty``, ``TooLong``, ``Invalid``, ``Unavailable``.
    """
    room = command.room
    # Before anything else: an unknown room costs a query.
    await runtime.throttle("message", who.id, runtime.settings.LIMITS.message)
    try:
        draft = await _draft(runtime, who, command)
    except ChatError:
        # What was posted stays posted, though the channel was archived since, or the quote is gone.
        before = await runtime.store.sent(room, who.id, command.cid.lower())
        if before is None:
            raise
        return _ack(runtime, command, before)
    stored = await runtime.store.append(room, draft)
    message = stored.message
    if not stored.duplicate:
        runtime.files.sent(stored.epoch, message)
        runtime.files.gone(stored.released)
        runtime.relay.publish(room, stored.epoch, MessageEvent(room, message.seq, message))
        runtime.news[room] = Head(stored.epoch, message.seq, message.n)
        runtime.posted.add((who.id, room))
    return _ack(runtime, command, stored)


async def _draft(runtime: Runtime, who: Author, command: SendCommand) -> Draft:
    """What is to be stored, if it may be. Raises as ``post_message``."""
    await access.writable(runtime, command.room, who.id)
    body = _clean(runtime, command.body, may_be_empty=bool(command.attachments))
    quote = await _quote(runtime, command)
    cid = command.cid.lower()
    files: tuple[Attachment, ...] = ()
    if command.attachments:
        if await runtime.store.sent(command.room, who.id, cid) is not None:
            raise NotFound("These files were sent already.")  # and the answer is the first one's
        files = await attachments.take(runtime, who, command.room, cid, command.attachments)
    return Draft(who, cid, body, runtime.now_ms(), quote, files)


def _clean(runtime: Runtime, body: str, *, may_be_empty: bool) -> str:
    """A body as it is kept; without anything to read in it only where there are files to look at."""
    try:
        return clean_body(body, limit=runtime.settings.LIMITS.body_characters)
    except Empty:
        if may_be_empty:
            return ""
        raise


def _ack(runtime: Runtime, command: SendCommand, stored: Appended) -> AckFrame:
    runtime.counters["duplicates_refused"] += stored.duplicate
    message = stored.message
    return AckFrame(
        command.ref,
        command.room,
        message.cid,
        message.id,
        message.seq,
        message.n,
        message.ts,
        stored.duplicate,
    )


async def _quote(runtime: Runtime, command: SendCommand) -> Quote | UnsetType:
    if command.reply_to is UNSET:
        return UNSET
    answered = await runtime.store.get(command.room, command.reply_to)
    # Of a message that is a file and no text, its name.
    said = answered.body or next((one.name for one in answered.attachments), "")
    return Quote(answered.id, answered.author, excerpt(said))


async def edit_message(runtime: Runtime, who: Author, command: EditCommand) -> int | None:
    """Change the text of one's own message. Returns the event's seq, None if nothing changed."""
    await runtime.throttle("edit", who.id, runtime.settings.LIMITS.edit)
    await access.writable(runtime, command.room, who.id)
    message = await _own(runtime, who, command.room, command.id)
    body = _clean(runtime, command.body, may_be_empty=bool(message.attachments))
    change = await runtime.store.edit(command.room, command.id, body, runtime.now_ms())
    return _tell(runtime, command.room, change)


async def delete_message(runtime: Runtime, who: Identity, command: DeleteCommand) -> int | None:
    """Take one's own message away; staff take away anybody's, in channels. Returns the event's seq."""
    await runtime.throttle("change", who.author.id, runtime.settings.LIMITS.change)
    known = await access.writable(runtime, command.room, who.author.id)
    message = await runtime.store.get(command.room, command.id)
    direct = known.info.kind == RoomKind.DIRECT
    if direct or not who.staff:
        _check_own(message, who.author)
    change = await runtime.store.delete(command.room, command.id)
    runtime.files.gone([message])
    if direct:
        runtime.recounted.add(command.room)
    return _tell(runtime, command.room, change)


async def react(runtime: Runtime, who: Author, command: ReactCommand) -> int | None:
    """Put one emoji under a message or take it away. Returns the event's seq, None if it was so already."""
    await runtime.throttle("change", who.id, runtime.settings.LIMITS.change)
    await access.writable(runtime, command.room, who.id)
    if not is_emoji(command.emoji):
        raise Invalid("emoji: one emoji, and nothing else.")
    change = await runtime.store.react(command.room, command.id, who.id, command.emoji, command.on)
    return _tell(runtime, command.room, change)


async def show_typing(runtime: Runtime, who: Author, command: TypingCommand) -> None:
    """Tell the room that somebody is writing. Raises ``NotFound``, ``Forbidden``, ``RateLimited``."""
    await access.writable(runtime, command.room, who.id)
    await runtime.throttle("typing", (who.id, command.room), runtime.settings.LIMITS.typing)
    await runtime.relay.hint(command.room, encode(TypingFrame(command.room, who)), but=who.id)


async def _own(runtime: Runtime, who: Author, room: str, message_id: str) -> Message:
    message = await runtime.store.get(room, message_id)
    _check_own(message, who)
    return message


def _check_own(message: Message, who: Author) -> None:
    if message.author.id != who.id:
        raise Forbidden("This message is not yours.")


def _tell(runtime: Runtime, room: str, change: Change | None) -> int | None:
    if change is None:
        return None
    runtime.relay.publish(room, change.epoch, change.event)
    return change.event.seq

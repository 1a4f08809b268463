"""Who may do what in which room. Asked on every act, and again for open connections by the sweep."""

from chat.errors import Forbidden, NotFound
from chat.services.directory import Known
from chat.services.runtime import Runtime


async def readable(runtime: Runtime, room: str, person: str) -> Known:
    """The channel, for a person (their id, ``""`` for a visitor) who may read it.

    Raises ``NotFound``: also for what is not theirs to know.
    """
    known = await runtime.directory.find(room)
    if known is None or known.info.private:
        raise NotFound("There is no such room.")
    return known


async def writable(runtime: Runtime, room: str, person: str) -> Known:
    """The channel, for a person who may write to it. Raises ``NotFound``, and ``Forbidden`` when archived."""
    known = await readable(runtime, room, person)
    if known.info.archived:
        raise Forbidden("This channel is archived: it can be read, not written to.")
    return known


async def changeable(runtime: Runtime, room: str, person: str) -> Known:
    """The channel, for its maker. Raises ``NotFound`` and ``Forbidden``."""
    known = await readable(runtime, room, person)
    if known.maker is None or known.maker != person:
        raise Forbidden("Only who made this channel may change it.")
    return known

"""Visits to the database from the event loop.

The database is a dependency like any other: while it is away, what needs it is ``Unavailable``, so that a
client tries again, and what is to be told to others is kept until it can be.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.contrib.sessions.backends.base import UpdateError
from django.db import InterfaceError, OperationalError

from chat.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

AWAY: Final = (OperationalError, InterfaceError)


def is_away(error: BaseException) -> bool:
    """Whether this says that the database cannot be reached.

    A session that cannot be kept in it says that it was ended meanwhile, whatever the reason.
    """
    said = error.__context__ if isinstance(error, UpdateError) else error
    return isinstance(said, AWAY)


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do this in the database thread, where connections that died meanwhile are replaced.

    Raises what ``work`` raises, and ``Unavailable`` when the database cannot be reached: what was under way
    was undone.
    """
    try:
        result: T = await database_sync_to_async(work)(*args, **kwargs)
    except (*AWAY, UpdateError) as error:
        if not is_away(error):
            raise
        raise Unavailable("The database cannot be reached. Try again.") from error
    return result

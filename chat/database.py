"""Visits to the database from the event loop.

The database is a dependency like any other: while it is away, what needs it is ``Unavailable``, so that a
client tries again, and what is to be told to others is kept until it can be.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.contrib.sessions.backends.base import UpdateError
from django.db import InterfaceError, OperationalError, connections
from django.db.models import QuerySet

from chat.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

AWAY: Final = (OperationalError, InterfaceError)
# Within SQLite's limit of variables in one query, with room to spare.
QUERY_CHUNK: Final = 500


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


class Lookup:
    """Rows by their keys, with a query that Django writes once for each number of keys.

    It takes several times as long to write one as SQLite needs to answer it. ``rows`` has no parameters of
    its own; ``key`` is the name of the field. Called in a worker thread.
    """

    def __init__(self, rows: "QuerySet[Any, Any]", key: str) -> None:
        self._rows = rows
        self._key = key
        self._written: dict[tuple[str, int], tuple[str, dict[int, Any]]] = {}

    def __call__(self, keys: Collection[str]) -> Iterator[list[Any]]:
        """The rows that there are, in no order; the values as the model's fields have them."""
        ordered = iter(sorted(set(keys)))
        while chunk := list(islice(ordered, QUERY_CHUNK)):
            yield from self._find(chunk)

    def _find(self, keys: list[str]) -> Iterator[list[Any]]:
        alias = self._rows.db
        if (alias, len(keys)) not in self._written:
            self._written[alias, len(keys)] = self._write(alias, keys)
        sql, converters = self._written[alias, len(keys)]
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, keys)
            found = cursor.fetchall()
        yield from self._rows.query.get_compiler(alias).apply_converters(found, converters)

    def _write(self, alias: str, keys: list[str]) -> tuple[str, dict[int, Any]]:
        """The SQL, and what makes of each column's values those of its field."""
        query = self._rows.filter(**{f"{self._key}__in": keys}).query
        compiler = query.get_compiler(alias)
        sql, _ = compiler.as_sql()
        return sql, compiler.get_converters(column for column, *_ in compiler.select)

"""An empty database for the next test, sooner than Django's ``flush`` makes it.

``flush`` looks up all tables and empties each, which on PostgreSQL means new files for all of them and their
indexes. Most tests write to a few tables.
"""

from functools import cache

from django.core.management.sql import emit_post_migrate_signal
from django.db import connections, transaction
from django.test import TransactionTestCase

# A larger table of PostgreSQL (bytes) is cut off: of deleted rows something stays, to be read over later.
LARGE = 1_000_000


def empty_after(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):
        empty(alias)


def empty(alias: str) -> None:
    """What a fresh install has is left, as after ``flush``."""
    quote = connections[alias].ops.quote_name
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(_with_rows(alias))
        # Large ones first: a table with deleted rows, or one that refers to it, cannot be cut off any more.
        for table, is_large in sorted(cursor.fetchall(), key=lambda row: not row[1]):
            cursor.execute(f"TRUNCATE {quote(table)} CASCADE" if is_large else f"DELETE FROM {quote(table)}")
    emit_post_migrate_signal(verbosity=0, interactive=False, db=alias)


@cache
def _with_rows(alias: str) -> str:
    """The query for the tables in which there is something, and whether they are large."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    size = f"pg_relation_size('{{}}') > {LARGE}" if connection.vendor == "postgresql" else "0"
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{table}', {size.format(quote(table))} WHERE EXISTS (SELECT 1 FROM {quote(table)})"
        for table in sorted(tables)
    )

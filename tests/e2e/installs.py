"""A fresh install's database, of which every server gets a copy; with Redis, a place of its own there.

``DATABASE_URL`` says where: SQLite, unless it names a PostgreSQL whose user may make databases.
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from once import made_once

from .servers import manage, sqlite


class Install(ABC):
    """Migrated once; ``redis_url`` is where the servers of all copies share what they share, or ``""``."""

    def __init__(self, redis_url: str = "") -> None:
        self._redis_url = redis_url

    def copy(self, folder: Path) -> dict[str, object]:
        """The environment of a site with a copy of it, whose files are in ``folder``."""
        found: dict[str, object] = {
            "DATABASE_URL": self.copy_database(folder),
            "MEDIA_ROOT": folder / "media",
        }
        if self._redis_url:
            found |= {"REDIS_URL": self._redis_url, "REDIS_PREFIX": f"{uuid4()}:"}
        return found

    @abstractmethod
    def copy_database(self, folder: Path) -> str:
        """Its address."""


class SqliteInstall(Install):
    """All processes of a run copy the same file."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory, redis_url: str = "") -> None:
        super().__init__(redis_url)
        self._file = made_once(tmp_path_factory, "installed", self._migrate) / "db.sqlite3"

    @staticmethod
    def _migrate(folder: Path) -> None:
        manage("migrate", "--verbosity", "0", DATABASE_URL=sqlite(folder / "db.sqlite3"))

    def copy_database(self, folder: Path) -> str:
        return sqlite(Path(shutil.copyfile(self._file, folder / "db.sqlite3")))


class PostgresInstall(Install):
    """Databases beside the one of ``address``, dropped in ``end``."""

    def __init__(self, address: str, redis_url: str = "") -> None:
        super().__init__(redis_url)
        self._address = address
        self._made: list[str] = []
        self._original = self._create("")
        manage("migrate", "--verbosity", "0", DATABASE_URL=self._url(self._original))

    def copy_database(self, folder: Path) -> str:
        return self._url(self._create(f"TEMPLATE {self._original}"))

    def end(self) -> None:
        for name in self._made:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, options: str) -> str:
        name = f"chat_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name} {options}")
        self._made.append(name)
        return name

    def _url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._address)._replace(path=f"/{database}"))

    def _do(self, command: str) -> None:
        import psycopg  # in requirements-dev.txt: the quick tests do without it

        # Never from the database that is copied: nobody may be in it.
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(command.encode())


@contextmanager
def install(tmp_path_factory: pytest.TempPathFactory, redis_url: str = "") -> Iterator[Install]:
    """A fresh one, where ``DATABASE_URL`` of the tests says."""
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        yield SqliteInstall(tmp_path_factory, redis_url)
        return
    made = PostgresInstall(address, redis_url)
    try:
        yield made
    finally:
        made.end()

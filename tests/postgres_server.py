"""A real PostgreSQL for tests: of their own, on a socket in a folder of its own, gone when they are.

python tests/postgres_server.py COMMAND...      the command, with the server's ``DATABASE_URL``
python tests/postgres_server.py --installed     fails where there is no PostgreSQL
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psycopg

# What a start or an end may take on a busy machine, in seconds. Nothing waits this long when all is well.
PATIENCE = 60.0
LOOK_AGAIN = 0.02

OWNER = "chat"

# Whom PostgreSQL takes in place of root, as whom it refuses to run.
UNPRIVILEGED = "postgres"

# Nothing in it survives a power cut, so it does not wait for the disk.
HURRIED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

# Several processes of tests at once have fifty people each who come at the same moment.
CONNECTIONS = 500


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, of the newest version where Debian puts them."""
    found = [one for one in Path("/usr/lib/postgresql").glob("*/bin") if (one / "initdb").exists()]
    if found:
        return max(found, key=lambda one: [int(part) for part in one.parent.name.split(".")])
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).parent if elsewhere else None


class PostgresServer:
    """One server, in ``with``. Its only socket is in its folder, so it is in nobody's way."""

    def __init__(self) -> None:
        found = programs()
        assert found, "PostgreSQL is missing: on Debian, apt install postgresql"
        self._programs = found
        # Not one of pytest's, whose folders are closed to others; and a socket's path is a short one.
        self._folder = Path(tempfile.mkdtemp(prefix="chat-postgres-"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, UNPRIVILEGED, UNPRIVILEGED)
            self._as = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}

    def url(self, database: str = OWNER) -> str:
        """What ``DATABASE_URL`` is for this database. Its owner may make others."""
        return f"postgres://{OWNER}@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start, and return when it answers."""
        initdb = [self._programs / "initdb", "--pgdata", self._data, "--auth=trust", f"--username={OWNER}"]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run(initdb, cwd=self._folder, stdout=subprocess.DEVNULL, check=True, **self._as)
        place = ("listen_addresses=", f"unix_socket_directories={self._folder}")
        settings = (*place, *HURRIED, f"max_connections={CONNECTIONS}")
        options = [part for one in settings for part in ("-c", one)]
        log_file = self._folder / "log"
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the tests is not for the server below them
                **self._as,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, f"PostgreSQL ended at once:\n{log_file.read_text()}"
            assert time.monotonic() < until, f"PostgreSQL does not answer:\n{log_file.read_text()}"
            time.sleep(LOOK_AGAIN)

    def end(self) -> None:
        """At once, whoever is connected; its folder with it. Twice is harmless."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _answers(self) -> bool:
        try:
            psycopg.connect(host=str(self._folder), user=OWNER, dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def run(command: Sequence[str]) -> int:
    """Run the command with a server of its own; the code with which it ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without ending the server
    with PostgresServer() as server:
        return subprocess.run(
            command, env={**os.environ, "DATABASE_URL": server.url()}, check=False
        ).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["--installed"]:
        sys.exit(programs() is None)
    sys.exit(run(sys.argv[1:]))

"""What must be so before a process lets anybody in.

Parts that live in a process's memory are right for one process and silently wrong for two: each would have
its own messages, and half of the people would not see the others. So such a process holds a lock beside the
database, and a second one refuses to start.
"""

import hashlib
import logging
import os
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from chat import conf
from chat.services.combinations import problems

try:
    import fcntl
except ImportError:  # Windows, where nobody deploys this
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

# File descriptors, open as long as the process lives, by process: a lock is not that of a child.
_locks: dict[tuple[int, Path], int] = {}
_admitted: set[int] = set()


def admit() -> None:
    """Let this process serve. Twice is harmless.

    Raises ``ImproperlyConfigured`` with one sentence that says what to do instead.
    """
    if os.getpid() in _admitted:
        return
    settings = conf.get()
    for problem in problems(settings):
        raise ImproperlyConfigured(f"{problem.words} {problem.hint}")
    if not settings.REDIS_URL:
        hold(lock_file())
    _admitted.add(os.getpid())


def lock_file() -> Path:
    """Where a process that serves from its own memory says so: beside the database, if that is a file."""
    database = connections[DEFAULT_DB_ALIAS].settings_dict
    name = str(database["NAME"])
    if database["ENGINE"].endswith("sqlite3") and not name.startswith("file:") and name != ":memory:":
        return Path(f"{name}.serving")
    place = f"{database.get('HOST', '')} {database.get('PORT', '')} {name}"
    digest = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"chit-chat-{digest}.serving"


def hold(path: Path) -> None:
    """Hold the lock until this process ends, however it ends. Twice is harmless.

    Raises ``ImproperlyConfigured`` when another process holds it.
    """
    key = (os.getpid(), path)
    if fcntl is None or key in _locks:
        return
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        logger.warning("Whether another process serves this chat cannot be told: %s", error)
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise ImproperlyConfigured(
            "Another process serves this chat from its own memory, and two would not hear each other: "
            "run one process (uvicorn without --workers), or set REDIS_URL (for the app alone "
            'CHITCHAT["REDIS_URL"] and a Redis channel layer). '
            f"The lock is {path}."
        ) from None
    _locks[key] = file

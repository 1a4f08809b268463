"""Images in a process of their own: a decoder that is fooled takes that process down, and nothing else.

A new one for each image. ``subprocess`` starts it without forking the server's Python (``vfork`` and
``exec``), so threads and event loop are none the wiser. It knows nothing of the server: no settings, no
database, an empty environment.
"""

import json
import logging
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from os import getpid
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from chat.errors import ChatError, TooLarge, UnsupportedFile
from chat.files.images import Bounds, Made, unreadable
from chat.files.kinds import Kind

logger = logging.getLogger(__name__)

MODULE: Final = "chat.files.worker"
# Where ``chat`` is imported from, which need not be installed.
ROOT: Final = Path(__file__).resolve().parents[2]

# On a busy machine a worker, which is nice, has to wait for its time.
REAL_TIMES: Final = 3

_REFUSALS: Final[dict[str, type[ChatError]]] = {one.code: one for one in (TooLarge, UnsupportedFile)}


class Allowance(NamedTuple):
    """What a worker may use: ``memory_bytes`` of address space, ``seconds`` of processor time, and
    ``output_bytes`` for each file it writes."""

    memory_bytes: int
    seconds: float
    output_bytes: int


class Picture(NamedTuple):
    """An image that was written anew. The files have no names; ``small`` is None for one that is small."""

    file: IO[bytes]
    small: IO[bytes] | None
    width: int
    height: int

    def close(self) -> None:
        self.file.close()
        if self.small is not None:
            self.small.close()


def rework(kind: Kind, source: IO[bytes], bounds: Bounds, allowance: Allowance) -> Picture:
    """Write an image anew. Blocks: called in a worker thread. Whoever gets the picture closes it.

    Raises ``UnsupportedFile`` for what cannot be read, ``TooLarge`` for what takes more than it may.
    """
    with ExitStack() as unless_made:
        file = unless_made.enter_context(tempfile.TemporaryFile())
        small = unless_made.enter_context(tempfile.TemporaryFile())
        made = _run(kind, source, file, small, bounds, allowance)
        unless_made.pop_all()
    if not made.thumbnail:
        small.close()
    return Picture(file, small if made.thumbnail else None, made.width, made.height)


def _run(
    kind: Kind,
    source: IO[bytes],
    file: IO[bytes],
    small: IO[bytes],
    bounds: Bounds,
    allowance: Allowance,
) -> Made:
    job = {
        "parent": getpid(),
        "extension": kind.extension,
        "target": file.fileno(),
        "small": small.fileno(),
        "bounds": bounds,
        "memory_bytes": allowance.memory_bytes,
        "cpu_seconds": max(1, round(allowance.seconds)),
        "output_bytes": allowance.output_bytes,
    }
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, and nothing of the client's in the arguments
            [sys.executable, "-m", MODULE, json.dumps(job)],
            stdin=source,
            capture_output=True,
            pass_fds=(file.fileno(), small.fileno()),
            cwd=ROOT,
            env={"PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
            timeout=REAL_TIMES * allowance.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooLarge("This image takes too long to decode.") from None
    return _answer(kind, ended)


def _answer(kind: Kind, ended: "subprocess.CompletedProcess[bytes]") -> Made:
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        # Killed by a limit, or by the image: a decoder that crashed is not our fault, but worth a line.
        words = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        logger.warning("An image ended its worker (%s): %s", ended.returncode, words)
        raise unreadable(kind) from None
    if refusal := answer.get("error"):
        raise _REFUSALS[refusal["code"]](refusal["detail"])
    return Made(**answer)

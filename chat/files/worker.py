"""The process that decodes one image, and ends: ``python -m chat.files.worker '{…}'``.

Standard input is the image, two more file descriptors take what is made, standard output gets one JSON
object: ``{"width", "height", "thumbnail"}`` or ``{"error": {"code", "detail"}}``. Its memory, processor time
and output are bounded before it reads a byte, and it ends when the server does.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, Final

from chat.errors import ChatError, TooLarge
from chat.files.kinds import KINDS

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
NICENESS: Final = 5  # people who chat come before pictures


def bind_to(parent: int) -> None:
    """End when the server ends, however it ends (Linux; elsewhere the time limit ends it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)  # it has ended already


def limit(memory_bytes: int, cpu_seconds: int, output_bytes: int) -> None:
    """Bounds that the kernel keeps. Beyond: ``MemoryError``, a signal, ``OSError``."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Make the image that is on standard input. Never raises."""
    # Here, because Pillow is what the bounds are for.
    from chat.files.images import Bounds, make, unreadable

    kind = KINDS[job["extension"]]
    try:
        os.lseek(0, 0, os.SEEK_SET)
        with (
            open(0, "rb", closefd=False) as source,
            open(job["target"], "wb", closefd=False) as target,
            open(job["small"], "wb", closefd=False) as small,
        ):
            return make(kind, source, target, small, Bounds(*job["bounds"]))._asdict()
    except ChatError as error:
        refusal = error
    except MemoryError:
        refusal = TooLarge("This image takes too much memory to decode.")
    except Exception:
        refusal = unreadable(kind)
    return {"error": {"code": refusal.code, "detail": refusal.detail}}


def main(argument: str) -> None:
    job = json.loads(argument)
    bind_to(job["parent"])
    limit(job["memory_bytes"], job["cpu_seconds"], job["output_bytes"])
    sys.stdout.write(json.dumps(work(job)))


if __name__ == "__main__":
    main(sys.argv[1])

"""The one runtime of a process and event loop, put together from its parts."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from chat.services.rooms import reset_frame
from chat.services.runtime import Runtime
from chat.services.sweep import Sweep

_runtimes: dict[asyncio.AbstractEventLoop, Runtime] = {}


def _sweep(runtime: Runtime) -> Coroutine[Any, Any, None]:
    return Sweep(runtime).run()


def new_runtime(
    *,
    clock: Callable[[], float] = time.monotonic,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Runtime:
    """A runtime of its own. ``clock`` gives monotonic seconds, ``now_ms`` the time of day in Unix ms."""
    return Runtime(reset=reset_frame, sweep=_sweep, clock=clock, now_ms=now_ms)


async def end() -> None:
    """Close the runtime of the running event loop, if there is one."""
    runtime = _runtimes.pop(asyncio.get_running_loop(), None)
    if runtime is not None:
        await runtime.close()


def current() -> Runtime:
    """The runtime of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    runtime = _runtimes.get(loop)
    if runtime is None:
        for other in [one for one in _runtimes if one.is_closed()]:
            del _runtimes[other]
        runtime = _runtimes[loop] = new_runtime()
    return runtime

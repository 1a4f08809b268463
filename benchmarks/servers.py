"""Starting what is measured, each server a process on one core, and reading its CPU and memory."""

import asyncio
import json
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from redis import Redis

ROOT: Final = Path(__file__).resolve().parent.parent
TICKS: Final = os.sysconf("SC_CLK_TCK")

Process = subprocess.Popen[bytes]

START_TIMEOUT: Final = 30.0
STOP_TIMEOUT: Final = 10.0
QUIET_TIMEOUT: Final = 15.0

UVICORN: Final = (
    *("--ws", "chitchat_site.uvicorn:WebSocket", "--loop", "uvloop"),
    *("--ws-max-size", "65536", "--ws-per-message-deflate", "false", "--no-proxy-headers"),
    *("--timeout-graceful-shutdown", "5", "--no-access-log", "--log-level", "warning"),
)
VERSIONS: Final = (
    *(
        "django",
        "channels",
        "channels-redis",
        "redis",
        "daphne",
        "uvicorn",
        "uvloop",
        "websockets",
        "msgspec",
    ),
)
CHAT_ON_UVICORN: Final = ("-m", "uvicorn", "chitchat_site.asgi:application", "--port", "{port}", *UVICORN)
PLAIN: Final = "benchmarks.peers.plain:application"


@dataclass(frozen=True)
class Target:
    """Something to measure. ``command`` follows the Python interpreter, with ``{port}`` to be filled in.

    With ``redis`` it shares a redis-server of its own; ``processes`` of it then serve the same site.
    """

    name: str
    command: tuple[str, ...]
    peer: bool = False
    redis: bool = False
    processes: int = 1


TARGETS: Final = {
    "uvicorn": Target("Chit-Chat on uvicorn", CHAT_ON_UVICORN),
    "uvicorn-redis": Target("Chit-Chat on uvicorn and Redis", CHAT_ON_UVICORN, redis=True),
    "uvicorn-redis-2": Target("two processes on uvicorn and Redis", CHAT_ON_UVICORN, redis=True, processes=2),
    "daphne": Target("Chit-Chat on daphne", ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}")),
    "plain-uvicorn": Target(
        "plain Channels on uvicorn", ("-m", "uvicorn", PLAIN, "--port", "{port}", *UVICORN), peer=True
    ),
    "plain-daphne": Target(
        "plain Channels on daphne", ("-m", "daphne", "-v", "0", "-p", "{port}", PLAIN), peer=True
    ),
}


# Two different ones where there are two. Read once: from then on this process keeps to the client's.
_CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = _CORES[-1]
CLIENT_CORE: Final = _CORES[0]


class RedisUse:
    """What a redis-server has been asked so far."""

    def __init__(self, port: int, pid: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._pid = pid
        self._redis = Redis(port=port)

    def read(self) -> dict[str, float]:
        """Scripts and publications; all commands, those within scripts too; bytes in and out; CPU seconds."""
        calls = {
            name.removeprefix("cmdstat_"): one["calls"]
            for name, one in self._redis.info("commandstats").items()
        }
        traffic = self._redis.info("stats")
        return {
            "redis_calls": sum(calls.get(name, 0) for name in ("evalsha", "eval", "publish")),
            "redis_commands": sum(calls.values()),
            "redis_bytes": traffic["total_net_input_bytes"] + traffic["total_net_output_bytes"],
            "redis_cpu": _cpu(self._pid),
        }


class Server:
    """A running server: ``cpu`` in seconds and ``memory`` in bytes, of its processes with all their threads.

    ``redis`` is the one that they share, if any; it is not counted.
    """

    def __init__(self, processes: dict[int, Process], sessions: list[str], redis: RedisUse | None) -> None:
        self._pids = [process.pid for process in processes.values()]
        self._ports = cycle(processes)
        self.sessions = sessions
        self.redis = redis

    @property
    def port(self) -> int:
        """Where the next one connects: the processes take turns."""
        return next(self._ports)

    def cpu(self) -> float:
        return sum(map(_cpu, self._pids))

    def memory(self) -> int:
        return sum(map(_memory, self._pids))

    async def quiet(self) -> None:
        """Wait until it has next to nothing to do: under a tenth of its core for half a second."""
        async with asyncio.timeout(QUIET_TIMEOUT):
            while True:
                before = self.cpu()
                await asyncio.sleep(0.5)
                if self.cpu() - before < 0.05:
                    return


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("The server is gone.")


@asynccontextmanager
async def running(target: Target, place: Path, sessions: list[str]) -> AsyncIterator[Server]:
    """Fresh processes of the target, over the database in ``place``, until the block is left."""
    log = place / "server.log"
    log.unlink(missing_ok=True)
    started: list[Process] = []
    try:
        redis = _start_redis(place, started) if target.redis else None
        processes: dict[int, Process] = {}
        for _ in range(target.processes):
            port = free_port()
            command = [sys.executable, *(part.format(port=port) for part in target.command)]
            variables = environment(place) | ({"REDIS_URL": redis.url} if redis else {})
            processes[port] = _start(command, variables, log, SERVER_CORE)
            started.append(processes[port])
        for port, process in processes.items():
            await _until_it_answers(process, port)
        yield Server(processes, sessions, redis)
    except Exception as error:
        error.add_note(f"The end of the server's log:\n{_tail(log)}")
        raise
    finally:
        for process in reversed(started):
            _stop(process)


def _start(command: list[str], variables: dict[str, str], log: Path, core: int) -> Process:
    """The child inherits the core, with every thread that it will start."""
    own = os.sched_getaffinity(0)
    with log.open("ab") as output:
        os.sched_setaffinity(0, {core})
        try:
            return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
        finally:
            os.sched_setaffinity(0, own)


def _start_redis(place: Path, started: list[Process]) -> RedisUse:
    """A redis-server that keeps nothing, on the client's core: the server's is what is measured."""
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    started.append(_start(["redis-server", *options], dict(os.environ), place / "redis.log", CLIENT_CORE))
    return RedisUse(port, started[-1].pid)


def _stop(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _until_it_answers(process: Process, port: int) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT):
            while process.poll() is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return
    except TimeoutError:
        pass
    raise RuntimeError("The server did not start.")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]


def environment(place: Path) -> dict[str, str]:
    """That of a deployment, with its own database and without limits on rates."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    secret = place / "secret"
    if not secret.exists():
        secret.write_text(secrets.token_urlsafe(50))
    return {
        **kept,
        "DEBUG": "0",
        "SECRET_KEY": secret.read_text(),
        "DATABASE_URL": f"sqlite:///{place}/benchmark.sqlite3",
        "CHITCHAT_RATE_LIMITS": "off",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def make_people(place: Path, count: int) -> list[str]:
    """A database in ``place`` with so many guests; the keys of their sessions."""
    command = [sys.executable, "-m", "benchmarks.people", str(count)]
    made = subprocess.run(
        command, cwd=ROOT, env=environment(place), check=True, capture_output=True, timeout=120
    )
    keys: list[str] = json.loads(made.stdout)
    return keys


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "server_core": SERVER_CORE,
        "client_core": CLIENT_CORE,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }

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
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
TICKS: Final = os.sysconf("SC_CLK_TCK")

START_TIMEOUT: Final = 30.0
STOP_TIMEOUT: Final = 10.0
QUIET_TIMEOUT: Final = 15.0

UVICORN: Final = (
    *("--ws", "chitchat_site.uvicorn:WebSocket", "--loop", "uvloop", "--lifespan", "off"),
    *("--ws-max-size", "65536", "--ws-per-message-deflate", "false"),
    *("--timeout-graceful-shutdown", "5", "--no-access-log", "--log-level", "warning"),
)
VERSIONS: Final = ("django", "channels", "daphne", "uvicorn", "uvloop", "websockets", "msgspec")
PLAIN: Final = "benchmarks.peers.plain:application"


@dataclass(frozen=True)
class Target:
    """Something to measure. ``command`` follows the Python interpreter, with ``{port}`` to be filled in."""

    name: str
    command: tuple[str, ...]
    peer: bool = False


TARGETS: Final = {
    "uvicorn": Target(
        "Chit-Chat on uvicorn",
        ("-m", "uvicorn", "chitchat_site.asgi:application", "--port", "{port}", *UVICORN),
    ),
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


class Server:
    """A running server: ``cpu`` in seconds and ``memory`` in bytes, of its process with all its threads."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, sessions: list[str]) -> None:
        self._process = process
        self.port = port
        self.sessions = sessions

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("The server is gone.")

    async def quiet(self) -> None:
        """Wait until it has next to nothing to do: under a tenth of its core for half a second."""
        async with asyncio.timeout(QUIET_TIMEOUT):
            while True:
                before = self.cpu()
                await asyncio.sleep(0.5)
                if self.cpu() - before < 0.05:
                    return


@asynccontextmanager
async def running(target: Target, place: Path, sessions: list[str]) -> AsyncIterator[Server]:
    """A fresh process of the target, over the database in ``place``, until the block is left."""
    port = _free_port()
    command = [sys.executable, *(part.format(port=port) for part in target.command)]
    log = place / "server.log"
    own = os.sched_getaffinity(0)
    with log.open("wb") as output:
        os.sched_setaffinity(
            0, {SERVER_CORE}
        )  # which the child inherits, with every thread that it will start
        try:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment(place), stdout=output, stderr=subprocess.STDOUT
            )
        finally:
            os.sched_setaffinity(0, own)
    try:
        await _until_it_answers(process, port)
        yield Server(process, port, sessions)
    except Exception as error:
        error.add_note(f"The end of the server's log:\n{_tail(log)}")
        raise
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
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


def _free_port() -> int:
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

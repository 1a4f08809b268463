"""The real server in a process of its own, with a database of its own, which can end and come back."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from redis_server import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]

# What a start or an end may take on a busy machine, in seconds. Nothing waits this long when all is well.
PATIENCE = 60.0

# Between two looks at a server that is starting: the time is spent waiting for its early end.
LOOK_AGAIN = 0.02

# What the shell may have set for a site of its own.
FOREIGN = (
    *("DEBUG", "ALLOWED_HOSTS", "ALLOWED_ORIGINS", "TRUSTED_PROXIES", "CHITCHAT_RATE_LIMITS"),
    *("REDIS_URL", "REDIS_PREFIX", "WEB_CONCURRENCY"),
    *("DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"),
)

# `manage.py` of a development site, and the command of the README for everybody else.
RUNSERVER = (sys.executable, "manage.py", "runserver", "--noreload", f"{HOST}:{{port}}")
UVICORN = (
    *(sys.executable, "-m", "uvicorn", "chitchat_site.asgi:application"),
    *("--ws", "chitchat_site.uvicorn:WebSocket", "--ws-per-message-deflate", "false"),
    *("--ws-max-size", "65536", "--timeout-graceful-shutdown", "10", "--no-proxy-headers"),
    *("--host", HOST, "--port", "{port}"),
)

ERRORS = (" ERROR ", "ERROR:", " CRITICAL ")
COMPLAINTS = ("Traceback", *ERRORS)


def environment(**values: object) -> dict[str, str]:
    """The variables of a site that knows nothing of this shell."""
    inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    own = {"SECRET_KEY": "of-a-test-and-as-long-as-it-has-to-be", **values}
    return inherited | {name: str(value) for name, value in own.items()}


def manage(*arguments: str, **values: object) -> None:
    """Run a command of ``manage.py`` to its end."""
    command = (sys.executable, "manage.py", *arguments)
    subprocess.run(command, cwd=ROOT, env=environment(**values), check=True, timeout=PATIENCE)


def sqlite(file: Path) -> str:
    return f"sqlite:///{file}"


class Database(Protocol):
    """What servers get copies of (installs.py)."""

    def copy(self, folder: Path) -> dict[str, object]: ...


class Server:
    """One site. It keeps its port and its database over restarts; what is in memory goes with the process."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        database: Database | None,
        port: int | None = None,
        **values: object,
    ) -> None:
        """Everything of this server is in ``folder``; it has a copy of ``database``, and ``values`` are the
        rest of its environment (all of it without a database). Its port is a free one, if none is given."""
        self.port = port or free_port()
        self._command = [piece.format(port=self.port) for piece in command]
        self._log = folder / "server.log"
        self._seen = 0
        self._process: subprocess.Popen[bytes] | None = None
        own = {} if database is None else database.copy(folder)
        self._environment = environment(**(own | values))

    def manage(self, *arguments: str, **values: str) -> str:
        """Run a command of ``manage.py`` on its database; what it prints."""
        command = (sys.executable, "manage.py", *arguments)
        variables = self._environment | values
        ended = subprocess.run(
            command, cwd=ROOT, env=variables, check=True, timeout=PATIENCE, capture_output=True, text=True
        )
        return ended.stdout

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start, and return when everything that it needs answers."""
        assert self._process is None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        looks = int(PATIENCE / LOOK_AGAIN)
        assert any(self._is_ready() for _ in range(looks)), f"It does not get ready:\n{self.log}"

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal, and return when the process is gone."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(how)
            process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """Everything that it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def complaints(self) -> list[str]:
        """What the log says since the last call, if there are tracebacks or errors in it."""
        lines = self.log.splitlines()
        news, self._seen = lines[self._seen :], len(lines)
        if any(sign in line for line in news for sign in COMPLAINTS):
            return [line for line in news if " INFO django.channels.server: HTTP GET /static/" not in line]
        return []

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return self._is_up_yet()
        finally:
            connection.close()

    def _is_up_yet(self) -> bool:
        assert self._process is not None
        try:
            code = self._process.wait(LOOK_AGAIN)
        except subprocess.TimeoutExpired:
            return False
        raise AssertionError(f"It ended with {code}:\n{self.log}")

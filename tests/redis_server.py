"""A real redis-server for tests: of their own, on this machine only, which can end and come back."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HOST = "127.0.0.1"

# What a start or an end may take on a busy machine, in seconds. Nothing waits this long when all is well.
PATIENCE = 30.0
LOOK_AGAIN = 0.01

ALWAYS = {"appendonly": "yes", "appendfsync": "always"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """One server. It keeps its port and folder over restarts; without ``ALWAYS`` it forgets everything."""

    def __init__(self, folder: Path, **settings: str) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: on Debian, apt install redis-server"
        self.port = free_port()
        self._folder = folder
        self._program = program
        self._settings = {"save": "", "appendonly": "no", **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Start, and return when it answers."""
        assert self._process is None
        fixed = {"port": str(self.port), "bind": HOST, "dir": str(self._folder), "daemonize": "no"}
        options = (fixed | self._settings).items()
        arguments = [part for name, value in options for part in (f"--{name}", *value.split(" "))]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *arguments], stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(LOOK_AGAIN)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal, and return when the process is gone. Twice is harmless."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
            process.wait(PATIENCE)

    def hang(self) -> None:
        """It takes connections (the kernel does) and answers nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def say(self, *command: str) -> bytes:
        """One command in a connection of its own; the answer as it came."""
        line = "".join(f"${len(part.encode())}\r\n{part}\r\n" for part in command)
        with socket.create_connection((HOST, self.port), PATIENCE) as connection:
            connection.sendall(f"*{len(command)}\r\n{line}".encode())
            return connection.recv(1 << 16)

    def _answers(self) -> bool:
        try:
            return self.say("PING").startswith(b"+PONG")
        except OSError:
            return False

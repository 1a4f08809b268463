"""The real servers under attack, and what they use."""

import os
import re
import sys
from pathlib import Path

from e2e.servers import HOST, ROOT, RUNSERVER, Server

__all__ = ["DAPHNE_ALONE", "ROOT", "SERVERS", "Watched"]


def command_of_the_readme() -> tuple[str, ...]:
    """uvicorn with exactly the options that a deployment is told to give it."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(
        r"^\.venv/bin/(uvicorn chitchat_site\.asgi:application\b.*?)$(?<!\\)", readme, re.M | re.S
    )
    assert found, "The README does not say how to start uvicorn."
    words = found[1].replace("\\\n", " ").split()
    return (sys.executable, "-m", *words, "--host", HOST, "--port", "{port}")


# The README's command for others, and what `bin/run` starts.
SERVERS = {"uvicorn": command_of_the_readme(), "daphne": RUNSERVER}

# Without the site's own protocol: what another host of the app may run.
DAPHNE_ALONE = (
    *(sys.executable, "-m", "daphne", "--verbosity", "0", "--bind", HOST, "--port", "{port}"),
    "chitchat_site.asgi:application",
)


class Watched(Server):
    """A server whose memory can be read."""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def memory(self) -> int:
        """Resident bytes."""
        return self._status("VmRSS")

    def forget_peak(self) -> None:
        """The peak is what is resident now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak(self) -> int:
        """The most resident bytes since ``forget_peak``."""
        return self._status("VmHWM")

    def sockets(self) -> int:
        """How many it has open."""
        found = 0
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found += os.readlink(descriptor).startswith("socket:")
            except FileNotFoundError:
                pass  # closed since
        return found

    def _status(self, key: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("The server is gone.")

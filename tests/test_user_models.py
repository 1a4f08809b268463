"""Hosts with a user model of their own (``tests/hosts``): a database from nothing, and people in the chat."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(host: str, *command: str) -> subprocess.CompletedProcess[str]:
    """A process with the settings of this host."""
    # What a runner of tests in parallel has told this process is not for that one.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": f"hosts.{host}.settings"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("host", ["mailed", "handled"])
def test_the_chat_keeps_to_the_hosts_users(host: str) -> None:
    done = run(
        host,
        *("-m", "pytest", "-q", "--tb=short", f"--ds=hosts.{host}.settings", "-p", "no:cacheprovider"),
        *("tests/hosts/checks.py", f"tests/hosts/{host}/cases.py"),
    )
    assert done.returncode == 0, done.stdout + done.stderr

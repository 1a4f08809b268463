"""What the start says when it cannot start: one sentence, and nothing is touched."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def start(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("SECRET_KEY", "DEBUG", "DJANGO_SETTINGS_MODULE")
    }
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["8000"],
        ["127.0.0.1"],
        ["127.0.0.1:"],
        ["127.0.0.1:0"],
        ["127.0.0.1:65536"],
        ["127.0.0.1:http"],
        ["::1:8000"],
        ["http://127.0.0.1:8000"],
        ["$(id):8000"],
        ["--help"],
        [""],
        ["127.0.0.1:8000", "127.0.0.1:8001"],
        ["--demo", "8000"],
        ["--demo", "--demo"],
        ["127.0.0.1:8000", "--demo"],
    ],
)
def test_bin_run_refuses_a_bad_address_in_one_sentence(arguments: list[str]) -> None:
    done = start(["bin/run", *arguments])
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("run: ")
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:8000" in done.stderr


def test_bin_run_refuses_a_port_that_is_taken_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start(["bin/run", f"127.0.0.1:{port}"])
    assert done.returncode == 1
    assert done.stderr == (
        f"run: port {port} of 127.0.0.1 is taken: stop what runs there, or choose another.\n"
    )


@pytest.mark.parametrize("options", [[], ["--noreload"]], ids=["reloading", "as bin/run"])
def test_a_second_site_on_the_same_database_is_refused_before_anybody_comes(
    tmp_path: Path, options: list[str]
) -> None:
    database = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    assert start([sys.executable, "manage.py", "migrate"], DATABASE_URL=database).returncode == 0
    with open(f"{tmp_path / 'db.sqlite3'}.serving", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = start([sys.executable, "manage.py", "runserver", *options, "0"], DATABASE_URL=database)
    assert done.returncode != 0
    assert "Another process serves this chat" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-c", "import chitchat_site.asgi"],
    ],
)
def test_a_deployment_without_a_secret_key_is_refused_in_one_sentence(command: list[str]) -> None:
    settings = {} if command[0] == "manage.py" else {"PYTHONPATH": str(ROOT)}
    done = start([sys.executable, *command], DEBUG="0", **settings)
    assert done.returncode == 1
    assert "SECRET_KEY must be set when DEBUG=0" in done.stderr
    assert done.stderr.count("\n") == 1

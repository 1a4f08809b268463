"""The server of a deployment, with more workers than memory allows."""

import subprocess
import sys
from pathlib import Path

import pytest
from e2e.servers import HOST, ROOT, environment, free_port, manage, sqlite

pytestmark = pytest.mark.in_process

PATIENCE = 60


def test_two_workers_with_parts_in_process_end_with_one_sentence(tmp_path: Path) -> None:
    database = sqlite(tmp_path / "db.sqlite3")
    command = [sys.executable, "-m", "uvicorn", "chitchat_site.asgi:application", "--workers", "2"]
    ended = subprocess.run(
        [*command, "--host", HOST, "--port", str(free_port())],
        cwd=ROOT,
        env=environment(DATABASE_URL=database),
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Another process serves this chat from its own memory" in ended.stderr
    assert "set REDIS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr
    manage("check", DATABASE_URL=database)

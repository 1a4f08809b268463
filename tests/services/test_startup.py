"""A process is let in when its parts go together, and when no other one serves from its own memory."""

import asyncio
import fcntl
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from channels.testing import ApplicationCommunicator, WebsocketCommunicator
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from people import HOST, ORIGIN

from chat.routing import lifespan_application, websocket_application
from chat.services import process, startup

pytestmark = pytest.mark.in_process

REDIS = "redis://127.0.0.1:6379/0"
REDIS_LAYER = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """This process has not been let in yet; its database is in a folder of its own."""
    monkeypatch.setattr(startup, "_admitted", set())
    locks: dict[Any, int] = {}
    monkeypatch.setattr(startup, "_locks", locks)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    monkeypatch.setitem(connections["default"].settings_dict, "ENGINE", "django.db.backends.sqlite3")
    yield tmp_path / "db.sqlite3.serving"
    for file in locks.values():
        os.close(file)


def hold_elsewhere(path: Path) -> Any:
    """The lock, as another process would hold it."""
    file = path.open("a")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


# --- parts ---------------------------------------------------------------------------------------


def test_who_may_not_serve_is_told_what_to_write(settings: Any, newcomer: Path) -> None:
    """What is refused, and in which words: test_combinations.py."""
    settings.CHITCHAT = {**settings.CHITCHAT, "REDIS_URL": REDIS}
    with pytest.raises(ImproperlyConfigured, match="RedisPubSubChannelLayer"):
        startup.admit()
    assert not newcomer.exists()


# --- one process ---------------------------------------------------------------------------------


def test_the_first_process_serves_and_holds_the_lock(newcomer: Path) -> None:
    startup.admit()
    startup.admit()
    with newcomer.open("a") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_second_one_is_refused_until_the_first_has_ended(newcomer: Path) -> None:
    first = hold_elsewhere(newcomer)
    with pytest.raises(ImproperlyConfigured, match=r"set REDIS_URL.*db\.sqlite3\.serving"):
        startup.admit()
    first.close()
    startup.admit()


def test_with_redis_there_may_be_many(newcomer: Path, settings: Any) -> None:
    settings.CHANNEL_LAYERS = REDIS_LAYER
    settings.CHITCHAT = {**settings.CHITCHAT, "REDIS_URL": REDIS}
    first = hold_elsewhere(newcomer)
    startup.admit()
    first.close()


def test_a_folder_that_cannot_be_written_is_no_reason_to_refuse(
    newcomer: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = newcomer.parent / "missing" / "db.sqlite3"
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(name))
    startup.admit()
    assert "cannot be told" in caplog.text


@pytest.mark.parametrize("name", ["chat", ":memory:", "file:memory?mode=memory"])
def test_a_database_that_is_no_file_has_its_lock_elsewhere(
    newcomer: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    database = connections["default"].settings_dict
    monkeypatch.setitem(database, "NAME", name)
    if name == "chat":
        monkeypatch.setitem(database, "ENGINE", "django.db.backends.postgresql")
    here = startup.lock_file()
    assert here.is_absolute()
    assert here == startup.lock_file()
    monkeypatch.setitem(database, "HOST", "another")
    assert startup.lock_file() != here


# --- where a process begins ----------------------------------------------------------------------


async def test_a_server_with_lifespan_does_not_start(newcomer: Path) -> None:
    first = hold_elsewhere(newcomer)
    server = ApplicationCommunicator(lifespan_application, {"type": "lifespan"})
    await server.send_input({"type": "lifespan.startup"})
    answer = await server.receive_output()
    assert answer["type"] == "lifespan.startup.failed"
    assert "run one process" in answer["message"]
    first.close()


async def test_a_server_with_lifespan_starts_and_lets_go_at_its_end(newcomer: Path) -> None:
    server = ApplicationCommunicator(lifespan_application, {"type": "lifespan"})
    await server.send_input({"type": "lifespan.startup"})
    assert await server.receive_output() == {"type": "lifespan.startup.complete"}
    here = process.current()
    waiting = here.spawn(asyncio.Event().wait())
    await server.send_input({"type": "lifespan.shutdown"})
    assert await server.receive_output() == {"type": "lifespan.shutdown.complete"}
    assert waiting.cancelled()
    assert process.current() is not here
    await process.end()
    await process.end()


async def test_a_server_without_lifespan_ends_at_the_first_socket(
    newcomer: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *order: told.append(order))
    first = hold_elsewhere(newcomer)
    headers = [(b"host", HOST.encode()), (b"origin", ORIGIN.encode())]
    socket = WebsocketCommunicator(websocket_application, "/ws/chat/", headers=headers)
    accepted, _ = await socket.connect()
    first.close()
    assert not accepted
    assert told == [(os.getpid(), signal.SIGTERM)]
    [record] = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert "run one process" in record.getMessage()

"""Why the server closes arrives as a code, whichever server carries it."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.installs import Install

from .clients import cookie_of, log_out
from .room import Room
from .servers import DAPHNE_ALONE, Watched
from .wire import PATIENCE, Opcode, Wire, ending, frame

BAD = frame(Opcode.TEXT, b"{")


def test_ten_bad_frames_close_with_1008(mallory: Wire) -> None:
    mallory.send(BAD * 10)
    assert ending(mallory, PATIENCE) == 1008


def test_a_message_that_is_too_large_in_all_closes_with_1009(mallory: Wire) -> None:
    half = json.dumps("a" * 40_000).encode()
    mallory.send(frame(Opcode.TEXT, half, fin=False) + frame(Opcode.CONTINUATION, half))
    assert ending(mallory, PATIENCE) == 1009


@pytest.mark.usefixtures("room")
def test_a_person_without_a_name_is_turned_away_with_4401(server: Watched) -> None:
    with Wire(server.port, "") as nobody:
        assert ending(nobody, PATIENCE) == 4401


def test_who_logs_out_is_closed_with_4401(server: Watched, room: Room) -> None:
    cookie = cookie_of(server.port, "oscar")
    with room.enter(cookie) as oscar:
        log_out(server.port, cookie)
        assert ending(oscar, PATIENCE) == 4401


@pytest.fixture
def daphne_alone(tmp_path: Path, database: Install) -> Iterator[Watched]:
    server = Watched(DAPHNE_ALONE, tmp_path, database)
    server.start()
    yield server
    server.end(signal.SIGKILL)  # it has nothing to save, and may crash on its own way out
    assert not server.complaints()


def test_daphne_as_it_comes_closes_with_the_codes_that_it_takes(daphne_alone: Watched) -> None:
    with Wire(daphne_alone.port, "") as nobody:
        assert ending(nobody, PATIENCE) == 4401
    with Wire(daphne_alone.port, cookie_of(daphne_alone.port, "mallory")) as mallory:
        mallory.send(BAD * 10)
        assert ending(mallory, PATIENCE) == 4008

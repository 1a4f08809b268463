"""Real servers, and somebody who means harm: nobody else may notice.

A listener and a speaker are in the room from the first attack to the last. These tests need nothing but
Python: ``pytest tests/faults``.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from e2e.installs import Install

from .clients import Client, cookie_of
from .room import Room
from .servers import ROOT, SERVERS, Watched
from .wire import Wire

# What an attack may cost the server (bytes).
MEMORY = 20_000_000


@contextmanager
def running(name: str, folder: Path, database: Install, **values: object) -> Iterator[Watched]:
    """One of ``SERVERS``: uvicorn as for others, without debugging; Daphne as ``bin/run`` starts it."""
    values |= {
        "DEBUG": int(name == "daphne"),
        "DJANGO_SETTINGS_MODULE": "faults.impatient",
        "PYTHONPATH": ROOT / "tests",
    }
    server = Watched(SERVERS[name], folder, database, **values)
    server.start()
    try:
        yield server
    finally:
        server.end()
    assert not server.complaints()


@contextmanager
def peopled(server: Watched) -> Iterator[Room]:
    """alice speaks, bob listens; mallory has a session."""
    with ExitStack() as stack:
        alice, bob = (
            stack.enter_context(closing(Client(server.port, cookie_of(server.port, name))))
            for name in ("alice", "bob")
        )
        yield Room(server.port, alice, bob, cookie_of(server.port, "mallory"))


@pytest.fixture(scope="session", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Install
) -> Iterator[Watched]:
    """People may say more than people say, so that the tests are quick."""
    folder = tmp_path_factory.mktemp(request.param)
    with running(request.param, folder, database, CHITCHAT_RATE_LIMITS="off") as server:
        yield server


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> bool:
    """Whether the server ends a broken connection without a word, as Daphne does."""
    return bool(request.node.callspec.params["server"] == "daphne")


@pytest.fixture(scope="session")
def people(server: Watched) -> Iterator[Room]:
    with peopled(server) as room:
        yield room


@pytest.fixture
def limited(tmp_path: Path, database: Install) -> Iterator[Room]:
    """A room of uvicorn's where people may say as much as they may."""
    with running("uvicorn", tmp_path, database) as server, peopled(server) as room:
        yield room


@pytest.fixture
def bounded(server: Watched) -> Iterator[None]:
    """What the test does costs the server little memory, at any moment."""
    server.forget_peak()
    before = server.memory()
    yield
    grown = server.peak() - before
    assert grown < MEMORY, f"{grown / 1e6:.1f} MB"


@pytest.fixture
def room(server: Watched, people: Room) -> Iterator[Room]:
    """The room at peace. After the test nobody has lost anything, and the server has not complained."""
    people.says("before")
    yield people
    people.says("after")
    people.has_lost_nothing()
    complaints = server.complaints()
    assert not complaints, "\n".join(["The server's log:", *complaints])


@pytest.fixture
def mallory(room: Room) -> Iterator[Wire]:
    """A connection of somebody in the room, to do with as one likes."""
    with room.attacker() as wire:
        yield wire

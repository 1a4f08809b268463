"""Presence in process: the promise of every presence, and that it forgets."""

import pytest
from clocks import Clock

from chat.domain import Author
from chat.presence.memory import MemoryPresence

from .contract import ROOM, TIMES, Crowd, MakePresence, PresenceContract


class TestMemoryPresence(PresenceContract):
    @pytest.fixture
    def make_presence(self) -> MakePresence:
        return MemoryPresence


async def test_nothing_is_kept_of_who_has_gone() -> None:
    crowd = Crowd(presence := MemoryPresence(clock := Clock(), TIMES), clock)
    for i in range(50):
        person = Author(f"p{i}", f"P{i}")
        await presence.enter(f"{ROOM}-{i % 5}", person, f"c{i}")
        await presence.rename(Author(f"p{i}", "renamed"), person.name)
    await crowd.after(1)
    for i in range(0, 50, 2):
        await presence.leave(f"{ROOM}-{i % 5}", f"p{i}", f"c{i}")
    for _ in range(20):
        await crowd.after(5)  # the others' leases run out
    assert not any((presence._rooms, presence._connections, presence._leaving))


async def test_times_are_those_of_the_settings_by_default() -> None:
    clock = Clock()
    crowd = Crowd(MemoryPresence(clock), clock)
    await crowd.presence.enter(ROOM, Author("ann", "Ann"), "c")
    await crowd.after(1)
    await crowd.presence.leave(ROOM, "ann", "c")
    assert await crowd.told(TIMES.grace) is not None

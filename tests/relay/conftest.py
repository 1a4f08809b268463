"""Relays over a layer of the test's choice; each is closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from clocks import Clock

from chat.relay import Relay

from .fakes import Logs
from .layers import WatchedLayer

MakeRelay = Callable[[WatchedLayer], Relay]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logs() -> Logs:
    return Logs()


@pytest.fixture
def naps() -> list[float]:
    """How long the relay has asked to sleep."""
    return []


@pytest.fixture
def notices() -> list[dict[str, Any]]:
    """What was told to all processes."""
    return []


@pytest.fixture
async def make_relay(
    clock: Clock, logs: Logs, naps: list[float], notices: list[dict[str, Any]]
) -> AsyncIterator[MakeRelay]:
    relays: list[Relay] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(0)

    def make(layer: WatchedLayer) -> Relay:
        relay = Relay(layer, logs, clock=clock, on_notice=notices.append, stalled_after=10, sleep=nap)
        relays.append(relay)
        return relay

    yield make
    for relay in relays:
        await relay.close()


@pytest.fixture
def layer() -> WatchedLayer:
    return WatchedLayer()


@pytest.fixture
def relay(make_relay: MakeRelay, layer: WatchedLayer) -> Relay:
    return make_relay(layer)

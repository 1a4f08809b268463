"""How much of a body is read at all."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chat.files.body import DRAINED_TIMES, BoundedBody, was_cut

Message = dict[str, Any]


class Server:
    """Hands out messages, and counts what was asked for."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.left = len(messages)

    async def receive(self) -> Message:
        if not self.left:
            return {"type": "http.disconnect"}
        self.left -= 1
        return self._messages.pop(0)


def piece(size: int, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def handled(server: Server, most: int = 100, kind: str = "http") -> tuple[int, bool, Message]:
    """What an application reads as Django's does: the size, whether it is cut, and what comes after."""
    heard: list[Any] = []

    async def application(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        size = 0
        more = True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        heard.extend((size, was_cut(scope), await receive()))

    async def send(_: Message) -> None:
        raise AssertionError

    await BoundedBody(application, lambda: most)({"type": kind}, server.receive, send)
    return heard[0], heard[1], heard[2]


@pytest.mark.parametrize("sizes", [[0], [100], [60, 40], [1] * 100])
async def test_a_body_within_the_bound_comes_whole(sizes: list[int]) -> None:
    server = Server(*map(piece, sizes[:-1]), piece(sizes[-1], more=False))
    assert await handled(server) == (sum(sizes), False, {"type": "http.disconnect"})


@pytest.mark.parametrize("sizes", [[101], [60, 41], [1] * 101, [50] * 8])
async def test_a_longer_one_ends_at_the_bound_and_the_rest_is_read_and_dropped(sizes: list[int]) -> None:
    server = Server(*map(piece, sizes[:-1]), piece(sizes[-1], more=False))
    size, cut, after = await handled(server)
    assert size <= 100
    assert cut
    assert after == {"type": "http.disconnect"}
    assert server.left == 0


async def test_an_endless_one_is_not_read_for_ever() -> None:
    server = Server(*(piece(50) for _ in range(1_000)))
    reached: list[int] = []

    async def application(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        reached.append(server.left)

    await BoundedBody(application, lambda: 100)({"type": "http"}, server.receive, None)
    assert 1_000 - reached[0] <= (1 + DRAINED_TIMES) * 100 / 50 + 1


async def test_pieces_of_a_cut_body_are_not_taken_for_something_else() -> None:
    """Django takes anything but a disconnect, after the end of a body, for a broken server."""
    server = Server(*(piece(50) for _ in range(1_000)))
    assert (await handled(server))[2] == {"type": "http.disconnect"}


async def test_a_client_that_goes_away_while_the_rest_is_dropped_is_gone() -> None:
    server = Server(piece(150), piece(150), {"type": "http.disconnect"})
    size, cut, _ = await handled(server)
    assert (size, cut) == (0, True)


async def test_other_protocols_are_left_alone() -> None:
    server = Server(piece(500, more=False))
    assert await handled(server, kind="websocket") == (500, False, {"type": "http.disconnect"})

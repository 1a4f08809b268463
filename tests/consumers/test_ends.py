"""Every way in which a connection ends: what it held is given back, and the others are told."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import ref

import pytest
from people import GENERAL, PATIENCE, Site, Tab, eventually

from chat.presence.base import SITE

pytestmark = pytest.mark.django_db(transaction=True)

End = Callable[[Tab, pytest.MonkeyPatch], Awaitable[None]]


def _gone(*_: object) -> None:
    raise ConnectionResetError("the peer is gone")


async def closed_by_the_browser(tab: Tab, _: pytest.MonkeyPatch) -> None:
    await tab.leave(1000)


async def reset(tab: Tab, _: pytest.MonkeyPatch) -> None:
    """The server learns of it first."""
    await tab.leave(1006)


async def reset_in_the_middle_of_a_reply(tab: Tab, _: pytest.MonkeyPatch) -> None:
    """Our send learns of it first."""
    tab.socket.output_queue._put = _gone  # type: ignore[method-assign]
    await tab.send(type="members", ref=1, room=GENERAL)
    await tab.socket.wait(PATIENCE)


async def exception(tab: Tab, patch: pytest.MonkeyPatch) -> None:
    """Something in the transport breaks: no `disconnect` would ever run."""

    async def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    patch.setattr("chat.connection.Connection.receive", broken)
    await tab.send(type="pong", ts=1)
    with pytest.raises(RuntimeError, match="a bug of ours"):
        await tab.socket.wait(PATIENCE)


async def cancelled(tab: Tab, _: pytest.MonkeyPatch) -> None:
    """A server that stops, or gives up waiting for the application."""
    tab.socket.future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tab.socket.future


@pytest.mark.parametrize(
    "end", [closed_by_the_browser, reset, reset_in_the_middle_of_a_reply, exception, cancelled]
)
async def test_presence_and_counts_are_exact_for_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    alice, bob = await site.enter("alice", "bob")
    await site.tick(1)
    await site.settle(alice)
    alice.unclaimed.clear()
    with monkeypatch.context() as patch:
        await end(bob, patch)
    assert bob.over
    assert len(site.runtime.live) == site.runtime.relay.connections == 1
    assert set(site.runtime.sockets.values()) == {1}
    # Not yet announced, and not yet subtracted: it may be a reload.
    assert (await alice.ask("members", room=GENERAL))["members"]["count"] == 2
    await site.pass_time(7)
    presence = await alice.until("presence")
    assert ([one["name"] for one in presence["left"]], presence["count"]) == (["bob"], 1)
    assert (await alice.until("online"))["count"] == 1
    assert (await alice.ask("members", room=GENERAL))["members"] == {"people": [alice.me], "count": 1}


async def test_nothing_of_a_connection_waits_for_the_garbage_collector(site: Site) -> None:
    """A thousand who go away at once would be a pause of a tenth of a second for those who stay."""
    [alice] = await site.enter("alice")
    bob = await (await site.visitor("bob")).enter()
    connections = [ref(one) for one in site.runtime.live.values()]
    gc.disable()
    try:
        await bob.leave()
        assert [one() is None for one in connections] == [False, True]
    finally:
        gc.enable()
    await alice.say("still here")


async def test_the_end_of_one_tab_leaves_the_others_as_they_are(site: Site) -> None:
    visitor = await site.visitor("bob")
    first, second = await visitor.enter(), await visitor.enter()
    [alice] = await site.enter("alice")
    first.socket.future.cancel()
    with suppress(asyncio.CancelledError):
        await first.socket.future
    await site.pass_time(7)
    assert (await alice.join())["members"]["count"] == 2
    await alice.say("bob is here")
    await second.hears("bob is here")


async def test_a_socket_that_dies_while_it_is_entering_is_in_no_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [alice] = await site.enter("alice")
    bob = await (await site.visitor("bob")).open()
    entering = asyncio.Event()

    async def never(*_: object) -> None:
        entering.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "latest", never)
        await bob.send(type="join", ref=1, room=GENERAL)
        await entering.wait()
        await cancelled(bob, patch)
    await site.pass_time(7)
    assert (await alice.join())["members"]["count"] == 1


async def test_a_socket_that_dies_while_it_changes_rooms_is_in_none_of_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.visitor("alice")
    room = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    bob = await (await site.visitor("bob")).enter(room)
    leaving = asyncio.Event()

    async def never(*_: object) -> None:
        leaving.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.relay._layer, "group_discard", never)
        await bob.send(type="join", ref=1, room=GENERAL)
        await leaving.wait()
        patch.undo()
        await cancelled(bob, patch)
    await site.pass_time(7)
    for place in (room, GENERAL):
        names = [one["name"] for one in (await alice.ask("members", room=place))["members"]["people"]]
        assert "bob" not in names


async def test_a_layer_that_fails_while_a_socket_ends_does_not_keep_the_person(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await site.enter("alice", "bob")

    async def fail(*_: object) -> None:
        raise ConnectionError("no layer")

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.relay, "detach", fail)
        with pytest.raises(ConnectionError, match="no layer"):
            await bob.leave()
    await site.pass_time(7)
    assert (await alice.join())["members"]["count"] == 1


async def test_a_peer_that_is_gone_is_found_by_the_next_event_and_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chat.consumers.CLOSE_TIMEOUT", 0.01)
    alice, bob = await site.enter("alice", "bob")
    bob.socket.output_queue._put = _gone  # type: ignore[method-assign]
    await alice.say("hello?")
    await eventually(lambda: bob.over)
    assert len(site.runtime.live) == 1
    await alice.hears("hello?")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_peer_that_takes_nothing_costs_the_others_nothing_and_is_closed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 6: after ten seconds without progress, with 4408; its task ends though it takes no closing."""
    monkeypatch.setattr("chat.consumers.CLOSE_TIMEOUT", 0.01)
    alice, bob = await site.enter("alice", "bob")
    await site.settle(bob)
    bob.socket.output_queue._maxsize = 1  # type: ignore[attr-defined]
    for number in range(4):
        await alice.say(f"{number}")
        await alice.hears(f"{number}")
    await site.tick(9)
    assert not bob.over
    await site.tick(2)
    await eventually(lambda: bob.over)
    await site.pass_time(7)
    assert (await alice.join())["members"]["count"] == 1


async def test_a_socket_that_is_closed_by_us_has_ended_when_the_peer_agrees(site: Site) -> None:
    [bob] = await site.enter("bob")
    for _ in range(10):
        await bob.raw("{")
    assert await bob.closed() == 1008
    assert bob.over
    assert not site.runtime.live


async def test_a_peer_that_never_agrees_to_our_closing_is_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.consumers.CLOSE_TIMEOUT", 0.01)
    [bob] = await site.enter("bob")
    for _ in range(10):
        await bob.raw("{")
    await eventually(lambda: bob.over)
    assert bob.socket.future.exception() is None
    assert not site.runtime.live


async def test_an_exception_of_the_closing_transport_is_not_an_error_of_ours(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chat.consumers.CLOSE_TIMEOUT", 0.01)
    [bob] = await site.enter("bob")

    def already_closed(*_: object) -> None:
        raise RuntimeError("Unexpected ASGI message 'websocket.close', after sending 'websocket.close'.")

    bob.socket.output_queue._put = already_closed  # type: ignore[method-assign]
    next(iter(site.runtime.live.values())).close_soon(1012)
    await eventually(lambda: bob.over)
    assert not caplog.records


async def test_only_the_first_order_to_close_counts(site: Site) -> None:
    [bob] = await site.enter("bob")
    [connection] = site.runtime.live.values()
    connection.close_soon(4401)
    connection.close_soon(1012)
    assert await bob.closed() == 4401
    assert bob.socket.output_queue.empty()


async def test_an_end_that_comes_before_our_closing_is_an_end(site: Site) -> None:
    [bob] = await site.enter("bob")
    [connection] = site.runtime.live.values()
    bob.socket.future.cancel()
    connection.close_soon(4401)
    await eventually(lambda: bob.over)
    assert await bob.closed() == 4401
    assert not site.runtime.live


async def test_what_a_server_says_besides_is_not_listened_to(site: Site) -> None:
    visitor = await site.visitor("bob")
    socket = await visitor.knock()
    for message in ({"type": "websocket.receive", "text": "{"}, {"type": "websocket.unheard"}):
        await socket.send_input(message)
    assert await socket.connect(PATIENCE) == (True, None)
    tab = Tab(socket)
    await tab.until("welcome")
    await tab.join()


async def test_a_server_that_stops_ends_everybody_cleanly(site: Site) -> None:
    tabs = await site.enter("alice", "bob", "carol")
    for tab in tabs:
        tab.socket.future.cancel()
    await asyncio.wait([tab.socket.future for tab in tabs])
    here = site.runtime
    assert not here.live
    assert not here.sockets
    assert not here.relay.connections
    assert not here.relay.rooms()


async def test_a_peer_that_is_gone_before_it_is_welcomed_leaves_nothing(site: Site) -> None:
    visitor = await site.visitor("bob")
    socket = await visitor.knock()
    await socket.send_input({"type": "websocket.connect"})
    accepted = await socket.receive_output(PATIENCE)
    assert accepted["type"] == "websocket.accept"
    socket.output_queue._put = _gone  # type: ignore[method-assign]
    await socket.wait(PATIENCE)
    assert not site.runtime.live
    assert not site.runtime.sockets
    assert not site.runtime.relay.connections


async def test_a_lease_that_is_not_renewed_runs_out(site: Site) -> None:
    """A process that is stopped gives nothing back: the others' leases go on, its own end."""
    alice, bob = await site.enter("alice", "bob")
    [stuck] = [key for key, one in site.runtime.live.items() if one.author.id == bob.id]
    live: dict[str, Any] = site.runtime.live
    del live[stuck]
    for _ in range(5):
        await site.pass_time(12)
        await alice.ask("leave", room="channel:x")
    assert (await alice.join())["members"]["count"] == 1


async def test_an_end_that_is_cancelled_half_way_gives_everything_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.enter("alice")
    presence = site.runtime.presence
    leave, leaving, may_leave = presence.leave, asyncio.Event(), asyncio.Event()

    async def slow(*place: Any, **how: Any) -> None:
        leaving.set()
        await may_leave.wait()
        await leave(*place, **how)

    monkeypatch.setattr(presence, "leave", slow)
    [connection] = site.runtime.live.values()
    ending = asyncio.create_task(connection.end())
    await leaving.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    may_leave.set()
    await site.work_done()
    await site.pass_time(7)
    for place in (GENERAL, SITE):
        assert (await presence.present(place, 1)).count == 0


async def test_a_socket_that_is_lost_while_it_enters_is_in_no_list(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await site.enter("alice", "bob")
    room = await (await site.visitor("carol")).make_channel("Pit crew")
    [member] = [one for one in site.runtime.relay.members() if one.person == alice.id]
    latest = site.runtime.store.latest

    async def lost_meanwhile(*what: Any) -> Any:
        found = await latest(*what)
        member.lose()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "latest", lost_meanwhile)
        await alice.send(type="join", ref=99, room=room)
        await alice.closed()
    await site.pass_time(7)
    assert (await bob.join(room))["members"]["count"] == 1

"""``ping`` and ``pong``: how the server finds out who is still there (A16: the light in the page)."""

import pytest
from people import GENERAL, Site

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_silent_are_pinged_after_25_seconds_and_closed_after_60(site: Site) -> None:
    """A16: what tells the page that a connection which looks open is none."""
    alice = (await site.enter("alice"))[0]
    await site.pass_time(24)
    await site.settle(alice)
    assert not alice.heard("ping")
    await site.pass_time(1)
    assert (await alice.until("ping"))["ts"] > 0
    await site.pass_time(34)
    assert len(alice.heard("ping")) <= 1
    assert not alice.over
    await site.pass_time(1)
    assert await alice.closed() == 4408
    assert site.runtime.counters["silent_closed"] == 1


async def test_who_answers_stays(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    for _ in range(5):
        await site.pass_time(25)
        ping = await alice.until("ping")
        await alice.send(type="pong", ts=ping["ts"])
        await alice.join()  # and so the pong has been taken
    assert not alice.over


async def test_who_speaks_is_not_pinged(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    for _ in range(4):
        await site.pass_time(20)
        await alice.ask("members", room=GENERAL)
    await site.settle(alice)
    assert not alice.heard("ping")


async def test_a_pong_has_no_reply_and_no_rate(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    for _ in range(100):
        await alice.send(type="pong", ts=1)
    await alice.join()
    assert not [frame for frame in alice.unclaimed if frame["type"] in ("ok", "error")]


@pytest.mark.parametrize("fields", [{}, {"ts": "x"}, {"ts": 1, "ref": 1}])
async def test_a_garbled_pong_is_refused_as_invalid(site: Site, fields: dict[str, object]) -> None:
    alice = (await site.enter("alice"))[0]
    await alice.send(type="pong", **fields)
    assert (await alice.until("error"))["code"] == "invalid"


async def test_connecting_and_never_speaking_ends_after_a_minute(site: Site) -> None:
    alice = await (await site.visitor("alice")).open()
    await site.pass_time(60)
    assert await alice.closed() == 4408

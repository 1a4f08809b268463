"""One connection: sends that nobody waits for, a queue with a bound, and the end of it."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from clocks import Clock

from chat.protocol import CloseCode
from chat.relay import Member
from chat.relay.member import QUEUE_BYTES, QUEUE_EVENTS, RENEW_TRIES

from .fakes import Tab, quiet, until


def text(seq: int, filler: str = "") -> str:
    return json.dumps({"type": "event", "seq": seq, "filler": filler})


async def nobody_is_brought_back(member: Member) -> None:
    raise AssertionError("this member was not behind")


def member_of(
    tab: Tab,
    clock: Clock | None = None,
    bring_back: Callable[[Member], Awaitable[None]] = nobody_is_brought_back,
    send: Callable[[dict[str, Any]], Any] | None = None,
) -> Member:
    return Member(
        tab.person,
        tab.session,
        send or tab.send,
        tab.notices.append,
        state=tab.welcome,
        bring_back=bring_back,
        clock=clock or Clock(),
        counters=Counter(),
    )


def counters(member: Member) -> "Counter[str]":
    return member._counters


class Source:
    """Brings a member back: notes where it was, and writes what brings it level."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.asked: list[int] = []

    async def __call__(self, member: Member) -> None:
        self.asked.append(member.seq)
        member.behind = False
        member.write(text(self.head), events=0, seq=self.head)


async def test_a_send_that_finishes_at_once_needs_no_task() -> None:
    member = member_of(tab := Tab())
    member.write(text(1), seq=1)
    assert tab.seqs == [1]
    assert member.writer is None
    assert member.seq == 1


async def test_what_cannot_be_sent_at_once_waits_in_order() -> None:
    member = member_of(tab := Tab())
    tab.gate.clear()
    for seq in range(1, 6):
        member.write(text(seq), seq=seq)
    await quiet()
    assert tab.frames == []
    assert member.seq == 1  # begun, not finished
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert tab.seqs == [1, 2, 3, 4, 5]
    assert member.seq == 5
    assert (member.queued_events, member.queued_bytes) == (0, 0)


async def test_writing_goes_on_at_once_after_the_queue_was_emptied() -> None:
    member = member_of(tab := Tab())
    tab.gate.clear()
    member.write(text(1), seq=1)
    tab.gate.set()
    await until(lambda: member.writer is None)
    member.write(text(2), seq=2)
    assert tab.seqs == [1, 2]


async def test_a_send_may_give_way_as_often_as_it_likes() -> None:
    tab = Tab()

    async def send(message: dict[str, Any]) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await tab.send(message)

    member = member_of(tab, send=send)
    member.write(text(1), seq=1)
    member.write(text(2), seq=2)
    await until(lambda: member.writer is None)
    assert tab.seqs == [1, 2]


async def test_members_may_wait_for_the_very_same_future() -> None:
    tabs = [Tab(), Tab(), Tab()]
    drained = asyncio.get_running_loop().create_future()

    def send_of(tab: Tab) -> Callable[[dict[str, Any]], Any]:
        async def send(message: dict[str, Any]) -> None:
            await drained
            await tab.send(message)

        return send

    members = [member_of(tab, send=send_of(tab)) for tab in tabs]
    for member in members:
        member.write(text(1), seq=1)
    await quiet()
    drained.set_result(None)
    await until(lambda: all(member.writer is None for member in members))
    assert [tab.seqs for tab in tabs] == [[1], [1], [1]]
    assert not any(member.dead for member in members)


async def test_exactly_256_events_wait_and_one_more_is_too_many() -> None:
    source = Source(head=300)
    member = member_of(tab := Tab(), bring_back=source)
    tab.gate.clear()
    member.write(text(1), seq=1)
    for seq in range(2, QUEUE_EVENTS + 2):
        member.write(text(seq), seq=seq)
    assert not member.behind
    assert member.queued_events == QUEUE_EVENTS
    member.write(text(QUEUE_EVENTS + 2), seq=QUEUE_EVENTS + 2)
    assert member.behind
    assert not member.queue
    assert counters(member)["members_behind"] == 1
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert source.asked == [1]
    assert tab.seqs == [1, 300]
    assert member.seq == 300


async def test_a_megabyte_is_too_much() -> None:
    source = Source(head=5)
    member = member_of(tab := Tab(), bring_back=source)
    tab.gate.clear()
    large = text(0, "x" * (QUEUE_BYTES // 2 - 200))
    member.write(text(1), seq=1)
    member.write(large, seq=2)
    member.write(large, seq=3)
    assert not member.behind
    member.write(large, seq=4)
    assert member.behind
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert tab.seqs == [1, 5]


async def test_a_member_that_is_behind_keeps_no_more_events() -> None:
    member = member_of(tab := Tab(), bring_back=Source(head=9_999))
    tab.gate.clear()
    for seq in range(1, 5_000):
        member.write(text(seq), seq=seq)
    assert len(member.queue) == 0
    assert counters(member)["members_behind"] == 1
    member.end()


async def test_replies_are_never_dropped() -> None:
    member = member_of(tab := Tab(), bring_back=Source(head=2_000))
    tab.gate.clear()
    for seq in range(1, 1_001):
        member.write(text(seq), seq=seq)
        member.write(json.dumps({"type": "ok", "ref": seq}), events=0)
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert [frame["ref"] for frame in tab.of("ok")] == list(range(1, 1_001))
    assert tab.seqs == [1, 2_000]


async def test_a_waiting_level_moves_the_position_from_which_it_is_brought_back() -> None:
    source = Source(head=900)
    member = member_of(tab := Tab(), bring_back=source)
    tab.gate.clear()
    member.write(text(1), seq=1)
    member.write(text(50), events=0, seq=50)
    for seq in range(51, 51 + QUEUE_EVENTS + 1):
        member.write(text(seq), seq=seq)
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert source.asked == [50]
    assert tab.seqs == [1, 50, 900]


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("closed"), asyncio.CancelledError()])
async def test_a_transport_that_refuses_loses_the_member_with_4408(error: BaseException) -> None:
    member = member_of(tab := Tab())
    tab.broken = error
    member.write(text(1), seq=1)
    assert member.dead
    assert tab.notices == [{"close": CloseCode.STALLED}]
    assert counters(member)["members_lost"] == 1
    member.write(text(2), seq=2)
    assert tab.starts == 1


@pytest.mark.parametrize("error", [OSError("gone"), asyncio.CancelledError()])
async def test_so_does_one_that_refuses_after_a_while(error: BaseException) -> None:
    member = member_of(tab := Tab())
    tab.gate.clear()
    member.write(text(1), seq=1)
    member.write(text(2), seq=2)
    tab.broken = error
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert member.dead
    assert tab.seqs == [1]
    assert not member.queue
    assert tab.notices == [{"close": CloseCode.STALLED}]


async def test_a_member_that_cannot_be_brought_back_is_lost() -> None:
    async def fail(member: Member) -> None:
        raise ConnectionError("the store is down")

    member = member_of(tab := Tab(), bring_back=fail)
    tab.gate.clear()
    for seq in range(1, QUEUE_EVENTS + 3):
        member.write(text(seq), seq=seq)
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert tab.notices == [{"close": CloseCode.STALLED}]


async def test_after_the_end_nothing_is_written_and_nothing_kept() -> None:
    member = member_of(tab := Tab())
    tab.gate.clear()
    member.write(text(1), seq=1)
    member.write(text(2), seq=2)
    member.end()
    member.end()
    member.write(text(3), seq=3)
    member.write(text(4), events=0)
    assert not member.queue
    await quiet()
    assert tab.frames == []
    assert tab.notices == []  # whoever ended it knows
    assert member.writer is None or member.writer.done()


async def test_the_end_reaches_a_send_that_is_under_way() -> None:
    ended = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    member = member_of(Tab(), send=send)
    member.write(text(1), seq=1)
    await quiet()
    member.end()
    await until(ended.is_set)
    await until(lambda: member.writer is None)


async def test_progress_is_the_time_at_which_the_last_send_began() -> None:
    clock = Clock()
    member = member_of(tab := Tab(), clock)
    tab.gate.clear()
    member.write(text(1), seq=1)
    member.write(text(2), seq=2)
    assert member.progress_at == clock.now
    clock.now += 7
    await quiet()
    assert member.progress_at == clock.now - 7
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert member.progress_at == clock.now


# --- news that are in no log --------------------------------------------------------------------------


def tell(tab: Tab, member: Member) -> None:
    """Something happens to the person, and is told."""
    tab.news += 1
    member.tell(json.dumps({"type": "news", "number": tab.news}))


def known(tab: Tab) -> int:
    """The last news that the client knows of."""
    return max((frame.get("number", frame.get("last", 0)) for frame in tab.frames), default=0)


async def member_behind(tab: Tab) -> Member:
    """Its queue has overflowed with a first piece of news in it, and it takes nothing."""
    member = member_of(tab, bring_back=Source(QUEUE_EVENTS + 2))
    tab.gate.clear()
    member.write(text(1), seq=1)
    tell(tab, member)
    for seq in range(2, QUEUE_EVENTS + 3):
        member.write(text(seq), seq=seq)
    assert member.behind
    return member


async def test_news_are_told_one_by_one_to_who_takes_them() -> None:
    tab = Tab()
    member = member_of(tab)
    tell(tab, member)
    tab.gate.clear()
    tell(tab, member)
    tell(tab, member)
    tab.gate.set()
    await until(lambda: len(tab.of("news")) == 3)
    await quiet()
    assert tab.welcomes == 0


async def test_who_was_too_slow_for_news_is_told_how_everything_is_and_then_news_again() -> None:
    tab = Tab()
    member = await member_behind(tab)
    tell(tab, member)
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert [frame["type"] for frame in tab.frames] == ["event", "event", "welcome"]
    assert tab.of("welcome") == [{"type": "welcome", "last": 2}]
    tell(tab, member)
    assert tab.frames[-1] == {"type": "news", "number": 3}


async def test_what_made_the_queue_overflow_is_news_too() -> None:
    tab = Tab()
    member = member_of(tab, bring_back=Source(QUEUE_EVENTS + 1))
    tab.gate.clear()
    for seq in range(1, QUEUE_EVENTS + 2):
        member.write(text(seq), seq=seq)
    tell(tab, member)
    assert member.behind
    tab.gate.set()
    await until(lambda: known(tab) == 1)


async def test_news_that_waited_and_were_dropped_with_a_room_are_made_up_for() -> None:
    tab = Tab()
    member = member_of(tab)
    tab.gate.clear()
    member.write(text(1), seq=1)
    tell(tab, member)
    member.drop_events()
    tab.gate.set()
    await until(lambda: tab.of("welcome"))
    assert known(tab) == 1


async def test_news_are_not_kept_for_who_takes_nothing() -> None:
    tab = Tab()
    member = await member_behind(tab)
    for _ in range(10 * QUEUE_EVENTS):
        tell(tab, member)
    assert not member.queue
    tab.gate.set()
    await until(lambda: known(tab) == tab.news)
    assert tab.welcomes == 1


async def test_what_happens_while_it_is_looked_how_everything_is_is_not_missing() -> None:
    tab = Tab()
    member = await member_behind(tab)

    async def meanwhile() -> None:
        tab.meanwhile = None
        tell(tab, member)

    tab.meanwhile = meanwhile
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert tab.of("welcome") == [{"type": "welcome", "last": 2}]
    assert tab.welcomes == 2


async def test_who_cannot_be_told_how_everything_is_has_to_come_again() -> None:
    tab = Tab()
    member = await member_behind(tab)

    async def meanwhile() -> None:
        tell(tab, member)

    tab.meanwhile = meanwhile
    tab.gate.set()
    await until(lambda: tab.notices == [{"close": CloseCode.STALLED}])
    assert tab.welcomes == RENEW_TRIES


async def test_who_missed_no_news_is_only_brought_level() -> None:
    tab = Tab()
    member = member_of(tab, bring_back=Source(QUEUE_EVENTS + 2))
    tab.gate.clear()
    for seq in range(1, QUEUE_EVENTS + 3):
        member.write(text(seq), seq=seq)
    assert member.behind
    tab.gate.set()
    await until(lambda: member.writer is None)
    assert tab.welcomes == 0

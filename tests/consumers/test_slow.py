"""A reader that cannot keep up: it gets everything in the end, or a reset; nobody waits for it."""

from collections.abc import Callable
from typing import Any

import pytest
from people import GENERAL, Frame, Site, Tab

from chat.relay.member import QUEUE_EVENTS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _unlimited(settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}


def stall(tab: Tab) -> None:
    """The peer takes nothing more than what fits on the way."""
    tab.socket.output_queue._maxsize = 1  # type: ignore[attr-defined]


async def applied(tab: Tab, last: int) -> tuple[list[int], list[Frame]]:
    """What a client applies until it is at ``last``: the numbers of events, and the resets."""
    numbers: list[int] = []
    resets: list[Frame] = []

    def apply(frame: Frame) -> bool:
        if frame["type"] == "event":
            numbers.append(frame["seq"])
        elif frame["type"] == "joined" and frame["reset"]:
            resets.append(frame)
        elif frame["type"] == "joined":
            numbers.extend(event["seq"] for event in frame["events"])
        return last in (*numbers[-1:], *(frame["seq"] for frame in resets))

    await tab.first(apply)
    return numbers, resets


async def test_a_reader_that_comes_back_in_time_gets_every_event_once(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await site.settle(bob)
    stall(bob)
    for number in range(50):
        await alice.say(f"{number}")
    assert await applied(bob, 50) == (list(range(1, 51)), [])


async def test_a_reader_that_fell_behind_is_brought_level_from_the_store(
    site: Site, limits: Callable[..., None]
) -> None:
    many = QUEUE_EVENTS + 100
    limits(kept=2 * many, events_kept=2 * many)
    alice, bob = await site.enter("alice", "bob")
    await site.settle(bob)
    stall(bob)
    for number in range(many):
        await alice.say(f"{number}")
    await alice.hears(f"{many - 1}")
    assert site.runtime.relay.counters["members_behind"] == 1
    assert await applied(bob, many) == (list(range(1, many + 1)), [])
    await alice.say("level again")
    await bob.hears("level again")


async def test_a_reader_that_fell_too_far_behind_is_told_so_by_a_reset(site: Site) -> None:
    many = QUEUE_EVENTS + 100
    alice, bob = await site.enter("alice", "bob")
    await site.settle(bob)
    stall(bob)
    for number in range(many):
        await alice.say(f"{number}")
    await alice.hears(f"{many - 1}")
    numbers, [reset] = await applied(bob, many)
    assert numbers == list(range(1, len(numbers) + 1))
    assert [message["n"] for message in reset["messages"]] == list(range(many - 99, many + 1))
    await alice.say("level again")
    assert (await bob.hears("level again"))["seq"] == many + 1


async def test_the_others_and_ones_own_replies_do_not_wait_for_a_slow_reader(site: Site) -> None:
    alice, bob, carol = await site.enter("alice", "bob", "carol")
    await site.settle(bob)
    stall(bob)
    for number in range(QUEUE_EVENTS + 50):
        await alice.say(f"{number}")
    await carol.say("undisturbed", GENERAL)
    await alice.hears("undisturbed")
    assert (await bob.ask("members", room=GENERAL))["members"]["count"] == 3


async def test_a_reader_that_fell_behind_learns_what_happened_outside_of_its_room(
    site: Site, limits: Callable[..., None]
) -> None:
    """Its name, another room's messages, its marker there and a new channel: no replay of a log has them."""
    limits(kept=2 * QUEUE_EVENTS, events_kept=2 * QUEUE_EVENTS)
    alice = await (await site.visitor("alice")).enter()
    visitor = await site.visitor("bob")
    bob, elsewhere = await visitor.enter(), await visitor.open()
    reply = await alice.ask("create", name="Boxes")
    boxes = reply["channel"]["room"]
    await alice.say("one", boxes)
    await site.settle(bob)
    stall(bob)
    for number in range(QUEUE_EVENTS + 10):
        await alice.say(f"{number}")
    await alice.hears(f"{QUEUE_EVENTS + 9}")
    assert site.runtime.relay.counters["members_behind"] == 1
    await visitor.choose_name("robert")
    await alice.say("two", boxes)
    await alice.say("three", boxes)
    head = (await elsewhere.rooms())[boxes]
    await elsewhere.ask("read", room=boxes, epoch=head["epoch"], n=head["n"] - 1)
    made = (await alice.ask("create", name="Yard"))["channel"]["room"]
    await site.tick(2)
    await site.settle(elsewhere)
    state = await bob.until("welcome")
    assert state["me"]["name"] == "robert"
    numbers = {room["room"]: (room["n"], room["read"], room["unread"]) for room in state["rooms"]}
    assert numbers[boxes] == (3, 2, 1)
    assert numbers[made] == (0, 0, 0)
    await site.settle(bob)

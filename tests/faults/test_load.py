"""Too much from one connection: it is refused, and nobody else is harmed."""

from collections import Counter
from time import monotonic
from uuid import uuid4

from chat.conf import Limits

from .clients import GENERAL
from .room import Room
from .wire import PATIENCE, ending, text

FLOODING = 4429


def flood(amount: int) -> bytes:
    """So many messages in one piece, with a number each as their ``ref``."""
    return b"".join(
        text(type="send", ref=ref, room=GENERAL, cid=str(uuid4()), body=f"flood {ref}")
        for ref in range(amount)
    )


def test_a_hundred_messages_a_second_are_cut_to_what_one_may_say(limited: Room) -> None:
    allowed = Limits().message
    with limited.attacker() as mallory:
        began = monotonic()
        mallory.send(flood(100))
        limited.says("during")
        replies = [limited.next_reply(mallory) for _ in range(100)]
        seconds = monotonic() - began
    assert [reply["ref"] for reply in replies] == list(range(100))
    outcomes = Counter(reply.get("code", reply["type"]) for reply in replies)
    assert set(outcomes) == {"ack", "rate_limited"}
    assert allowed.burst <= outcomes["ack"] <= allowed.burst + allowed.count * seconds + 1
    assert all(reply["retry_after"] > 0 for reply in replies if reply["type"] == "error")
    for reply in replies:
        if reply["type"] == "ack":
            limited.listener.hears(f"flood {reply['ref']}")
    limited.says("after")
    limited.has_lost_nothing()


def test_who_is_told_too_often_to_wait_is_closed_with_4429(limited: Room) -> None:
    with limited.attacker() as mallory:
        mallory.send(flood(2 * Limits().floods))
        assert ending(mallory, PATIENCE) == FLOODING
    limited.says("after")
    limited.has_lost_nothing()

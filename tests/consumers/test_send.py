"""``send``: storing a message and telling its room."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from people import GENERAL, Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


def cid() -> str:
    return str(uuid4())


async def test_everybody_in_the_room_gets_the_message_without_a_reload(site: Site) -> None:
    """A10: real time."""
    alice, bob, carol = await site.enter("alice", "bob", "carol")
    await alice.say("hello")
    messages = [await tab.hears("hello") for tab in (alice, bob, carol)]
    assert messages[0] == messages[1] == messages[2]


async def test_a_message_has_its_sender_and_time_from_the_server(site: Site) -> None:
    """A9: the sender is the session's, the time the server's, in ms."""
    alice, bob = await site.enter("alice", "bob")
    before = site.clock.now_ms()
    ack = await alice.say("hello")
    message = await bob.hears("hello")
    assert message["author"] == alice.me
    assert before <= message["ts"] <= site.clock.now_ms()
    assert message["ts"] == ack["ts"]


async def test_own_messages_can_be_told_from_others(site: Site) -> None:
    """A13: by the author's id, which is the one that `welcome` said."""
    alice, bob = await site.enter("alice", "bob")
    await alice.say("from alice")
    await bob.say("from bob")
    assert (await alice.hears("from alice"))["author"]["id"] == alice.id
    assert (await alice.hears("from bob"))["author"]["id"] == bob.id != alice.id


async def test_the_ack_numbers_the_message_as_its_event_does(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("first")
    mine = cid()
    ack = await alice.say("second", cid=mine)
    message = await alice.hears("second")
    assert ack == {
        "type": "ack",
        "ref": ack["ref"],
        "room": GENERAL,
        "cid": mine,
        "id": message["id"],
        "seq": 2,
        "n": 2,
        "ts": message["ts"],
        "duplicate": False,
    }
    assert (message["seq"], message["n"], message["cid"]) == (2, 2, mine)


async def test_sending_needs_permission_and_no_join(site: Site) -> None:
    alice = await (await site.visitor("alice")).open()
    [bob] = await site.enter("bob")
    await alice.say("from outside the room")
    await bob.hears("from outside the room")
    await site.settle(alice)
    assert not alice.heard("event")


@pytest.mark.parametrize("again", [str, str.upper])
async def test_the_same_cid_again_is_the_same_message(site: Site, again: Callable[[str], str]) -> None:
    alice, bob = await site.enter("alice", "bob")
    mine = cid()
    first = await alice.say("once", cid=mine)
    second = await alice.say("once", cid=again(mine))
    assert second["duplicate"] is True
    same = ("room", "cid", "id", "seq", "n", "ts")
    assert [first[key] for key in same] == [second[key] for key in same]
    await alice.say("next")
    await bob.hears("next")
    assert len(bob.heard("event")) == 1
    assert site.runtime.counters["duplicates_refused"] == 1


async def test_the_same_cid_of_somebody_else_is_another_message(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    shared = cid()
    first = await alice.say("from alice", cid=shared)
    second = await bob.say("from bob", cid=shared)
    assert second["duplicate"] is False
    assert second["id"] != first["id"]


async def test_the_same_cid_in_another_tab_after_a_reload_is_the_same_message(site: Site) -> None:
    alice = await site.visitor("alice")
    mine = cid()
    first = await (await alice.enter()).say("once", cid=mine)
    again = await (await alice.enter()).say("once", cid=mine)
    assert (again["duplicate"], again["id"]) == (True, first["id"])


async def test_line_ends_are_made_one_and_outer_white_space_goes(site: Site) -> None:
    [alice] = await site.enter("alice")
    await alice.say("  a\r\nb\rc \n")
    await alice.hears("a\nb\nc")


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{7*7}} %s ${x}",
        "</script><svg onload=alert(1)>",
        "javascript:alert(1)",
        "a\u2028b\u2029c",
        "\u202egnp.exe",
        "a" + "\u0301" * 3_000,
        "https://example.com/" + "a" * 3_900,
        "chat.message",
        "x" * 4_000,
    ],
)
async def test_text_is_kept_and_passed_on_as_text(site: Site, body: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.say(body)
    await bob.hears(body)


async def test_a_reply_quotes_the_message_it_answers(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    asked = await alice.say("What is it?\n" + "long " * 100)
    await bob.say("This.", reply_to=asked["id"])
    quote = (await alice.hears("This."))["reply_to"]
    assert (quote["id"], quote["author"]["name"]) == (asked["id"], "alice")
    assert quote["excerpt"].startswith("What is it? long")
    assert len(quote["excerpt"]) <= 120


async def test_a_reply_to_what_is_not_there_is_refused(site: Site) -> None:
    alice = await site.visitor("alice")
    elsewhere = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    in_general = await tab.say("in general")
    for room, message_id in ((GENERAL, "nothing"), (elsewhere, in_general["id"])):
        code = await tab.refusal("send", room=room, cid=cid(), body="x", reply_to=message_id)
        assert code == "not_found"
    await tab.ask("delete", room=GENERAL, id=in_general["id"])
    assert (
        await tab.refusal("send", room=GENERAL, cid=cid(), body="x", reply_to=in_general["id"]) == "not_found"
    )


async def test_a_retry_is_answered_though_the_quoted_message_was_deleted_meanwhile(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    asked = await alice.say("What is it?")
    reply = {"room": GENERAL, "cid": cid(), "body": "This.", "reply_to": asked["id"]}
    first = await bob.ask("send", **reply)
    await alice.ask("delete", room=GENERAL, id=asked["id"])
    again = await bob.ask("send", **reply)
    assert again == {**first, "ref": again["ref"], "duplicate": True}


async def test_a_retry_is_answered_though_the_channel_was_archived_meanwhile(site: Site) -> None:
    alice = await site.visitor("alice")
    room = await alice.make_channel("Pit crew")
    tab = await alice.enter()
    post = {"room": room, "cid": cid(), "body": "x"}
    first = await tab.ask("send", **post)
    await Channel.objects.filter(slug="pit-crew").aupdate(archived_at=datetime.now(UTC))
    await site.runtime.directory.reload("pit-crew")
    again = await tab.ask("send", **post)
    assert (again["id"], again["duplicate"]) == (first["id"], True)
    assert await tab.refusal("send", **{**post, "cid": cid()}) == "forbidden"


async def test_posting_moves_the_posters_own_marker_in_all_their_tabs(site: Site) -> None:
    alice = await site.visitor("alice")
    here, there = await alice.enter(), await alice.open()
    [bob] = await site.enter("bob")
    await bob.say("news")
    await here.say("answer")
    await site.tick(1)
    read = await there.until("read", room=GENERAL)
    assert (read["n"], read["unread"]) == (2, 0)


# --- strangers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ["channel:nowhere", "direct:abcdef"])
async def test_nobody_can_send_to_a_room_that_does_not_exist(site: Site, room: str) -> None:
    [alice] = await site.enter("alice")
    assert await alice.refusal("send", room=room, cid=cid(), body="x") == "not_found"


async def test_nobody_can_send_to_an_archived_channel(site: Site) -> None:
    await Channel.objects.acreate(slug="old", name="Old", archived_at=datetime.now(UTC))
    [alice] = await site.enter("alice")
    assert await alice.refusal("send", room="channel:old", cid=cid(), body="x") == "forbidden"


async def test_nobody_can_send_to_a_private_channel(site: Site) -> None:
    await Channel.objects.acreate(slug="secret", name="Secret", private=True)
    [alice] = await site.enter("alice")
    assert await alice.refusal("send", room="channel:secret", cid=cid(), body="x") == "not_found"


async def test_somebody_elses_file_cannot_be_attached(site: Site) -> None:
    [alice] = await site.enter("alice")
    code = await alice.refusal("send", room=GENERAL, cid=cid(), body="x", attachments=["some-file"])
    assert code == "not_found"


# --- garbage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"body": ""}, "empty"),
        ({"body": " \t\r\n\u00a0\u3000"}, "empty"),
        ({"body": "\u200b\u200d\u2060\ufeff\u3164"}, "empty"),
        ({"body": "x" * 4_001}, "too_long"),
        ({"body": "nul \u0000"}, "invalid"),
        ({"body": "bell \u0007"}, "invalid"),
        ({"body": 5}, "invalid"),
        ({"body": None}, "invalid"),
        ({"body": ["x"]}, "invalid"),
        ({"body": {"x": 1}}, "invalid"),
        ({"cid": "x"}, "invalid"),
        ({"cid": "x" * 10_000}, "invalid"),
        ({"cid": 5}, "invalid"),
        ({"cid": "c0ffee00-0000-4000-8000-000000000000\n"}, "invalid"),
        ({"room": "channel:a/b"}, "invalid"),
        ({"room": {"$ne": 1}}, "invalid"),
        ({"author": {"id": "x"}}, "invalid"),
        ({"seq": 1}, "invalid"),
        ({"ts": 1}, "invalid"),
        ({"is_admin": True}, "invalid"),
        ({"__proto__": {"x": 1}}, "invalid"),
        ({"constructor": 1}, "invalid"),
        ({"attachments": "x"}, "invalid"),
        ({"attachments": ["x"] * 11}, "invalid"),
        ({"reply_to": 1}, "invalid"),
    ],
)
async def test_garbage_is_refused_and_not_stored(site: Site, changed: dict[str, Any], code: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    fields = {"room": GENERAL, "cid": cid(), "body": "x", **changed}
    assert await alice.refusal("send", **fields) == code
    await alice.say("next")
    assert (await bob.hears("next"))["seq"] == 1


# --- rates ----------------------------------------------------------------------------------------


async def test_messages_have_a_rate_for_each_person_over_all_their_tabs(site: Site) -> None:
    alice = await site.visitor("alice")
    tabs = [await alice.enter(), await alice.enter()]
    for number in range(10):
        await tabs[number % 2].say(f"{number}")
    refused = await tabs[0].ask("send", room=GENERAL, cid=cid(), body="too fast")
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retry_after"] <= 0.2
    assert await tabs[1].refusal("send", room=GENERAL, cid=cid(), body="too fast") == "rate_limited"
    site.clock.advance(refused["retry_after"])
    await tabs[0].say("in time")
    assert (await tabs[1].hears("in time"))["seq"] == 11


async def test_one_persons_rate_is_not_anothers(site: Site, limits: Callable[..., None]) -> None:
    limits(message=(1, 1, 1))
    alice, bob = await site.enter("alice", "bob")
    await alice.say("first")
    assert await alice.refusal("send", room=GENERAL, cid=cid(), body="x") == "rate_limited"
    await bob.say("mine")


async def test_sending_to_nowhere_has_the_same_rate(site: Site, limits: Callable[..., None]) -> None:
    """An unknown room costs a query: it must not be free."""
    limits(message=(1, 1, 2))
    [alice] = await site.enter("alice")
    nowhere = {"room": "channel:nowhere", "cid": cid(), "body": "x"}
    assert [await alice.refusal("send", **nowhere) for _ in range(3)] == [
        "not_found",
        "not_found",
        "rate_limited",
    ]


async def test_a_flood_of_refused_messages_closes_the_socket(site: Site, limits: Callable[..., None]) -> None:
    limits(message=(1, 1, 1), floods=5)
    alice, bob = await site.enter("alice", "bob")
    for number in range(8):
        await alice.send(type="send", ref=number, room=GENERAL, cid=cid(), body=f"{number}")
    assert await alice.closed() == 4429
    await bob.say("undisturbed")
    assert (await bob.hears("undisturbed"))["seq"] == 2


async def test_a_burst_is_cut_off_and_costs_others_nothing(site: Site) -> None:
    """A hundred messages at once from one socket: the burst is taken, the rest refused, nothing lost."""
    alice, bob = await site.enter("alice", "bob")
    began = time.monotonic()
    for number in range(100):
        await alice.send(type="send", ref=number, room=GENERAL, cid=cid(), body=f"{number}")
    replies = [await alice.first(lambda frame, ref=number: frame.get("ref") == ref) for number in range(100)]
    taken = [reply for reply in replies if reply["type"] == "ack"]
    rate = site.runtime.settings.LIMITS.message
    # On Redis time does not stand still meanwhile.
    returned = int((time.monotonic() - began) * rate.per_second)
    assert rate.burst <= len(taken) <= rate.burst + returned
    refused = [reply["code"] for reply in replies if reply["type"] == "error"]
    assert refused == ["rate_limited"] * (100 - len(taken))
    await bob.say("undisturbed")
    await bob.hears("undisturbed")
    events = bob.heard("event")
    assert [event["message"]["id"] for event in events] == [ack["id"] for ack in taken]


# --- no database ----------------------------------------------------------------------------------


async def test_a_public_message_its_edit_and_reaction_need_no_database(
    site: Site, no_database: Callable[[], Any]
) -> None:
    """Rule 3. Also to a second channel, and with a reply."""
    visitor = await site.visitor("alice")
    elsewhere = await visitor.make_channel("Pit crew")
    alice = await visitor.enter()
    [bob] = await site.enter("bob")
    with no_database():
        ack = await alice.say("hello")
        await alice.say("elsewhere", elsewhere)
        await bob.say("an answer", reply_to=ack["id"])
        assert (await alice.ask("edit", room=GENERAL, id=ack["id"], body="hello there"))["type"] == "ok"
        assert (await bob.ask("react", room=GENERAL, id=ack["id"], emoji="👍", on=True))["type"] == "ok"
        assert (await alice.ask("delete", room=GENERAL, id=ack["id"]))["type"] == "ok"
        await bob.until("event", kind="delete")


async def test_the_block_on_the_database_would_be_noticed(
    site: Site, no_database: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    [alice] = await site.enter("alice")
    with no_database(), caplog.at_level(logging.CRITICAL):
        assert await alice.refusal("create", name="Pit crew") == "server_error"


# --- when our side fails --------------------------------------------------------------------------


async def test_a_failure_of_ours_is_told_with_an_id_that_is_in_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob = await site.enter("alice", "bob")

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "append", fail)
        reply = await alice.ask("send", room=GENERAL, cid=cid(), body="x")
    assert reply["code"] == "server_error"
    assert "fire" not in reply["detail"]
    incident = reply["detail"].partition("incident ")[2].rstrip(").")
    assert incident in caplog.text
    await alice.say("works again")
    await bob.hears("works again")


async def test_publishing_cannot_fail_a_send(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await site.enter("alice", "bob")

    async def fail(*_: object) -> None:
        raise ConnectionError("no layer")

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.relay._layer, "group_send", fail)
        await alice.say("acknowledged all the same")
        await site.tick(3)
    await site.tick(3)
    await bob.hears("acknowledged all the same")

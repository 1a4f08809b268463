"""Hostile and broken frames. A listener in the room loses nothing, whatever somebody else sends.

After each: the sender was refused with the code named (or closed with it), nothing is stored, nothing is
in the log, and the next message of somebody else has the next number of the room.
"""

import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from people import GENERAL, Site

pytestmark = pytest.mark.django_db(transaction=True)


def send(**changed: Any) -> str:
    fields = {"type": "send", "ref": 1, "room": GENERAL, "cid": str(uuid4()), "body": "hostile", **changed}
    return json.dumps(fields)


def with_raw(name: str, raw: str) -> str:
    """A send with this text in the place of a value."""
    return send(**{name: "PLACE"}).replace('"PLACE"', raw)


REFUSED = {
    "empty": ("", "bad_frame"),
    "white space": (" \n", "bad_frame"),
    "an open brace": ("{", "bad_frame"),
    "an array": ("[]", "bad_frame"),
    "an array of commands": (f"[{send()}]", "bad_frame"),
    "a string": ('"send"', "bad_frame"),
    "a number": ("5", "bad_frame"),
    "null": ("null", "bad_frame"),
    "true": ("true", "bad_frame"),
    "two objects": (send() + send(), "bad_frame"),
    "a trailing comma": (send()[:-1] + ",}", "bad_frame"),
    "a comment": (send() + "//", "bad_frame"),
    "single quotes": ("{'type': 'pong', 'ts': 1}", "bad_frame"),
    "a byte order mark": ("\ufeff" + send(), "bad_frame"),
    "NUL after the frame": (send() + "\x00", "bad_frame"),
    "no type": ("{}", "invalid"),
    "type null": ('{"type": null}', "invalid"),
    "type a number": ('{"type": 5}', "invalid"),
    "type a list": ('{"type": ["send"]}', "invalid"),
    "an unknown type": ('{"type": "nothing", "ref": 1}', "unknown_type"),
    "a handler's name": ('{"type": "chat_message", "ref": 1}', "unknown_type"),
    "a layer message": ('{"type": "chat.events", "ref": 1}', "unknown_type"),
    "an event of ASGI": ('{"type": "websocket.disconnect", "ref": 1}', "unknown_type"),
    "an attribute": ('{"type": "__class__", "ref": 1}', "unknown_type"),
    "a frame of the server": ('{"type": "welcome", "ref": 1}', "unknown_type"),
    "the type in capitals": ('{"type": "SEND", "ref": 1}', "unknown_type"),
    "deeply nested arrays": ("[" * 30_000 + "]" * 30_000, "bad_frame"),
    "deeply nested objects": ('{"a":' * 10_000 + "1" + "}" * 10_000, "bad_frame"),
    "a deeply nested value": (with_raw("body", "[" * 20_000 + "]" * 20_000), "invalid"),
    "an integer of 5,000 digits": (with_raw("ref", "9" * 5_000), "invalid"),
    "a ts of 5,000 digits": ('{"type": "pong", "ts": ' + "9" * 5_000 + "}", "invalid"),
    "NaN": (with_raw("ref", "NaN"), "bad_frame"),
    "Infinity": (with_raw("ref", "-Infinity"), "bad_frame"),
    "1e999": (with_raw("ref", "1e999"), "invalid"),
    "a lone surrogate": (with_raw("body", '"\\ud800"'), "bad_frame"),
    "surrogates in the wrong order": (with_raw("body", '"\\udc00\\ud800"'), "bad_frame"),
    "a lone surrogate in a key": (send()[:-1] + ', "\\ud800": 1}', "bad_frame"),
    "an unknown escape": (with_raw("body", '"\\x41"'), "bad_frame"),
    "a raw line end in a text": (with_raw("body", '"a\nb"'), "bad_frame"),
    "a key twice": (send()[:-1] + ', "body": "other"}', "bad_frame"),
    "the type twice": ('{"type": "pong", ' + send()[1:], "unknown_type"),
    "NUL in a text": (send(body="a\u0000b"), "invalid"),
    "NUL in an id": (send(attachments=["a\u0000b"]), "invalid"),
    "NUL in a search": (json.dumps({"type": "people", "ref": 1, "limit": 1, "query": "\u0000"}), "invalid"),
    "ESC in a text": (send(body="\u001b[31m"), "invalid"),
    "a list for a text": (send(body=["x"]), "invalid"),
    "an object for a text": (send(body={"toString": "x"}), "invalid"),
    "an author": (send(author={"id": "x", "name": "admin", "guest": False}), "invalid"),
    "a seq": (send(seq=1), "invalid"),
    "a ts": (send(ts=0), "invalid"),
    "is_admin": (send(is_admin=True), "invalid"),
    "__proto__": (send(__proto__={"is_admin": True}), "invalid"),
    "constructor": (send(constructor={"prototype": {}}), "invalid"),
    "a cid of 10 KB": (send(cid="x" * 10_000), "invalid"),
    "a ref of 10 KB": (send(ref="x" * 10_000), "invalid"),
    "a ref that is no ref": (send(ref={"x": 1}), "invalid"),
    "a fraction for a ref": (send(ref=1.5), "invalid"),
    "no ref": (json.dumps({"type": "leave", "room": GENERAL}), "invalid"),
    "4,001 characters": (send(body="x" * 4_001), "too_long"),
    "only white space": (send(body=" \u00a0\u2003\n"), "empty"),
    "only zero-width characters": (send(body="\u200b\u200c\u200d\u2060\ufeff"), "empty"),
    "only a Hangul filler": (send(body="\u3164"), "empty"),
    "somebody else's file": (send(attachments=["1"]), "not_found"),
    "a room that is a path": (send(room="channel:../../etc"), "invalid"),
    "a room that is a group": (send(room="chat.site"), "invalid"),
    "a room with a line end": (send(room=GENERAL + "\n"), "invalid"),
    "a room of another script": (send(room="channel:généràl"), "invalid"),
}


async def test_hostile_frames_are_refused_and_nobody_else_notices(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob, listener = await site.enter("alice", "bob", "listener")
    for number, (what, (text, code)) in enumerate(REFUSED.items()):
        await alice.raw(text)
        assert (what, (await alice.until("error"))["code"]) == (what, code)
        await bob.say(f"undisturbed by {what}")
        message = await listener.hears(f"undisturbed by {what}")
        assert (what, message["seq"], message["n"]) == (what, 2 * number + 1, 2 * number + 1)
        assert not listener.heard("event"), what
        await alice.say(f"still connected after {what}")
        await listener.hears(f"still connected after {what}")
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING], what
        site.clock.advance(60)  # so many would be too many at once


@pytest.mark.parametrize("ref", [1, -5, "a", "x" * 64, ""])
async def test_a_refusal_carries_the_ref_where_it_has_one(site: Site, ref: int | str) -> None:
    alice = (await site.enter("alice"))[0]
    await alice.raw(json.dumps({"type": "nothing", "ref": ref}))
    assert (await alice.until("error"))["ref"] == ref


@pytest.mark.parametrize("ref", [None, 1.5, [], {}, True, "x" * 65, 2**64, 10**400])
async def test_a_refusal_carries_no_ref_that_is_none(site: Site, ref: Any) -> None:
    alice = (await site.enter("alice"))[0]
    await alice.raw(json.dumps({"type": "leave", "room": GENERAL, "ref": ref}))
    error = await alice.until("error")
    assert error["code"] in ("invalid", "bad_frame")
    assert "ref" not in error


async def test_a_binary_frame_is_refused(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.raw_bytes(send().encode())
    assert (await alice.until("error"))["code"] == "bad_frame"
    await alice.say("still connected")
    assert (await bob.hears("still connected"))["seq"] == 1


@pytest.mark.parametrize("binary", [False, True])
async def test_ten_bad_frames_in_a_row_close_the_socket(site: Site, binary: bool) -> None:
    alice, bob = await site.enter("alice", "bob")
    for _ in range(12):
        await (alice.raw_bytes(b"{") if binary else alice.raw("{"))
    await alice.raw(send())
    assert await alice.closed() == 1008
    assert len(alice.heard("error")) == 10
    # What was under way behind them is not looked at any more.
    await bob.say("undisturbed")
    assert (await bob.hears("undisturbed"))["seq"] == 1


async def test_a_good_frame_between_bad_ones_is_a_new_row(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    for _ in range(3):
        for _ in range(9):
            await alice.raw("{")
        await alice.join()
    assert not alice.over


async def test_a_frame_of_exactly_the_limit_is_read_and_one_byte_more_closes(site: Site) -> None:
    alice, bob = await site.enter("alice", "bob")
    frame = '{"type":"leave","ref":"x"}'
    await alice.raw(frame + " " * (65_536 - len(frame)))
    assert (await alice.until("error"))["code"] == "invalid"
    await alice.raw(frame + " " * (65_537 - len(frame)))
    assert await alice.closed() == 1009
    await bob.say("undisturbed")
    await bob.hears("undisturbed")


async def test_the_size_of_a_frame_is_counted_in_bytes(site: Site) -> None:
    alice = (await site.enter("alice"))[0]
    await alice.raw(send(body="x").replace('"x"', '"' + "ä" * 32_768 + '"'))
    assert await alice.closed() == 1009


@pytest.mark.parametrize("opening", ["[", '{"a":'])
async def test_a_depth_of_100_000_is_too_large_a_frame(site: Site, opening: str) -> None:
    alice, bob = await site.enter("alice", "bob")
    await alice.raw(opening * 100_000)
    assert await alice.closed() == 1009
    await bob.say("undisturbed")
    await bob.hears("undisturbed")


async def test_a_smaller_bound_is_a_setting(site: Site, limits: Callable[..., None]) -> None:
    limits(frame_bytes=100, bad_frames=2)
    alice, bob = [await (await site.visitor(name)).open() for name in ("alice", "bob")]
    await alice.raw(" " * 101)
    assert await alice.closed() == 1009
    await bob.raw("{")
    await bob.raw("{")
    assert await bob.closed() == 1008

"""Frames in and out: every example, every kind of garbage, and never an error but ours."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from chat.domain import (
    Author,
    DeleteEvent,
    EditEvent,
    Event,
    Message,
    MessageEvent,
    ReactionEvent,
)
from chat.errors import BadFrame, ChatError, Forbidden, Invalid, RateLimited, UnknownType
from chat.protocol import (
    BATCH_CHARACTERS,
    CloseCode,
    Command,
    ErrorFrame,
    Frame,
    JoinCommand,
    JoinedFrame,
    PongCommand,
    PresenceFrame,
    Renamed,
    SendCommand,
    batch,
    batches,
    decode,
    decode_presence,
    encode,
    encode_event,
    encode_events,
    encode_messages,
    error_frame,
    ref_of,
)

FIXTURES: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(
    (Path(__file__).parent / "fixtures" / "protocol.json").read_text()
)
COMMANDS = {kind.__struct_config__.tag: kind for kind in get_args(Command)}
FRAMES = {kind.__struct_config__.tag: kind for kind in get_args(Frame)}
EVENTS = {kind.__struct_config__.tag: kind for kind in get_args(Event)}

CLIENT = [example for examples in FIXTURES["client"].values() for example in examples]
SERVER = [example for examples in FIXTURES["server"].values() for example in examples]

CID = "0198c7a2-5f3e-7c11-9d55-6a1f0e2b3c4d"
SEND = {"type": "send", "ref": 1, "room": "channel:a", "cid": CID, "body": "hello"}
JOIN = {"type": "join", "ref": 1, "room": "channel:a"}


def kind_of(example: dict[str, Any]) -> str:
    return str(example["type"])


def dump(value: object) -> str:
    """What a browser's ``JSON.stringify`` makes, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def send(**changes: Any) -> str:
    return dump(SEND | changes)


def join(**changes: Any) -> str:
    return dump(JOIN | changes)


# --- the examples that both languages read ---------------------------------------------------------


def test_every_command_has_an_example_and_every_example_is_a_command() -> None:
    assert FIXTURES["client"].keys() == COMMANDS.keys()
    assert all(FIXTURES["client"].values())


def test_every_frame_of_the_server_has_an_example_and_every_example_is_a_frame() -> None:
    assert FIXTURES["server"].keys() == FRAMES.keys() | {"event", "batch"}
    assert all(FIXTURES["server"].values())


def test_every_kind_of_event_has_an_example() -> None:
    assert {example["kind"] for example in FIXTURES["server"]["event"]} == EVENTS.keys()


@pytest.mark.parametrize("side", ["client", "server"])
def test_examples_are_filed_under_their_type(side: str) -> None:
    for kind, examples in FIXTURES[side].items():
        assert {example["type"] for example in examples} == {kind}


@pytest.mark.parametrize(("side", "types"), [("client", COMMANDS), ("server", FRAMES | {"event": None})])
def test_every_field_is_in_some_example(side: str, types: dict[str, type | None]) -> None:
    for kind, struct in types.items():
        shown = {field for example in FIXTURES[side][kind] for field in example} - {"type", "kind"}
        structs = EVENTS.values() if struct is None else (struct,)
        assert shown == {field for one in structs for field in one.__struct_fields__}


@pytest.mark.parametrize("example", CLIENT, ids=kind_of)
def test_a_command_of_the_examples_is_decoded(example: dict[str, Any]) -> None:
    command = decode(dump(example))
    assert type(command) is COMMANDS[example["type"]]
    said = json.loads(msgspec.json.encode(command))
    assert example.items() <= said.items()
    defaults = {"attachments": [], "topic": "", "query": "", "private": False, "keeps": "recent"}
    unsaid = {key: value for key, value in said.items() if key not in example}
    assert unsaid == {key: defaults[key] for key in unsaid}


def as_the_server_says_it(example: dict[str, Any]) -> str:
    """The example through the structs and out again."""
    text = dump(example)
    if example["type"] == "batch":
        return batch([as_the_server_says_it(frame) for frame in example["frames"]])
    if example["type"] == "event":
        return encode_event(msgspec.json.decode(text, type=Event))
    frame: Frame = msgspec.json.decode(text, type=Frame)  # type: ignore[call-overload]
    if isinstance(frame, JoinedFrame):
        frame = as_it_is_built(frame)
    return encode(frame)


def as_it_is_built(frame: JoinedFrame) -> JoinedFrame:
    if frame.messages is not UNSET:
        held = msgspec.json.decode(frame.messages, type=tuple[Message, ...])
        return msgspec.structs.replace(frame, messages=encode_messages(held, limit=10_000)[0])
    assert frame.events is not UNSET
    events = msgspec.json.decode(frame.events, type=tuple[Event, ...])
    return msgspec.structs.replace(frame, events=encode_events(events))


@pytest.mark.parametrize("example", SERVER, ids=kind_of)
def test_a_frame_of_the_examples_is_what_the_server_says(example: dict[str, Any]) -> None:
    assert json.loads(as_the_server_says_it(example)) == example


def test_type_comes_first_in_every_frame() -> None:
    for example in SERVER:
        assert as_the_server_says_it(example).startswith(f'{{"type":"{example["type"]}",')


# --- what a client may get wrong -----------------------------------------------------------------------

DEEP = 100_000
LONG_NUMBER = "9" * 5_000
AT_ZERO = join(at={"epoch": "e", "seq": 0})

BAD_FRAMES = {
    "nothing": "",
    "white space": " \n\t",
    "half an object": "{",
    "half a string": '{"type":"pon',
    "an array": "[]",
    "an array of frames": f"[{send()}]",
    "a string": '"join"',
    "a number": "1",
    "null": "null",
    "true": "true",
    "two objects": join() + join(),
    "a comma too many": '{"type":"pong","ts":1,}',
    "single quotes": "{'type':'pong','ts':1}",
    "a byte order mark": "\ufeff" + join(),
    "a NUL behind it": join() + "\0",
    "arrays 100,000 deep": "[" * DEEP,
    "objects 100,000 deep": '{"a":' * DEEP,
    "closed arrays 100,000 deep": '{"a":' + "[" * DEEP + "]" * DEEP + "}",
    "NaN": '{"type":"pong","ts":NaN}',
    "Infinity": '{"type":"pong","ts":Infinity}',
    "minus Infinity": '{"type":"pong","ts":-Infinity}',
    "a leading zero": '{"type":"pong","ts":01}',
    "hexadecimal": '{"type":"pong","ts":0x1}',
    "an escaped lone surrogate": send(body="").replace('"body":""', '"body":"\\ud800"'),
    "an escaped lone low surrogate": send(body="").replace('"body":""', '"body":"\\udc00x"'),
    "surrogates in the wrong order": send(body="").replace('"body":""', '"body":"\\udc00\\ud800"'),
    "a lone surrogate in a key": '{"\\ud800":1}',
    "a lone surrogate in the type": '{"type":"\\ud800"}',
    "a lone surrogate as it is": send(body="\ud800"),
    "a raw line break in a text": send().replace("hello", "hel\nlo"),
    "a raw NUL in a text": send().replace("hello", "hel\0lo"),
    "an unknown escape": send().replace("hello", "\\x41"),
    "a key twice": '{"type":"pong","ts":1,"ts":1}',
    "the type twice": '{"type":"pong","type":"pong","ts":1}',
    "another type the second time": '{"type":"pong","ts":1,"type":"pong"}',
    "a key twice, once escaped": '{"type":"pong","ts":1,"t\\u0073":2}',
    "a key twice inside": '{"type":"join","ref":1,"room":"channel:a","at":{"epoch":"e","seq":1,"seq":2}}',
}

UNKNOWN_TYPES = [
    "", "chat_message", "chat.events", "websocket.disconnect", "websocket.receive", "__class__", "__init__",
    "constructor", "JOIN", "join ", "jo\0in", "welcome", "event", "batch", "joined", "x" * 10_000,
]  # fmt: skip

INVALID = {
    "no type": '{"ref":1}',
    "an empty object": "{}",
    "a type that is a number": '{"type":1}',
    "a type that is null": '{"type":null}',
    "a type that is a list": '{"type":["join"]}',
    "a type that is an object": '{"type":{"join":1}}',
    "no ref": dump({"type": "leave", "room": "channel:a"}),
    "a ref that is null": join(ref=None),
    "a ref that is true": join(ref=True),
    "a ref that is a fraction": join(ref=1.5),
    "a ref that is a list": join(ref=[1]),
    "a ref that is too long": join(ref="x" * 65),
    "a ref that JavaScript rounds": join(ref=2**53),
    "a ref that is below that": join(ref=-(2**53)),
    "a ref of 2 ** 64": join(ref=2**64),
    "no room": dump({"type": "join", "ref": 1}),
    "an empty room": join(room=""),
    "a room that is an object": join(room={}),
    "a room that is a list": join(room=["channel:a"]),
    "a room of no kind": join(room="a"),
    "a room of another kind": join(room="person:a"),
    "a room without a slug": join(room="channel:"),
    "a room with a path in it": join(room="channel:../x"),
    "a room with a slash": join(room="channel:a/b"),
    "a room with a query": join(room="channel:a?b#c"),
    "a room with a dot, as in another group": join(room="channel:a.b"),
    "a room with capitals": join(room="channel:A"),
    "a room in another script": join(room="channel:а"),
    "a room with a line break behind it": join(room="channel:a\n"),
    "a room with a NUL": join(room="channel:a\0"),
    "a room that is too long": join(room="channel:" + "a" * 65),
    "a personal chat that is too long": join(room="direct:" + "a" * 33),
    "an at that is null": join(at=None),
    "an at that is a list": join(at=["e", 1]),
    "an at without an epoch": join(at={"seq": 1}),
    "an at without a seq": join(at={"epoch": "e"}),
    "an at with an empty epoch": join(at={"epoch": "", "seq": 1}),
    "an at with a long epoch": join(at={"epoch": "e" * 65, "seq": 1}),
    "an at with a field more": join(at={"epoch": "e", "seq": 1, "n": 1}),
    "a seq that is a text": join(at={"epoch": "e", "seq": "abc"}),
    "a seq that is a number in a text": join(at={"epoch": "e", "seq": "1"}),
    "a seq that is a fraction": join(at={"epoch": "e", "seq": 1.5}),
    "a seq of 5,000 digits": AT_ZERO.replace('"seq":0', f'"seq":{LONG_NUMBER}'),
    "a seq of minus 5,000 digits": AT_ZERO.replace('"seq":0', f'"seq":-{LONG_NUMBER}'),
    "a seq of 1e999": AT_ZERO.replace('"seq":0', '"seq":1e999'),
    "a ts of 1e999": '{"type":"pong","ts":1e999}',
    "a ts of 5,000 digits": f'{{"type":"pong","ts":{LONG_NUMBER}}}',
    "an author of one's own": send(author={"id": "p_bob", "name": "Bob", "guest": False}),
    "a seq of one's own": send(seq=1),
    "a ts of one's own": send(ts=1),
    "an n of one's own": send(n=1),
    "an id of one's own": send(id="m_1"),
    "is_admin": send(is_admin=True),
    "__proto__": send(__proto__={"is_admin": True}),
    "constructor": send(constructor={"prototype": {}}),
    "a deep field that is not known": join()[:-1] + ',"x":' + "[" * DEEP + "]" * DEEP + "}",
    "a body that is a list": send(body=["hello"]),
    "a body that is an object": send(body={"toString": "x"}),
    "a body that is a number": send(body=1),
    "a body that is null": send(body=None),
    "no cid": dump({key: value for key, value in SEND.items() if key != "cid"}),
    "a cid of 10 KB": send(cid="0" * 10_240),
    "a cid that is no UUID": send(cid="not-a-uuid"),
    "a cid without hyphens": send(cid=CID.replace("-", "")),
    "a cid in braces": send(cid="{" + CID + "}"),
    "a cid with a line break behind it": send(cid=CID + "\n"),
    "a cid in full-width digits": send(cid=CID.replace("0", "０")),
    "a hundred and one attachments": send(attachments=["f"] * 101),
    "an attachment that is a number": send(attachments=[1]),
    "an attachment with no id": send(attachments=[""]),
    "attachments that are a text": send(attachments="f"),
    "a reply to nothing": send(reply_to=""),
    "a reply to null": send(reply_to=None),
    "an emoji that is too long": dump(
        {"type": "react", "ref": 1, "room": "channel:a", "id": "m", "emoji": "x" * 65, "on": True}
    ),
    "an on that is a number": dump(
        {"type": "react", "ref": 1, "room": "channel:a", "id": "m", "emoji": "👍", "on": 1}
    ),
    "a page of none": dump({"type": "history", "ref": 1, "room": "channel:a", "before": 1, "limit": 0}),
    "a page of 101": dump({"type": "history", "ref": 1, "room": "channel:a", "before": 1, "limit": 101}),
    "before minus one": dump({"type": "history", "ref": 1, "room": "channel:a", "before": -1, "limit": 1}),
    "before 2 ** 53": dump({"type": "history", "ref": 1, "room": "channel:a", "before": 2**53, "limit": 1}),
    "read up to minus one": dump({"type": "read", "ref": 1, "room": "channel:a", "epoch": "e", "n": -1}),
    "a query of 129 characters": dump({"type": "rooms", "ref": 1, "limit": 1, "query": "x" * 129}),
    "typing with a ref": dump({"type": "typing", "room": "channel:a", "ref": 1}),
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_what_is_not_one_strict_json_object_is_a_bad_frame(text: str) -> None:
    with pytest.raises(BadFrame):
        decode(text)


@pytest.mark.parametrize("kind", UNKNOWN_TYPES, ids=lambda kind: repr(kind[:24]))
def test_a_type_that_the_protocol_does_not_have_is_unknown(kind: str) -> None:
    with pytest.raises(UnknownType):
        decode(dump({"type": kind, "ref": 1, "room": "channel:a"}))


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_a_field_that_is_missing_extra_or_wrong_is_invalid(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        decode(text)
    assert refusal.value.detail


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (send(body=1), "body"),
        (send(is_admin=True), "is_admin"),
        (dump({"type": "leave", "ref": 1}), "room"),
        (join(at={"epoch": "e", "seq": "abc"}), "at.seq"),
        (send(attachments=[1]), "attachments"),
    ],
)
def test_the_detail_names_the_field(text: str, field: str) -> None:
    with pytest.raises(Invalid, match=field):
        decode(text)


def test_a_refusal_does_not_repeat_everything_that_it_was_sent() -> None:
    for key in ("x" * 60_000, "ü" * 30_000):
        with pytest.raises(Invalid) as refusal:
            decode(send(**{key: 1}))
        assert len(refusal.value.detail) <= 200


@pytest.mark.parametrize("seq", [-1, -(2**63), 2**53, 2**63, 2**64, 10**300])
def test_any_whole_number_is_a_position_that_the_log_can_judge(seq: int) -> None:
    command = decode(join(at={"epoch": "e", "seq": seq}))
    assert isinstance(command, JoinCommand)
    assert command.at is not UNSET
    assert command.at.seq == seq


@pytest.mark.parametrize(
    "body", ["", " ", "\0", "\u200b", "\u202e", "a\r\nb", "é" * 4_001, "<script>", "{{7*7}}"]
)
def test_a_text_is_judged_by_the_services_and_not_here(body: str) -> None:
    command = decode(send(body=body))
    assert isinstance(command, SendCommand)
    assert command.body == body


def test_escapes_mean_what_they_say() -> None:
    text = send(body="").replace('"body":""', r'"body":"\u0000 \ud83c\udfc1 \/ \" \\ \n"')
    command = decode(text)
    assert isinstance(command, SendCommand)
    assert command.body == '\0 🏁 / " \\ \n'


def test_white_space_and_order_do_not_matter() -> None:
    assert decode(' \n{ "ts" : 1 ,\t"type" : "pong" }\r\n') == PongCommand(1)


@pytest.mark.parametrize("ref", [0, -1, 2**53 - 1, "", "x" * 64, "ünï", "a\0b"])
def test_a_ref_is_a_short_text_or_a_number_that_javascript_keeps(ref: str | int) -> None:
    command = decode(join(ref=ref))
    assert isinstance(command, JoinCommand)
    assert command.ref == ref


# --- the ref of a frame that was refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        (send(body=1, ref=7), 7),
        (send(is_admin=True, ref="seven"), "seven"),
        (dump({"type": "nothing", "ref": 7}), 7),
        ('{"ref":7}', 7),
        (join(room="../x", ref=7), 7),
    ],
)
def test_the_ref_of_a_refused_frame_is_found(text: str, ref: str | int) -> None:
    with pytest.raises(ChatError):
        decode(text)
    assert ref_of(text) == ref


@pytest.mark.parametrize(
    "text",
    [
        *BAD_FRAMES.values(),
        join(ref=None),
        join(ref=1.5),
        join(ref="x" * 65),
        join(ref=[1]),
        dump({"type": "typing", "room": "x"}),
    ],
)
def test_a_frame_without_a_usable_ref_has_none(text: str) -> None:
    found = ref_of(text)
    assert found is UNSET or '"ref":1' in text


# --- anything at all -----------------------------------------------------------------------------------


def refused_or_decoded(text: str) -> None:
    """Whatever it is: a command, or an error of ours. And ``ref_of`` raises nothing."""
    try:
        command = decode(text)
    except (BadFrame, UnknownType, Invalid) as error:
        json.loads(encode(error_frame(error, ref_of(text))))  # what is refused can be answered
    else:
        assert type(command) in COMMANDS.values()
        msgspec.json.encode(command)  # what was let in can be sent on


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
frames = st.sampled_from(CLIENT)


@given(st.text())
def test_arbitrary_text_is_refused_or_decoded(text: str) -> None:
    refused_or_decoded(text)


@given(anything)
def test_arbitrary_json_is_refused_or_decoded(value: object) -> None:
    refused_or_decoded(json.dumps(value))


@given(frames, st.data())
def test_a_frame_with_another_value_somewhere_is_refused_or_decoded(
    frame: dict[str, Any], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from([*frame, "at", "author", "__proto__"]))
    refused_or_decoded(json.dumps(frame | {key: data.draw(anything)}))


@given(frames, st.data())
def test_a_frame_without_one_of_its_fields_is_refused_or_decoded(
    frame: dict[str, Any], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(frame)))
    refused_or_decoded(dump({name: value for name, value in frame.items() if name != key}))


@given(frames, st.data())
def test_a_frame_with_characters_changed_is_refused_or_decoded(
    frame: dict[str, Any], data: st.DataObject
) -> None:
    text = dump(frame)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    refused_or_decoded(text[:start] + data.draw(st.text(max_size=6)) + text[end:])


# --- outbound ------------------------------------------------------------------------------------------

ANN, BOB = Author("p_ann", "Ann"), Author("p_bob", "Bob", guest=False)


def message(n: int, body: str = "hello") -> Message:
    return Message(f"m{n}", "channel:a", n, n, ANN, body, 1_767_225_600_000 + n, CID)


@pytest.mark.parametrize(
    "event",
    [
        MessageEvent("channel:a", 1, message(1, "\u2028 </script> 🏁 \0")),
        EditEvent("channel:a", 2, "m1", "x", 5),
        DeleteEvent("channel:a", 3, "m1"),
        ReactionEvent("channel:a", 4, "m1", "👍", "p_ann", True, 1),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_a_frame_with_its_kind(event: Event) -> None:
    text = encode_event(event)
    frame = json.loads(text)
    assert frame.pop("type") == "event"
    assert msgspec.convert(frame, Event) == event  # type: ignore[arg-type]
    assert "\n" not in text


def test_one_frame_goes_as_it_is_and_several_in_a_batch() -> None:
    texts = [encode_event(DeleteEvent("channel:a", seq, "m")) for seq in (1, 2, 3)]
    assert batch(texts[:1]) is texts[0]
    frame = json.loads(batch(texts))
    assert frame["type"] == "batch"
    assert frame["frames"] == [json.loads(text) for text in texts]


def test_frames_are_batched_in_runs_that_a_server_takes() -> None:
    third = "x" * (BATCH_CHARACTERS // 3)
    large = "y" * (2 * BATCH_CHARACTERS)
    assert list(batches([third] * 7)) == [[third] * 3, [third] * 3, [third]]
    assert list(batches([third, large, third])) == [[third], [large], [third]]
    assert list(batches(["a", "b"])) == [["a", "b"]]
    assert list(batches([])) == []


def test_the_newest_messages_that_fit_are_encoded_oldest_first() -> None:
    messages = [message(n, "x" * 100) for n in range(1, 10)]
    size = len(msgspec.json.encode(messages[-1])) + 1  # and a comma
    encoded, number = encode_messages(messages, limit=3 * size)
    assert number == 3
    assert [one["n"] for one in json.loads(bytes(encoded))] == [7, 8, 9]
    assert len(bytes(encoded)) <= 3 * size + 1
    assert encode_messages(messages, limit=3 * size - 1)[1] == 2
    assert encode_messages(iter(messages), limit=10**6)[1] == 9


def test_a_page_is_never_empty_for_size_alone() -> None:
    encoded, number = encode_messages([message(1), message(2, "é" * 4_000)], limit=10)
    assert number == 1
    assert [one["n"] for one in json.loads(bytes(encoded))] == [2]


def test_a_room_without_messages_is_an_empty_array() -> None:
    assert encode_messages([], limit=10) == (msgspec.Raw(b"[]"), 0)
    assert bytes(encode_events([])) == b"[]"


def test_events_of_a_replay_are_whole_frames() -> None:
    events = [DeleteEvent("channel:a", 1, "m1"), EditEvent("channel:a", 2, "m2", "x", 5)]
    assert json.loads(bytes(encode_events(events))) == [json.loads(encode_event(event)) for event in events]


def test_presence_without_somebody_says_nothing_of_them_and_keeps_the_count() -> None:
    carol = Author("p_carol", "Carol")
    frame = PresenceFrame(
        "channel:a", 7, [ANN, BOB], [carol, BOB], [Renamed(BOB, "Rob"), Renamed(carol, "C")]
    )
    assert frame.about() == {"p_ann", "p_bob", "p_carol"}
    cut = frame.without("p_bob")
    assert cut == PresenceFrame("channel:a", 7, [ANN], [carol], [Renamed(carol, "C")])
    assert frame.without("nobody") == frame
    assert cut.about() == {"p_ann", "p_carol"}


def test_a_presence_frame_survives_the_channel_layer() -> None:
    frame = PresenceFrame("channel:a", 2, [ANN], [], [Renamed(BOB, "Robert")])
    text = encode(frame)
    assert json.loads(text)["renamed"][0]["from"] == "Robert"
    assert encode(decode_presence(text)) == text


def test_an_error_says_when_to_try_again_only_where_that_helps() -> None:
    assert error_frame(Forbidden("no"), 7) == ErrorFrame("forbidden", "no", 7, UNSET)
    frame = error_frame(RateLimited("wait", retry_after=0.123456))
    assert json.loads(encode(frame)) == {
        "type": "error",
        "code": "rate_limited",
        "detail": "wait",
        "retry_after": 0.123,
    }


def test_close_codes_are_those_of_the_protocol() -> None:
    assert sorted(CloseCode) == [1008, 1009, 1012, 4401, 4403, 4408, 4409, 4429]

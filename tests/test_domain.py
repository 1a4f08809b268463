"""The values: frozen, comparable, and with the fields of the wire."""

import msgspec
import pytest
from msgspec import UNSET

from chat.domain import Attachment, Author, Message, RoomKind, channel_room, split_room

ANN = Author("p_ann", "Ann")


def test_a_room_is_its_kind_and_its_key() -> None:
    assert channel_room("pit-crew") == "channel:pit-crew"
    assert split_room("channel:pit-crew") == (RoomKind.CHANNEL, "pit-crew")
    assert split_room("direct:Vt8s:0") == (RoomKind.DIRECT, "Vt8s:0")
    assert split_room("nothing") == ("nothing", "")


def test_values_are_equal_by_what_they_say_and_can_be_keys() -> None:
    assert Author("p_ann", "Ann") == ANN
    assert Author("p_ann", "Anna") != ANN
    assert {ANN: 1}[Author("p_ann", "Ann")] == 1


def test_values_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ANN.name = "Eve"  # type: ignore[misc]


def test_what_is_absent_is_false_and_not_on_the_wire() -> None:
    message = Message("m1", "channel:a", 1, 1, ANN, "hello", 5, "c1")
    assert not message.deleted
    assert not message.edited_at
    assert message.reply_to is UNSET
    wire = msgspec.to_builtins(message)
    assert not {"deleted", "edited_at", "reply_to"} & wire.keys()
    file = Attachment("f1", "a.pdf", "application/pdf", 10, "/files/f1/a.pdf")
    assert not {"thumbnail", "width", "height"} & msgspec.to_builtins(file).keys()

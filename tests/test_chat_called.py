"""What pages call rooms before any script has run; tests/js/personal.test.js holds the script to the same."""

import re
from pathlib import Path
from typing import Any

import pytest

from chat.templatetags import chat_called

JS = Path(__file__).resolve().parents[1] / "chat/static/chat/js"

INES = {"id": "p1", "name": "Ines", "guest": False}
BODIL = {"id": "p2", "name": "Bodil", "guest": False}


def personal(person: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "direct", "name": person["name"], "topic": "", "private": True, "person": person}


def channel(topic: str = "", *, private: bool = False) -> dict[str, Any]:
    return {"kind": "channel", "name": "Pit crew", "topic": topic, "private": private}


def test_a_personal_chat_is_called_what_the_other_one_is_called() -> None:
    chat = personal(BODIL)
    assert chat_called.called(chat, INES) == "Bodil"
    assert chat_called.written_to(chat, INES) == "Bodil"
    assert chat_called.under_name(chat, INES) == "Only the two of you can read this."
    assert chat_called.who_reads(chat, INES) == "This is the start. Only Bodil and you can read what is here."


def test_the_chat_with_oneself_is_called_what_it_is_for() -> None:
    notes = personal(INES)
    assert chat_called.called(notes, INES) == chat_called.NOTES
    assert chat_called.written_to(notes, INES) == "yourself"
    assert chat_called.under_name(notes, INES) == "Only you"
    assert chat_called.who_reads(notes, INES).startswith("Nobody else can read this.")


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (channel(), ""),
        (channel("Wheels"), "Wheels"),
        (channel(private=True), "By invitation"),
        (channel("Wheels", private=True), "By invitation · Wheels"),
    ],
)
def test_under_a_channels_name_stands_its_topic_and_who_may_come_in(room: dict[str, Any], words: str) -> None:
    assert chat_called.called(room, None) == "Pit crew"
    assert chat_called.under_name(room, INES) == words


def test_the_script_says_it_in_the_same_words() -> None:
    called, start = ((JS / name).read_text() for name in ("called.js", "controllers/start.js"))
    assert f'"{chat_called.NOTES}"' in called
    assert f'"{chat_called.who_reads(personal(INES), INES)}"' in start
    told = chat_called.who_reads(personal(BODIL), INES).replace("Bodil", "${name}")
    assert f"`{told}`" in start
    assert re.search(r'"By invitation"', called)


def test_a_personal_chat_has_its_own_address() -> None:
    assert chat_called.with_id("/d/ID/", "x1") == "/d/x1/"

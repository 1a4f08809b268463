"""What rooms are called, and who can read them: ``static/chat/js/called.js`` says the same, live."""

from collections.abc import Mapping
from typing import Any, Final

from django import template

from chat.domain import RoomKind

register = template.Library()

# What somebody's chat with themselves is called.
NOTES: Final = "Notes to yourself"


@register.filter
def with_id(pattern: str, chat: str) -> str:
    """The address of a personal chat from the pattern that the page has for it."""
    return pattern.replace("ID", chat)


@register.filter
def called(room: Mapping[str, Any], me: Mapping[str, Any] | None) -> str:
    """What a room is called: a personal chat with oneself by what it is for."""
    return NOTES if _is_notes(room, me) else str(room["name"])


@register.filter
def written_to(room: Mapping[str, Any], me: Mapping[str, Any] | None) -> str:
    """Whom one writes to in a room."""
    return "yourself" if _is_notes(room, me) else str(room["name"])


@register.filter
def under_name(room: Mapping[str, Any], me: Mapping[str, Any] | None) -> str:
    """The line under a room's name: who can read it, or its topic."""
    if _is_notes(room, me):
        return "Only you"
    if room["kind"] == RoomKind.DIRECT:
        return "Only the two of you can read this."
    return " · ".join(filter(None, ("By invitation" if room["private"] else "", room["topic"])))


@register.filter
def who_reads(room: Mapping[str, Any], me: Mapping[str, Any] | None) -> str:
    """What stands where a personal chat begins."""
    if _is_notes(room, me):
        return "Nobody else can read this. It is the same on all your devices."
    return f"This is the start. Only {room['name']} and you can read what is here."


def _is_notes(room: Mapping[str, Any], me: Mapping[str, Any] | None) -> bool:
    person = room.get("person")
    return person is not None and me is not None and person["id"] == me["id"]

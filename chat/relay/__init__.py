"""Fan-out to local connections over a channel layer that may lose what it carries."""

from chat.relay.groups import person_group, room_group
from chat.relay.member import Level, Leveller, Member, Position
from chat.relay.relay import Relay
from chat.relay.room import Source

__all__ = [
    "Level",
    "Leveller",
    "Member",
    "Position",
    "Relay",
    "Source",
    "person_group",
    "room_group",
]

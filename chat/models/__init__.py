"""What outlives a process: people, channels, files, who owns which name, and messages that are kept."""

from chat.models.channels import Channel, ChannelNameKey
from chat.models.files import PENDING_KEPT, Attachment, stored_name
from chat.models.history import Message, MessageReaction, ReadMarker, RoomEvent, RoomLog
from chat.models.names import KEY_CODE_POINTS, NAME_CODE_POINTS, NameKey
from chat.models.people import Person, PersonNameKey, new_person_id

__all__ = [
    "KEY_CODE_POINTS",
    "NAME_CODE_POINTS",
    "PENDING_KEPT",
    "Attachment",
    "Channel",
    "ChannelNameKey",
    "Message",
    "MessageReaction",
    "NameKey",
    "Person",
    "PersonNameKey",
    "ReadMarker",
    "RoomEvent",
    "RoomLog",
    "new_person_id",
    "stored_name",
]

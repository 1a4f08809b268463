"""What outlives a process: people, channels, personal chats, files, names, and messages that are kept."""

from chat.models.channels import Channel, ChannelNameKey
from chat.models.files import PENDING_KEPT, Attachment, stored_name
from chat.models.history import Message, MessageReaction, ReadMarker, RoomEvent, RoomLog
from chat.models.names import KEY_CODE_POINTS, NAME_CODE_POINTS, NameKey
from chat.models.people import Person, PersonNameKey, new_person_id
from chat.models.rooms import ChannelMember, DirectChat, new_chat_id

__all__ = [
    "KEY_CODE_POINTS",
    "NAME_CODE_POINTS",
    "PENDING_KEPT",
    "Attachment",
    "Channel",
    "ChannelMember",
    "ChannelNameKey",
    "DirectChat",
    "Message",
    "MessageReaction",
    "NameKey",
    "Person",
    "PersonNameKey",
    "ReadMarker",
    "RoomEvent",
    "RoomLog",
    "new_chat_id",
    "new_person_id",
    "stored_name",
]

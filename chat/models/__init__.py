"""What outlives a process: people, channels, files, and who owns which name."""

from chat.models.channels import Channel, ChannelNameKey
from chat.models.files import PENDING_KEPT, Attachment, stored_name
from chat.models.names import KEY_CODE_POINTS, NAME_CODE_POINTS, NameKey
from chat.models.people import Person, PersonNameKey, new_person_id

__all__ = [
    "KEY_CODE_POINTS",
    "NAME_CODE_POINTS",
    "PENDING_KEPT",
    "Attachment",
    "Channel",
    "ChannelNameKey",
    "NameKey",
    "Person",
    "PersonNameKey",
    "new_person_id",
    "stored_name",
]

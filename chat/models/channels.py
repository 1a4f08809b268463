"""Channels."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from msgspec import UNSET

from chat.domain import RoomKind, channel_room
from chat.models.names import NAME_CODE_POINTS, NameKey
from chat.models.people import Person
from chat.protocol import ChannelInfo


class Channel(models.Model):
    """A room that people enter by its address, ``/c/<slug>/``."""

    class Keeps(models.TextChoices):
        RECENT = "recent", _("the most recent messages")
        ALL = "all", _("every message")

    slug = models.SlugField(_("address"), max_length=64, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=NAME_CODE_POINTS)
    topic = models.CharField(_("topic"), max_length=200, blank=True)
    maker = models.ForeignKey(
        Person,
        verbose_name=_("made by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="channels_made",
    )
    private = models.BooleanField(_("by invitation"), default=False)
    keeps = models.CharField(_("keeps"), max_length=8, choices=Keeps.choices, default=Keeps.RECENT)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        indexes = [models.Index(fields=["changed_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def room(self) -> str:
        return channel_room(self.slug)

    @property
    def info(self) -> ChannelInfo:
        return ChannelInfo(
            room=self.room,
            slug=self.slug,
            name=self.name,
            topic=self.topic,
            kind=RoomKind.CHANNEL.value,
            archived=self.archived_at is not None,
            private=self.private,
            keeps=self.keeps,
            maker=self.maker_id or UNSET,
        )


class ChannelNameKey(NameKey):
    owner = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="name_keys")

"""What outlives a process: people, channels, and who owns which name."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.domain import Author, RoomKind, channel_room
from chat.protocol import ChannelInfo

# A name has at most 32 graphemes; one grapheme may be several code points.
NAME_CODE_POINTS = 128
# A look-alike key can be longer than the name: one character's skeleton may be several.
KEY_CODE_POINTS = 512


def new_person_id() -> str:
    """96 random bits: opaque, unguessable, never a serial number and never the session key."""
    return secrets.token_urlsafe(12)


class Person(models.Model):
    """Somebody with a name: a guest, or an account. The one truth for names of both."""

    id = models.CharField(primary_key=True, max_length=32, default=new_person_id, editable=False)
    name = models.CharField(_("name"), max_length=NAME_CODE_POINTS)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="chat_person",
    )
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("left"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name

    @property
    def author(self) -> Author:
        return Author(self.id, self.name, self.user_id is None)


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
        )


class NameKey(models.Model):
    """A claim on a name: nobody else may have one with the same look-alike key.

    A name has one or two keys (``names.keys``), and two names are the same when they share one. The
    unique column makes a claim atomic: of fifty people who want a name at once, one row wins.
    """

    key = models.CharField(max_length=KEY_CODE_POINTS, unique=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key


class PersonNameKey(NameKey):
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="name_keys")


class ChannelNameKey(NameKey):
    owner = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="name_keys")

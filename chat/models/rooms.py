"""Rooms that are not everybody's: personal chats, and who belongs to a private channel."""

import secrets

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.domain import direct_room
from chat.models.channels import Channel
from chat.models.people import Person


def new_chat_id() -> str:
    """128 random bits. Made of the two people's ids, it could be guessed, and 1 + 112 would be 11 + 12."""
    return secrets.token_urlsafe(16)


class DirectChat(models.Model):
    """A personal chat of two accounts, or of one with itself (notes).

    The two stand in the order of their ids, so that one unique pair is one chat whoever opens it. It never
    changes hands. ``…_opened``: somebody who has opened it sees it before anything was said.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_chat_id, editable=False)
    first = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    first_opened = models.BooleanField(default=False)
    second_opened = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("personal chat")
        verbose_name_plural = _("personal chats")
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="chat_direct_pair")]

    def __str__(self) -> str:
        return self.room

    @property
    def room(self) -> str:
        return direct_room(self.id)

    def opened_by(self, person: str) -> bool:
        """Whether this person (an id) has opened it themselves."""
        return (self.first_opened and person == self.first_id) or (
            self.second_opened and person == self.second_id
        )


class ChannelMember(models.Model):
    """Somebody who was invited to a private channel, or made it."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    invited_by = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("invited by"),
    )
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["channel", "person"], name="chat_member_once")]

    def __str__(self) -> str:
        return f"{self.person} in {self.channel}"

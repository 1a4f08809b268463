"""Files of messages."""

import secrets
from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.people import Person

# A pending file that nobody has sent within this time is not sent any more.
PENDING_KEPT: Final = timedelta(hours=1)


def new_attachment_id() -> str:
    """120 random bits: the id stands in an address, which says nothing and cannot be guessed."""
    return secrets.token_urlsafe(15)


def stored_name(extension: str) -> str:
    """Where a file is kept: a random name, a folder a month, an extension of ours and nothing of theirs."""
    return f"chat/{timezone.now():%Y/%m}/{secrets.token_hex(16)}.{extension}"


class Attachment(models.Model):
    """A file that somebody uploaded to a room.

    It is ``pending`` until a message takes it, ``sent`` while a message has it, ``released`` when none has
    it any more: then nobody can read it, and ``chat_prune`` deletes it. It never goes back. ``cid`` is the
    send that took it; ``epoch`` and ``message`` are that message, noted shortly after it was stored.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("not sent yet")
        SENT = "sent", _("sent")
        RELEASED = "released", _("released")

    id = models.CharField(primary_key=True, max_length=32, default=new_attachment_id, editable=False)
    file = models.FileField(_("file"), max_length=255)
    thumbnail = models.FileField(_("small picture"), max_length=255, blank=True)
    name = models.CharField(_("name"), max_length=255)
    type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))  # bytes, as stored
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)  # pixels, of images
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    room = models.CharField(_("room"), max_length=80)
    uploader = models.ForeignKey(
        Person,
        verbose_name=_("uploaded by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="attachments",
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PENDING)
    cid = models.CharField(max_length=36, blank=True, editable=False)
    epoch = models.CharField(max_length=64, blank=True, editable=False)
    message = models.CharField(_("message"), max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(fields=["state", "changed_at"]),
            models.Index(fields=["room", "state"]),
            # Sends that are not known to have been stored: none, or a few.
            models.Index(
                fields=["changed_at"],
                condition=models.Q(state="sent", message=""),
                name="chat_file_unsettled",
            ),
        ]

    def __str__(self) -> str:
        return self.name

"""People: guests and accounts."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.domain import Author
from chat.models.names import NAME_CODE_POINTS, NameKey


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


class PersonNameKey(NameKey):
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="name_keys")

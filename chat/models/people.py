"""People: guests and accounts."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.domain import Author
from chat.models.names import KEY_CODE_POINTS, NAME_CODE_POINTS, NameKey
from chat.names import search_key


def new_person_id() -> str:
    """96 random bits: opaque, unguessable, never a serial number and never the session key."""
    return secrets.token_urlsafe(12)


class Person(models.Model):
    """Somebody with a name: a guest, or an account. The one truth for names of both."""

    id = models.CharField(primary_key=True, max_length=32, default=new_person_id, editable=False)
    name = models.CharField(_("name"), max_length=NAME_CODE_POINTS)
    # What a search compares: always made from the name. Indexed for `startswith` in PostgreSQL, too.
    search_key = models.CharField(max_length=KEY_CODE_POINTS, db_index=True, default="", editable=False)
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

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.search_key = search_key(self.name)[:KEY_CODE_POINTS]
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "search_key"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def author(self) -> Author:
        return Author(self.id, self.name, self.user_id is None)


class PersonNameKey(NameKey):
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="name_keys")

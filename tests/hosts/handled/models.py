"""A user whose key is a UUID, who is always active, and has no e-mail address."""

from uuid import uuid4

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models


class User(AbstractBaseUser, PermissionsMixin):
    key = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    handle = models.CharField(max_length=40, unique=True)
    is_staff = models.BooleanField(default=False)

    USERNAME_FIELD = "handle"
    objects = BaseUserManager["User"]()

    def __str__(self) -> str:
        return self.handle

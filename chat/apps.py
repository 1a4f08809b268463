"""The app, and the one channel that every fresh install has."""

from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as all_apps
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import router
from django.db.models.signals import post_migrate, post_save


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Chit-Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chat import checks  # noqa: F401  (registers the system checks)
        from chat.services import accounts

        post_migrate.connect(_make_default_channel, sender=self, dispatch_uid="chat.default")
        user_logged_in.connect(accounts.settle, dispatch_uid="chat.login")
        post_save.connect(
            accounts.close_deactivated, sender=settings.AUTH_USER_MODEL, dispatch_uid="chat.deactivated"
        )


def _make_default_channel(*, using: str, apps: Apps = all_apps, **_: Any) -> None:
    from chat.models import Channel
    from chat.services.channels import ensure_default_channel

    try:
        apps.get_model("chat", "Channel")
    except LookupError:
        return  # migrated back to before there were any
    if router.allow_migrate_model(using, Channel):
        ensure_default_channel(using)

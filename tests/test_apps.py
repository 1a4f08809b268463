"""The app in its project: what migrating makes, and where it makes nothing."""

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.signals import post_migrate

from chat.models import Channel


class Elsewhere:
    """A project's router that keeps the chat out of a database."""

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool:
        return app_label != "chat"


@pytest.mark.django_db
def test_migrating_makes_the_default_channel_once() -> None:
    for _ in range(2):
        call_command("migrate", verbosity=0)
        assert [channel.name for channel in Channel.objects.all()] == ["General Talk"]


@pytest.mark.django_db
def test_a_database_without_the_chat_gets_no_channel(settings: Any) -> None:
    Channel.objects.all().delete()
    settings.DATABASE_ROUTERS = [f"{__name__}.Elsewhere"]
    config = apps.get_app_config("chat")
    post_migrate.send(config, app_config=config, using="default", apps=apps, verbosity=0, interactive=False)
    assert not Channel.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_app_can_be_taken_out_again_and_put_back() -> None:
    call_command("migrate", "chat", "zero", verbosity=0)
    try:
        assert "chat_channel" not in connection.introspection.table_names()
    finally:
        call_command("migrate", "chat", verbosity=0)
    assert Channel.objects.get().name == "General Talk"
    executor = MigrationExecutor(connection)
    assert not executor.migration_plan(executor.loader.graph.leaf_nodes("chat"))


@pytest.mark.django_db
def test_the_models_and_their_migrations_say_the_same() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)

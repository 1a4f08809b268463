"""What holds of every host, in the process of each (``tests/test_user_models.py``)."""

import pytest
from django.core.management import call_command


def test_system_checks_have_no_complaint() -> None:
    call_command("check", fail_level="WARNING")


@pytest.mark.django_db
def test_migrations_are_whole() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True)

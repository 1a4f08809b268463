"""What the system checks say."""

from typing import Any

from django.core.checks import run_checks


def found(check: str) -> list[Any]:
    """What ``manage.py check`` says under this id."""
    return [message for message in run_checks() if message.id == check]

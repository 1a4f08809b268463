"""The app's settings, as far as they can be read."""

from django.core.exceptions import ImproperlyConfigured

from chat import conf


def readable_settings() -> conf.Settings | None:
    """None when chat.E001 says what is wrong with them, so that no other check needs to."""
    try:
        return conf.get()
    except (ImproperlyConfigured, TypeError, ValueError):
        return None

"""The example site with this host's users."""

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = ["hosts.handled", *INSTALLED_APPS]
AUTH_USER_MODEL = "handled.User"
# Beside that of the tests that run it.
DATABASES["default"]["TEST"] = {"NAME": "test_handled"}

"""The example site with this host's users."""

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import CHITCHAT, DATABASES, INSTALLED_APPS

INSTALLED_APPS = ["hosts.mailed", *INSTALLED_APPS]
AUTH_USER_MODEL = "mailed.User"
ROOT_URLCONF = "hosts.mailed.urls"
CHITCHAT = {**CHITCHAT, "ACCOUNTS": False}
LOGIN_URL = "/members/login/"
# Beside that of the tests that run it.
DATABASES["default"]["TEST"] = {"NAME": "test_mailed"}

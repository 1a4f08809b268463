"""The example site with a shorter breath, for processes that are killed and people in a hurry."""

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import CHITCHAT

CHITCHAT = {
    **CHITCHAT,
    "RATE_LIMITS": False,
    # Of what a room does not keep any more there is no replay: a slow machine is no reason to reset anybody.
    "LIMITS": {"kept": 500},
    "TIMES": {"lease": 3.0, "lease_renewed": 1.0, "grace": 1.0, "compare": 1.0},
}
# The real one takes half a second, which is its purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

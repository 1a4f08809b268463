"""The example site with a shorter breath, for processes that are killed."""

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import CHITCHAT

CHITCHAT = {
    **CHITCHAT,
    "RATE_LIMITS": False,
    "TIMES": {"lease": 3.0, "lease_renewed": 1.0, "grace": 1.0, "compare": 1.0},
}

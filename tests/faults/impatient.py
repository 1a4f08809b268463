"""The site's settings, with seconds where life has minutes: tests wait for these rules to come true."""

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import CHITCHAT as _CHITCHAT

CHITCHAT = {
    **_CHITCHAT,
    "TIMES": {"ping_after": 2.0, "silent_after": 8.0, "stalled_after": 2.0, "grace": 1.0},
}

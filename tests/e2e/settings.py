"""The site's settings as they are, but for what many journeys on one server need, one after the other."""

import os

from chitchat_site.settings import *  # noqa: F403
from chitchat_site.settings import CHITCHAT

# Outside of the checkout, where it is deployed.
if "STATIC_ROOT" in os.environ:
    STATIC_ROOT = os.environ["STATIC_ROOT"]

# Each journey has a channel of its own, and all come from one address.
CHITCHAT = CHITCHAT | {"LIMITS": {"channel_by_address": (1, 1, 1_000)}}

"""The site's settings as they are; only the collected static files are kept outside of the checkout."""

import os

from chitchat_site.settings import *  # noqa: F403

STATIC_ROOT = os.environ["STATIC_ROOT"]

"""System checks: usual mistakes, each with an id and what to write instead.

``basics`` are those without which nothing works; ``host`` looks at how a project includes the app,
``accounts`` at its login, ``deployment`` at what goes wrong only when others come.
"""

from chat.checks.accounts import check_authentication, check_passwords, check_user_model
from chat.checks.basics import check_layer, check_rate_limits, check_sessions, check_settings
from chat.checks.deployment import (
    check_bodies,
    check_hosts,
    check_layer_capacity,
    check_proxies,
    check_session_life,
    check_workers,
)
from chat.checks.host import (
    check_csrf,
    check_middleware,
    check_static_files,
    check_store,
    check_templates,
    check_urls,
    check_websockets,
)

__all__ = [
    "check_authentication",
    "check_bodies",
    "check_csrf",
    "check_hosts",
    "check_layer",
    "check_layer_capacity",
    "check_middleware",
    "check_passwords",
    "check_proxies",
    "check_rate_limits",
    "check_session_life",
    "check_sessions",
    "check_settings",
    "check_static_files",
    "check_store",
    "check_templates",
    "check_urls",
    "check_user_model",
    "check_websockets",
    "check_workers",
]

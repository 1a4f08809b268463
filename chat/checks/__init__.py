"""System checks: usual mistakes, each with an id and what to write instead.

``basics`` are those without which nothing works; ``host`` looks at how a project includes the app,
``accounts`` at its login, ``deployment`` at what goes wrong only when others come, ``files`` at where uploads
go, ``processes`` at what several processes share.
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
from chat.checks.files import (
    check_bodies_are_bounded,
    check_file_types,
    check_media_is_private,
    check_media_root,
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
from chat.checks.processes import (
    check_machines,
    check_parts,
    check_redis,
    check_redis_layer,
    check_shared_files,
)

__all__ = [
    "check_authentication",
    "check_bodies",
    "check_bodies_are_bounded",
    "check_csrf",
    "check_file_types",
    "check_hosts",
    "check_layer",
    "check_layer_capacity",
    "check_machines",
    "check_media_is_private",
    "check_media_root",
    "check_middleware",
    "check_parts",
    "check_passwords",
    "check_proxies",
    "check_rate_limits",
    "check_redis",
    "check_redis_layer",
    "check_session_life",
    "check_sessions",
    "check_settings",
    "check_shared_files",
    "check_static_files",
    "check_store",
    "check_templates",
    "check_urls",
    "check_user_model",
    "check_websockets",
    "check_workers",
]

"""Settings of the example site. What differs between machines comes from the environment.

docs/settings.md lists the variables; without any of them this is a site for one's own machine.
"""

import logging
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import BadRequest
from django.http.multipartparser import MultiPartParserError

from chitchat_site.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

DEBUG = env.boolean("DEBUG", True)
# Django's technical error pages in place of the site's, for those who work on the code.
DEBUG_PAGES = env.boolean("DEBUG_PAGES", False)
SECRET_KEY = env.secret_key("SECRET_KEY", file=BASE_DIR / ".secret-key" if DEBUG else None)

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", ".localhost", "127.0.0.1", "[::1]"])
ALLOWED_ORIGINS = env.origins("ALLOWED_ORIGINS")
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)

# Channels with a conversation in them, to look at: what `bin/run --demo` sets.
DEMO = env.boolean("CHITCHAT_DEMO", False)

# What several processes share. Without it there is one, and everything real-time lives in its memory.
REDIS_URL = env.redis("REDIS_URL")

CHITCHAT = {
    "ALLOWED_ORIGINS": ALLOWED_ORIGINS,
    "TRUSTED_PROXIES": TRUSTED_PROXIES,
    "REDIS_URL": REDIS_URL,
    "REDIS_PREFIX": env.text("REDIS_PREFIX", "chat:"),
    "RATE_LIMITS": env.boolean("CHITCHAT_RATE_LIMITS", True),
}

INSTALLED_APPS = [
    "chitchat_site",  # first, for its runserver, which is
    "daphne",  # this one's, and speaks WebSocket
    "chat",
    "channels",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Serves STATIC_ROOT under any ASGI server; while developing, asgi.py serves the sources.
    *([] if DEBUG else ["servestatic.middleware.ServeStaticMiddleware"]),
    # Pages with a hundred messages shrink to a fifth. Django pads what it compresses, so that its length
    # tells nothing of the secrets in it (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "chitchat_site.errors.ErrorPages",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "chitchat_site.urls"
DEFAULT_EXCEPTION_REPORTER = "chitchat_site.reports.SiteReporter"
CSRF_FAILURE_VIEW = "chitchat_site.errors.csrf_failure"
ASGI_APPLICATION = "chitchat_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", default=BASE_DIR / "db.sqlite3", base=BASE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The layer carries one message at a time per room to one reader per process. In memory, the capacity is
# only there to bound it; on Redis, whoever waits for an answer gives up after two seconds.
IN_MEMORY_LAYER = {
    "BACKEND": "channels.layers.InMemoryChannelLayer",
    "CONFIG": {"capacity": 10_000},
}
REDIS_LAYER = {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {
        "hosts": [{"address": REDIS_URL, "socket_timeout": 2, "socket_connect_timeout": 2}],
        "prefix": f"{CHITCHAT['REDIS_PREFIX']}layer:",
    },
}
CHANNEL_LAYERS = {"default": REDIS_LAYER if REDIS_URL else IN_MEMORY_LAYER}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LOGIN_URL = "chat:login"
LOGIN_REDIRECT_URL = "chat:home"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Files of the site. Uploads are never served from MEDIA_ROOT directly, so there is no MEDIA_URL.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env.path("MEDIA_ROOT", BASE_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # In deployment the names carry a hash of the contents (collectstatic), and never change.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "chitchat_site.static.StaticStorage",
    },
}
SERVESTATIC_ALLOW_ALL_ORIGINS = False

# Who somebody is outlives the browser's window. A year counts from the last change of the session
# over HTTP (a name, a login). SESSION_SAVE_EVERY_REQUEST would count from the last visit, but each
# page would then write back the whole session as it read it, and undo what another tab did since.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 365 * 24 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False  # scripts read it before each POST
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS

# The site is known to be on HTTPS when that is where people are told to find it. Redirecting from
# plain HTTP is the proxy's work: it is the one that has the port.
HTTPS = not DEBUG and any(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains, which may be other people's
    "security.W008",  # the redirect
    "security.W021",  # HSTS preload, likewise for the whole domain
]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Everything from this origin, nothing inline without the nonce, nothing from anywhere else.
# Django's admin keeps to this as it is.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],  # a picture that is being uploaded
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# A request's body without files: forms, and one frame of the protocol (64 KiB).
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# A body that is longer goes to the disk while it comes: ten uploads at once must not be 25 MB of memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# One inbound frame of the protocol. Daphne holds what it sends to the limit for messages, so that one is
# larger than a snapshot of a room (256 KiB); the app bounds what comes in fragments itself.
DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 64 * 1024
DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = 1024 * 1024


def _without_traceback_of_refusals(record: logging.LogRecord) -> bool:
    """A foreign Host, a form that is too large or none at all, or bytes that are no text are the visitor's
    mistake: its sentence is enough. uvicorn takes the last of them for an error of the server."""
    raised = record.exc_info[1] if record.exc_info else None
    if record.name.startswith("django.security.") or isinstance(raised, BadRequest | MultiPartParserError):
        record.exc_info = None
    elif record.name == "uvicorn.error" and str(record.msg).startswith("Invalid UTF-8 "):
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "filters": {
        "refusals": {
            "()": "django.utils.log.CallbackFilter",
            "callback": _without_traceback_of_refusals,
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusals"],
        },
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "chat": {"level": "INFO"},
        # Without its default handlers, one of which is only for DEBUG and one sends mail.
        "django": {"handlers": [], "level": "INFO"},
        # Its handlers and level are its own.
        "uvicorn.error": {"filters": ["refusals"]},
    },
}

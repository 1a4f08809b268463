"""How a project includes the app: addresses, WebSockets, middleware, templates, static files."""

from collections.abc import Iterator, Sequence
from inspect import isclass
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.middleware.csrf import CsrfViewMiddleware
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.module_loading import import_string

from chat.checks.readable import readable_settings
from chat.services.combinations import missing_packages, missing_stores

# Who asks a handshake where it comes from, by module and name.
ORIGIN_CHECKS: Final = {
    ("chat.routing", "OriginGate"),
    ("channels.security.websocket", "OriginValidator"),
}

ORIGIN_HINT: Final = (
    "Use chat.routing.websocket_application, which asks for the origin, in place of websocket_urlpatterns."
)

# What wrappers of ASGI applications call what they wrap.
INNER: Final = ("application", "_application", "inner", "app")

WEBSOCKET_HINT: Final = (
    'Write application = ProtocolTypeRouter({"http": get_asgi_application(), '
    '"websocket": chat.routing.websocket_application}).'
)


@register(Tags.urls)
def check_urls(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The chat has an address."""
    try:
        reverse("chat:home")
    except NoReverseMatch:
        hint = 'Add path("chat/", include("chat.urls")) to the URL patterns of ROOT_URLCONF.'
        return [Error("chat.urls is not included, so the chat has no address.", hint=hint, id="chat.E004")]
    return []


@register(Tags.compatibility)
def check_websockets(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """WebSockets reach the chat, as far as the ASGI application can be looked into."""
    name = getattr(settings, "ASGI_APPLICATION", None)
    if not name:
        words = "ASGI_APPLICATION is not set, so runserver does not speak WebSocket."
        return [Warning(words, hint='Set it, for example to "mysite.asgi.application".', id="chat.W002")]
    try:
        application = import_string(name)
    except Exception as error:
        words = f"ASGI_APPLICATION cannot be imported: {error}"
        return [Error(words, hint=WEBSOCKET_HINT, id="chat.E005")]
    protocols = next((one.application_mapping for one in layers(application, "application_mapping")), None)
    if protocols is None:
        return []
    if "websocket" not in protocols:
        words = "ASGI_APPLICATION takes no WebSockets."
        return [Error(words, hint=WEBSOCKET_HINT, id="chat.E005")]
    try:
        address = reverse("chat:home") + "ws/chat/"
    except NoReverseMatch:
        return []  # chat.E004 says it
    way = _way_to(address.removeprefix(get_script_prefix()), protocols["websocket"])
    leads_there = _leads_to_the_chat(way)
    if leads_there is False:
        words = f"A WebSocket to {address} does not reach the chat."
        hint = f"{WEBSOCKET_HINT} Under a path, the route begins with the same path as chat.urls."
        return [Error(words, hint=hint, id="chat.E005")]
    asks = leads_there is None or _asks_for_the_origin(way)
    if asks is None:
        words = "It cannot be seen whether a WebSocket is asked which page it comes from."
        hint = f"Is it not, any page can open one in the name of its visitors. {ORIGIN_HINT}"
        return [Warning(words, hint=hint, id="chat.W026")]
    if not asks:
        words = "Any page on the web can open a WebSocket to the chat in the name of its visitors."
        return [Error(words, hint=ORIGIN_HINT, id="chat.E023")]
    return []


def layers(application: Any, attribute: str) -> Iterator[Any]:
    """What is wrapped in an application, from the outside in, as far as it has this attribute."""
    for _depth in range(20):
        if hasattr(application, attribute):
            yield application
        inside = [getattr(application, name) for name in INNER if hasattr(application, name)]
        if not inside:
            return
        application = inside[0]


def _way_to(path: str, application: Any) -> list[Any]:
    """All layers on the way to what has this path, from the outside in, as far as they can be looked into."""
    way = list(layers(application, "__class__"))
    for route in getattr(way[-1], "routes", ()):
        if match := route.pattern.match(path):
            return way + _way_to(match[0], route.callback)
    return way


def _leads_to_the_chat(way: list[Any]) -> bool | None:
    """None: nobody can tell."""
    consumer = next((one.consumer_class for one in way if hasattr(one, "consumer_class")), None)
    if consumer is not None:
        return any(one.__module__ == "chat.consumers" for one in consumer.__mro__)
    return False if hasattr(way[-1], "routes") else None


def _asks_for_the_origin(way: list[Any]) -> bool | None:
    """None: a layer of the host's own may do it."""
    kinds = [type(one) for one in way]
    if any((one.__module__, one.__name__) in ORIGIN_CHECKS for kind in kinds for one in kind.__mro__):
        return True
    known = all(kind.__module__.partition(".")[0] in ("channels", "chat", "builtins") for kind in kinds)
    return False if known else None


@register(Tags.security)
def check_middleware(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Sessions and CSRF protection are on."""
    messages: list[CheckMessage] = []
    if not _has(SessionMiddleware) or not apps.is_installed("django.contrib.sessions"):
        words = "Without sessions nobody can keep a name."
        hint = (
            'Add "django.contrib.sessions" to INSTALLED_APPS and '
            '"django.contrib.sessions.middleware.SessionMiddleware" to MIDDLEWARE.'
        )
        messages.append(Error(words, hint=hint, id="chat.E006"))
    if not _has(CsrfViewMiddleware):
        words = "Without CSRF protection any page can choose names and make channels for its visitors."
        hint = 'Add "django.middleware.csrf.CsrfViewMiddleware" to MIDDLEWARE.'
        messages.append(Error(words, hint=hint, id="chat.E007"))
    return messages


def _has(middleware: type) -> bool:
    """Whether it, or something made of it, is in MIDDLEWARE."""
    found = [import_string(name) for name in settings.MIDDLEWARE]
    return any(isclass(one) and issubclass(one, middleware) for one in found)


@register(Tags.security)
def check_csrf(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Scripts can read the CSRF token, and send it as they do."""
    usual: dict[str, Any] = {
        "CSRF_COOKIE_HTTPONLY": False,
        "CSRF_USE_SESSIONS": False,
        "CSRF_COOKIE_NAME": "csrftoken",
        "CSRF_HEADER_NAME": "HTTP_X_CSRFTOKEN",
    }
    return [
        Error(
            f"With this {name} the page's scripts cannot send the CSRF token: every POST would be refused.",
            hint=f"Leave out {name}; its default is {default!r}. The token is no secret from the page.",
            id="chat.E008",
        )
        for name, default in usual.items()
        if getattr(settings, name) != default
    ]


@register(Tags.templates)
def check_templates(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The page's template is found, and gets the request."""
    try:
        get_template("chat/room.html")
    except (TemplateDoesNotExist, ImproperlyConfigured):
        hint = 'Set "APP_DIRS": True in TEMPLATES, for the backend of Django\'s own templates.'
        return [Error("The template chat/room.html is not found.", hint=hint, id="chat.E009")]
    processor = "django.template.context_processors.request"
    lacking = [
        one
        for one in engines.all()
        if processor not in getattr(getattr(one, "engine", None), "context_processors", [processor])
    ]
    if lacking and any("csp" in name.lower() for name in settings.MIDDLEWARE):
        words = "The templates do not get the request: scripts have no nonce for the Content-Security-Policy."
        hint = f'Add "{processor}" to the context_processors in TEMPLATES.'
        return [Warning(words, hint=hint, id="chat.W003")]
    return []


@register(Tags.staticfiles)
def check_static_files(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Style sheets and scripts of the page are found."""
    installed = apps.is_installed("django.contrib.staticfiles")
    if installed and finders.find("chat/css/tokens.css") is not None:
        return []
    words = "The chat's style sheets and scripts are not found."
    hint = (
        'Add "django.contrib.staticfiles" to INSTALLED_APPS, and '
        '"django.contrib.staticfiles.finders.AppDirectoriesFinder" to STATICFILES_FINDERS if that is set.'
    )
    return [Warning(words, hint=hint, id="chat.W004")]


@register(Tags.compatibility)
def check_store(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """There are stores of the names in the settings."""
    chat = readable_settings()
    if chat is None or any(missing_packages(chat)):
        return []  # chat.E020 says it
    return [Error(one.words, hint=one.hint, id=one.id) for one in missing_stores(chat)]

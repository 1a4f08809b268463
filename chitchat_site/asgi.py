"""The ASGI application: Django for HTTP, the chat for WebSocket."""

import gc
import os
import sys

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.signals import request_finished
from django.db import connections
from django.http import FileResponse, Http404, HttpRequest, HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chitchat_site.settings")

# Fills the app registry, which the import below needs.
try:
    django_application = get_asgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"asgi: {error}")  # one sentence, whichever server starts this

from chat.routing import http_application, lifespan_application, websocket_application
from chitchat_site.demo import Demo
from chitchat_site.errors import not_found

# What was loaded so far stays: the collector need not walk it again and again while people wait. With the
# default thresholds, full collections took a sixth of the time of 2,000 joins.
gc.collect()
gc.freeze()
gc.set_threshold(5_000, 20, 100)


class Sources(ASGIStaticFilesHandler):
    """Static files where they are written, while DEBUG is on; what is not there is the site's 404.

    To Django an address that leads out of the folder is an error of the server.
    """

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        try:
            return super().serve(request)
        except (Http404, SuspiciousOperation):
            return not_found(request)


@request_finished.connect
def close_connections(**_: object) -> None:
    """Under ASGI each HTTP request has a thread of its own, and a kept connection would outlive it.

    The one that is worth keeping is that of the thread for everything else (joins above all).
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


_router = ProtocolTypeRouter(
    {
        "http": http_application(Sources(django_application) if settings.DEBUG else django_application),
        "websocket": websocket_application,
        "lifespan": lifespan_application,
    }
)
application = Demo(_router) if settings.DEMO else _router

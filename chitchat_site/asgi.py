"""The ASGI application: Django for HTTP, the chat for WebSocket."""

import os
import sys

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chitchat_site.settings")

# Fills the app registry, which the import below needs.
try:
    http_application = get_asgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"asgi: {error}")  # one sentence, whichever server starts this

from chat.routing import websocket_application

application = ProtocolTypeRouter(
    {
        "http": ASGIStaticFilesHandler(http_application) if settings.DEBUG else http_application,
        "websocket": websocket_application,
    }
)

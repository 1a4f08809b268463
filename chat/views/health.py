"""Is the process alive, and is everything it needs there?"""

import logging

from channels import DEFAULT_CHANNEL_LAYER
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chat.services import process
from chat.services.channels import default_slug

logger = logging.getLogger(__name__)


@require_safe
@never_cache
async def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _ask_layer() -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "chat.ready"})
    await layer.receive(channel)


async def _ask_store() -> None:
    await process.current().store.heads([f"channel:{default_slug()}"])


@require_safe
@never_cache
async def ready(request: HttpRequest) -> HttpResponse:
    parts = {
        "database": database_sync_to_async(_ask_database),
        "layer": _ask_layer,
        "store": _ask_store,
    }
    answers: dict[str, bool] = {}
    for name, ask in parts.items():
        try:
            await ask()
            answers[name] = True
        except Exception:
            logger.warning("Not ready: the %s does not answer.", name, exc_info=True)
            answers[name] = False
    return JsonResponse(answers, status=200 if all(answers.values()) else 503)

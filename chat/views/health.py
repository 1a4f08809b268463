"""Is the process alive, and is everything it needs there?"""

import asyncio
import logging
from typing import Final

from channels import DEFAULT_CHANNEL_LAYER
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chat.domain import channel_room
from chat.services import process
from chat.services.defaults import default_slug

logger = logging.getLogger(__name__)

# Seconds that each part may take to answer.
PATIENCE: Final = 3.0


@require_safe
@never_cache
async def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _ask_layer() -> None:
    # To nobody: a channel of our own would be subscribed to for ever on Redis.
    await channel_layers[DEFAULT_CHANNEL_LAYER].group_send("chat.ready", {"type": "chat.ready"})


async def _ask_store() -> None:
    here = process.current()
    await here.store.heads([channel_room(default_slug())])
    if here.redis is not None:
        await here.redis.check()


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
            async with asyncio.timeout(PATIENCE):
                await ask()
            answers[name] = True
        except Exception:
            logger.warning("Not ready: the %s does not answer.", name, exc_info=True)
            answers[name] = False
    return JsonResponse(answers, status=200 if all(answers.values()) else 503)

"""Making channels, and checking their names."""

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from chat.errors import Forbidden, Invalid
from chat.protocol import CreateCommand
from chat.services import channels, process
from chat.views.answers import address_of, answers_errors, asker, plain, text_fields
from chat.views.names import check_answer

# What a ticked box of a form may say.
ON: Final = ("1", "on", "true")


@require_safe
@never_cache
@answers_errors
async def check_name(request: HttpRequest) -> HttpResponse:
    who = await asker(request)
    whose = address_of(request) if who is None else who.session
    raw = request.GET.get("name", "")
    private = request.GET.get("private", "") in ON
    check, slug = await channels.check_channel_name(process.current(), whose, raw, private=private)
    return check_answer(check, slug=slug)


@require_POST
@never_cache
@answers_errors
async def create(request: HttpRequest) -> HttpResponse:
    who = await asker(request)
    if who is None:
        raise Forbidden("Choose a name first.")
    name, topic, private, keeps = text_fields(request, "name", "topic", "private", "keeps")
    fields = {"name": name, "topic": topic, "private": private in ON, "keeps": keeps or "recent"}
    try:
        command = msgspec.convert({"type": "create", "ref": 0, **fields}, CreateCommand)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from None
    info = await channels.create_channel(process.current(), who, address_of(request), command)
    return JsonResponse({"channel": plain(info)}, status=201)

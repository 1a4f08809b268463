"""Files over HTTP: up, out, and away again before they are sent."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from django.core.files import File
from django.http import (
    HttpRequest,
    HttpResponse,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header, http_date, parse_etags
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat import conf
from chat.errors import Forbidden, NotFound
from chat.files.body import was_cut
from chat.files.kinds import KINDS
from chat.files.ranges import Span, Unsatisfiable, asked_span
from chat.files.receive import Received, too_large
from chat.models import Attachment
from chat.services import attachments, process
from chat.services.identity import Identity
from chat.views.answers import answers_errors, asker, plain

logger = logging.getLogger(__name__)

CHUNK_BYTES: Final = 64 * 1024
THUMBNAIL_TYPE: Final = "image/webp"

# Nothing in a file runs, loads or sends anything, whatever a browser takes it for.
POLICY: Final = "default-src 'none'; sandbox"
# What we wrote ourselves, and so may be shown in place.
INLINE: Final = frozenset(kind.type for kind in KINDS.values() if kind.image)


async def _require_name(request: HttpRequest) -> Identity:
    who = await asker(request)
    if who is None:
        raise Forbidden("Choose a name first.")
    return who


# --- up --------------------------------------------------------------------------------------------


@csrf_exempt
@require_POST
@never_cache
async def upload(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    # Checking the token must not parse the body, as Django's middleware would to look for a field of a form:
    # who may send nothing is told so before. The token is in the header X-CSRFToken.
    request.POST = QueryDict()
    return await _upload(request)


@csrf_protect
@answers_errors
async def _upload(request: HttpRequest) -> HttpResponse:
    here = process.current()
    who = (await _require_name(request)).author
    await attachments.admit(here, who)
    limit = here.settings.LIMITS.file_bytes
    if was_cut(getattr(request, "scope", {})):
        raise too_large(limit)
    received = Received()
    try:
        await asyncio.to_thread(received.read_from, request, limit)
        kept = await attachments.upload(here, who, received)
    finally:
        received.close()
    return JsonResponse({"attachment": plain(kept)}, status=201)


@require_http_methods(["DELETE"])
@never_cache
@answers_errors
async def remove(request: HttpRequest, attachment_id: str) -> HttpResponse:
    who = await _require_name(request)
    await attachments.remove(process.current(), who.author, attachment_id)
    return HttpResponse(status=204)


# --- out -------------------------------------------------------------------------------------------


# The content of an address never changes; whether one may see it does, so it is asked each time. A refusal
# is nobody else's either: some caches keep every answer at an address that ends like a picture's.
@require_safe
@cache_control(private=True, no_cache=True)
@answers_errors
async def serve(request: HttpRequest, attachment_id: str, name: str) -> HttpResponse | StreamingHttpResponse:
    """The file, or with ``?thumbnail`` its small picture. ``name`` is for people."""
    who = await asker(request)
    row = await attachments.find(process.current(), None if who is None else who.author, attachment_id)
    small = "thumbnail" in request.GET and bool(row.thumbnail)
    field = row.thumbnail if small else row.file
    headers = _headers(row, small)
    if _is_known(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    if accelerated := conf.get().X_ACCEL_REDIRECT:
        del headers["Content-Encoding"], headers["Accept-Ranges"]  # the proxy's to say
        headers["X-Accel-Redirect"] = accelerated.rstrip("/") + "/" + quote(field.name or "")
        return HttpResponse(headers=headers)
    try:
        file = await asyncio.to_thread(field.open)
    except OSError:
        logger.exception("The file %s of the attachment %s is missing.", field.name, row.pk)
        raise NotFound("There is no such file.") from None
    return _answer(request, file, await asyncio.to_thread(lambda: file.size), headers)


def _headers(row: Attachment, small: bool) -> dict[str, str]:
    kind = THUMBNAIL_TYPE if small else row.type
    named = content_disposition_header(kind not in INLINE, row.name)
    return {
        "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "Content-Disposition": named or "attachment",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{row.pk}{"-small" if small else ""}"',
        "Last-Modified": http_date(row.created_at.timestamp()),
        "Accept-Ranges": "bytes",
        # Middleware that compresses leaves it alone then: compressed, a range would be of something else.
        "Content-Encoding": "identity",
    }


def _is_known(request: HttpRequest, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in (one.removeprefix("W/") for one in known)


def _answer(
    request: HttpRequest, file: "File[bytes]", size: int, headers: dict[str, str]
) -> HttpResponse | StreamingHttpResponse:
    try:
        span = _asked_span(request, size, headers)
    except Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    status = 200
    if span is None:
        span = Span(0, size)
    else:
        status = 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    headers["Content-Length"] = str(span.length)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(_pieces(file, span), status=status, headers=headers)


def _asked_span(request: HttpRequest, size: int, headers: dict[str, str]) -> Span | None:
    asked = request.headers.get("Range")
    # The range is of the file that the client has seen, or of none (RFC 9110, 13.1.5).
    condition = request.headers.get("If-Range")
    if asked is None or (condition and condition not in (headers["ETag"], headers["Last-Modified"])):
        return None
    return asked_span(asked, size)


async def _pieces(file: "File[bytes]", span: Span) -> AsyncIterator[bytes]:
    """The file's bytes, read in a worker thread a piece at a time; closed however this ends."""
    try:
        await asyncio.to_thread(file.seek, span.start)
        left = span.length
        while left and (piece := await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))):
            left -= len(piece)
            yield piece
    finally:
        file.close()

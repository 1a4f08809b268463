"""The page, rendered with the latest messages so that it can be read before any script has run."""

from collections.abc import Iterable
from typing import Any, Final

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from msgspec import UNSET

from chat import conf
from chat.domain import Author, Message, channel_room, direct_room
from chat.errors import NotFound
from chat.protocol import VERSION
from chat.services import access, identity, lists, process, rooms
from chat.services.defaults import default_slug
from chat.services.identity import Identity
from chat.services.rooms import Opening
from chat.services.runtime import Runtime
from chat.views.answers import asker, plain, says_unavailable

# What a row of the page says of its message.
IN_ROWS: Final = frozenset({"id", "room", "seq", "n", "body", "ts"})


@require_safe
@never_cache
@says_unavailable
async def home(request: HttpRequest) -> HttpResponse:
    """To the channel this session was in last, or to the default one."""
    who = await asker(request)
    slug = default_slug()
    if who is not None and who.last_channel:
        try:
            last = await access.readable(process.current(), channel_room(who.last_channel), who.author.id)
            slug = slug if last.info.archived else who.last_channel
        except NotFound:
            pass
    return HttpResponseRedirect(reverse("chat:room", args=[slug]))


@require_safe
@never_cache
@ensure_csrf_cookie
@says_unavailable
async def room(request: HttpRequest, slug: str) -> HttpResponse:
    """A channel. Without a name: the list and the name dialogue, no messages."""
    who = await asker(request)
    answer = await _page(request, who, channel_room(slug))
    if who is not None and who.last_channel != slug:
        await identity.remember_channel(who.session_key, slug)
    return answer


@require_safe
@never_cache
@ensure_csrf_cookie
@says_unavailable
async def direct(request: HttpRequest, chat: str) -> HttpResponse:
    """A personal chat, for its two people."""
    return await _page(request, await asker(request), direct_room(chat))


async def _page(request: HttpRequest, who: Identity | None, address: str) -> HttpResponse:
    here = process.current()
    try:
        known = await access.readable(here, address, "" if who is None else who.author.id)
    except NotFound as error:
        raise Http404(error.detail) from None
    opening = await rooms.open_room(here, address, who)
    context = {
        "me": None if who is None else plain(who.author),
        "here": request.path,
        "channel": plain(known.info),
        "rooms": plain(await lists.room_list(here, who, address)),
        "messages": () if who is None else opening.view.messages,
        "members_count": (await here.presence.present(address, 0)).count,
        "online": await lists.online(here),
    }
    context["page"] = page_state(here, who, context, opening)
    return render(request, "chat/room.html", context)


def page_state(
    here: Runtime, who: Identity | None, context: dict[str, Any], opening: Opening
) -> dict[str, Any]:
    """What the script starts from: the very state that the page shows.

    ``messages`` have what their rows in the page do not say (js/page.js puts the two together).
    """
    head, view = opening.head, opening.view
    return {
        "version": VERSION,
        "site_name": here.settings.SITE_NAME,
        "me": context["me"],
        "may": [] if who is None else lists.abilities(here, who),
        "channel": context["channel"],
        "room": context["channel"]["room"],
        "epoch": head.epoch,
        "seq": head.seq,
        "n": head.n,
        "more": who is not None and view.more,
        "first_unread": None if opening.first_unread is UNSET else opening.first_unread,
        **beside_rows(context["messages"], "" if who is None else who.author.id),
        "names": {} if who is None else view.names,
        "rooms": context["rooms"],
        "limits": lists.wire_limits(here),
        "file_types": list(here.settings.FILE_TYPES),
        "urls": {
            "socket": reverse("chat:home") + "ws/chat/",
            "name": reverse("chat:name"),
            "name_check": reverse("chat:name-check"),
            "channels": reverse("chat:channels"),
            "channels_check": reverse("chat:channels-check"),
            "files": reverse("chat:files"),
            "logout": reverse("chat:logout"),
            "channel": reverse("chat:room", args=["SLUG"]),
            **account_addresses(),
            "direct": reverse("chat:direct", args=["ID"]),
        },
    }


def account_addresses() -> dict[str, str]:
    """The app's own account pages; none where accounts are the host's business."""
    pages = ("register", "login", "password") if conf.get().ACCOUNTS else ()
    return {name: reverse(f"chat:{name}") for name in pages}


def beside_rows(messages: Iterable[Message], me: str) -> dict[str, Any]:
    """The messages without what is in the page already (ids, numbers, time, text), and their authors.

    A full channel's texts do not shrink much when compressed: said twice, they were a tenth of the page.
    """
    authors: dict[Author, int] = {}
    rests = []
    for message in messages:
        if message.deleted:
            continue
        rest = {name: value for name, value in plain(message).items() if name not in IN_ROWS and value}
        if message.author.id != me:
            del rest["cid"]
        rests.append({**rest, "author": authors.setdefault(message.author, len(authors))})
    return {"authors": plain(list(authors)), "messages": rests}

"""The page, rendered with the latest messages so that it can be read before any script has run."""

from collections.abc import Iterable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from chat import conf
from chat.domain import Author, Message
from chat.errors import NotFound
from chat.protocol import VERSION
from chat.services import access, identity, process, rooms
from chat.services.channels import default_slug
from chat.services.identity import Identity
from chat.services.rooms import View
from chat.services.runtime import Runtime
from chat.stores.base import Snapshot
from chat.views.answers import asker, plain

# What a row of the page says of its message.
IN_ROWS: Final = frozenset({"id", "room", "seq", "n", "body", "ts"})


@require_safe
@never_cache
async def home(request: HttpRequest) -> HttpResponse:
    """To the channel this session was in last, or to the default one."""
    who = await asker(request)
    slug = default_slug()
    if who is not None and who.last_channel:
        known = (await process.current().directory.channels()).get(who.last_channel)
        if known is not None and not known.info.private and not known.info.archived:
            slug = who.last_channel
    return HttpResponseRedirect(reverse("chat:room", args=[slug]))


@require_safe
@never_cache
@ensure_csrf_cookie
async def room(request: HttpRequest, slug: str) -> HttpResponse:
    """A channel. Without a name: the list and the name dialogue, no messages."""
    here = process.current()
    who = await asker(request)
    try:
        known = await access.readable(here, f"channel:{slug}", "" if who is None else who.author.id)
    except NotFound as error:
        raise Http404(error.detail) from None
    if who is not None and who.last_channel != slug:
        await identity.remember_channel(who.session_key, slug)
    address = known.info.room
    snapshot = await here.store.latest(address, here.settings.LIMITS.kept)
    view = await rooms.look(here, address, snapshot)
    listed = plain(await rooms.room_list(here, who, slug))
    context = {
        "me": None if who is None else plain(who.author),
        "channel": plain(known.info),
        "rooms": listed,
        "messages": () if who is None else view.messages,
        "members_count": (await here.presence.present(address, 0)).count,
        "online": await rooms.online(here),
    }
    context["page"] = page_state(here, who, context, snapshot, view)
    return render(request, "chat/room.html", context)


def page_state(
    here: Runtime, who: Identity | None, context: dict[str, Any], snapshot: Snapshot, view: View
) -> dict[str, Any]:
    """What the script starts from: the very state that the page shows.

    ``messages`` have what their rows in the page do not say (js/page.js puts the two together).
    """
    return {
        "version": VERSION,
        "site_name": here.settings.SITE_NAME,
        "me": context["me"],
        "channel": context["channel"],
        "room": context["channel"]["room"],
        "epoch": snapshot.head.epoch,
        "seq": snapshot.head.seq,
        "n": snapshot.head.n,
        "more": who is not None and view.more,
        **beside_rows(context["messages"], "" if who is None else who.author.id),
        "names": {} if who is None else view.names,
        "rooms": context["rooms"],
        "limits": rooms.wire_limits(here),
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
        },
    }


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


def account_addresses() -> dict[str, str]:
    """The app's own account pages; none where accounts are the host's business."""
    pages = ("register", "login", "password") if conf.get().ACCOUNTS else ()
    return {name: reverse(f"chat:{name}") for name in pages}

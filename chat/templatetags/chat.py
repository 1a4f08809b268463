"""What the chat's templates need: the import map, the grouping of messages, and how people and times look.

The look of people and the grouping are restated in ``static/chat/js/people.js`` and ``models/rows.js``;
tests hold the two languages together.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from unicodedata import normalize

import regex
from django import template
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chat.domain import Attachment, Message
from chat.files import sizes

register = template.Library()

HUES: Final = (20, 55, 95, 150, 195, 235, 285, 335)
GROUP_MS: Final = 5 * 60_000

# Room for one picture, in CSS pixels; and how many of several have a place of their own.
PICTURE_WIDTH: Final = 400
PICTURE_HEIGHT: Final = 300
PICTURES_SHOWN: Final = 4

_FNV_OFFSET: Final = 0x811C9DC5
_FNV_PRIME: Final = 0x01000193

_GRAPHEME: Final = regex.compile(r"\X")

_STATIC: Final = Path(__file__).resolve().parent.parent / "static"
_MODULES: Final = "chat/js"
_MAIN: Final = "chat/main.js"
_NAME: Final = "chat/controllers/name_dialog.js"
_IMPORTS: Final = re.compile(r'\bfrom "(chat/[^"]+)"')

# What a JSON text may not have inside <script>.
_UNSAFE: Final = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@cache
def modules() -> tuple[str, ...]:
    """The JavaScript modules, as paths below ``static/``."""
    files = (_STATIC / _MODULES).rglob("*.js")
    return tuple(sorted(file.relative_to(_STATIC).as_posix() for file in files))


@cache
def needed_by(*names: str) -> tuple[str, ...]:
    """These modules and what they import, and so on; not what they fetch later, by ``import(…)``."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            text = (_STATIC / name.replace("chat", _MODULES, 1)).read_text(encoding="utf-8")
            waiting += _IMPORTS.findall(text)
    return tuple(found)


@register.simple_tag
def chat_static(path: str) -> str:
    """The address of a static file. Raises ``ImproperlyConfigured`` where they have not been collected."""
    try:
        return static(path)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"The static files storage does not know {path}: run `manage.py collectstatic` after each update."
        ) from error


@register.simple_tag(takes_context=True)
def chat_import_map(context: Mapping[str, Any]) -> SafeString:
    """The import map of every module, with the names the static files storage gives them.

    Modules import each other as ``chat/…``; with hashed file names that is the only place that knows them.
    What the first look at the page needs is fetched at once, but after what the page is drawn with: it can
    be read before any script runs. The dialogue for the name is fetched only for who has none.
    """
    addresses = {path.replace(_MODULES, "chat", 1): chat_static(path) for path in modules()}
    nonce = nonce_of(context)
    text = json.dumps({"imports": addresses}).translate(_UNSAFE)
    script = format_html('<script type="importmap"{}>{}</script>', nonce, SafeString(text))
    needed = needed_by(_MAIN) if context.get("me") else needed_by(_MAIN, _NAME)
    line = '\n<link rel="modulepreload" href="{}" fetchpriority="low"{}>'
    preloads = format_html_join("", line, ((addresses[name], nonce) for name in needed))
    return script + preloads


def nonce_of(context: Mapping[str, Any]) -> SafeString:
    """`` nonce="…"`` where the host's policy has one."""
    nonce = getattr(context.get("request"), "csp_nonce", None)
    # It is lazy, made when printed, and false until then.
    return SafeString("") if nonce is None else format_html(' nonce="{}"', str(nonce))


@register.simple_tag(takes_context=True)
def chat_nonce(context: Mapping[str, Any]) -> SafeString:
    """The attribute for a script of the page's own."""
    return nonce_of(context)


@dataclass(frozen=True)
class Row:
    """One row of the timeline: a day, or a message and its place among its neighbours."""

    kind: Literal["day", "message"]
    ts: int
    message: Message | None = None
    own: bool = False
    start: bool = True
    end: bool = True
    current: bool = False  # of all messages, the stop of the Tab key


@register.simple_tag
def chat_rows(messages: Iterable[Message], me: Mapping[str, Any] | None) -> list[Row]:
    """Messages, oldest first, as rows with a day before the first message of each."""
    shown = [message for message in messages if not message.deleted]
    starts = [*_starts(shown), True]
    rows: list[Row] = []
    day = None
    for at, message in enumerate(shown):
        if (today := moment(message.ts).date()) != day:
            day = today
            rows.append(Row("day", message.ts))
        own = me is not None and message.author.id == me["id"]
        last = at + 1 == len(shown)
        rows.append(Row("message", message.ts, message, own, starts[at], starts[at + 1], last))
    return rows


def _starts(messages: Iterable[Message]) -> Iterator[bool]:
    """Whether each message begins a group: another author or name, a pause, or another day."""
    before: Message | None = None
    for message in messages:
        yield not (
            before is not None
            and before.author.id == message.author.id
            and before.author.name == message.author.name
            and message.ts - before.ts < GROUP_MS
            and moment(before.ts).date() == moment(message.ts).date()
        )
        before = message


@register.filter
def moment(ts: int) -> datetime.datetime:
    """Unix ms as a time in the current zone; the script puts the reader's zone in its place."""
    return timezone.localtime(datetime.datetime.fromtimestamp(ts / 1000, tz=datetime.UTC))


@register.filter
def iso(ts: int) -> str:
    """Unix ms for a ``datetime`` attribute."""
    utc = datetime.datetime.fromtimestamp(ts / 1000, tz=datetime.UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def day(ts: int) -> str:
    """Today, Yesterday, or the day by name."""
    date, today = moment(ts).date(), timezone.localdate(datetime.datetime.now(datetime.UTC))
    if date == today:
        return "Today"
    if date == today - datetime.timedelta(days=1):
        return "Yesterday"
    return date_format(date, "l, j F" if date.year == today.year else "l, j F Y")


@register.filter
def hue(name: str) -> int:
    """The hue of a person's avatar and name: FNV-1a over the name as it is compared."""
    value = _FNV_OFFSET
    for byte in normalize("NFKC", name).lower().encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return HUES[(value ^ (value >> 16)) % len(HUES)]


@register.filter
def initials(name: str, most: int = 2) -> str:
    """The first two letters, or those of the first two words."""
    words = name.split()
    if not words:
        return ""
    letters = _GRAPHEME.findall(words[0])
    if most == 1 or len(words) == 1:
        return "".join(letters[:most])
    return str(letters[0] + _GRAPHEME.findall(words[1])[0])


@register.filter
def said(message: Message) -> str:
    """A message in one line: its text, and what its files are called."""
    return ", ".join(filter(None, (message.body, *(file.name for file in message.attachments))))


def _is_picture(file: Attachment) -> bool:
    return file.type.startswith("image/") and bool(file.width and file.height)


@register.filter
def pictures(files: Iterable[Attachment] | None) -> list[Attachment]:
    """Those that are shown in place."""
    return [file for file in files or () if _is_picture(file)]


@register.filter
def documents(files: Iterable[Attachment] | None) -> list[Attachment]:
    """Those that are only named."""
    return [file for file in files or () if not _is_picture(file)]


@register.filter
def beyond(shown: Sequence[Attachment]) -> str:
    """How many pictures have no place of their own, ``+3``; nothing when all have."""
    return f"+{len(shown) - PICTURES_SHOWN}" if len(shown) > PICTURES_SHOWN else ""


@register.filter
def shown_size(file: Attachment | None) -> tuple[int, int]:
    """Width and height of a picture in the page, in CSS pixels: its own, or as much as there is room for."""
    if not file or not file.width or not file.height:
        return 0, 0
    scale = min(1, PICTURE_WIDTH / file.width, PICTURE_HEIGHT / file.height)
    return max(1, int(file.width * scale + 0.5)), max(1, int(file.height * scale + 0.5))


@register.filter
def small_url(file: Attachment | None) -> str:
    """Where the picture is that stands in a message."""
    return str(file.thumbnail or file.url) if file else ""


@register.filter
def kind_word(file: Attachment | None) -> str:
    """What stands on the tile of a file: its extension."""
    return file.name.rpartition(".")[2].upper()[:4] if file else ""


@register.filter
def size_words(count: int | str) -> str:
    """Bytes for people; a template without a file has none."""
    return sizes.size_words(int(count or 0))


@register.filter
def with_slug(pattern: str, slug: str) -> str:
    """The address of a channel from the pattern that the page has for it."""
    return pattern.replace("SLUG", slug)


@register.filter
def capped(number: int) -> str:
    """A badge has room for two digits."""
    return "99+" if number > 99 else str(number)


@register.filter
def wordmark(site_name: str) -> tuple[str, str, str]:
    """What stands before the light, the hyphen it stands for, and what comes after."""
    return site_name.partition("-")

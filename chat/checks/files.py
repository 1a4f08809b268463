"""System checks: where files are kept, and what looks into them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import DEFAULT_STORAGE_ALIAS, settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import FileSystemStorage, storages
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string
from django.views.static import serve

from chat.checks.host import layers
from chat.checks.readable import readable_settings
from chat.files.body import BoundedBody
from chat.files.kinds import KINDS

# What Pillow's build must be able to do, by the extension that needs it. Thumbnails are WebP.
CODECS: Final = {"png": "zlib", "jpg": "jpg", "jpeg": "jpg", "webp": "webp"}


def _media_root() -> Path | None:
    """The folder of the files, where they are in one."""
    storage = storages[DEFAULT_STORAGE_ALIAS]
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


@register(Tags.files)
def check_media_root(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Files can be written, into a folder that is named."""
    folder = _media_root()
    if folder is None:
        return []
    hint = "Set MEDIA_ROOT to a folder that the server may write to, and that nothing else serves."
    if not settings.MEDIA_ROOT and folder == Path.cwd():
        words = "MEDIA_ROOT is not set, so uploads would go to the folder that the server was started in."
        return [Error(words, hint=hint, id="chat.E012")]
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return []
    return [Error(f"Uploads cannot be written to {folder}.", hint=hint, id="chat.E012")]


@register(Tags.security)
def check_media_is_private(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Nothing but the chat's own view serves the files: it is the one that asks for permission."""
    folder = _media_root()
    if folder is None:
        return []
    words = ""
    if any(_is_within(folder, root) for root in _static_folders()):
        words = f"MEDIA_ROOT ({folder}) is within a folder of static files, which everybody may read."
    elif any(_is_within(folder, root) for root in _served_folders()):
        words = f"A URL pattern serves MEDIA_ROOT ({folder}) to everybody."
    hint = "Keep MEDIA_ROOT apart, and take static(settings.MEDIA_URL, …) out of the URL patterns."
    return [Warning(words, hint=hint, id="chat.W014")] if words else []


def _static_folders() -> Iterator[Path]:
    if settings.STATIC_ROOT:
        yield Path(settings.STATIC_ROOT)
    # Each a folder, or a prefix and a folder.
    found: list[Any] = list(settings.STATICFILES_DIRS)
    yield from (Path(one[1] if isinstance(one, tuple | list) else one) for one in found)


def _served_folders() -> Iterator[Path]:
    try:
        patterns = get_resolver().url_patterns
    except Exception:
        return  # Django's own checks say what is wrong with them
    for pattern in _flat(patterns):
        root = pattern.default_args.get("document_root")
        if pattern.callback is serve and root:
            yield Path(root)


def _flat(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _flat(one.url_patterns)
        else:
            yield one


def _is_within(folder: Path, root: Path) -> bool:
    return folder.resolve().is_relative_to(root.resolve())


@register(Tags.compatibility)
def check_file_types(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """There is code that looks into every kind of file that is taken."""
    chat = readable_settings()
    taken = () if chat is None else chat.FILE_TYPES
    messages: list[CheckMessage] = []
    if unknown := [one for one in taken if one not in KINDS]:
        words = f'CHITCHAT["FILE_TYPES"]: nothing looks into files of the type {unknown[0]!r}.'
        hint = f"Write extensions of {', '.join(KINDS)}, in lower case and without a dot."
        messages.append(Error(words, hint=hint, id="chat.E013"))
    wanted = {KINDS[one].extension for one in taken if one in KINDS and KINDS[one].image}
    if wanted and (missing := _missing_codecs(wanted | {"webp"})):
        words = f"Pillow cannot write {missing[0]}, so uploads of images fail."
        hint = 'Install it with pip install "Pillow>=12.3", or leave images out of CHITCHAT["FILE_TYPES"].'
        messages.append(Error(words, hint=hint, id="chat.E014"))
    return messages


def _missing_codecs(extensions: set[str]) -> list[str]:
    try:
        from PIL import features
    except ImportError:
        return sorted(extensions)
    return sorted(one for one in extensions if one in CODECS and not features.check(CODECS[one]))


@register(Tags.security)
def check_bodies_are_bounded(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The server reads no more of a request than the largest upload, as far as it can be looked into."""
    try:
        application = import_string(settings.ASGI_APPLICATION or "")
    except Exception:
        return []  # chat.W002 and chat.E005 say it
    if any(layers(application, BoundedBody.MARK)):
        return []
    routers = layers(application, "application_mapping")
    protocols: dict[str, Any] = next((one.application_mapping for one in routers), {})
    if "http" not in protocols or any(layers(protocols["http"], BoundedBody.MARK)):
        return []
    words = "Nothing bounds the body of a request, which Django writes to the disk before it looks at it."
    hint = 'Write "http": chat.routing.http_application(get_asgi_application()) in the ASGI application.'
    return [Warning(words, hint=hint, id="chat.W015")]

"""Which kinds of file there are, and what a file may be called. Pure.

A kind is what an extension promises; ``sniff`` asks whether the content keeps the promise.
"""

import unicodedata
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from chat.errors import UnsupportedFile

NAME_CHARACTERS: Final = 200  # kept of a name; file systems take 255 bytes
EXTENSION_CHARACTERS: Final = 10

# What browsers and HTTP libraries write for these in a multipart header (WHATWG HTML, 4.10.21.8).
_ESCAPED: Final = (("%22", '"'), ("%0D", " "), ("%0A", " "), ("%0d", " "), ("%0a", " "))


class Kind(NamedTuple):
    """A kind of file. ``extension`` is the usual one, by which it is stored; ``type`` its media type."""

    extension: str
    type: str
    image: bool = False


TEXT: Final = Kind("txt", "text/plain")
PDF: Final = Kind("pdf", "application/pdf")
PNG: Final = Kind("png", "image/png", image=True)
JPEG: Final = Kind("jpg", "image/jpeg", image=True)
GIF: Final = Kind("gif", "image/gif", image=True)
WEBP: Final = Kind("webp", "image/webp", image=True)

# All that can be taken. A site takes these or fewer (``CHITCHAT["FILE_TYPES"]``): another kind needs code
# that looks into it.
KINDS: Final = {
    "txt": TEXT,
    "pdf": PDF,
    "png": PNG,
    "jpg": JPEG,
    "jpeg": JPEG,
    "gif": GIF,
    "webp": WEBP,
}


def allowed_words(allowed: Iterable[str]) -> str:
    """What a refusal says of the kinds that are taken: ``txt, pdf, png``."""
    return ", ".join(allowed)


def kind_of(name: str, allowed: Collection[str]) -> Kind:
    """The kind that a file's name promises: its last extension, in any case.

    Raises ``UnsupportedFile`` for one that is not in ``allowed``, or that there is no kind for.
    """
    _, dot, extension = name.rpartition(".")
    extension = extension.lower()
    kind = KINDS.get(extension) if dot and extension in allowed else None
    if kind is None:
        told = f".{extension}" if dot and len(extension) <= EXTENSION_CHARACTERS else "this kind"
        raise UnsupportedFile(f"Files of {told} are not taken. These are: {allowed_words(allowed)}.")
    return kind


def clean_name(raw: str) -> str:
    """A file's name as people see it and download it: no folders, no line ends, nothing invisible.

    Quotes, spaces and every script stay. A longer one than ``NAME_CHARACTERS`` loses the end of its stem and
    keeps its extension. Nothing to see before the extension: ``file``.
    """
    for escaped, character in _ESCAPED:
        raw = raw.replace(escaped, character)
    # Before looking for folders: normalising may make a slash of what only looked like one.
    name = unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2])
    shown = (" " if one.isspace() else one for one in name if one.isspace() or _is_shown(one))
    stem, dot, extension = " ".join("".join(shown).split()).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    stem = stem.strip(" .") or "file"
    room = NAME_CHARACTERS - len(dot) - len(extension[:EXTENSION_CHARACTERS])
    return stem[:room].rstrip() + dot + extension[:EXTENSION_CHARACTERS].strip()


def _is_shown(character: str) -> bool:
    """Neither a control, nor a format character (bidi overrides, zero widths), nor a lone surrogate."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")

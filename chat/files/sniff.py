"""What a file's content is, whatever its name says. No Django.

The signatures are puremagic's. What an image really holds is decided later, by decoding it.
"""

from typing import IO, Final

import puremagic

from chat.errors import Invalid, UnsupportedFile
from chat.files.documents import check_pdf, check_text
from chat.files.kinds import PDF, TEXT, Kind

# Signatures stand at the beginning; the few that puremagic knows further in are of archives and discs.
HEAD_BYTES: Final = 4096


def media_types(head: bytes) -> set[str]:
    """The media types that begin like this; none for what has no signature, such as a text."""
    try:
        return {one.mime_type for one in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def check_content(kind: Kind, source: IO[bytes]) -> None:
    """The content is what the extension promised.

    Raises ``Invalid`` for an empty file, ``UnsupportedFile`` for one that is something else.
    """
    source.seek(0)
    head = source.read(HEAD_BYTES)
    if not head:
        raise Invalid("This file is empty.")
    if kind is TEXT:
        check_text(source)  # a text has no signature
        found = media_types(head)
        if PDF.type in found:
            raise UnsupportedFile("This is a PDF that is called a text. Name it .pdf.")
    elif kind.type not in media_types(head):
        raise UnsupportedFile(f"This file is called .{kind.extension}, but its content is something else.")
    if kind is PDF:
        check_pdf(source)

"""Texts and PDFs: what must be so before they are kept. They are kept as they came. No Django.

Both are only ever served to be downloaded, with a policy that lets nothing in them run; what is asked here
is that the file is what its name says.
"""

import codecs
import os
import re
from collections.abc import Iterator
from typing import IO, Final

from chat.errors import UnsupportedFile

CHUNK_BYTES: Final = 64 * 1024

# Where readers look for a PDF's two ends (ISO 32000-1, annex H). The header must be at the very beginning
# here: what stands before it would be another file.
PDF_HEADER: Final = re.compile(rb"%PDF-[12]\.[0-9]")
PDF_END: Final = b"%%EOF"
PDF_END_WITHIN: Final = 1024

# What browsers take for markup (WHATWG MIME Sniffing, 7.1), XML, and SVG.
_TAGS: Final = rb"html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|xml"
MARKUP: Final = re.compile(rb"\s*<(!--|!doctype\b|\?xml\b|(" + _TAGS + rb")[\s/>])", re.IGNORECASE)
ANY_TAG: Final = re.compile(rb"\s*<[a-z!?/]", re.IGNORECASE)

# Controls that a text has no use for; NUL is the surest sign that it is none.
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

BYTE_ORDER_MARK: Final = codecs.BOM_UTF8


def check_text(source: IO[bytes]) -> None:
    """A text in UTF-8 that is no markup and nothing binary. Raises ``UnsupportedFile``."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(source):
            decoder.decode(chunk)
            if _BINARY.search(chunk):
                raise UnsupportedFile("This is not a text: it holds control characters.")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise UnsupportedFile("This is not a text in UTF-8. Save it as UTF-8 and try again.") from None
    if _is_markup(source):
        raise UnsupportedFile("This is HTML, SVG or XML, not a plain text. Those are not taken.")


def _is_markup(source: IO[bytes]) -> bool:
    head = _read_at(source, 0, CHUNK_BYTES).removeprefix(BYTE_ORDER_MARK)
    if MARKUP.match(head):
        return True
    size = _size(source)
    tail = _read_at(source, max(0, size - CHUNK_BYTES), CHUNK_BYTES)
    # XML of any vocabulary begins with a tag and ends with one; a chat log ("<ann> hello") does not.
    return bool(ANY_TAG.match(head)) and tail.rstrip().endswith(b">")


def check_pdf(source: IO[bytes]) -> None:
    """A PDF from its first byte to its end. Raises ``UnsupportedFile``."""
    if not PDF_HEADER.match(_read_at(source, 0, 16)):
        raise UnsupportedFile("This is not a PDF: it does not begin like one.")
    if PDF_END not in _read_at(source, max(0, _size(source) - PDF_END_WITHIN), PDF_END_WITHIN):
        raise UnsupportedFile("This PDF is not whole: its end is missing.")


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def _size(source: IO[bytes]) -> int:
    return source.seek(0, os.SEEK_END)


def _read_at(source: IO[bytes], start: int, count: int) -> bytes:
    source.seek(start)
    return source.read(count)

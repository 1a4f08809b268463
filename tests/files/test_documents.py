"""What texts and PDFs must be."""

import io

import pytest

from chat.errors import Invalid, UnsupportedFile
from chat.files import kinds
from chat.files.documents import CHUNK_BYTES, check_pdf, check_text
from chat.files.sniff import check_content, media_types
from files import samples


@pytest.mark.parametrize(
    "text",
    [
        b"hello",
        b"",
        "naïve café \N{GRINNING FACE}".encode(),
        b"\xef\xbb\xbfwith a byte order mark",
        b"tabs\tand\r\nlines\f\x1b[1m",
        b"BMW makes cars",
        b"MZ is a town",
        b"From: ann\nSubject: x\n",
        b"#!/usr/bin/python\nprint()",
        b'{"json": true}',
        b"<3 you",
        b"<ann> hello\n<bob> hi",
        b"if a < b and c > d",
        b"x" * (CHUNK_BYTES - 1) + "é".encode() + b"y",  # a character over the edge of a piece
    ],
)
def test_plain_texts_are_taken(text: bytes) -> None:
    check_text(io.BytesIO(text))


@pytest.mark.parametrize(
    "text",
    [
        samples.MARKUP,
        samples.SVG,
        samples.XML,
        b"\xef\xbb\xbf" + samples.SVG,
        b"  \r\n\t<!DOCTYPE html>",
        b"<!-- --><p>",
        b"<SCRIPT>",
        b"<a\thref=x>",
        b"<whatever><any/></whatever>\n",
        b"x" * CHUNK_BYTES + b"\0",
        b"\x07",
        b"\xff",
        b"x" * (CHUNK_BYTES - 1) + b"\xc3",
        "é".encode("utf-16"),
        "é".encode("latin-1"),
    ],
)
def test_what_is_no_plain_text_is_refused(text: bytes) -> None:
    with pytest.raises(UnsupportedFile):
        check_text(io.BytesIO(text))


def test_a_pdf_begins_and_ends_like_one() -> None:
    check_pdf(io.BytesIO(samples.PDF))
    check_pdf(io.BytesIO(samples.PDF + b"\r\n" * 100))
    for broken in (b"\n" + samples.PDF, samples.PDF[:-8], samples.PDF + bytes(2_000), b"", b"%PDF-x%%EOF"):
        with pytest.raises(UnsupportedFile):
            check_pdf(io.BytesIO(broken))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (kinds.TEXT, b"hello"),
        (kinds.PDF, samples.PDF),
        (kinds.PNG, samples.picture()),
        (kinds.JPEG, samples.picture("JPEG")),
        (kinds.JPEG, samples.from_a_phone()),
        (kinds.GIF, samples.animation()),
        (kinds.WEBP, samples.picture("WEBP")),
    ],
)
def test_content_is_what_its_extension_says_or_refused(kind: kinds.Kind, content: bytes) -> None:
    check_content(kind, io.BytesIO(content))
    for other in set(kinds.KINDS.values()) - {kind}:
        with pytest.raises(UnsupportedFile):
            check_content(other, io.BytesIO(content))
    with pytest.raises(Invalid, match="empty"):
        check_content(kind, io.BytesIO())


def test_what_has_no_signature_has_no_type() -> None:
    assert media_types(b"hello") == media_types(b"") == set()

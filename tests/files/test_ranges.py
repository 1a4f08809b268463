"""Byte ranges (RFC 9110, section 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.files.ranges import Span, Unsatisfiable, asked_span


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-", Span(0, 1000)),
        ("bytes=-100", Span(900, 1000)),
        ("bytes=-5000", Span(0, 1000)),
        ("bytes=999-", Span(999, 1000)),
        ("bytes=990-5000", Span(990, 1000)),
        ("BYTES = 1 - 2", Span(1, 3)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=2-1", None),
        ("bytes=0-1,3-4", None),
        ("bytes=--1", None),
        ("bytes=+1-2", None),
        ("bytes=0x1-2", None),
        ("bytes=٣-٤", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 19 + "-", None),
    ],
)
def test_one_range_is_read_and_anything_else_is_the_whole_file(header: str, span: Span | None) -> None:
    assert asked_span(header, 1000) == span


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-1", 0)]
)
def test_what_lies_outside_cannot_be_given(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        asked_span(header, size)


@given(st.from_regex(r"\Abytes=[0-9]{0,4}-[0-9]{0,4}\Z"), st.integers(0, 2_000))
def test_a_span_is_never_empty_and_within_the_file(header: str, size: int) -> None:
    try:
        span = asked_span(header, size)
    except Unsatisfiable:
        return
    assert span is None or (0 <= span.start < span.end <= size and span.length == span.end - span.start)

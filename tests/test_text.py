"""Text: what is kept of it, what is refused, and that nothing takes long."""

import time

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import text
from chat.errors import ChatError, Empty, Invalid, TooLong

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
HEART = "\u2764\ufe0f"

LIMIT = 4_000

quickly = settings(deadline=None)
written = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [*"ab \t\n\r", "\x00", "\x0b", "\u00a0", "\u200b", "\u0301", "\ud800", HEART, FAMILY]
        ),
        max_size=30,
    ).map("".join),
)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        ("hello", "hello"),
        ("  hello\u00a0\u3000\n\n", "hello"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\r\n\r\nb", "a\n\nb"),
        ("\tif x:\n\t\treturn", "if x:\n\t\treturn"),
        ("a  b", "a  b"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("</script><svg onload=x>", "</script><svg onload=x>"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("a\u202eb\u2028c", "a\u202eb\u2028c"),
        ("e" + "\u0301" * 3_999, "e" + "\u0301" * 3_999),
        ("A\u030a", "A\u030a"),
        (HEART, HEART),
        ("\u0600", "\u0600"),  # an Arabic sign that is drawn, though of category Cf
        ("x" * LIMIT, "x" * LIMIT),
        ("\n" + "x" * LIMIT + " ", "x" * LIMIT),
        ("\U0001f600" * LIMIT, "\U0001f600" * LIMIT),
    ],
)
def test_a_body_is_kept_as_typed_but_for_its_edges(raw: str, body: str) -> None:
    assert text.clean_body(raw, limit=LIMIT) == body


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " \t\r\n",
        "\u00a0\u2003\u3000",
        "\u200b\u200d\ufeff",
        "\u00ad",
        "\ufe0f",
        "\u202e",
        "\u3164\u115f\uffa0",
        "\U000e0061",
        "\u2800",
        "\u0085",
        "\u2028",
        " \u200b \n \u2060 ",
        " " * 100_000,
        "\u200b" * 100_000,
    ],
)
def test_a_body_with_nothing_to_see_is_empty(raw: str) -> None:
    with pytest.raises(Empty, match="nothing to read"):
        text.clean_body(raw, limit=LIMIT)


def test_a_body_over_the_limit_is_too_long() -> None:
    with pytest.raises(TooLong, match=r"at most 4,000 characters\."):
        text.clean_body("x" * (LIMIT + 1), limit=LIMIT)


def test_a_line_end_counts_as_one_character() -> None:
    assert text.clean_body("a\r\nb", limit=3) == "a\nb"


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        *((chr(code), f"U+{code:04X}") for code in range(0x20) if chr(code) not in "\t\n\r"),
        ("\ud800", "U+D800"),
        ("\udfff", "U+DFFF"),
        ("\ude00\ud83d", "U+DE00"),
    ],
)
def test_controls_and_lone_surrogates_are_invalid_wherever_they_stand(raw: str, named: str) -> None:
    for whole in (raw, f"a{raw}b", f" {raw}", f"b{raw} "):
        with pytest.raises(Invalid, match=regex.escape(named)):
            text.clean_body(whole, limit=LIMIT)
        with pytest.raises(Invalid, match=regex.escape(named)):
            text.clean_line(whole, limit=LIMIT)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("What to do today", "What to do today"),
        ("  a\tb\r\nc \u00a0 d\u2028e ", "a b c d e"),
        ("", ""),
        (" \n ", ""),
        ("\u200b\u3164", ""),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_line_is_one_line(raw: str, line: str) -> None:
    assert text.clean_line(raw, limit=200) == line


def test_a_line_over_the_limit_is_too_long() -> None:
    with pytest.raises(TooLong, match=r"At most 200 characters fit here\."):
        text.clean_line("x" * 201, limit=200)


@pytest.mark.parametrize(
    "raw",
    [
        "\U0001f44d",
        "\U0001f44d\U0001f3fd",
        HEART,
        FAMILY,
        "\U0001f1f8\U0001f1ea",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_an_emoji_is_a_reaction(raw: str) -> None:
    assert text.is_emoji(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "a",
        "1",
        ":+1:",
        "\U0001f44d\U0001f44d",
        "\U0001f44d ",
        "\u2764",  # the text symbol
        "\u2764\ufe0e",
        "\U0001f3fb",  # a skin tone alone
        "\U0001f1f8",
        "\u200d",
        "\U0001f44d\u200b",
        FAMILY + "\u200d",
        "\ud83d",
        "\U0001f44d" * 100_000,
    ],
)
def test_anything_else_is_not(raw: str) -> None:
    assert not text.is_emoji(raw)


@pytest.mark.parametrize(
    ("body", "limit", "excerpt"),
    [
        ("short", 120, "short"),
        ("two\n\n  lines\t here ", 120, "two lines here"),
        ("x" * 120, 120, "x" * 120),
        ("x" * 121, 120, "x" * 119 + "…"),
        ("abc def", 5, "abc…"),
        ("ab" + FAMILY + "cd", 6, "ab…"),
        ("ab" + FAMILY + "cd", 8, "ab" + FAMILY + "…"),
        ("e\u0301e\u0301e\u0301", 5, "e\u0301e\u0301…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("e" + "\u0301" * 10_000, 5, "e\u0301\u0301\u0301…"),
        ("abc", 1, "…"),
        ("", 120, ""),
    ],
)
def test_an_excerpt_is_cut_between_graphemes(body: str, limit: int, excerpt: str) -> None:
    assert text.excerpt(body, limit) == excerpt


@pytest.mark.parametrize(
    "piece",
    ["x", " ", "\r", "\r\n", "\t", "\u200b", "\u0301", "\u0301\u0316", "\u202e", "<", "\U0001f1f8",
     FAMILY, "\u1100", "a.", "\u0600", "http://a@"],
    ids=ascii,
)  # fmt: skip
def test_nothing_takes_more_than_linear_time(piece: str) -> None:
    def seconds(repeats: int) -> float:
        raw = piece * repeats
        best = 9.0
        for _ in range(5):
            start = time.process_time()
            for clean in (text.clean_body, text.clean_line):
                try:
                    clean(raw, limit=LIMIT)
                except ChatError:
                    pass
            text.excerpt(raw)
            text.is_emoji(raw)
            best = min(best, time.process_time() - start)
        return best

    # Eight times the input: eight times the time, or sixty-four if it were quadratic.
    assert seconds(80_000) < 30 * seconds(10_000) + 0.02


@quickly
@given(written)
def test_a_clean_body_is_clean(raw: str) -> None:
    try:
        body = text.clean_body(raw, limit=40)
    except (Empty, Invalid, TooLong):
        return
    assert body == body.strip() != ""
    assert "\r" not in body
    assert len(body) <= 40
    assert body.encode()
    assert text.clean_body(body, limit=40) == body


@quickly
@given(written)
def test_a_clean_line_is_one_line(raw: str) -> None:
    try:
        line = text.clean_line(raw, limit=40)
    except (Invalid, TooLong):
        return
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert text.clean_line(line, limit=40) == line


@quickly
@given(written, st.integers(1, 20))
def test_an_excerpt_fits_and_begins_as_the_body_does(body: str, limit: int) -> None:
    excerpt = text.excerpt(body, limit)
    assert len(excerpt) <= limit
    assert " ".join(body.split()).startswith(excerpt.removesuffix("…"))

"""How large a file is, in words: one rule for the page, for refusals and for the command line."""

import pytest

from chat.files import receive
from chat.files.sizes import size_words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (300 * 1024, "300 KB"),
        (1_500_000, "1.4 MB"),
        (10_485_760, "10 MB"),
        (12_900_000, "12 MB"),
        (200 * 1024 * 1024, "200 MB"),
    ],
)
def test_a_size_in_words(count: int, words: str) -> None:
    """As tests/js/uploads.test.js has it."""
    assert size_words(count) == words


def test_a_refusal_says_a_size_as_the_page_does() -> None:
    assert receive.too_large(1_500_000).detail == "This file is too large: 1.4 MB is the most."
    assert receive.too_large(12_900_000).detail == "This file is too large: 12 MB is the most."

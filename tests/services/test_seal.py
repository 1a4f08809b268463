"""A session key on its way: who has the secret reads it, nobody else."""

from typing import Any

import pytest

from chat.services.seal import sealed, unsealed

KEY = "abcdefghijklmnopqrstuvwxyz012345"


@pytest.mark.parametrize("text", ["", "a", KEY, "x" * 64])
def test_what_was_sealed_can_be_read(text: str) -> None:
    assert unsealed(sealed(text)) == text


def test_a_seal_says_nothing_and_is_another_one_each_time() -> None:
    tokens = {sealed(KEY) for _ in range(50)}
    assert len(tokens) == 50
    assert not [token for token in tokens if KEY in token or KEY.encode().hex() in token]
    # Of two seals nobody learns in which places the texts are the same.
    masks = {token[32:] for token in tokens}
    assert len(masks) == 50


def test_with_another_secret_it_is_nobodys_key(settings: Any) -> None:
    token = sealed(KEY)
    settings.SECRET_KEY = "another one"
    assert unsealed(token) != KEY


@pytest.mark.parametrize("text", ["x" * 65, "ключ"])
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"pad|ascii"):
        sealed(text)

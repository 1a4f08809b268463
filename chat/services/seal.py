"""A session key on its way through the channel layer.

Who can listen there must not be able to take over an account: what is sealed can be read only with
``SECRET_KEY``. It is the text, exclusive-or a pad that HMAC-SHA-512 makes from a nonce used once.
"""

import secrets
from typing import Final

from django.utils.crypto import salted_hmac

NONCE_BYTES: Final = 16
# As long as the pad. Django's own keys have 32 characters, and its table has room for 40.
SEALED_CHARACTERS: Final = 64


def sealed(text: str) -> str:
    """``text``, at most 64 ASCII characters, as hexadecimal digits that say nothing.

    Raises ``ValueError`` for one that is longer.
    """
    plain = text.encode("ascii")
    if len(plain) > SEALED_CHARACTERS:
        raise ValueError(f"A text of {len(plain)} characters is longer than the pad.")
    nonce = secrets.token_bytes(NONCE_BYTES)
    return (nonce + _masked(plain, nonce)).hex()


def unsealed(token: str) -> str:
    """What was sealed. With another ``SECRET_KEY`` it is a text that is nobody's session key."""
    raw = bytes.fromhex(token)
    nonce, masked = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
    return _masked(masked, nonce).decode("latin-1")


def _masked(text: bytes, nonce: bytes) -> bytes:
    pad = salted_hmac("chat.services.seal", nonce, algorithm="sha512").digest()
    return bytes(one ^ other for one, other in zip(text, pad, strict=False))

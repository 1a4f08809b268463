"""One byte range of a file, as a request asks for it (RFC 9110, section 14). Pure."""

import re
from typing import Final, NamedTuple

# Longer numbers are not positions in any file.
_RANGE: Final = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.IGNORECASE)


class Span(NamedTuple):
    """Bytes from ``start`` up to, and not including, ``end``."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class Unsatisfiable(Exception):
    """The range lies outside of the file."""


def asked_span(header: str, size: int) -> Span | None:
    """The part of a file of ``size`` bytes that a ``Range`` header asks for; None for the whole file.

    Several ranges, other units and what is none at all are ignored, as a server may. Raises
    ``Unsatisfiable``.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:  # the last so many bytes
        count = int(match[2])
        if not count or not size:
            raise Unsatisfiable
        return Span(max(0, size - count), size)
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None  # backwards: not a range at all
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(match[2]) + 1, size) if match[2] else size)

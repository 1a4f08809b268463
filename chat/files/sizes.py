"""How large a file is, in words."""

from typing import Final

KIB: Final = 1024


def size_words(count: int) -> str:
    """Bytes for people: ``10 MB``, ``1.4 MB``, ``300 KB``, ``12 bytes``; powers of 1,024.

    The page's ``sizeWords`` (js/files.js) says the same.
    """
    if count < KIB:
        return f"{count} bytes"
    value, unit = (count / KIB, "KB") if count < KIB * KIB else (count / KIB / KIB, "MB")
    return f"{float(f'{value:.2g}' if value < 100 else f'{value:.0f}'):g} {unit}"

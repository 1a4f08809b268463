"""Static files as a deployment serves them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from servestatic.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

# A comment that has its lines to itself, as everywhere in the chat's modules.
_COMMENT: Final = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*.*?\*/)[ \t]*\n", re.DOTALL | re.MULTILINE)
_MODULES: Final = "chat/js/"


def without_comments(script: str) -> str:
    """A module without the comments that stand on lines of their own; every other line as it was."""
    return _COMMENT.sub("", script)


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with a hash, compressed copies; the chat's modules without comments.

    Comments are a quarter of what the modules weigh on the wire, compressed, and a browser has no use for
    them.
    """

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """As Django's, from modules (``paths`` below ``STATIC_ROOT``) that were written anew there."""
        for path in paths:
            if not dry_run and path.startswith(_MODULES) and path.endswith(".js"):
                module = Path(self.path(path))
                module.write_text(without_comments(module.read_text(encoding="utf-8")), encoding="utf-8")
                paths[path] = (self, path)
        yield from super().post_process(paths, dry_run, **options)

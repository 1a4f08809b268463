"""One file of a multipart request, to disk as it comes, and no byte more than the limit."""

import tempfile
from typing import IO, Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, RawPostDataException
from django.http.multipartparser import MultiPartParserError

from chat.errors import Invalid, TooLarge
from chat.files.sizes import size_words

# The field with the file; there is one, and one file in it.
FIELD = "file"

# A last boundary (70 characters at most, RFC 2046) and what a client may write after it.
TAIL_BYTES = 1024


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"This file is too large: {size_words(limit)} is the most.")


class ToDisk(FileUploadHandler):
    """Writes the one file into ``target``; ``name`` is what the client called it, ``size`` in bytes."""

    def __init__(self, target: IO[bytes], limit: int) -> None:
        super().__init__()
        self.name = ""
        self.size = 0
        self._target = target
        self._limit = limit

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != FIELD:
            raise Invalid(f"{field_name[:40]}: the field with the file is called {FIELD}.")
        if self.name:
            raise Invalid("One file at a time.")
        self.name = file_name
        super().new_file(field_name, file_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.size > self._limit:
            raise too_large(self._limit)
        self._target.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        """It is in ``target``: nothing is left for Django to hold."""


class Body:
    """A request's body as the parser reads it; ``ends_with`` tells whether it came whole."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._tail = b""

    def read(self, count: int = -1) -> bytes:
        piece: bytes = self._request.read(count)
        self._tail = (self._tail + piece)[-TAIL_BYTES:]
        return piece

    def ends_with(self, boundary: str) -> bool:
        """Whether the last boundary is there: Django's parser takes a form that was cut off for a whole."""
        return b"--" + boundary.encode("latin-1", "replace") + b"--" in self._tail


class Received:
    """An upload on disk, in a file without a name: it goes when it is closed, or when the process dies.

    ``room`` and ``name`` are as the client sent them, ``size`` is counted.
    """

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.room = ""
        self.name = ""
        self.size = 0

    def read_from(self, request: HttpRequest, limit: int) -> None:
        """Take the one file of a multipart request. Blocks: called in a worker thread.

        Raises ``Invalid`` for what is no such request, ``TooLarge`` for more than ``limit`` bytes.
        """
        handler = ToDisk(self.file, limit)
        request.upload_handlers = [handler]
        # The parser takes 0 for an empty body. A chunked request has no length; nobody believes one here.
        meta = {**request.META, "CONTENT_LENGTH": "1"}
        body = Body(request)
        try:
            fields, _ = request.parse_file_upload(meta, body)  # type: ignore[arg-type]  # all it needs is read()
        except (MultiPartParserError, SuspiciousOperation, RawPostDataException, UnicodeError):
            raise Invalid("This is not a form with one file in it.") from None
        if not body.ends_with((request.content_params or {}).get("boundary", "")):
            raise Invalid("The upload was cut off. Send it again.")
        if not handler.name:
            raise Invalid(f"There is no file. Send one, in a field called {FIELD}.")
        self.file.flush()
        self.room, self.name, self.size = fields.get("room", ""), handler.name, handler.size

    def close(self) -> None:
        self.file.close()

"""What can go wrong, as the wire knows it.

Every error a client may be told of is a ``ChatError`` with the code of the protocol::

    ChatError
    ├── BadFrame          not JSON, not an object, too deep, NaN, lone surrogates
    ├── UnknownType       a frame whose ``type`` the protocol does not have
    ├── Invalid           a field is missing, extra or wrong; ``detail`` names it
    ├── TooLong           a text is over its limit
    ├── Empty             a text has nothing to read in it
    ├── NameTaken         the name belongs to somebody, or looks like one that does
    ├── InvalidName       nobody may have that name
    ├── NotFound          is not there, or may not be known to be there
    ├── Forbidden         is there, but not for you
    ├── RateLimited       too often; ``retry_after`` says when it will go again
    ├── UnsupportedFile   a file of a kind that is not taken
    ├── TooLarge          a file or request over its limit
    ├── Unavailable       something we need is down: nothing was stored, retry
    └── ServerError       our fault; ``detail`` has the id that is in the log
"""

from typing import ClassVar


class ChatError(Exception):
    """An answer, not an accident: ``code`` for programs, ``detail`` for people.

    ``retry_after`` is in seconds, where waiting helps.
    """

    code: ClassVar[str] = "server_error"

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class BadFrame(ChatError):
    code = "bad_frame"


class UnknownType(ChatError):
    code = "unknown_type"


class Invalid(ChatError):
    code = "invalid"


class TooLong(ChatError):
    code = "too_long"


class Empty(ChatError):
    code = "empty"


class NameTaken(ChatError):
    code = "name_taken"


class InvalidName(ChatError):
    code = "invalid_name"


class NotFound(ChatError):
    code = "not_found"


class Forbidden(ChatError):
    code = "forbidden"


class RateLimited(ChatError):
    code = "rate_limited"


class UnsupportedFile(ChatError):
    code = "unsupported_file"


class TooLarge(ChatError):
    code = "too_large"


class Unavailable(ChatError):
    code = "unavailable"


class ServerError(ChatError):
    code = "server_error"

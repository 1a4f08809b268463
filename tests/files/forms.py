"""Multipart forms as they come over the wire, well made or not."""

from pathlib import Path
from typing import Any

from people import GENERAL, Visitor

BOUNDARY = "a-line-that-is-in-no-file"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def kept(media_root: Path) -> list[Path]:
    """What uploads have left on the disk."""
    return [one for one in media_root.rglob("*") if one.is_file()]


def part(content: bytes, disposition: str, *headers: str) -> bytes:
    lines = [f"--{BOUNDARY}", f"Content-Disposition: form-data; {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def field(name: str, value: str) -> bytes:
    return part(value.encode(), f'name="{name}"')


def file(content: bytes, name: str = "a.txt", field: str = "file") -> bytes:
    return part(content, f'name="{field}"; filename="{name}"', "Content-Type: application/octet-stream")


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def post(visitor: Visitor, body: bytes, content_type: str = MULTIPART, **more: Any) -> Any:
    """The answer to a body that is sent as it is."""
    return await visitor.http.post("/files/", body, content_type=content_type, **more)


async def upload(visitor: Visitor, content: bytes, name: str = "a.txt", room: str = GENERAL) -> Any:
    """The answer to one file."""
    return await post(visitor, form(field("room", room), file(content, name)))


async def uploaded(
    visitor: Visitor, content: bytes = b"hello", name: str = "a.txt", room: str = GENERAL
) -> Any:
    """The attachment of a file that is taken."""
    response = await upload(visitor, content, name, room)
    assert response.status_code == 201, response.content
    return response.json()["attachment"]


async def content_of(response: Any) -> bytes:
    """All bytes of an answer, streamed or not."""
    if not response.streaming:
        return bytes(response.content)
    return b"".join([piece async for piece in response])

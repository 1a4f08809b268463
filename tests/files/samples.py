"""Files for tests, made when they are asked for: good ones, and the hostile ones of every kind we know.

Bombs are small here, as they are in life: it is what they unpack to that is large.
"""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from PIL import Image, PngImagePlugin

MARKUP = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
XML = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(200)

# A position as phones write it: 41° 53' north, 12° 29' east.
GPS = {1: "N", 2: (41.0, 53.0, 25.0), 3: "E", 4: (12.0, 29.0, 32.0)}
ORIENTATION = 0x0112
GPS_TAG = 0x8825


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (12, 8), **options: Any) -> bytes:
    """A gradient, so that left and right, top and bottom can be told apart."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    return encoded(image, kind, **options)


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))


def from_a_phone(orientation: int = 6, size: tuple[int, int] = (40, 30)) -> bytes:
    """A JPEG with a position, a maker's name and the sensor's own orientation."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Paddock Phones"
    exif[GPS_TAG] = GPS
    return picture("JPEG", size, exif=exif, comment=b"taken at home")


def animation(kind: str = "GIF", frames: int = 3, size: tuple[int, int] = (10, 10), **options: Any) -> bytes:
    pictures = [Image.new("RGB", size, ((37 * n) % 256, (91 * n) % 256, n % 256)) for n in range(frames)]
    options = {"duration": [100 + 10 * n for n in range(frames)], "loop": 0, **options}
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_claiming(width: int, height: int, *, rgba: bool = False) -> bytes:
    """A PNG whose pixels are all there, of one colour: some kilobytes that unpack to all of memory."""
    rows = zlib.compressobj(9)
    row = b"\0" + bytes(4 * width if rgba else (width + 7) // 8)
    content = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, *((8, 6) if rgba else (1, 0)), 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def gif_of_frames(frames: int) -> bytes:
    """The shortest GIF of so many frames: 22 bytes each."""
    header = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6) + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    frame = b"!\xf9\x04\x00\x01\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    return header + frame * frames + b";"


def text_bomb() -> bytes:
    """A PNG with a compressed comment that unpacks to 100 MB."""
    content = b"Comment\0\0" + zlib.compress(bytes(100 * 1024 * 1024), 9)
    good = picture()
    return good[:33] + chunk(b"zTXt", content) + good[33:]


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.html", MARKUP)
    return target.getvalue()


def fits() -> bytes:
    return b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800)


def psd() -> bytes:
    return b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(60)


def with_texts() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody's full name")
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>home address</x:xmpmeta>")
    return picture("PNG", pnginfo=info)


class Hostile(NamedTuple):
    """A file that must not be taken: its name, its content, and the code of the refusal."""

    name: str
    make: Callable[[], bytes]
    code: str


def _constant(content: bytes) -> Callable[[], bytes]:
    return lambda: content


UNSUPPORTED = "unsupported_file"

HOSTILE: dict[str, Hostile] = {
    "svg": Hostile("a.svg", _constant(SVG), UNSUPPORTED),
    "html": Hostile("a.html", _constant(MARKUP), UNSUPPORTED),
    "xml": Hostile("a.xml", _constant(XML), UNSUPPORTED),
    **{
        f"{what} as {extension}": Hostile(f"a.{extension}", _constant(content), UNSUPPORTED)
        for what, content in (("svg", SVG), ("html", MARKUP), ("xml", XML), ("a page", b"\n <!doctype html>"))
        for extension in ("txt", "pdf", "png", "jpg", "jpeg", "gif", "webp")
    },
    "a hidden extension": Hostile("a.png.html", picture, UNSUPPORTED),
    "an escaped nul": Hostile("a.png%00.html", picture, UNSUPPORTED),
    "no extension": Hostile("png", picture, UNSUPPORTED),
    "only an extension of a dot": Hostile("a.", picture, UNSUPPORTED),
    "empty text": Hostile("a.txt", _constant(b""), "invalid"),
    "empty image": Hostile("a.png", _constant(b""), "invalid"),
    "13,000 squared": Hostile("a.png", lambda: png_claiming(13_000, 13_000), "too_large"),
    "30,000 squared": Hostile("a.png", lambda: png_claiming(30_000, 30_000), "too_large"),
    "200,000 frames": Hostile("a.gif", lambda: gif_of_frames(200_000), "too_large"),
    "a text bomb": Hostile("a.png", text_bomb, UNSUPPORTED),
    "truncated png": Hostile("a.png", lambda: encoded(noise((300, 300)), "PNG")[:50_000], UNSUPPORTED),
    "truncated jpeg": Hostile("a.jpg", lambda: encoded(noise((300, 300)), "JPEG")[:9_000], UNSUPPORTED),
    "truncated gif": Hostile("a.gif", lambda: animation(size=(90, 90))[:90], UNSUPPORTED),
    "truncated webp": Hostile("a.webp", lambda: encoded(noise((90, 90)), "WEBP")[:900], UNSUPPORTED),
    "gif and script": Hostile("a.gif", _constant(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"), UNSUPPORTED),
    "tiff as png": Hostile("a.png", lambda: picture("TIFF"), UNSUPPORTED),
    "bmp as png": Hostile("a.png", lambda: picture("BMP"), UNSUPPORTED),
    "fits as png": Hostile("a.png", fits, UNSUPPORTED),
    "psd as png": Hostile("a.png", psd, UNSUPPORTED),
    "jpeg as png": Hostile("a.png", lambda: picture("JPEG"), UNSUPPORTED),
    "png as gif": Hostile("a.gif", picture, UNSUPPORTED),
    "webp as jpeg": Hostile("a.jpeg", lambda: picture("WEBP"), UNSUPPORTED),
    "zip as pdf": Hostile("a.pdf", zipped, UNSUPPORTED),
    "zip as text": Hostile("a.txt", zipped, UNSUPPORTED),
    "exe as pdf": Hostile("a.pdf", _constant(EXE), UNSUPPORTED),
    "exe as text": Hostile("a.txt", _constant(EXE), UNSUPPORTED),
    "pdf as text": Hostile("a.txt", _constant(b"%PDF-1.4\n%%EOF"), UNSUPPORTED),
    "a pdf without its end": Hostile("a.pdf", _constant(PDF[:-7]), UNSUPPORTED),
    "a pdf behind a page": Hostile("a.pdf", _constant(MARKUP + PDF), UNSUPPORTED),
    "text with nul bytes": Hostile("a.txt", _constant(b"hello\0world"), UNSUPPORTED),
    "text in utf-16": Hostile("a.txt", _constant("hello".encode("utf-16")), UNSUPPORTED),
    "text in latin-1": Hostile("a.txt", _constant("caf\xe9 au lait".encode("latin-1")), UNSUPPORTED),
    "text cut inside a character": Hostile("a.txt", _constant("café".encode()[:-1]), UNSUPPORTED),
}

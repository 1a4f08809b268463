"""An image as it is kept: turned upright, without metadata, written anew, with a small picture beside it.

Runs in the worker process, under its limits. Whatever was hidden in the file (a position, a script behind
the picture, a second file) is not in what is written here. No Django.
"""

import io
import warnings
from typing import IO, Any, Final, NamedTuple

from PIL import GifImagePlugin, Image, ImageCms, ImageOps, ImageSequence

from chat.errors import TooLarge, UnsupportedFile
from chat.files.frames import gif_frames
from chat.files.kinds import GIF, JPEG, PNG, WEBP, Kind

# By which Pillow knows them. A JPEG with a preview or a depth map behind it (most phones) is an "MPO": its
# first picture is what people see, and what is kept.
FORMATS: Final = {PNG: "PNG", JPEG: "JPEG", GIF: "GIF", WEBP: "WEBP"}

# Close enough to the original that nobody sees a difference, at about its size.
QUALITY: Final = {JPEG: 90, WEBP: 88}
THUMBNAIL_QUALITY: Final = 80

# What of ``info`` belongs to the picture, and is not about it.
KEPT_INFO: Final = ("transparency", "background", "duration", "loop")


class Bounds(NamedTuple):
    """``pixels`` of a picture, ``frames`` of an animation, ``animation_pixels`` of all its frames together;
    ``thumbnail``: the longer side of the small picture, in pixels."""

    pixels: int
    frames: int
    animation_pixels: int
    thumbnail: int


class Made(NamedTuple):
    """What was written: size in pixels, and whether there is a small picture."""

    width: int
    height: int
    thumbnail: bool


def make(kind: Kind, source: IO[bytes], target: IO[bytes], small: IO[bytes], bounds: Bounds) -> Made:
    """Write the image anew into ``target``, and a small picture of it into ``small`` when it is larger.

    Raises ``TooLarge`` before anything is decoded, ``UnsupportedFile``, and whatever Pillow raises for a
    broken file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about broken metadata, which is dropped
        image = open_image(kind, source)
        frames = check_header(kind, image, source, bounds)
        if frames > 1:
            return _make_animation(kind, image, target, small, bounds)
        return _make_still(kind, image, target, small, bounds)


def open_image(kind: Kind, source: IO[bytes]) -> Image.Image:
    """Read the header, as this kind and no other."""
    Image.MAX_IMAGE_PIXELS = None  # our own bound is asked below, before anything is decoded
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
    source.seek(0)
    return Image.open(source, formats=[FORMATS[kind]])


def check_header(kind: Kind, image: Image.Image, source: IO[bytes], bounds: Bounds) -> int:
    """The number of frames, when size and frames are within bounds. Raises ``TooLarge``."""
    width, height = image.size
    if width * height > bounds.pixels:
        most = bounds.pixels / 1e6
        raise TooLarge(f"This image has {width:,} × {height:,} pixels: {most:.3g} million are the most.")
    if kind is GIF:
        position = source.tell()
        frames = gif_frames(source, bounds.frames)
        source.seek(position)
    else:
        frames = getattr(image, "n_frames", 1) if kind is WEBP else 1
    if frames > bounds.frames:
        raise TooLarge(f"This animation has more than {bounds.frames:,} frames, which are the most.")
    if frames > 1 and frames * width * height > bounds.animation_pixels:
        most = bounds.animation_pixels / 1e6
        raise TooLarge(f"This animation is too large: all its frames together may have {most:.3g} MP.")
    return frames


def _make_still(kind: Kind, image: Image.Image, target: IO[bytes], small: IO[bytes], bounds: Bounds) -> Made:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    picture = _in_common_colours(image)
    _forget_metadata(picture)
    if kind is JPEG:
        if picture.mode not in ("L", "RGB"):
            picture = picture.convert("RGB")
        picture.save(target, "JPEG", quality=QUALITY[JPEG])
    elif kind is WEBP:
        picture.save(target, "WEBP", quality=QUALITY[WEBP], method=3)
    else:
        picture.save(target, FORMATS[kind])
    return Made(*picture.size, _make_thumbnail(picture, small, bounds.thumbnail))


def _make_animation(
    kind: Kind, image: Image.Image, target: IO[bytes], small: IO[bytes], bounds: Bounds
) -> Made:
    """Each frame as it is shown, with the time that it is shown for."""
    image.seek(0)
    first = image.copy()
    durations: list[float] = []
    transparent = False
    for frame in ImageSequence.Iterator(image):
        frame.load()
        durations.append(frame.info.get("duration") or 0)
        transparent = transparent or frame.has_transparency_data
    image.seek(0)
    options: dict[str, Any] = {"save_all": True, "duration": durations, "loop": image.info.get("loop", 0)}
    if kind is WEBP:
        options |= {"quality": QUALITY[WEBP], "method": 2}
    else:
        # Frames come whole: where there is transparency, the one before must go first.
        options |= {"comment": b"", "disposal": 2 if transparent else 1}
        if "loop" not in image.info:
            del options["loop"]  # shown once
    image.save(target, FORMATS[kind], **options)
    return Made(*image.size, _make_thumbnail(first, small, bounds.thumbnail))


def _in_common_colours(image: Image.Image) -> Image.Image:
    """A picture of a camera's wide colours in sRGB, which needs no profile to look right."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode != "RGB":
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), inPlace=True)
    except (ImageCms.PyCMSError, OSError):
        pass  # a broken profile is none
    return image


def _forget_metadata(image: Image.Image) -> None:
    image.info = {key: value for key, value in image.info.items() if key in KEPT_INFO}
    image.getexif().clear()


def _make_thumbnail(image: Image.Image, small: IO[bytes], most: int) -> bool:
    width, height = image.size
    scale = most / max(width, height)
    if scale >= 1:
        return False
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if image.mode not in ("L", "RGB"):
        # Palettes become colours, and transparency is resized with care, only after most pixels have gone:
        # either takes the memory of another picture.
        if width > 2 * size[0] and height > 2 * size[1]:
            image = image.resize((2 * size[0], 2 * size[1]), Image.Resampling.NEAREST)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    picture = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    _forget_metadata(picture)
    picture.save(small, "WEBP", quality=THUMBNAIL_QUALITY)
    return True


def unreadable(kind: Kind) -> UnsupportedFile:
    return UnsupportedFile(f"This .{kind.extension} image cannot be read: it is broken, or something else.")

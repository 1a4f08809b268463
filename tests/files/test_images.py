"""Images as they are kept, made in this process from images that do no harm."""

import io

import pytest
from PIL import Image, ImageCms

from chat.errors import TooLarge
from chat.files import kinds
from chat.files.frames import gif_frames
from chat.files.images import Bounds, Made, make
from chat.files.kinds import Kind
from files import samples

BOUNDS = Bounds(pixels=1_000_000, frames=20, animation_pixels=100_000, thumbnail=64)


def made(kind: Kind, content: bytes, bounds: Bounds = BOUNDS) -> tuple[Made, Image.Image, Image.Image | None]:
    target, small = io.BytesIO(), io.BytesIO()
    result = make(kind, io.BytesIO(content), target, small, bounds)
    return result, Image.open(target), Image.open(small) if result.thumbnail else None


def corner(image: Image.Image) -> str:
    """Where the dark end of the gradient is."""
    grey = image.convert("L")
    right, bottom = grey.width - 1, grey.height - 1
    ends = {"top": grey.getpixel((right // 2, 0)), "bottom": grey.getpixel((right // 2, bottom))}
    ends |= {"left": grey.getpixel((0, bottom // 2)), "right": grey.getpixel((right, bottom // 2))}
    return min(ends, key=lambda end: ends[end])


@pytest.mark.parametrize(
    ("orientation", "size", "dark"),
    [(1, (40, 30), "top"), (3, (40, 30), "bottom"), (6, (30, 40), "right"), (8, (30, 40), "left")],
)
def test_a_picture_is_turned_upright(orientation: int, size: tuple[int, int], dark: str) -> None:
    result, image, _ = made(kinds.JPEG, samples.from_a_phone(orientation))
    assert (result.width, result.height) == image.size == size
    assert corner(image) == dark
    assert not image.getexif()


def test_the_texts_of_a_png_are_gone() -> None:
    _, image, _ = made(kinds.PNG, samples.with_texts())
    image.load()
    assert not image.info


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_comments_of_an_animation_are_gone(kind: str) -> None:
    secrets = {"comment": b"at home"} if kind == "GIF" else {"xmp": b"at home"}
    content = samples.animation(kind, **secrets)
    assert b"at home" in content
    target = io.BytesIO()
    make(kinds.KINDS[kind.lower()], io.BytesIO(content), target, io.BytesIO(), BOUNDS)
    assert b"at home" not in target.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_keeps_its_frames_and_their_times(kind: str) -> None:
    result, image, small = made(kinds.KINDS[kind.lower()], samples.animation(kind, 4, (80, 40)))
    assert result == Made(80, 40, thumbnail=True)
    assert image.n_frames == 4  # type: ignore[attr-defined]
    times, colours = [], []
    for number in range(4):
        image.seek(number)
        image.load()
        times.append(image.info["duration"])
        colours.append(image.convert("RGB").getpixel((5, 5)))
    assert times == [100, 110, 120, 130]
    for number, colour in enumerate(colours):
        assert isinstance(colour, tuple)
        wanted = ((37 * number) % 256, (91 * number) % 256, number)
        assert max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) < 8
    assert small is not None
    assert getattr(small, "n_frames", 1) == 1


@pytest.mark.parametrize(("loop", "kept"), [({"loop": 0}, 0), ({"loop": 3}, 3), ({"loop": None}, None)])
def test_an_animation_repeats_as_often_as_it_did(loop: dict[str, int | None], kept: int | None) -> None:
    _, image, _ = made(kinds.GIF, samples.animation("GIF", **loop))
    assert image.info.get("loop") == kept


def test_a_transparent_animation_leaves_no_trail() -> None:
    frames = []
    for number in range(3):
        frame = Image.new("RGBA", (30, 10))
        frame.paste((255, 0, 0, 255), (10 * number, 0, 10 * number + 10, 10))
        frames.append(frame)
    content = samples.encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2, duration=50
    )
    _, image, _ = made(kinds.GIF, content)
    image.seek(2)
    shown = image.convert("RGBA")
    assert [shown.getpixel((x, 5))[3] for x in (5, 15, 25)] == [0, 0, 255]  # type: ignore[index]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *((mode, kinds.PNG) for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16")),
        *((mode, kinds.JPEG) for mode in ("L", "RGB", "CMYK")),
        *((mode, kinds.WEBP) for mode in ("RGB", "RGBA")),
        *((mode, kinds.GIF) for mode in ("1", "L", "P")),
    ],
)
def test_every_way_of_keeping_colours_is_taken(mode: str, kind: Kind) -> None:
    image = Image.new(mode if mode != "PA" else "P", (200, 100))
    options = {"transparency": 0} if mode == "PA" else {}
    result, kept, small = made(kind, samples.encoded(image, kind.type.partition("/")[2].upper(), **options))
    kept.load()
    assert result == Made(200, 100, thumbnail=True)
    assert small is not None
    assert small.size == (64, 32)
    assert kept.has_transparency_data == (mode in ("LA", "PA", "RGBA"))


def test_colours_of_a_wide_profile_become_ordinary_ones() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"no profile at all"):
        _, image, _ = made(kinds.JPEG, samples.picture("JPEG", icc_profile=profile))
        assert "icc_profile" not in image.info


def test_of_a_phones_several_pictures_the_first_is_kept() -> None:
    first, second = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (10, 5), "blue")
    target = io.BytesIO()
    first.save(target, "MPO", save_all=True, append_images=[second])
    result, image, _ = made(kinds.JPEG, target.getvalue())
    assert result == Made(20, 10, thumbnail=False)
    assert image.format == "JPEG"


def test_a_picture_that_is_not_larger_has_no_small_one() -> None:
    assert made(kinds.PNG, samples.picture(size=(64, 64)))[2] is None
    small = made(kinds.PNG, samples.picture(size=(1_000, 1)))[2]
    assert small is not None
    assert small.size == (64, 1)


@pytest.mark.parametrize("size", [(1_001, 1_000), (30_000, 30_000)])
def test_pixels_are_limited_before_anything_is_decoded(size: tuple[int, int]) -> None:
    header_alone = samples.png_claiming(*size)[:60]
    with pytest.raises(TooLarge, match="1 million are the most"):
        made(kinds.PNG, header_alone)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_frames_are_limited(kind: str) -> None:
    made(kinds.KINDS[kind.lower()], samples.animation(kind, 20))
    with pytest.raises(TooLarge, match="more than 20 frames"):
        made(kinds.KINDS[kind.lower()], samples.animation(kind, 21))
    with pytest.raises(TooLarge, match="together"):
        made(kinds.KINDS[kind.lower()], samples.animation(kind, 11, (100, 100)))


# --- counting frames ------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_frames_are_counted_as_pillow_counts_them(frames: int) -> None:
    for content in (samples.animation("GIF", frames), samples.gif_of_frames(frames)):
        assert gif_frames(io.BytesIO(content), 100) == frames
        assert Image.open(io.BytesIO(content)).n_frames == frames  # type: ignore[attr-defined]


def test_no_more_frames_are_looked_at_than_matter() -> None:
    source = io.BytesIO(samples.gif_of_frames(200_000))
    assert gif_frames(source, 500) == 501
    assert source.tell() < 20_000


def test_a_gif_that_ends_early_has_the_frames_that_are_there() -> None:
    content = samples.gif_of_frames(3)
    assert [gif_frames(io.BytesIO(content[:end]), 9) for end in (0, 5, 13, 40)] == [0, 0, 0, 0]
    assert gif_frames(io.BytesIO(content[:-1]), 9) == 3
    assert gif_frames(io.BytesIO(content[:-25]), 9) == 2

"""One image file as Pillow reads it: opened, turned upright, in RGB; and why it cannot be read, where it cannot."""

from __future__ import annotations

import contextlib
import errno
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from scaling.data.metadata import without_metadata

FULL_BITS = 16
"""Of an image that is called 16-bit, however few it uses."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF")
_DEPTHS = (8, 10, 12, 14, FULL_BITS)  # of sensors and scanners that write 16-bit files
_ORIENTATION = 0x0112  # EXIF

_Made = TypeVar("_Made")


class Encoded(NamedTuple):
    """An image file: the name that messages give it, and how to open it."""

    name: str
    open: Callable[[], BinaryIO]


def on_disk(name: str, path: Path) -> Encoded:
    """An image file that is opened when its turn comes."""
    return Encoded(name, lambda: path.open("rb"))


def in_memory(name: str, content: memoryview) -> Encoded:
    """An image file that is already read."""
    return Encoded(name, lambda: io.BytesIO(content))


class Header(NamedTuple):
    """What an image file says of itself before it is decoded: px of its shorter side, and Pillow's mode."""

    shorter_side: int
    mode: str


def header(source: Encoded) -> Header | None:
    """Of an image file; None where it cannot be read."""
    Image.init()
    with quiet():
        return attempt(source, lambda image: Header(min(image.size), image.mode))[0]


def attempt(source: Encoded, work: Callable[[Image.Image], _Made]) -> tuple[_Made | None, str]:
    """What `work` makes of the opened image and "", or None and the reason why it cannot."""
    made, reason = _once(source.open, work)
    if reason:
        # Where a note of the camera is the reason, the pixels are whole. A missing file has neither.
        with contextlib.suppress(OSError):
            with source.open() as stream:
                bare = without_metadata(stream.read())
            if bare is not None:
                again, still = _once(lambda: io.BytesIO(bare), work)
                return (again, "") if not still else (None, reason)
    return made, reason


def _once(opened: Callable[[], BinaryIO], work: Callable[[Image.Image], _Made]) -> tuple[_Made | None, str]:
    try:
        with opened() as stream, Image.open(stream, formats=_FORMATS) as image:
            return work(image), ""
    except UnidentifiedImageError:
        return None, "not a PNG, JPEG, WebP, BMP or GIF file"
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return None, error.strerror or str(error)
    except MemoryError:  # says nothing of the image
        raise
    except Exception as error:  # on damaged files decoders raise everything from SyntaxError to struct.error
        return None, str(error) or type(error).__name__


def upright(image: Image.Image) -> Image.Image:
    """It, decoded and turned as its EXIF orientation says."""
    image.load()
    try:
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        if turned:
            ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # damaged EXIF raises as much as damaged pixels do, and changes none
        return image
    return image


def orientation(image: Image.Image) -> int:
    """EXIF's, 1 to 8; 1 is upright, and stands for none and for one that is damaged."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # as in `upright`, which leaves such an image as it is
        return 1


def highest_of(image: Image.Image) -> int | None:
    """The largest number of a 16-bit grey image, which Pillow opens in mode I or one of I;16; None for any other."""
    return int(np.asarray(image).max()) if image.mode.startswith("I") else None


def depth(highest: Sequence[int]) -> int | None:
    """The fewest bits that hold all these highest numbers of 16-bit grey images; None where there are none."""
    return next((bits for bits in _DEPTHS if max(highest) < 2**bits), FULL_BITS) if highest else None


def rgb(image: Image.Image, bits: int = FULL_BITS) -> Image.Image:
    """It in RGB: 16-bit grey scaled from `bits` to 8 and never clipped, transparency laid on white."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.clip(np.asarray(image), 0, 2**bits - 1) >> (bits - 8)).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it nothing warns; for all threads."""
    # Pillow warns about odd metadata, which changes no pixel, and about large images; twice as large it refuses them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

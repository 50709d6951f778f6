"""From encoded image files to one stack of square images; each file is decoded once, on several threads.

What becomes of an image: its first frame, turned as its EXIF orientation says; palettes and CMYK to RGB; 16-bit grey
to its high byte (as Pillow does with 16-bit colour), never clipped; transparency laid on white; the square in the
middle cut out and resized with Pillow's antialiased bicubic filter. Colour profiles are not applied. Versions of the
JPEG and WebP libraries may differ by a grey level, and with them a set's fingerprint.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from scaling.data.dataset import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
NOT_READ = (".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".ppm", ".pgm", ".tga", ".dng")
"""Endings of images that are not decoded."""
LARGEST_DEFAULT_SIDE = 128
"""Sides are never larger than this many px unless asked for."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_NAMED = 5  # an error names this many images

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


def decode(
    origin: str, sources: Sequence[Encoded], side: int | None = None, largest: int = LARGEST_DEFAULT_SIDE
) -> NDArray[np.uint8]:
    """Decode every image, cut out its middle square and resize it.

    Args:
        origin: the file or folder they come from, for messages.
        images: what to decode, at least one.
        side: px; without it the median (the lower one of two) of the shorter sides, at most `largest`.
        largest: px.

    Returns:
        uint8 (n, side, side, channels): one if every image is grey (red = green = blue everywhere), else three.

    Raises:
        DataError: images are unreadable, truncated or over Pillow's limit of px; with their count and first names.
    """
    Image.init()
    with _quiet(), ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        if side is None:
            sides = [found for found, _ in pool.map(lambda one: _attempt(one, _shorter_side), sources) if found]
            side = min(largest, statistics.median_low(sides or [1]))
        images = np.empty((len(sources), side, side, 3), np.uint8)
        # Rows are written as they come, so that no second copy of the stack is ever held.
        outcomes = list(pool.map(lambda row, one: _attempt(one, lambda image: _write(image, row)), images, sources))
    failures = [f"{one.name} ({reason})" for one, (_, reason) in zip(sources, outcomes, strict=True) if reason]
    if failures:
        raise DataError(_unreadable(origin, failures, len(sources)))
    return images[..., :1].copy() if all(grey for grey, _ in outcomes) else images


def decode_whole(source: Encoded) -> Image.Image:
    """One image as `decode` sees it before it cuts out the square: upright, in RGB, of its own size.

    Raises:
        DataError: it is unreadable, truncated or over Pillow's limit of px.
    """
    with _quiet():
        image, reason = _attempt(source, _upright_rgb)
    if image is None:
        raise DataError(f"{source.name}: cannot be read: {reason}")
    return image


def _attempt(source: Encoded, work: Callable[[Image.Image], _Made]) -> tuple[_Made | None, str]:
    """What `work` makes of the opened image and "", or None and the reason why it cannot."""
    try:
        with source.open() as stream, Image.open(stream, formats=_FORMATS) as image:
            return work(image), ""
    except UnidentifiedImageError:
        return None, "not a PNG, JPEG, WebP, BMP or GIF file"
    except OSError as error:
        return None, error.strerror or str(error)
    except Exception as error:  # on damaged files decoders raise everything from SyntaxError to struct.error
        return None, str(error) or type(error).__name__


def _shorter_side(image: Image.Image) -> int:
    return min(image.size)


def _write(image: Image.Image, row: NDArray[np.uint8]) -> bool:
    """Write the image into (side, side, 3); True if it is grey."""
    colour = _upright_rgb(image)
    short = min(colour.size)
    left, top = (colour.width - short) // 2, (colour.height - short) // 2
    square = (left, top, left + short, top + short)
    row[:] = np.asarray(colour.resize(row.shape[:2], Image.Resampling.BICUBIC, box=square))
    return bool((row == row[..., :1]).all())


def _upright_rgb(image: Image.Image) -> Image.Image:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise ValueError(f"{image.width} x {image.height} px is over Pillow's limit of {limit} px")
    ImageOps.exif_transpose(image, in_place=True)
    return _rgb(image)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = Image.fromarray((np.clip(np.asarray(image), 0, 65535) // 256).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # Pillow warns about odd metadata, which changes no pixel, and about sizes, which `_upright_rgb` refuses.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _unreadable(origin: str, failures: list[str], total: int) -> str:
    names = ", ".join(failures[:_NAMED]) + (", ..." if len(failures) > _NAMED else "")
    return f"{origin}: {len(failures)} of {total} images cannot be read: {names}; remove or replace them"

"""From encoded image files to one stack of square images; each file is decoded once, on several threads.

What becomes of an image: its first frame, turned as its EXIF orientation says; palettes and CMYK to RGB; 16-bit grey
scaled by the bits that the set uses, 8, 10, 12, 14 or 16, never clipped (16-bit colour always to its high byte, as Pillow
does it); transparency laid on white; the square in the middle cut out and resized with Pillow's antialiased bicubic filter.
Colour profiles are not applied, and metadata that is damaged or too long is left out: it changes no pixel. Versions of the
JPEG and WebP libraries may differ by a grey level, and with them a set's fingerprint.
"""

from __future__ import annotations

import contextlib
import errno
import io
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from scaling.core.machine import cores
from scaling.data.dataset import DataError
from scaling.data.metadata import without_metadata

LARGEST_DEFAULT_SIDE = 128
"""Sides are never larger than this many px unless asked for."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF")
_FULL_BITS = 16
_DEPTHS = (8, 10, 12, 14, _FULL_BITS)  # of sensors and scanners that write 16-bit files
_ORIENTATION = 0x0112  # EXIF
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


class Decoded(NamedTuple):
    """What became of image files.

    Attributes:
        images: uint8 (n, side, side, channels) of those that were read, in their order: one channel if every image is grey
            (red = green = blue everywhere), else three.
        unreadable: positions of the others among all, each with the reason.
        bits: that the 16-bit grey images among them use; None if there are none.
    """

    images: NDArray[np.uint8]
    unreadable: dict[int, str]
    bits: int | None


def decode(
    origin: str, sources: Sequence[Encoded], side: int | None = None, largest: int = LARGEST_DEFAULT_SIDE
) -> NDArray[np.uint8]:
    """`decode_readable` of images that must all be readable.

    Raises:
        DataError: images are unreadable, truncated or over Pillow's limit of px; with their count and first names.
    """
    return decode_readable(origin, sources, side, largest, skip=None).images


def decode_readable(
    origin: str,
    sources: Sequence[Encoded],
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    *,
    skip: bool | None,
) -> Decoded:
    """Decode every image, cut out its middle square and resize it.

    Args:
        origin: the file or folder they come from, for messages.
        sources: what to decode, at least one.
        side: px; without it the median (the lower one of two) of the shorter sides, at most `largest`.
        largest: px.
        skip: leave out what cannot be read; None where nobody could ask for that.

    Raises:
        DataError: images are unreadable, truncated or over Pillow's limit of px, and `skip` does not say to leave them out or
            there is no other; with their count and first names.
    """
    Image.init()
    with _quiet(), ThreadPoolExecutor(min(16, cores())) as pool:
        if side is None:
            sides = [found for found, _ in pool.map(lambda one: _attempt(one, _shorter_side), sources) if found]
            side = min(largest, statistics.median_low(sides or [1]))
        images = np.empty((len(sources), side, side, 3), np.uint8)
        # Rows are written as they come, so that no second copy of the stack is ever held.
        outcomes = list(pool.map(lambda row, one: _attempt(one, lambda image: _write(image, row)), images, sources))
        bits = _depth([written.highest for written, _ in outcomes if written and written.highest is not None])
        if bits not in (None, _FULL_BITS):
            deep = [index for index, (written, _) in enumerate(outcomes) if written and written.highest is not None]
            for index in deep:  # only now is it known what the set uses
                _attempt(sources[index], partial(_write, row=images[index], bits=bits))
    unreadable = {index: reason for index, (_, reason) in enumerate(outcomes) if reason}
    if unreadable and not (skip and len(unreadable) < len(sources)):
        failures = [f"{sources[index].name} ({reason})" for index, reason in unreadable.items()]
        raise DataError(_unreadable(origin, failures, len(sources), skippable=skip is False))
    if unreadable:
        images = np.delete(images, list(unreadable), axis=0)
    if all(written.is_grey for written, _ in outcomes if written):
        images = images[..., :1].copy()
    return Decoded(images, unreadable, bits)


def decode_whole(source: Encoded) -> Image.Image:
    """One image as `decode` sees it before it cuts out the square: upright, in RGB, of its own size.

    Raises:
        DataError: it is unreadable, truncated or over Pillow's limit of px.
    """
    with _quiet():
        image, reason = _attempt(source, _whole)
    if image is None:
        raise DataError(f"{source.name}: cannot be read: {reason}")
    return image


def _whole(image: Image.Image) -> Image.Image:
    upright = _upright(image)
    highest = _highest(upright)
    return _rgb(upright, _depth([] if highest is None else [highest]) or _FULL_BITS)


def _attempt(source: Encoded, work: Callable[[Image.Image], _Made]) -> tuple[_Made | None, str]:
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


def _shorter_side(image: Image.Image) -> int:
    return min(image.size)


class _Written(NamedTuple):
    """What an image is seen to be once it is written: grey, and its highest number if it is 16-bit grey."""

    is_grey: bool
    highest: int | None


def _write(image: Image.Image, row: NDArray[np.uint8], bits: int = _FULL_BITS) -> _Written:
    """Write the image into (side, side, 3); `bits` of a 16-bit one are used."""
    upright = _upright(image)
    colour = _rgb(upright, bits)
    short = min(colour.size)
    left, top = (colour.width - short) // 2, (colour.height - short) // 2
    square = (left, top, left + short, top + short)
    row[:] = np.asarray(colour.resize(row.shape[:2], Image.Resampling.BICUBIC, box=square))
    return _Written(bool((row == row[..., :1]).all()), _highest(upright))


def _upright(image: Image.Image) -> Image.Image:
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


def _highest(image: Image.Image) -> int | None:
    """The largest number of a 16-bit grey image, which Pillow opens in mode I or one of I;16; None for any other."""
    return int(np.asarray(image).max()) if image.mode.startswith("I") else None


def _depth(highest: Sequence[int]) -> int | None:
    """The fewest bits that hold all these numbers."""
    return next((bits for bits in _DEPTHS if max(highest) < 2**bits), _FULL_BITS) if highest else None


def _rgb(image: Image.Image, bits: int = _FULL_BITS) -> Image.Image:
    if image.mode.startswith("I"):
        image = Image.fromarray((np.clip(np.asarray(image), 0, 2**bits - 1) >> (bits - 8)).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # Pillow warns about odd metadata, which changes no pixel, and about large images; twice as large it refuses them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _unreadable(origin: str, failures: list[str], total: int, *, skippable: bool) -> str:
    names = ", ".join(failures[:_NAMED]) + (", ..." if len(failures) > _NAMED else "")
    many = "remove or replace them"
    if skippable:
        many += ", or pass over them with --skip-unreadable, which lists them all"
    return f"{origin}: {len(failures)} of {total} images cannot be read: {names}; {many}"

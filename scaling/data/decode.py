"""From encoded image files to one stack of square images; each file is decoded once, on several threads.

What becomes of an image: its first frame, turned as its EXIF orientation says; palettes and CMYK to RGB; 16-bit grey
scaled by the bits that the set uses, 8, 10, 12, 14 or 16, never clipped (16-bit colour always to its high byte, as Pillow
does it); transparency laid on white; the square in the middle cut out and resized with Pillow's antialiased bicubic filter.
Colour profiles are not applied, and metadata that is damaged or too long is left out: it changes no pixel. Versions of the
JPEG and WebP libraries may differ by a grey level, and with them a set's fingerprint.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.core.machine import cores
from scaling.data.dataset import DataError
from scaling.data.pillow import FULL_BITS, Encoded, attempt, depth, highest_of, quiet, rgb, upright

LARGEST_DEFAULT_SIDE = 128
"""Sides are never larger than this many px unless asked for."""

_NAMED = 5  # an error names this many images


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
    with quiet(), ThreadPoolExecutor(min(16, cores())) as pool:
        if side is None:
            sides = [found for found, _ in pool.map(lambda one: attempt(one, _shorter_side), sources) if found]
            side = min(largest, statistics.median_low(sides or [1]))
        images = np.empty((len(sources), side, side, 3), np.uint8)
        # Rows are written as they come, so that no second copy of the stack is ever held.
        outcomes = list(pool.map(lambda row, one: attempt(one, lambda image: _write(image, row)), images, sources))
        bits = depth([written.highest for written, _ in outcomes if written and written.highest is not None])
        if bits not in (None, FULL_BITS):
            deep = [index for index, (written, _) in enumerate(outcomes) if written and written.highest is not None]
            for index in deep:  # only now is it known what the set uses
                attempt(sources[index], partial(_write, row=images[index], bits=bits))
    unreadable = {index: reason for index, (_, reason) in enumerate(outcomes) if reason}
    if unreadable and not (skip and len(unreadable) < len(sources)):
        failures = [f"{sources[index].name} ({reason})" for index, reason in unreadable.items()]
        raise DataError(unreadable_told(origin, failures, len(sources), skippable=skip is False))
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
    with quiet():
        image, reason = attempt(source, _whole)
    if image is None:
        raise DataError(f"{source.name}: cannot be read: {reason}")
    return image


def _whole(image: Image.Image) -> Image.Image:
    turned = upright(image)
    highest = highest_of(turned)
    return rgb(turned, depth([] if highest is None else [highest]) or FULL_BITS)


def _shorter_side(image: Image.Image) -> int:
    return min(image.size)


class _Written(NamedTuple):
    """What an image is seen to be once it is written: grey, and its highest number if it is 16-bit grey."""

    is_grey: bool
    highest: int | None


def _write(image: Image.Image, row: NDArray[np.uint8], bits: int = FULL_BITS) -> _Written:
    """Write the image into (side, side, 3); `bits` of a 16-bit one are used."""
    turned = upright(image)
    colour = rgb(turned, bits)
    short = min(colour.size)
    left, top = (colour.width - short) // 2, (colour.height - short) // 2
    square = (left, top, left + short, top + short)
    row[:] = np.asarray(colour.resize(row.shape[:2], Image.Resampling.BICUBIC, box=square))
    return _Written(bool((row == row[..., :1]).all()), highest_of(turned))


def unreadable_told(origin: str, failures: Sequence[str], total: int, *, skippable: bool) -> str:
    """One line on images that cannot be read.

    Args:
        origin: the file or folder they come from.
        failures: each with its reason.
        total: images, readable or not.
        skippable: whether people may ask to leave them out.
    """
    names = ", ".join(failures[:_NAMED]) + (", ..." if len(failures) > _NAMED else "")
    many = "remove or replace them"
    if skippable:
        many += ", or pass over them with --skip-unreadable, which lists them all"
    return f"{origin}: {len(failures)} of {total} images cannot be read: {names}; {many}"

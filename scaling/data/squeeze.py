"""Whole images squeezed to squares, one at a time, as they are stored."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.data.pillow import FULL_BITS, Encoded, attempt, highest_of, orientation, quiet, rgb, upright

# Orientations of EXIF: those that swap width and height, and those whose right or lower edge comes to lie left or above.
_ON_ITS_SIDE, _FROM_THE_RIGHT, _FROM_BELOW = (5, 6, 7, 8), (2, 3, 7, 8), (3, 4, 6, 7)


class Squeezed(NamedTuple):
    """Of an image that was squeezed to a square.

    Attributes:
        aspect: width over height before.
        highest: its highest number if it is 16-bit grey; None for any other.
        counts: int64 (channels, 256), how many pixels have each level, now.
    """

    aspect: float
    highest: int | None
    counts: NDArray[np.int64]


def squeeze(source: Encoded, row: NDArray[np.uint8], bits: int = FULL_BITS) -> tuple[Squeezed | None, str]:
    """Write a whole image, upright, into a square, its longer side squeezed more than its shorter one.

    A JPEG that is large enough is decoded at a half, a quarter or an eighth of its size, never below twice the square's: what
    the filter makes of that differs by less than a grey level on average in photographs, and takes a fraction of the time.

    Args:
        source: what to decode.
        row: (side, side, 1 or 3), written into; with one channel colours become grey.
        bits: that 16-bit grey images use.

    Returns:
        What became of it and "", or None and the reason why it cannot be read.
    """
    with quiet():
        return attempt(source, partial(_squeeze, row=row, bits=bits))


def _squeeze(image: Image.Image, row: NDArray[np.uint8], bits: int) -> Squeezed:
    side = row.shape[0]
    width, height = image.size
    drafted = image.draft(None, (2 * side, 2 * side))
    whole = image.size if drafted is None else drafted[1][2:]  # of an odd side half a pixel more is decoded than there is
    turn = orientation(image)
    box = _box(image.size, whole, turn)
    if turn in _ON_ITS_SIDE:
        width, height = height, width
    turned = upright(image)
    is_plain = turned.mode == "RGB" and not turned.has_transparency_data
    colour = turned if is_plain else rgb(turned, bits)  # which would copy it
    small = colour.resize((side, side), Image.Resampling.BICUBIC, box)
    if row.shape[2] == 1:
        small = small.convert("L")
    row[:] = np.asarray(small).reshape(row.shape)
    return Squeezed(width / height, highest_of(turned), np.array(small.histogram()).reshape(row.shape[2], 256))


def _box(size: tuple[int, int], whole: tuple[float, float], turn: int) -> tuple[float, float, float, float]:
    """Where the image lies in what was decoded of it, once that is turned as its orientation says."""
    left = size[0] - whole[0] if turn in _FROM_THE_RIGHT else 0
    top = size[1] - whole[1] if turn in _FROM_BELOW else 0
    right, bottom = left + whole[0], top + whole[1]
    return (top, left, bottom, right) if turn in _ON_ITS_SIDE else (left, top, right, bottom)

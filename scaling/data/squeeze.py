"""Whole images squeezed to squares, one at a time, as they are stored."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.data.pillow import FULL_BITS, Encoded, attempt, highest_of, orientation, quiet, rgb, upright

_ON_ITS_SIDE = range(5, 9)  # orientations that swap width and height


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
    the filter makes of that differs by a grey level or two, and takes a fraction of the time.

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
    image.draft(None, (2 * side, 2 * side))
    if orientation(image) in _ON_ITS_SIDE:
        width, height = height, width
    turned = upright(image)
    is_plain = turned.mode == "RGB" and not turned.has_transparency_data
    colour = turned if is_plain else rgb(turned, bits)  # which would copy it
    small = colour.resize((side, side), Image.Resampling.BICUBIC)
    if row.shape[2] == 1:
        small = small.convert("L")
    row[:] = np.asarray(small).reshape(row.shape)
    return Squeezed(width / height, highest_of(turned), np.array(small.histogram()).reshape(row.shape[2], 256))

"""Resize stacks of square images: bicubic, antialiased, the same bits on every machine.

The filter is bicubic because a resolution study lives on what detail an image keeps: the bilinear one blurs more, and
EfficientNet's own input is bicubic. Each axis is one matrix product of the image with a matrix of weights. Those are
whole multiples of 2^-22, so that every sum is exact in float64 and no library or number of threads changes the result,
which for square images is bit for bit what Pillow's `Image.resize(..., BICUBIC)` gives.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError

_UNIT = 2**22  # Pillow's precision; 8 bits of grey and 22 of weight leave float64 plenty of room
_SUPPORT = 2.0  # the cubic is 0 from here on, in source px (target px when shrinking)
_CHUNK = 2**20  # float64 numbers in work at once: 8 MiB


def resize(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize each image to side x side px; images that already fit come back as they are.

    A row of n px becomes one of `side` px, y = W x, with W = `weights(n, side)`; y is rounded to whole grey levels,
    half up, and clipped to 0-255. First along the width, then along the height.

    Args:
        images: uint8 (n, height, width, channels).
        side: height and width to give them, in px.

    Returns:
        uint8 (n, side, side, channels).

    Raises:
        DataError: the images have another type or shape, or side is not a whole number of at least 1.
    """
    require_side("resize", side)
    if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape[1:]:
        raise DataError(f"resize: images must be uint8 (n, height, width, channels), got {images.dtype} {images.shape}")
    count, height, width, channels = images.shape
    if (height, width) == (side, side):
        return images
    across, down = _unit_weights(width, side), _unit_weights(height, side)
    resized = np.empty((count, side, side, channels), np.uint8)
    step = max(1, _CHUNK // (max(height, side) * max(width, side) * channels))
    for start in range(0, count, step):
        chunk = images[start : start + step].transpose(0, 3, 1, 2)
        columns = _weighted(chunk, across).swapaxes(2, 3)
        resized[start : start + step] = _weighted(columns, down).transpose(0, 3, 2, 1)
    return resized


def weights(source: int, target: int) -> NDArray[np.float64]:
    """The matrix W (target, source) that takes a row of `source` px to one of `target` px.

    W[i, j] = k((j + 1/2 - (i + 1/2) r) / max(1, r)), each row normalised to sum 1 and rounded to multiples of 2^-22,
    with r = source / target and the cubic k of Keys with a = -1/2. Where the row shrinks (r > 1) the cubic widens by r,
    which is the antialiasing.

    Args:
        source: px of the row given.
        target: px of the row wanted.

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing", equation 15.
    """
    return _unit_weights(source, target) / _UNIT


def require_side(function: str, side: object) -> None:
    """Refuse a side that is no whole number of at least 1.

    Raises:
        DataError: naming the function, the demand and the value.
    """
    if isinstance(side, bool) or not isinstance(side, int | np.integer) or side < 1:
        raise DataError(f"{function}: side must be a whole number of at least 1, got {side!r}")


@functools.lru_cache(maxsize=64)
def _unit_weights(source: int, target: int) -> NDArray[np.float64]:
    ratio = source / target
    stretch = max(1.0, ratio)
    centres = (np.arange(target) + 0.5) * ratio
    # Px outside these bounds count nothing even where the cubic is not quite 0: Pillow's truncation, to the last bit.
    first = np.maximum(np.trunc(centres - _SUPPORT * stretch + 0.5), 0)[:, None]
    stop = np.trunc(centres + _SUPPORT * stretch + 0.5)[:, None]
    pixels = np.arange(source)[None, :]
    matrix = np.where((pixels >= first) & (pixels < stop), _cubic((pixels - centres[:, None] + 0.5) / stretch), 0.0)
    matrix /= matrix.sum(axis=1, keepdims=True)
    matrix = np.trunc(matrix * _UNIT + np.copysign(0.5, matrix))
    matrix.flags.writeable = False
    return matrix


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _weighted(rows: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    flat = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    sums = flat @ matrix.T
    sums += _UNIT / 2
    sums /= _UNIT
    grey = np.clip(np.floor(sums, out=sums), 0, 255, out=sums).astype(np.uint8)
    return grey.reshape(*rows.shape[:-1], len(matrix))

"""Resize stacks of square images: bicubic, antialiased, by Pillow.

Bicubic because a resolution study lives on what detail an image keeps: the bilinear filter blurs more, and EfficientNet's own
input is bicubic. Pillow works in whole numbers: for square images its bits are the same on every machine and from its oldest
allowed version on, which a hash in the tests watches over. Of oblong images they are not, so those are refused.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.data.dataset import DataError


def resize(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize each image to side x side px; images that already fit come back as they are.

    Args:
        images: uint8 (n, height, height, channels), channels 1 or 3.
        side: height and width to give them, in px.

    Returns:
        uint8 (n, side, side, channels).

    Raises:
        DataError: the images have another type or shape, or side is not a whole number of at least 1.
    """
    require_side("resize", side)
    shape = images.shape
    if images.dtype != np.uint8 or images.ndim != 4 or 0 in shape[1:] or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise DataError(f"resize: images must be square, uint8 (n, side, side, 1 or 3), got {images.dtype} {shape}")
    if images.shape[1:3] == (side, side):
        return images
    resized = np.empty((len(images), side, side, images.shape[3]), np.uint8)
    for target, image in zip(resized, images, strict=True):
        # Pillow knows grey images without an axis of channels only.
        given = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        target[:] = np.asarray(given.resize((side, side), Image.Resampling.BICUBIC)).reshape(target.shape)
    return resized


def require_side(function: str, side: object) -> None:
    """Refuse a side that is no whole number of at least 1.

    Raises:
        DataError: naming the function, the demand and the value.
    """
    if isinstance(side, bool) or not isinstance(side, int | np.integer) or side < 1:
        raise DataError(f"{function}: side must be a whole number of at least 1, got {side!r}")

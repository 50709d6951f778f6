"""From an image file to what a released network was trained to see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.data.decode import decode_whole
from scaling.data.pillow import on_disk

Colour = tuple[float, float, float]
Interpolation = Literal["bicubic", "bilinear"]

IMAGENET: tuple[Colour, Colour] = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and deviation of ImageNet's colours, of bytes."""


@dataclass(frozen=True)
class Preprocessing:
    """What was done to the images that a network was evaluated on.

    Args:
        side: of the network's input, in px.
        crop: side of the square that is cut out of the middle, as a share of the image's shorter side; over 0, at most 1.
        mean: subtracted from red, green and blue, which run from 0 to 255.
        std: they are divided by this afterwards; over 0.
        interpolation: how the square is resized; either filter is antialiased.

    Raises:
        ValueError: a number is out of its range, or there is no such interpolation.
    """

    side: int
    crop: float
    mean: Colour
    std: Colour
    interpolation: Interpolation = "bicubic"

    def __post_init__(self) -> None:
        if self.side < 1 or not 0 < self.crop <= 1 or not min(self.std) > 0:
            raise ValueError(f"Preprocessing needs side >= 1, 0 < crop <= 1 and std > 0, got {self}")
        if self.interpolation not in get_args(Interpolation):
            raise ValueError(f"no interpolation {self.interpolation!r}; there are {', '.join(get_args(Interpolation))}")


def read_image(path: Path) -> Image.Image:
    """An image file's first frame as it is: upright as its EXIF orientation says, in RGB, transparency laid on white.

    Grey, palettes and CMYK become RGB; 16-bit grey is taken by its high byte. Colour profiles are not applied.

    Raises:
        DataError: the file is missing, no PNG, JPEG, WebP, BMP or GIF, truncated, or over Pillow's limit of px.
    """
    return decode_whole(on_disk(str(path), path))


def normalised(image: Image.Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """An image as the network sees it.

    The square in the middle, of `crop` times the shorter side, is resized with Pillow's antialiased filter in one step; then
    (x - mean) / std. (Where others resize the whole image and cut the square out of it, they round its place to whole px.)

    Args:
        image: in RGB, of any size.
        preprocessing: the network's.

    Returns:
        float32 (side, side, 3).
    """
    square = middle(image, preprocessing.crop, preprocessing.side, preprocessing.interpolation)
    mean, std = np.asarray(preprocessing.mean, np.float32), np.asarray(preprocessing.std, np.float32)
    return (np.asarray(square, np.float32) - mean) / std


def middle(image: Image.Image, crop: float, side: int, interpolation: Interpolation = "bicubic") -> Image.Image:
    """The square in an image's middle, of `crop` times its shorter side, resized to `side` px."""
    cut = crop * min(image.size)
    left, top = (image.width - cut) / 2, (image.height - cut) / 2
    resampling = Image.Resampling[interpolation.upper()]
    return image.resize((side, side), resampling, box=(left, top, left + cut, top + cut))


def prepare(path: Path, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """`normalised` of `read_image`: float32 (side, side, 3) from an image file.

    Raises:
        DataError: as `read_image`.
    """
    return normalised(read_image(path), preprocessing)

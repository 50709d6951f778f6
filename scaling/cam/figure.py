"""Where networks look: one row an image, one column a network, its class activation map over the image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scaling.figures import style

_HEAT = "inferno"  # lightness rises evenly, so grey keeps the order
_COLUMNS = 6


class Look(NamedTuple):
    """One network on one image.

    Attributes:
        answer: what it said, in words.
        heat: (rows, columns), what each place adds to that class; only what is above 0 is drawn, over the largest.
    """

    answer: str
    heat: NDArray[np.float32]


class MapsNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        networks: a heading for each column.
        images: a name for each row.
        images: of each row, bytes (height, width, 1 or 3).
        looks: by row, then by column.
        caption: what was drawn, how, on which images.
    """

    networks: tuple[str, ...]
    names: tuple[str, ...]
    images: tuple[NDArray[np.uint8], ...]
    looks: tuple[tuple[Look, ...], ...]
    caption: str


def activation_maps(numbers: MapsNumbers) -> Figure:
    """Draw the images, and beside each where every network looked.

    Args:
        numbers: at most five networks.
    """
    columns = len(numbers.networks) + 1
    side = style.WIDTH_INCHES / max(columns, _COLUMNS)
    top, foot, row = 0.85, 0.6, side + 0.35
    figure = style.new_figure(top + foot + row * len(numbers.names))
    style.heading(figure, "Where the networks look")
    style.caption(figure, numbers.caption)
    height = figure.get_figheight()
    for line, (name, image, looks) in enumerate(zip(numbers.names, numbers.images, numbers.looks, strict=True)):
        bottom = (height - top - row * (line + 1) + 0.35) / height
        for column in range(columns):
            box = ((column + 0.04) * side / style.WIDTH_INCHES, bottom, 0.92 * side / style.WIDTH_INCHES, 0.92 * side / height)
            axes = figure.add_axes(box)
            _bare(axes)
            if line == 0 and column:
                axes.set_title(numbers.networks[column - 1], fontsize=style.SMALL_SIZE, color=style.INK, pad=4)
            if column:
                _over(axes, image, looks[column - 1].heat)
            else:
                axes.imshow(_coloured(image), interpolation="nearest")
            axes.set_xlabel(
                looks[column - 1].answer if column else name, fontsize=style.SMALL_SIZE - 1, color=style.INK, labelpad=3
            )
    return figure


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image


def _over(axes: Axes, image: NDArray[np.uint8], heat: NDArray[np.float32]) -> None:
    """The image in pale grey, the heat over it."""
    height, width = image.shape[:2]
    grey = _coloured(image).astype(np.float64).mean(2, keepdims=True) / 255
    axes.imshow(np.repeat(0.35 + 0.65 * grey, 3, axis=2), interpolation="nearest")
    positive = np.maximum(heat, 0)
    strength = positive / (positive.max() or 1)
    colours = colormaps[_HEAT](strength)
    colours[..., 3] = 0.75 * strength
    axes.imshow(colours, interpolation="bilinear", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)

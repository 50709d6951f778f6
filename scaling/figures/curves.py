"""Lines of accuracy over cost: what the figures of the published record share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from scaling.figures import style

MACS_LABEL = "MACs per image, billion (log scale)"
TOP1_LABEL = "ImageNet top-1 accuracy, %"

_LEADER = {"arrowstyle": "-", "linewidth": 0.8, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 6}
"""From the end of a line to the middle of its name's left side; Matplotlib would aim at the middle of the words."""


class Curve(NamedTuple):
    """A named line: 10^9 MACs, ascending, and the accuracy at each in percent."""

    name: str
    macs_g: tuple[float, ...]
    top1_percent: tuple[float, ...]

    def at(self, macs_g: float) -> float:
        """The accuracy at a cost, straight over log MACs between two points of the line.

        Raises:
            ValueError: the cost is outside the line.
        """
        low, high = self.macs_g[0], self.macs_g[-1]
        if not low <= macs_g <= high:
            raise ValueError(f"Curve.at: {self.name} reaches from {low:g} to {high:g} G MACs, got {macs_g:g}")
        return float(np.interp(np.log(macs_g), np.log(self.macs_g), self.top1_percent))


def panel(figure: Figure, box: tuple[float, float, float, float], title: str = "") -> Axes:
    """Axes in the house style at a place of the figure, with quiet lines to read heights by."""
    axes = figure.add_axes(box)
    style.plain(axes)
    axes.grid(True, color=style.GRID, linewidth=0.8)
    axes.set_title(title, fontsize=style.LABEL_SIZE, color=style.INK, loc="left", pad=8)
    return axes


def log_scale(axes: Axes, which: str, limits: tuple[float, float], ticks: Iterable[float], unit: str = "{:g}") -> None:
    """A logarithmic axis, "x" or "y", with plain numbers at the given ticks and nowhere else."""
    axes.set(**{f"{which}scale": "log", f"{which}lim": limits})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: unit.format(value)))


def labels(axes: Axes, x: str, y: str) -> None:
    """What the axes show, with units."""
    axes.set_xlabel(x, fontsize=style.LABEL_SIZE, color=style.INK)
    axes.set_ylabel(y, fontsize=style.LABEL_SIZE, color=style.INK)


def note(axes: Axes, place: tuple[float, float], text: str, **more: Any) -> None:
    """Small words inside the axes, at a place from (0, 0) lower left to (1, 1), in front of the grid."""
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    looks: dict[str, Any] = {"fontsize": style.SMALL_SIZE, "color": style.INK, "linespacing": 1.3, "bbox": behind}
    axes.text(*place, text, transform=axes.transAxes, **{**looks, **more})


def line(axes: Axes, x: Sequence[float], y: Sequence[float], colour: str, marker: str, **more: Any) -> None:
    """A line with white-edged markers."""
    looks: dict[str, Any] = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.8, "linewidth": 1.8}
    axes.plot(x, y, color=colour, marker=marker, **{**looks, **more})


def end_names(axes: Axes, ends: Sequence[tuple[str, float, float]], gap: float) -> None:
    """Names of lines in a column beside the axes, each led to its line's end, none covering another.

    Args:
        axes: whose limits are set.
        ends: name, x and y of each line's end.
        gap: smallest distance of two names, as a fraction of the axes' height.
    """
    place = axes.transData + axes.transAxes.inverted()
    heights = [float(place.transform((x, y))[1]) for _, x, y in ends]
    for (name, x, y), height in zip(ends, style.spread(heights, gap, 0, 1), strict=True):
        axes.annotate(
            name,
            (x, y),
            xytext=(1.02, height),
            textcoords="axes fraction",
            va="center",
            fontsize=style.TEXT_SIZE,
            color=style.INK,
            arrowprops={**_LEADER, "color": style.FAINT},
            annotation_clip=False,
        )

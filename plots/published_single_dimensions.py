"""Depth, width or resolution alone

The paper's figure 3: B0 scaled in one dimension. Each gains first and saturates later, depth too: at the first doubling of the
MACs it gains most of the three. The paper plots B0 at 0.50 G, it costs 0.39 G; beside the MACs as plotted stand those of B0
scaled by the factors that the paper names, by our counter. Digitised from Tan and Le 2019.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from published_dimensions import DIMENSIONS, largest_leads, published_dimensions_numbers

from scaling.figures import style
from scaling.figures.curves import MACS_LABEL, TOP1_LABEL, labels, line, log_scale, note, panel
from scaling.published.efficientnet import figure3, recounted

_TICKS = (0.4, 1, 2, 4, 8)
_HEIGHTS = (75.6, 81.4)
CAPTION = (
    "Tan and Le 2019, figure 3, digitised within .02 G MACs and .03 points. Recounted: B0 scaled by the factor beside each "
    "point, counted by this library; the paper plots the same networks from a B0 of 0.50 G on. Gains are over B0, at multiples "
    "of its recounted MACs."
)


class SingleDimension(NamedTuple):
    """B0 scaled in one dimension, from B0 itself on.

    Attributes:
        dimension: "depth", "width" or "resolution".
        factors: of that dimension.
        plotted_g: 10^9 MACs as the paper plots them.
        recounted_g: by our counter.
        top1_percent: accuracy.
    """

    dimension: str
    factors: tuple[float, ...]
    plotted_g: tuple[float, ...]
    recounted_g: tuple[float, ...]
    top1_percent: tuple[float, ...]

    def gain(self, point: int) -> tuple[float, float]:
        """Recounted MACs over B0's, and points of accuracy over B0's."""
        return self.recounted_g[point] / self.recounted_g[0], self.top1_percent[point] - self.top1_percent[0]

    def doubled(self) -> int:
        """The point whose recounted MACs are nearest twice B0's."""
        return min(range(len(self.factors)), key=lambda point: abs(self.gain(point)[0] - 2))


class SingleDimensionsNumbers(NamedTuple):
    """Everything the drawing shows: depth, width and resolution alone, and a sentence on compound scaling's lead."""

    lines: tuple[SingleDimension, ...]
    lead: str


def published_single_dimensions_numbers() -> SingleDimensionsNumbers:
    """The numbers of `published_single_dimensions`."""
    lines = []
    for name in DIMENSIONS:
        points = [point for point in figure3() if point.dimension == name]
        lines.append(
            SingleDimension(
                name,
                tuple(point.factor for point in points),
                tuple(point.macs_g for point in points),
                tuple(recounted(point) / 1e9 for point in points),
                tuple(point.top1_percent for point in points),
            )
        )
    return SingleDimensionsNumbers(tuple(lines), largest_leads(published_dimensions_numbers()))


def published_single_dimensions(numbers: SingleDimensionsNumbers) -> Figure:
    """Draw three panels on one scale of accuracy, one a dimension.

    Args:
        numbers: from `published_single_dimensions_numbers`.
    """
    figure = style.new_figure(5.2)
    for index, single in enumerate(numbers.lines):
        axes = panel(figure, (0.07 + 0.312 * index, 0.275, 0.292, 0.585), f"{single.dimension} alone")
        _draw(axes, single)
        labels(axes, MACS_LABEL if index == 1 else "", TOP1_LABEL if index == 0 else "")
        if index:
            axes.set_yticklabels([])
        else:
            axes.legend(loc="upper left", frameon=False, fontsize=style.SMALL_SIZE, labelcolor=style.INK, handlelength=2.4)
    style.heading(figure, "Each dimension alone gains, then saturates: EfficientNet-B0 on ImageNet")
    style.caption(figure, f"{CAPTION} {numbers.lead}")
    return figure


def _draw(axes: Axes, single: SingleDimension) -> None:
    log_scale(axes, "x", (0.24, 13), _TICKS)
    axes.set_ylim(_HEIGHTS)
    colour, marker = style.COLOURS[single.dimension], style.MARKERS[single.dimension]
    hollow: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": colour, "markeredgewidth": 1.2}
    dashed: dict[str, Any] = {"linestyle": "--", "linewidth": 1.1, "zorder": 2}
    line(axes, single.recounted_g, single.top1_percent, colour, marker, zorder=3, label="MACs recounted")
    line(axes, single.plotted_g, single.top1_percent, colour, marker, label="as the paper plots", **hollow, **dashed)
    for index, factor in enumerate(single.factors):
        _name(axes, single, index, "B0" if index == 0 else f"×{factor:g}")
    gains = (single.gain(point) for point in (single.doubled(), -1))
    words = "\n".join(f"×{ratio:.1f} MACs: {points:+.1f} points" for ratio, points in gains)
    note(axes, (0.98, (76.5 - _HEIGHTS[0]) / (_HEIGHTS[1] - _HEIGHTS[0])), words, ha="right", va="center", zorder=1)


def _name(axes: Axes, single: SingleDimension, index: int, words: str) -> None:
    """Words right of both lines or left of them by turns, the last right, B0 left: near points have room so."""
    places, y = (single.recounted_g[index], single.plotted_g[index]), single.top1_percent[index]
    looks: dict[str, Any] = {"fontsize": style.SMALL_SIZE, "color": style.INK, "textcoords": "offset points"}
    if index == 0 or (len(single.factors) - index) % 2 == 0:
        axes.annotate(words, (min(places), y), (-6, 2), ha="right", **looks)
    else:
        axes.annotate(words, (max(places), y), (6, -9), ha="left", **looks)


def draw() -> Figure:
    """The figure."""
    return published_single_dimensions(published_single_dimensions_numbers())

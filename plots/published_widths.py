"""Width on four baselines

The paper's figure 4: B0, B0 of twice the depth, of 1.3 times the resolution, and of both, each widened. Widening pays less and
less on each of them; a deeper and sharper network turns the same MACs into more accuracy. MACs as plotted: the factors of width
were not published, so they cannot be recounted. Digitised from Tan and Le 2019.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.figures import style
from scaling.figures.curves import MACS_LABEL, TOP1_LABEL, Curve, end_names, labels, line, log_scale, panel
from scaling.published.efficientnet import Widened, figure4

_LOOKS = (
    (style.COLOURS["baseline"], style.MARKERS["baseline"]),
    (style.COLOURS["resolution"], style.MARKERS["resolution"]),
    (style.COLOURS["depth"], style.MARKERS["depth"]),
    (style.BEST, style.MARKERS["paper"]),
)
_COMPARED_G = 10.0
CAPTION = (
    "Tan and Le 2019, figure 4, digitised within .02 G MACs and .03 points; hollow: hidden in part by other markers, some read "
    "by eye. MACs as plotted, on the scale of figure 3 (B0 at 0.50 G); the factors of width are not published, so nothing can "
    "be recounted. Gains: over widening B0 itself, at the same cost. The legend says resolution ×1.3, the paper's text ×2.0."
)


class WidthsNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        curves: one for each baseline, widened.
        unsure: of each curve's points, whether other markers hide it in part or wholly.
        compared_g: 10^9 MACs at which the curves are compared.
        gains: accuracy there, in points over the first curve's.
    """

    curves: tuple[Curve, ...]
    unsure: tuple[tuple[bool, ...], ...]
    compared_g: float
    gains: tuple[float, ...]


def published_widths_numbers() -> WidthsNumbers:
    """The numbers of `published_widths`."""
    lines = [list(points) for _, points in groupby(figure4(), key=lambda point: (point.depth, point.resolution))]
    curves = tuple(_curve(points) for points in lines)
    unsure = tuple(tuple(point.reading != "centre" for point in points) for points in lines)
    gains = tuple(curve.at(_COMPARED_G) - curves[0].at(_COMPARED_G) for curve in curves)
    return WidthsNumbers(curves, unsure, _COMPARED_G, gains)


def published_widths(numbers: WidthsNumbers) -> Figure:
    """Draw accuracy over MACs for each baseline; hollow points were read where others hide them.

    Args:
        numbers: from `published_widths_numbers`.
    """
    figure = style.new_figure(5.4)
    axes = panel(figure, (0.07, 0.24, 0.66, 0.645))
    log_scale(axes, "x", (0.42, 29), (0.5, 1, 2, 4, 8, 16))
    axes.set_ylim(75.7, 82.5)
    labels(axes, MACS_LABEL, TOP1_LABEL)
    for curve, unsure, (colour, marker) in zip(numbers.curves, numbers.unsure, _LOOKS, strict=True):
        line(axes, curve.macs_g, curve.top1_percent, colour, marker)
        _hollow(axes, curve, unsure, colour, marker)
    ends = [(curve.macs_g[-1], curve.top1_percent[-1]) for curve in numbers.curves]
    end_names(axes, [(name, *end) for name, end in zip(_names(numbers), ends, strict=True)], 0.13)
    style.heading(figure, "Widening pays less and less; on a deeper and sharper baseline it gets further")
    style.caption(figure, CAPTION)
    return figure


def _curve(points: list[Widened]) -> Curve:
    depth, resolution = points[0].depth, points[0].resolution
    name = f"depth ×{depth:g}, resolution ×{resolution:g}"
    return Curve(name, tuple(point.macs_g for point in points), tuple(point.top1_percent for point in points))


def _hollow(axes: Axes, curve: Curve, unsure: tuple[bool, ...], colour: str, marker: str) -> None:
    points = [(x, y) for x, y, hidden in zip(curve.macs_g, curve.top1_percent, unsure, strict=True) if hidden]
    for x, y in points:
        line(axes, [x], [y], colour, marker, markerfacecolor="white", markeredgecolor=colour, markeredgewidth=1.4)


def _names(numbers: WidthsNumbers) -> list[str]:
    first, *others = (curve.name for curve in numbers.curves)
    gains = (f"{gain:+.1f} points at {numbers.compared_g:g} G" for gain in numbers.gains[1:])
    return [first, *(f"{name}\n{gain}" for name, gain in zip(others, gains, strict=True))]


def draw() -> Figure:
    """The figure."""
    return published_widths(published_widths_numbers())

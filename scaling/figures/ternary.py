"""The triangle of shares of depth, width and resolution: its frame, its corners, and where shares lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.figures import style
from scaling.figures.points import Point

CORNERS = (("depth", (1.0, 0.0, 0.0)), ("width", (0.0, 1.0, 0.0)), ("resolution", (0.0, 0.0, 1.0)))


LINES = (0.2, 0.4, 0.6, 0.8)


HEIGHT = 3**0.5 / 2


def panel(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Axes for a triangle at a place of the figure."""
    axes = figure.add_axes(box)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-0.09, 1.09)
    axes.set_ylim(-0.13, HEIGHT + 0.11)
    return axes


def place(shares: Sequence[float]) -> tuple[float, float]:
    """Where shares lie: depth at the lower left, width at the lower right, resolution at the top; sides of length 1."""
    _, width, resolution = shares
    return width + resolution / 2, resolution * HEIGHT


def frame(axes: Axes, lines: str = "white") -> None:
    """Outline, lines of equal share in a colour, and along each edge the share that grows from 0 % there."""
    axes.plot(*zip(*(place(shares) for _, shares in (*CORNERS, CORNERS[0])), strict=True), color=style.INK, linewidth=1)
    for share in LINES:
        rest = 1 - share
        for ends in (
            ((share, rest, 0), (share, 0, rest)),
            ((rest, share, 0), (0, share, rest)),
            ((rest, 0, share), (0, rest, share)),
        ):
            axes.plot(*zip(*(place(end) for end in ends), strict=True), color=lines, linewidth=0.8, alpha=0.55, zorder=1)
        ticks = (
            (place((share, rest, 0)), (0, -0.03)),
            (place((0, share, rest)), (0.035, 0.012)),
            (place((rest, 0, share)), (-0.035, 0.012)),
        )
        for (x, y), (right, up) in ticks:
            label(axes, (x + right, y + up), f"{100 * share:.0f}", size=style.SMALL_SIZE, color="#555555")
    label(axes, (0.5, -0.072), "share of depth, %", size=style.SMALL_SIZE + 0.5)
    label(axes, (0.845, 0.475), "share of width, %", size=style.SMALL_SIZE + 0.5, rotation=-60)
    label(axes, (0.155, 0.475), "share of resolution, %", size=style.SMALL_SIZE + 0.5, rotation=60)


def corners(axes: Axes, drawn: Sequence[Point] = (), target: float = 1) -> None:
    """The dimension's name at each corner, with the accuracies of the points that lie there."""
    offsets = {"depth": (-0.03, -0.075), "width": (0.03, -0.075), "resolution": (0, 0.07)}
    for corner, shares in CORNERS:
        here = [percents(point, target) for point in drawn if corner in point.roles]
        x, y = place(shares)
        right, up = offsets[corner]
        label(axes, (x + right, y + up), "\n".join([f"{corner} only", *here]), size=style.TEXT_SIZE, linespacing=1.2)


def label(axes: Axes, where: tuple[float, float], text: str, *, size: float, color: str = style.INK, **more: Any) -> None:
    """Text around a point; `more` are properties of Matplotlib's text."""
    axes.text(*where, text, fontsize=size, color=color, ha="center", va="center", **more)


def percents(point: Point, target: float) -> str:
    """Accuracy as measured and, where it was taken there, at the target cost."""
    measured = f"{point.accuracy.mean:.1f} %"
    return measured if point.adjusted is None else f"{measured}; at ×{target:g} {point.adjusted.mean:.1f} %"

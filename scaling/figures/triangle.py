"""The triangle of shares: every way to spend a budget on depth, width and resolution, and what each one got."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from scaling.figures import style
from scaling.figures.points import Point, State
from scaling.figures.ternary import HEIGHT, corners, frame, panel, percents, place
from scaling.figures.triangle_numbers import RING, TriangleNumbers, adjusted_or_accuracy


def triangle(numbers: TriangleNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw the triangle, coloured by adjusted accuracy: the fitted surface behind, the networks on it.

    Args:
        numbers: from `triangle_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    figure = style.new_figure(7.4)
    axes = panel(figure, (0.045, 0.07, 0.77, 0.835))
    colours = _colours(numbers)
    _surface(axes, numbers, colours)
    frame(axes)
    _ties_to_places(axes, numbers)
    drawn = sorted(zip(numbers.points, numbers.spots, strict=True), key=lambda pair: _over(pair[0]))
    for point, spot in drawn:
        _draw(axes, point, spot, colours)
    corners(axes, numbers.points, numbers.target)
    _labels(axes, [(point, spot) for point, spot in drawn if point.best or "paper" in point.roles], numbers.target)
    _colour_bar(figure, colours, numbers)
    _legend(figure, numbers)
    style.heading(figure, title or "How to spend the budget: depth, width or resolution")
    style.caption(figure, _caption(numbers, data_set, device))
    return figure


def _ties_to_places(axes: Axes, numbers: TriangleNumbers) -> None:
    """A thin line from each network that stands beside its place to the place."""
    for point, spot in zip(numbers.points, numbers.spots, strict=True):
        own = place(point.shares or ())
        if math.dist(own, spot) > RING / 2:
            axes.plot(*zip(own, spot, strict=True), color=style.INK, linewidth=0.7, clip_on=False, zorder=4)


def _colours(numbers: TriangleNumbers) -> ScalarMappable:
    low, high = numbers.colours
    margin = max(0.0, 0.2 - (high - low)) / 2  # a study without spread still gets a readable bar
    return ScalarMappable(Normalize(low - margin, high + margin), colormaps[style.SURFACE_COLOURS])


def _surface(axes: Axes, numbers: TriangleNumbers, colours: ScalarMappable) -> None:
    if numbers.grid is None or numbers.surface is None:
        return
    net = Triangulation(*np.array([place(shares) for shares in numbers.grid]).T)
    unknown = np.isnan(numbers.surface)
    if unknown[net.triangles].any(axis=1).all():
        return
    net.set_mask(unknown[net.triangles].any(axis=1))
    levels = np.linspace(*colours.get_clim(), 13)
    pale = style.paler(style.SURFACE_COLOURS)
    axes.tricontourf(net, np.nan_to_num(numbers.surface, nan=levels[0]), levels, cmap=pale, norm=colours.norm, extend="both")
    if numbers.optimum is not None and numbers.region is not None:
        corners = [place(shares) for shares in numbers.region]
        axes.fill(*zip(*corners, strict=True), fill=False, edgecolor=style.INK, linewidth=2, linestyle="dashed", zorder=3)
        cross: dict[str, Any] = {"markersize": 11, "markeredgewidth": 2, "color": style.INK}
        axes.plot(*place(numbers.optimum), marker="+", clip_on=False, zorder=8, **cross)  # over the star, if it is there


def _over(point: Point) -> tuple[bool, bool, bool, float]:
    return point.best, bool(point.roles), bool(point.tied), adjusted_or_accuracy(point)


def _draw(axes: Axes, point: Point, spot: NDArray[np.float64], colours: ScalarMappable) -> None:
    marker, size = _looks(point)
    crossed = point.state is State.NOT_ELIGIBLE
    axes.plot(
        *spot,
        marker=marker,
        markersize=size,
        markerfacecolor=colours.to_rgba(np.array(adjusted_or_accuracy(point))),
        markeredgecolor=style.FAINT if crossed else style.INK if point.tied else "white",
        markeredgewidth=1.8 if point.tied or crossed else 1.0,
        linestyle="none",
        clip_on=False,
        zorder=7 if point.best else 5,
    )


def _looks(point: Point) -> tuple[str, float]:
    if point.best:
        return style.MARKERS["best"], 19
    if point.state is State.NOT_ELIGIBLE:
        return style.MARKERS["not eligible"], 6
    kind = "paper" if "paper" in point.roles else "lattice"
    return style.MARKERS[kind], (11 if point.tied else 7)


def _labels(axes: Axes, named: Sequence[tuple[Point, NDArray[np.float64]]], target: float) -> None:
    """Names in the free space right of the top corner, each with a line to its point."""
    line = {"arrowstyle": "-", "color": style.INK, "linewidth": 0.9, "shrinkA": 4, "shrinkB": 8, "relpos": (0, 0.5)}
    for (point, spot), where in zip(named, _uncrossed([spot for _, spot in named]), strict=True):
        axes.annotate(
            f"{point.label}\n{percents(point, target)}\n{point.name}",
            (float(spot[0]), float(spot[1])),
            xytext=where,
            va="center",
            fontsize=style.TEXT_SIZE,
            color=style.INK,
            linespacing=1.2,
            weight="bold" if point.best else "normal",
            arrowprops=line,
            annotation_clip=False,
            zorder=4,
        )


def _uncrossed(ends: Sequence[NDArray[np.float64]]) -> tuple[tuple[float, float], ...]:
    """A row for each name; the shortest lines never cross."""
    rows = [(0.80, HEIGHT * (0.97 - 0.19 * row)) for row in range(len(ends))]
    return min(itertools.permutations(rows), key=lambda order: sum(map(math.dist, order, ends)))


def _colour_bar(figure: Figure, colours: ScalarMappable, numbers: TriangleNumbers) -> None:
    """The colours' scale, and beside it how long the standard error of a difference is on it."""
    axes = figure.add_axes((0.868, 0.16, 0.022, 0.40))
    bar = figure.colorbar(colours, cax=axes)
    bar.outline.set_visible(False)
    bar.set_label(f"accuracy at ×{numbers.target:g} MACs, %", fontsize=style.LABEL_SIZE, color=style.INK)
    axes.tick_params(labelsize=style.SMALL_SIZE + 0.5, colors=style.INK, color=style.FAINT)
    if numbers.difference_error is None:
        return
    low, high = colours.get_clim()
    middle = (low + high) / 2
    ends = [middle - numbers.difference_error / 2, middle + numbers.difference_error / 2]
    axes.plot([-0.55, -0.55], ends, color=style.INK, linewidth=1.6, marker="_", markersize=7, clip_on=False)
    told = f"standard error\nof a difference\n{numbers.difference_error:.2f} points"
    axes.text(-1.1, middle, told, fontsize=style.SMALL_SIZE, color=style.INK, ha="right", va="center")


def _legend(figure: Figure, numbers: TriangleNumbers) -> None:
    marks: dict[str, Any] = {"marker": "o", "linestyle": "none", "markerfacecolor": style.FAINT}
    looks: dict[State, dict[str, Any]] = {
        State.TIED: {**marks, "markersize": 10, "markeredgecolor": style.INK, "markeredgewidth": 1.8},
        State.UNTESTED: {**marks, "markersize": 7, "markeredgecolor": "white"},
        State.WORSE: {**marks, "markersize": 7, "markeredgecolor": "white"},
        State.NOT_ELIGIBLE: {
            **marks,
            "marker": style.MARKERS["not eligible"],
            "markersize": 6,
            "markeredgecolor": style.FAINT,
            "markeredgewidth": 1.8,
        },
    }
    present = {point.state for point in numbers.points}
    handles = [Line2D([], [], label=state.value, **looks[state]) for state in State if state in present]
    if numbers.optimum is not None:
        cross: dict[str, Any] = {"marker": "+", "markersize": 11, "markeredgewidth": 2.2, "linestyle": "none"}
        handles.append(Line2D([], [], color=style.INK, label="the surface's optimum", **cross))
        label = f"its {numbers.confidence:g} % region"
        handles.append(Line2D([], [], color=style.INK, linewidth=2, linestyle="dashed", label=label))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.002, 0.905),
        frameon=False,
        fontsize=style.SMALL_SIZE + 0.5,
        labelspacing=0.7,
    )
    figure.text(0.012, 0.945, numbers.verdict, fontsize=style.LABEL_SIZE, color=style.INK, va="top")


def _caption(numbers: TriangleNumbers, data_set: str, device: str) -> str:
    return (
        f"{data_set}, {numbers.images} validation images, {numbers.seeds} per network, {device}."
        "\nPoints: networks as measured, taken to the target cost; those of one place stand around it."
        + (" Background, paler: the quadratic fitted to them, where they support it." if numbers.grid is not None else "")
    )

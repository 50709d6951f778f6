"""The triangle of shares: every way to spend a budget on depth, width and resolution, and what each one got."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.surface import Fitted, NoOptimum, NoSurface
from scaling.figures import style
from scaling.figures.points import Point, State, points, seeds_text

_CORNERS = (("depth", (1.0, 0.0, 0.0)), ("width", (0.0, 1.0, 0.0)), ("resolution", (0.0, 0.0, 1.0)))
_LINES = (0.2, 0.4, 0.6, 0.8)
_ONE_PLACE = 0.025  # nearer, two networks are one place
_RING = 0.028
_HEIGHT = 3**0.5 / 2


class TriangleNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        points: every network with shares, in the study's order.
        spots: shape (points, 2): where each is drawn; networks of one place stand around it.
        colours: lowest and highest adjusted accuracy shown, in percent.
        difference_error: standard error of the difference of two networks, in points; None where it is not known.
        grid: shape (m, 3): shares of the surface's points; None without a surface.
        surface: shape (m,): predictions in percent, nan where the networks do not support one; None without a surface.
        region: shape (corners, 3): shares around the optimum's region; None without an optimum.
        optimum: shares of the surface's optimum; None if there is none that is supported.
        verdict: what the surface says, in words.
        target: cost over the baseline's.
        confidence: of region and ties, in percent.
        images: number each training was judged on.
        seeds: of the networks, in words.
    """

    points: tuple[Point, ...]
    spots: NDArray[np.float64]
    colours: tuple[float, float]
    difference_error: float | None
    grid: NDArray[np.float64] | None
    surface: NDArray[np.float64] | None
    region: NDArray[np.float64] | None
    optimum: tuple[float, float, float] | None
    verdict: str
    target: float
    confidence: float
    images: int
    seeds: str


def triangle_numbers(networks: Sequence[Measured], ranking: Ranking, fitted: Fitted) -> TriangleNumbers:
    """The numbers of `triangle`.

    Args:
        networks: as they were ranked, in the same order.
        ranking: of them.
        fitted: the surface over them.

    Raises:
        ValueError: the ranking is of other networks, or no network has shares.
    """
    found = tuple(point for point in points(networks, ranking) if point.shares is not None)
    if not found:
        raise ValueError("triangle_numbers: at least one network needs shares, got none")
    adjusted = [_value(point) for point in found]
    surface, error = fitted.surface, ranking.difference_error
    optimum = surface.optimum if surface else None
    return TriangleNumbers(
        found,
        _around([place(point.shares or ()) for point in found]),
        (min(adjusted), max(adjusted)),
        None if error is None else 100 * error,
        surface.grid if surface else None,
        np.where(surface.supported, 100 * surface.surface, np.nan) if surface else None,
        surface.region if surface and optimum else None,
        optimum.shares if optimum else None,
        _verdict(fitted),
        ranking.target,
        100 * ranking.confidence,
        ranking.images,
        seeds_text([network.seeds for network in networks]),
    )


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


def panel(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Axes for a triangle at a place of the figure."""
    axes = figure.add_axes(box)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-0.09, 1.09)
    axes.set_ylim(-0.13, _HEIGHT + 0.11)
    return axes


def place(shares: Sequence[float]) -> tuple[float, float]:
    """Where shares lie: depth at the lower left, width at the lower right, resolution at the top; sides of length 1."""
    _, width, resolution = shares
    return width + resolution / 2, resolution * _HEIGHT


def _verdict(fitted: Fitted) -> str:
    surface = fitted.surface
    if surface is None:
        few = f"{fitted.networks} networks with shares, 8 are needed"
        return f"no surface: {few if fitted.reason is NoSurface.FEW_NETWORKS else 'the networks do not span the triangle'}"
    if surface.optimum is None:
        return {
            NoOptimum.BELOW_BEST: "no supported optimum above the best network",
            NoOptimum.NOT_LOCATED: "no located optimum: the fitted surface has no reliable peak",
            None: "",
        }[surface.reason]
    depth, width, resolution = (100 * share for share in surface.optimum.shares)
    return (
        f"supported optimum, to be trained: depth {depth:.0f} %, width {width:.0f} %, resolution {resolution:.0f} %, "
        f"predicted {100 * surface.optimum.predicted.value:.1f} %"
    )


def _value(point: Point) -> float:
    """Accuracy at the target cost, or as it is where that was not asked for, in percent."""
    return (point.adjusted or point.accuracy).mean


def _around(places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Where networks are drawn, shape (n, 2): those of one place evenly on a small ring around it."""
    spots = np.array(places, dtype=float)
    taken = np.zeros(len(spots), dtype=bool)
    for index in range(len(spots)):
        if taken[index]:
            continue
        same = np.flatnonzero(~taken & (np.hypot(*(spots - spots[index]).T) < _ONE_PLACE))
        taken[same] = True
        if len(same) > 1:
            angles = np.pi / 2 + 2 * np.pi * np.arange(len(same)) / len(same)
            spots[same] = spots[index] + _RING * np.column_stack([np.cos(angles), np.sin(angles)])
    return spots


def _ties_to_places(axes: Axes, numbers: TriangleNumbers) -> None:
    """A thin line from each network that stands beside its place to the place."""
    for point, spot in zip(numbers.points, numbers.spots, strict=True):
        own = place(point.shares or ())
        if math.dist(own, spot) > _RING / 2:
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


def frame(axes: Axes, lines: str = "white") -> None:
    """Outline, lines of equal share in a colour, and along each edge the share that grows from 0 % there."""
    axes.plot(*zip(*(place(shares) for _, shares in (*_CORNERS, _CORNERS[0])), strict=True), color=style.INK, linewidth=1)
    for share in _LINES:
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
            _text(axes, (x + right, y + up), f"{100 * share:.0f}", size=style.SMALL_SIZE, color="#555555")
    _text(axes, (0.5, -0.072), "share of depth, %", size=style.SMALL_SIZE + 0.5)
    _text(axes, (0.845, 0.475), "share of width, %", size=style.SMALL_SIZE + 0.5, rotation=-60)
    _text(axes, (0.155, 0.475), "share of resolution, %", size=style.SMALL_SIZE + 0.5, rotation=60)


def _over(point: Point) -> tuple[bool, bool, bool, float]:
    return point.best, bool(point.roles), bool(point.tied), _value(point)


def _draw(axes: Axes, point: Point, spot: NDArray[np.float64], colours: ScalarMappable) -> None:
    marker, size = _looks(point)
    crossed = point.state is State.NOT_ELIGIBLE
    axes.plot(
        *spot,
        marker=marker,
        markersize=size,
        markerfacecolor=colours.to_rgba(np.array(_value(point))),
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


def corners(axes: Axes, drawn: Sequence[Point] = (), target: float = 1) -> None:
    """The dimension's name at each corner, with the accuracies of the points that lie there."""
    offsets = {"depth": (-0.03, -0.075), "width": (0.03, -0.075), "resolution": (0, 0.07)}
    for corner, shares in _CORNERS:
        here = [_percents(point, target) for point in drawn if corner in point.roles]
        x, y = place(shares)
        right, up = offsets[corner]
        _text(axes, (x + right, y + up), "\n".join([f"{corner} only", *here]), size=style.TEXT_SIZE, linespacing=1.2)


def _percents(point: Point, target: float) -> str:
    """Accuracy as measured and, where it was taken there, at the target cost."""
    measured = f"{point.accuracy.mean:.1f} %"
    return measured if point.adjusted is None else f"{measured}; at ×{target:g} {point.adjusted.mean:.1f} %"


def _labels(axes: Axes, named: Sequence[tuple[Point, NDArray[np.float64]]], target: float) -> None:
    """Names in the free space right of the top corner, each with a line to its point."""
    line = {"arrowstyle": "-", "color": style.INK, "linewidth": 0.9, "shrinkA": 4, "shrinkB": 8, "relpos": (0, 0.5)}
    for (point, spot), where in zip(named, _uncrossed([spot for _, spot in named]), strict=True):
        axes.annotate(
            f"{point.label}\n{_percents(point, target)}\n{point.name}",
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
    rows = [(0.80, _HEIGHT * (0.97 - 0.19 * row)) for row in range(len(ends))]
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


def _text(axes: Axes, where: tuple[float, float], text: str, *, size: float, color: str = style.INK, **more: Any) -> None:
    axes.text(*where, text, fontsize=size, color=color, ha="center", va="center", **more)

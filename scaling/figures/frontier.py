"""Accuracy over realised MACs: what each network got for its cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from scaling.analysis.eligibility import ELIGIBLE_WITHIN
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Adjustment, Ranking
from scaling.figures import style
from scaling.figures.points import Point, State, points, seeds_text

_STEPS_OF_TEN = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_BAR_WIDTH = 1.0


class FrontierNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        points: every network, in the study's order.
        baseline_macs: MACs at ratio 1.
        target_macs: MACs at the target.
        eligible_macs: lowest and highest MACs that may win.
        adjustment: how accuracies are taken to the target cost.
        slope: percentage points per doubling of MACs.
        confidence: of the bars, in percent.
        images: number each training was judged on.
        seeds: of the networks, in words.
    """

    points: tuple[Point, ...]
    baseline_macs: float
    target_macs: float
    eligible_macs: tuple[float, float]
    adjustment: Adjustment
    slope: float
    confidence: float
    images: int
    seeds: str


def frontier_numbers(networks: Sequence[Measured], ranking: Ranking) -> FrontierNumbers:
    """The numbers of `frontier`.

    Args:
        networks: as they were ranked, in the same order.
        ranking: of them.

    Raises:
        ValueError: the ranking is of other networks.
    """
    found = points(networks, ranking)
    baseline = networks[0].macs / networks[0].ratio
    target = baseline * ranking.target
    return FrontierNumbers(
        found,
        baseline,
        target,
        (target * (1 - ELIGIBLE_WITHIN), target * (1 + ELIGIBLE_WITHIN)),
        ranking.adjustment,
        100 * ranking.slope * math.log(2),
        100 * ranking.confidence,
        ranking.images,
        seeds_text([network.seeds for network in networks]),
    )


def frontier(numbers: FrontierNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw accuracy over MACs: bars are intervals, filled points tie with the best, hollow ones are shown to be worse, crosses
    may not be chosen.

    Args:
        numbers: from `frontier_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    figure = style.new_figure(6.1)
    axes = figure.add_axes((0.075, 0.205, 0.745, 0.595))
    _scales(axes, numbers)
    _target(axes, numbers)
    for point in sorted(numbers.points, key=_over):
        _draw(axes, point)
    _labels(axes, [point for point in numbers.points if point.label])
    _legend(figure, numbers)
    style.heading(figure, title or "Accuracy for the cost")
    style.caption(figure, _caption(numbers, data_set, device))
    return figure


def _scales(axes: Axes, numbers: FrontierNumbers) -> None:
    macs = [point.macs for point in numbers.points] + list(numbers.eligible_macs)
    low, high = min(macs) / 1.07, max(macs) * 1.05
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    bottom = min(point.accuracy.low for point in numbers.points)
    top = max(point.accuracy.high for point in numbers.points)
    margin = max(0.05 * (top - bottom), 0.1)
    axes.set_ylim(bottom - margin, top + margin)
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10)))  # no steps of .25: two decimals find no room
    style.plain(axes)
    unit, name = (1e9, "billion") if low >= 1e9 else (1e6, "million") if low >= 1e5 else (1e3, "thousand")
    axes.xaxis.set_major_locator(FixedLocator(_round_macs(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / unit:g}"))
    axes.yaxis.grid(True, color=style.GRID, linewidth=0.8)
    axes.set_xlabel(f"MACs per image, {name} (log scale)", fontsize=style.LABEL_SIZE, color=style.INK)
    axes.set_ylabel("validation accuracy, %", fontsize=style.LABEL_SIZE, color=style.INK)
    _ratio_axis(axes, numbers.baseline_macs)


def _round_macs(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in _STEPS_OF_TEN]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) <= 10 else [tick for tick in inside if f"{tick:e}"[0:3] in ("1.0", "2.0", "5.0")]


def _ratio_axis(axes: Axes, baseline: float) -> None:
    def ratio(macs: Any) -> Any:
        return macs / baseline

    def macs(ratio: Any) -> Any:
        return ratio * baseline

    top = axes.secondary_xaxis("top", functions=(ratio, macs))
    low, high = (edge / baseline for edge in axes.get_xlim())
    inside = [ratio for ratio in _RATIOS if low <= ratio <= high]
    top.xaxis.set_major_locator(FixedLocator(inside if len(inside) <= 9 else [r for r in inside if math.log2(r) % 1 == 0]))
    top.xaxis.set_minor_locator(NullLocator())
    top.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:g}"))
    top.set_xlabel("times the baseline's MACs", fontsize=style.LABEL_SIZE, color=style.INK, labelpad=6)
    top.tick_params(colors=style.INK, labelsize=style.SMALL_SIZE + 0.5, color=style.FAINT)
    top.spines["top"].set_color(style.FAINT)


def _target(axes: Axes, numbers: FrontierNumbers) -> None:
    axes.axvspan(*numbers.eligible_macs, color=style.BAND, linewidth=0, zorder=0)
    axes.axvline(numbers.target_macs, color=style.FAINT, linewidth=1, linestyle=(0, (5, 3)), zorder=1)


def _over(point: Point) -> tuple[bool, bool, bool]:
    return point.best, bool(point.roles), bool(point.tied)


def _looks(point: Point) -> tuple[str, str, float]:
    """Colour, marker and size."""
    if point.best:
        return style.BEST, style.MARKERS["best"], 15
    if point.roles:
        return style.COLOURS[point.roles[0]], style.MARKERS[point.roles[0]], 8
    if point.state is State.NOT_ELIGIBLE:
        return style.FAINT, style.MARKERS["not eligible"], 6
    return style.TIED, style.MARKERS["lattice"], 6


def _draw(axes: Axes, point: Point) -> None:
    colour, marker, size = _looks(point)
    named = bool(point.label)
    axes.plot(
        [point.macs, point.macs],
        [point.accuracy.low, point.accuracy.high],
        color=colour,
        linewidth=1.6 if named else _BAR_WIDTH,
        alpha=0.9 if named else 0.35,
        solid_capstyle="butt",
        zorder=3 if named else 2,
    )
    crossed = marker == style.MARKERS["not eligible"]
    filled = point.state in (State.TIED, State.UNTESTED) or "baseline" in point.roles
    axes.plot(
        [point.macs],
        [point.accuracy.mean],
        marker=marker,
        markersize=size,
        markerfacecolor=colour if filled else "white",
        markeredgecolor="white" if filled and not crossed else colour,
        markeredgewidth=0.8 if filled else 1.5,
        alpha=0.55 if point.state is State.UNTESTED else 1,
        linestyle="none",
        zorder=6 if point.best else 5 if named else 4,
    )


def _labels(axes: Axes, named: Sequence[Point]) -> None:
    """The baseline's name beside its point; the others in a column beside the axes, none covering another."""
    low, high = axes.get_ylim()
    column = [point for point in named if "baseline" not in point.roles]
    lines = max((_text(point).count("\n") + 1 for point in column), default=1)
    gap = (0.02 + 0.055 * lines) * (high - low)
    places = style.spread([point.accuracy.mean for point in column], gap, low, high)
    for point, place in zip(column, places, strict=True):
        _label(axes, point, (1.03, (place - low) / (high - low)), "axes fraction")
    for point in named:
        if "baseline" in point.roles:
            _label(axes, point, (9, 0), "offset points")


def _text(point: Point) -> str:
    mean = f"{point.accuracy.mean:.1f}"
    if point.best and point.roles:  # too long for one line beside the axes
        return f"best {mean}\n= {' = '.join(point.roles)}"
    return f"{point.label} {mean}"


def _label(axes: Axes, point: Point, place: tuple[float, float], coordinates: str) -> None:
    line = {"arrowstyle": "-", "color": style.FAINT, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 6}
    axes.annotate(
        _text(point),
        (point.macs, point.accuracy.mean),
        xytext=place,
        textcoords=coordinates,
        va="center",
        fontsize=style.TEXT_SIZE,
        color=style.INK,
        weight="bold" if point.best else "normal",
        arrowprops=line if coordinates == "axes fraction" else None,
        annotation_clip=False,
        zorder=7,
    )


def _legend(figure: Figure, numbers: FrontierNumbers) -> None:
    ratio = numbers.target_macs / numbers.baseline_macs
    marks: dict[str, Any] = {
        "marker": style.MARKERS["lattice"],
        "markersize": 7,
        "linestyle": "none",
        "color": style.TIED,
    }
    looks: dict[State, dict[str, Any]] = {
        State.TIED: {**marks, "markeredgecolor": "white"},
        State.UNTESTED: {**marks, "markeredgecolor": "white", "alpha": 0.55},
        State.WORSE: {**marks, "markerfacecolor": "white", "markeredgewidth": 1.5},
        State.NOT_ELIGIBLE: {
            **marks,
            "marker": style.MARKERS["not eligible"],
            "color": style.FAINT,
            "markeredgewidth": 1.5,
        },
    }
    present = {point.state for point in numbers.points if "baseline" not in point.roles}
    handles = [
        *(Line2D([], [], label=state.value, **looks[state]) for state in State if state in present),
        Line2D([], [], color=style.FAINT, linestyle=(0, (5, 3)), linewidth=1, label=f"target ×{ratio:g}"),
        Patch(facecolor=style.BAND, label=f"eligible: within {ELIGIBLE_WITHIN:.0%}".replace("%", " %")),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.002, 0.945),
        ncols=5,
        frameon=False,
        fontsize=style.SMALL_SIZE + 0.5,
        handletextpad=0.5,
        columnspacing=1.3,
    )


def _caption(numbers: FrontierNumbers, data_set: str, device: str) -> str:
    doubling = f"{numbers.slope:+.2f} points per doubling of MACs"
    adjusted = {
        Adjustment.OWN_CURVE: f"each along its curve from the baseline ({doubling} on average over the eligible)",
        Adjustment.SHARED_SLOPE: f"along {doubling}, fitted over the study",
        Adjustment.NONE: "unadjusted",
    }[numbers.adjustment]
    return (
        f"{data_set}, {numbers.images} validation images, {numbers.seeds} per network, {device}. Bars: "
        f"{numbers.confidence:g} % intervals of each network alone; ties are decided by a paired test, so bars may overlap and "
        f"networks yet be told apart. The best is chosen at exactly the target cost, {adjusted}."
    )

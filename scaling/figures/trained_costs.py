"""What accuracy costs in trained networks: over MACs and over parameters, every rule of a family and the points of a search."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.analysis.errors import CONFIDENCE
from scaling.analysis.intervals import Interval
from scaling.count.cost import Cost
from scaling.family.result import Family
from scaling.figures import style
from scaling.figures.curves import end_names, labels, log_scale, panel
from scaling.figures.points import Percent, seeds_text
from scaling.figures.rule_curves import LOOKS
from scaling.grid.reopen import Search
from scaling.grid.space import Candidate
from scaling.study.collect import tested
from scaling.study.history import require_same_images

_TICKS = (1, 1.5, 2, 3, 5, 7, 10)


class TrainedPoint(NamedTuple):
    """One network: its name, multiply-adds, parameters, and test accuracy in percent."""

    name: str
    macs: int
    params: int
    accuracy: Percent


class TrainedCostsNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        lines: of each rule, its networks, cheapest first.
        points: of the search, the networks that were shown the test images and are of no rule of the family.
        images: number each training was judged on.
        seeds: of the networks, in words.
    """

    lines: dict[str, tuple[TrainedPoint, ...]]
    points: tuple[TrainedPoint, ...]
    images: int
    seeds: str


def trained_costs_numbers(family: Family, search: Search | None = None) -> TrainedCostsNumbers:
    """The numbers of `trained_costs`.

    Args:
        family: whose rules are drawn as lines.
        search: whose tested networks are drawn as points, where the family has not got them; None for none.

    Raises:
        SpecError: the two were made on different images.
    """
    costs = {one.label: one.cost for one in family.study.networks}
    accuracies = family.result.accuracies
    lines = {
        curve.rule: tuple(_point(one.name, costs[one.name], accuracies[one.name]) for one in curve.networks)
        for curve in family.result.curves
    }
    others = [] if search is None else _others(family, search, lines.keys())
    shown = {} if search is None else tested(search.study, search.run)
    points = tuple(_point(_name(one.origin), one.cost, shown[one.label]) for one in others)
    seeds = [accuracy.n for accuracy in accuracies.values()] + [shown[one.label].n for one in others]
    return TrainedCostsNumbers(lines, points, family.result.images, seeds_text(seeds))


def _others(family: Family, search: Search, rules: Collection[str]) -> list[Candidate]:
    """Networks of a search that were shown the test images and are of no rule of the family."""
    require_same_images([family.study, search.study])
    known = {one.architecture.structure for one in family.study.networks}
    shown = tested(search.study, search.run)
    return [
        one
        for one in search.collected.candidates
        if one.label in shown and one.architecture.structure not in known and _name(one.origin) not in rules
    ]


def trained_costs(numbers: TrainedCostsNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw accuracy over MACs on the left and over parameters on the right.

    Args:
        numbers: from `trained_costs_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    figure = style.new_figure(5.6)
    left = panel(figure, (0.07, 0.2, 0.31, 0.69))
    right = panel(figure, (0.565, 0.2, 0.31, 0.69))
    _draw(left, numbers, "macs", 1e6, "MACs per image, million (log scale)")
    _draw(right, numbers, "params", 1e3, "parameters, thousand (log scale)")
    right.set_ylabel("")
    style.heading(figure, title or "What accuracy costs: networks trained here")
    style.caption(
        figure,
        f"{data_set}, {numbers.images} test images, {numbers.seeds} per network, {device}. Bars: "
        f"{100 * CONFIDENCE:g} % intervals of each network alone. Scaling the resolution adds no parameters: its line stands "
        "upright on the right.",
    )
    return figure


def _draw(axes: Axes, numbers: TrainedCostsNumbers, measure: str, unit: float, words: str) -> None:
    every = [point for line in numbers.lines.values() for point in line] + list(numbers.points)
    sizes = [getattr(point, measure) / unit for point in every]
    low, high = min(sizes) / 1.1, max(sizes) * 1.1
    ticks = [step * 10.0**decade for decade in range(-3, 6) for step in _TICKS if low <= step * 10.0**decade <= high]
    log_scale(axes, "x", (low, high), dict.fromkeys(ticks))
    axes.set_ylim(min(point.accuracy.low for point in every) - 0.1, max(point.accuracy.high for point in every) + 0.1)
    labels(axes, words, "test accuracy, %")
    ends = []
    for rule, line in numbers.lines.items():
        colour, marker = LOOKS[rule]
        places = [getattr(point, measure) / unit for point in line]
        means = [point.accuracy.mean for point in line]
        axes.plot(places, means, color=colour, marker=marker, markersize=6.5, markeredgecolor="white", linewidth=1.6)
        _bars(axes, places, line, colour)
        ends.append((rule, places[-1], means[-1]))
    for point in numbers.points:
        place = getattr(point, measure) / unit
        axes.plot([place], [point.accuracy.mean], marker=style.MARKERS["paper"], color=style.BASELINE, markersize=6.5)
        _bars(axes, [place], [point], style.BASELINE)
        ends.append((point.name, place, point.accuracy.mean))
    end_names(axes, ends, 0.065)


def _bars(axes: Axes, places: Sequence[float], points: Sequence[TrainedPoint], colour: str) -> None:
    for place, point in zip(places, points, strict=True):
        axes.plot([place] * 2, [point.accuracy.low, point.accuracy.high], color=colour, linewidth=1, alpha=0.45, zorder=1)


def _point(name: str, cost: Cost, accuracy: Interval) -> TrainedPoint:
    return TrainedPoint(name, cost.macs, cost.params, Percent(*(100 * value for value in accuracy[:3])))


def _name(origin: Sequence[str]) -> str:
    """What a network of a search stands for; `best` for one that is no reference."""
    named = [name for name in origin if name != "lattice"]
    return " = ".join(named) or "best of the search"

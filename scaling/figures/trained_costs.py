"""What accuracy costs in trained networks: over MACs and over parameters, every rule of a family and the points of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.analysis.errors import Interval, errors, interval
from scaling.analysis.measured import Measured
from scaling.counting import Cost
from scaling.figures import style
from scaling.figures.curves import end_names, labels, log_scale, panel
from scaling.figures.points import Percent, seeds_text
from scaling.figures.rule_curves import LOOKS
from scaling.recorded import Family, Search, require_same_pictures

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
        points: of the search, the networks that were shown the test pictures and are of no rule.
        pictures: number each training was judged on.
        seeds: of the networks, in words.
    """

    lines: dict[str, tuple[TrainedPoint, ...]]
    points: tuple[TrainedPoint, ...]
    pictures: int
    seeds: str


def trained_costs_numbers(family: Family, search: Search) -> TrainedCostsNumbers:
    """The numbers of `trained_costs`.

    Args:
        family: whose rules are drawn as lines.
        search: whose tested networks are drawn as points, where the family has not got them.

    Raises:
        SpecError: the two were made on different pictures.
    """
    require_same_pictures([family.records, search.records])
    costs = {one.label: one.cost for one in family.networks}
    lines = {
        curve.rule: tuple(_point(one.name, costs[one.name], family.result.accuracies[one.name]) for one in curve.networks)
        for curve in family.result.curves
    }
    known = {one.architecture.structure for one in family.networks}
    pooled = errors(search.tested)
    tested = {one.name: one for one in search.tested}
    points = tuple(
        _point(_name(one.origin), one.cost, _judged(tested[one.label], pooled.seed_variance, pooled.degrees_of_freedom))
        for one in search.candidates
        if one.label in tested and one.architecture.structure not in known
    )
    seeds = [accuracy.n for accuracy in family.result.accuracies.values()]
    return TrainedCostsNumbers(lines, points, family.result.pictures, seeds_text(seeds))


def trained_costs(numbers: TrainedCostsNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw accuracy over MACs on the left and over parameters on the right.

    Args:
        numbers: from `trained_costs_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    figure = style.new_figure(5.6)
    left = panel(figure, (0.075, 0.2, 0.335, 0.69))
    right = panel(figure, (0.535, 0.2, 0.335, 0.69))
    _draw(left, numbers, "macs", 1e6, "MACs per picture, million (log scale)")
    _draw(right, numbers, "params", 1e3, "parameters, thousand (log scale)")
    right.set_ylabel("")
    style.heading(figure, title or "What accuracy costs: networks trained here")
    style.caption(
        figure,
        f"{data_set}, {numbers.pictures} test pictures, {numbers.seeds} per network, {device}. Scaling the resolution adds no "
        "parameters: its line stands upright on the right.",
    )
    return figure


def _draw(axes: Axes, numbers: TrainedCostsNumbers, measure: str, unit: float, words: str) -> None:
    every = [point for line in numbers.lines.values() for point in line] + list(numbers.points)
    sizes = [getattr(point, measure) / unit for point in every]
    low, high = min(sizes) / 1.1, max(sizes) * 1.1
    ticks = [step * 10.0**decade for decade in range(-3, 6) for step in _TICKS if low <= step * 10.0**decade <= high]
    log_scale(axes, "x", (low, high), dict.fromkeys(ticks))
    heights = [point.accuracy.mean for point in every]
    axes.set_ylim(min(heights) - 0.15, max(heights) + 0.15)
    labels(axes, words, "test accuracy, %")
    ends = []
    for rule, line in numbers.lines.items():
        colour, marker = LOOKS[rule]
        places = [getattr(point, measure) / unit for point in line]
        means = [point.accuracy.mean for point in line]
        axes.plot(places, means, color=colour, marker=marker, markersize=6.5, markeredgecolor="white", linewidth=1.6)
        ends.append((rule, places[-1], means[-1]))
    for point in numbers.points:
        place = getattr(point, measure) / unit
        axes.plot([place], [point.accuracy.mean], marker=style.MARKERS["paper"], color=style.BASELINE, markersize=6.5)
        ends.append((point.name, place, point.accuracy.mean))
    end_names(axes, ends, 0.065)


def _point(name: str, cost: Cost, accuracy: Interval) -> TrainedPoint:
    return TrainedPoint(name, cost.macs, cost.params, Percent(*(100 * value for value in accuracy[:3])))


def _judged(one: Measured, seed_variance: float, degrees_of_freedom: int) -> Interval:
    return interval(one.correct, seed_variance, degrees_of_freedom)


def _name(origin: Sequence[str]) -> str:
    """What a network of a search stands for; `best` for one that is no reference."""
    named = [name for name in origin if name != "lattice"]
    return " = ".join(named) or "best of the search"

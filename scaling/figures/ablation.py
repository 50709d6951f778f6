"""An ablation: each recipe's accuracy over its training time, one panel a network."""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scaling.ablation.comparison import Verdict
from scaling.ablation.result import Ablation, Judged
from scaling.figures import style
from scaling.figures.curves import end_names, labels, panel
from scaling.figures.points import Percent, seeds_text

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c510a", "#6a51a3", "#7a7a00")
_MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")  # one fewer than colours, so that a pair of both repeats late
_REFERENCE = ("#000000", "s")
_NAME_INCHES = 0.33  # between two names beside a panel, their line and half of another
_LETTER = 0.0089  # of a name, as a share of the figure's width


class AblationPoint(NamedTuple):
    """One recipe on one network.

    Attributes:
        recipe: its name.
        time: training seconds over the reference's.
        accuracy: in percent.
        verdict: against the reference; None of the reference itself, and where it is not compared.
    """

    recipe: str
    time: float
    accuracy: Percent
    verdict: Verdict | None


class AblationNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        panels: by network, its recipes that were measured and timed.
        recipes: all names, in the order of their colours.
        reference: the recipe that the others are compared with.
        images: number each training was judged on.
        seeds: of the pairs, in words.
        confidence: of the bars, in percent.
        timed: seeds that a ratio of times is a median of, the fewest.
    """

    panels: dict[str, tuple[AblationPoint, ...]]
    recipes: tuple[str, ...]
    reference: str
    images: int
    seeds: str
    confidence: float
    timed: int


def ablation_numbers(ablation: Ablation) -> AblationNumbers:
    """The numbers of `ablation_curves`; networks whose reference was not measured are left out."""
    found, spec = ablation.comparison, ablation.study.spec
    verdicts = {(one.network, one.recipe): one.verdict for one in found.entries}
    panels: dict[str, list[AblationPoint]] = {}
    for one in ablation.judged:
        time = _time(ablation, one)
        if one.accuracy is not None and time is not None:
            percent = Percent(*(100 * value for value in one.accuracy[:3]))
            point = AblationPoint(one.pair.recipe, time, percent, verdicts.get((one.pair.network, one.pair.recipe)))
            panels.setdefault(one.pair.network, []).append(point)
    return AblationNumbers(
        {name: tuple(points) for name, points in panels.items()},
        tuple(spec.recipes),
        found.reference,
        found.images,
        seeds_text([one.n for one in found.accuracies.values()]),
        100 * found.confidence,
        min((ratio.n for (network, _), ratio in ablation.ratios.items() if network is not None), default=0),
    )


def _time(ablation: Ablation, one: Judged) -> float | None:
    if one.pair.recipe == ablation.comparison.reference:
        return 1.0 if one.times is not None else None
    ratio = ablation.ratios.get((one.pair.network, one.pair.recipe))
    return None if ratio is None else ratio.value


def ablation_curves(numbers: AblationNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw accuracy over training time, one panel a network: filled points are told apart from the reference, hollow not.

    Args:
        numbers: from `ablation_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    inner = max(1.9, _NAME_INCHES * max(map(len, numbers.panels.values()), default=1))
    above, below, between = 0.45, 1.35, 0.45
    count = max(1, len(numbers.panels))
    height = above + below + count * inner + (count - 1) * between + 0.3
    figure = style.new_figure(height)
    width = 0.885 - _LETTER * max(map(len, numbers.recipes))
    limits = _time_limits(numbers)
    for index, (network, points) in enumerate(numbers.panels.items()):
        bottom = below + (count - 1 - index) * (inner + between)
        axes = panel(figure, (0.085, bottom / height, width, inner / height), network)
        _scales(axes, points, limits)
        for point in points:
            _draw(axes, point, numbers)
        end_names(axes, [(one.recipe, one.time, one.accuracy.mean) for one in points], 0.26 / inner)
        last = index == count - 1
        time = f"training time over that of {numbers.reference}" if last else ""
        labels(axes, time, "validation accuracy, %")
        axes.tick_params(labelbottom=last)
    style.heading(figure, title or "Recipes: accuracy for the training time")
    style.caption(figure, _caption(numbers, data_set, device))
    return figure


def _looks(recipe: str, numbers: AblationNumbers) -> tuple[str, str]:
    if recipe == numbers.reference:
        return _REFERENCE
    others = [one for one in numbers.recipes if one != numbers.reference]
    index = others.index(recipe)
    return _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]


def _time_limits(numbers: AblationNumbers) -> tuple[float, float]:
    times = [one.time for points in numbers.panels.values() for one in points] or [1.0]
    margin = max(0.04, 0.06 * (max(times) - min(times)))
    return min(times) - margin, max(times) + margin


def _scales(axes: Axes, points: tuple[AblationPoint, ...], limits: tuple[float, float]) -> None:
    bottom, top = min(one.accuracy.low for one in points), max(one.accuracy.high for one in points)
    margin = max(0.05 * (top - bottom), 0.1)
    axes.set_ylim(bottom - margin, top + margin)
    axes.set_xlim(*limits)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=(1, 2, 5, 10)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:g}"))


def _draw(axes: Axes, point: AblationPoint, numbers: AblationNumbers) -> None:
    colour, marker = _looks(point.recipe, numbers)
    axes.plot([point.time] * 2, [point.accuracy.low, point.accuracy.high], color=colour, linewidth=1.2, alpha=0.6, zorder=2)
    is_filled = point.recipe == numbers.reference or point.verdict in (Verdict.BETTER, Verdict.WORSE)
    looks: dict[str, Any] = {"markersize": 8, "markeredgewidth": 1.5, "linestyle": "none", "zorder": 4}
    looks |= {"markeredgecolor": colour, "markerfacecolor": colour if is_filled else "white"}
    axes.plot([point.time], [point.accuracy.mean], marker=marker, **looks)
    if point.recipe == numbers.reference:
        axes.axhline(point.accuracy.mean, color=style.FAINT, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1)


def _caption(numbers: AblationNumbers, data_set: str, device: str) -> str:
    said = (
        f"{data_set}, {numbers.images} validation images, {numbers.seeds} each, {device}. Bars: {numbers.confidence:g} % "
        "intervals of each alone; recipes are told apart by paired differences, so bars may overlap and they yet differ. "
        f"Filled: told apart from {numbers.reference}, the square."
    )
    timed = f"the median of {seeds_text([numbers.timed])}" if numbers.timed > 1 else "one seed" if numbers.timed else "none"
    return f"{said} Times: {timed}, compiling apart; they belong to this machine."

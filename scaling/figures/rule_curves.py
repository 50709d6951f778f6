"""A trained family: each rule's accuracy over real cost, with intervals and the fitted power law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scaling.analysis.equal_cost import Gap
from scaling.analysis.errors import CONFIDENCE
from scaling.analysis.measured import Measured
from scaling.family.result import FamilyResult, RuleCurve
from scaling.figures import style
from scaling.figures.curves import end_names, labels, log_scale, panel
from scaling.figures.points import Percent, seeds_text
from scaling.rules.rules import RULES

_TICKS = (0.25, 0.5, 1, 1.41, 2, 2.83, 4, 5.66, 8, 11.3, 16, 32, 64, 128)
LOOKS = {name: (rule.colour, rule.marker) for name, rule in RULES.items()}
"""Colour and marker of each rule."""

BASELINE = "baseline"
"""Name of the network that is of every rule."""


class CurvePoint(NamedTuple):
    """One network: its name, MACs over the baseline's, accuracy in percent, and whether it sees images enlarged."""

    name: str
    ratio: float
    accuracy: Percent
    enlarged: bool


class GapPoint(NamedTuple):
    """The reference minus a rule at a cost: in points, with its interval, whether that is shown, whether interpolated."""

    rule: str
    target: float
    points: Percent
    shown: bool
    interpolated: bool


class RuleLine(NamedTuple):
    """One rule: its members, cheapest first, the networks trained for it that are none, and its power law in percent of
    accuracy, empty where there is none."""

    rule: str
    points: tuple[CurvePoint, ...]
    strangers: tuple[CurvePoint, ...]
    ratios: tuple[float, ...]
    law: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class RuleCurvesNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        lines: one a rule.
        baseline_macs: MACs at ratio 1.
        images: number each training was judged on.
        seeds: of the networks, in words.
        side: px at which the images are stored.
        fitted: whether any rule has a power law.
        reference: the rule that the others are compared with.
        gaps: of the reference over each rule at equal cost.
    """

    lines: tuple[RuleLine, ...]
    baseline_macs: float
    images: int
    seeds: str
    side: int
    fitted: bool
    reference: str
    gaps: tuple[GapPoint, ...]


def rule_curves_numbers(result: FamilyResult, side: int, sides: Mapping[str, int]) -> RuleCurvesNumbers:
    """The numbers of `rule_curves`.

    Args:
        result: of the family.
        side: px at which the images are stored; 0 where it is not known.
        sides: px of each network's input, by its name.
    """
    enlarged = {name for name, px in sides.items() if side and px > side}
    lines = tuple(_line(curve, result, enlarged) for curve in result.curves if curve.networks)
    networks = [network for curve in result.curves for network in curve.networks]
    return RuleCurvesNumbers(
        lines,
        networks[0].macs / networks[0].ratio,
        result.images,
        seeds_text([network.seeds for network in networks]),
        side,
        any(line.law for line in lines),
        result.gaps.reference if result.gaps else "",
        tuple(_gap_point(gap, result.gaps.confidence) for gap in result.gaps.entries) if result.gaps else (),
    )


def rule_curves(numbers: RuleCurvesNumbers, *, data_set: str, device: str, title: str | None = None) -> Figure:
    """Draw accuracy over cost, one line a rule, and below what the reference gains over each other rule at equal cost.

    Hollow points are of networks that see the images enlarged, crosses of networks that count for no rule.

    Args:
        numbers: from `rule_curves_numbers`.
        data_set: name for the caption.
        device: what trained the networks, for the caption.
        title: first line; a plain one if None.
    """
    figure = style.new_figure(8.6 if numbers.gaps else 6.0)
    axes = panel(figure, (0.075, 0.455, 0.785, 0.49) if numbers.gaps else (0.075, 0.205, 0.785, 0.7))
    _scales(axes, numbers)
    for index, line in enumerate(numbers.lines):
        _draw(axes, line, (index - (len(numbers.lines) - 1) / 2) * 0.006)
    _draw_baseline(axes, numbers)
    ends = [(line.rule, line.points[-1].ratio, line.points[-1].accuracy.mean) for line in numbers.lines]
    end_names(axes, ends, 0.06)
    if numbers.gaps:
        _draw_gaps(panel(figure, (0.075, 0.135, 0.785, 0.225)), numbers)
    style.heading(figure, title or "Rules of scaling at equal cost, measured")
    style.caption(figure, _caption(numbers, data_set, device))
    return figure


def _line(curve: RuleCurve, result: FamilyResult, enlarged: set[str]) -> RuleLine:
    points = tuple(_point(network, result, network.name in enlarged) for network in curve.networks)
    others = result.strangers.get(curve.rule, ())
    strangers = tuple(_point(network, result, network.name in enlarged) for network in others)
    if curve.law is None:
        return RuleLine(curve.rule, points, strangers, (), (), (), ())
    ratios = np.geomspace(points[0].ratio, points[-1].ratio, 60)
    band = curve.law.curve(ratios)
    mean, low, high = (() if one is None else tuple((100 * (1 - one)).tolist()) for one in (band.mean, band.high, band.low))
    return RuleLine(curve.rule, points, strangers, tuple(ratios.tolist()), mean, low, high)


def _point(network: Measured, result: FamilyResult, enlarged: bool) -> CurvePoint:
    found = result.accuracies[network.name]
    return CurvePoint(network.name, network.ratio, Percent(100 * found.mean, 100 * found.low, 100 * found.high), enlarged)


def _gap_point(gap: Gap, confidence: float) -> GapPoint:
    mean, low, high, _ = gap.difference
    points = Percent(100 * mean, 100 * low, 100 * high)
    return GapPoint(gap.rule, gap.target, points, gap.adjusted_p <= 1 - confidence, gap.interpolated)


def _draw_gaps(axes: Axes, numbers: RuleCurvesNumbers) -> None:
    """One place a cost, one marker a rule in it; filled where the difference is shown."""
    targets = sorted({gap.target for gap in numbers.gaps})
    rules = list(dict.fromkeys(gap.rule for gap in numbers.gaps))
    axes.axhline(0, color=style.INK, linewidth=1, zorder=1)
    for gap in numbers.gaps:
        colour, marker = LOOKS[gap.rule]
        x = targets.index(gap.target) + (rules.index(gap.rule) - (len(rules) - 1) / 2) * 0.13
        dashes = (0, (2, 1.5)) if gap.interpolated else "solid"
        axes.plot([x, x], [gap.points.low, gap.points.high], color=colour, linewidth=1.6, linestyle=dashes, zorder=2)
        face = colour if gap.shown else "white"
        looks: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markersize": 7.5, "linestyle": "none"}
        axes.plot([x], [gap.points.mean], marker=marker, zorder=3, **looks)
    axes.set_xlim(-0.5, len(targets) - 0.5)
    axes.set_xticks(range(len(targets)), [f"at ×{target:g} MACs" for target in targets])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    axes.set_ylabel("points", fontsize=style.LABEL_SIZE, color=style.INK)
    told = f"{numbers.reference} minus each other rule at equal cost, paired over the images"
    axes.set_title(told, fontsize=style.TEXT_SIZE, color=style.INK, loc="left")


def _scales(axes: Axes, numbers: RuleCurvesNumbers) -> None:
    points = [point for line in numbers.lines for point in (*line.points, *line.strangers)]
    low, high = min(point.ratio for point in points) / 1.06, max(point.ratio for point in points) * 1.06
    log_scale(axes, "x", (low, high), [tick for tick in _TICKS if low <= tick <= high], "×{:g}")
    bottom, top = min(point.accuracy.low for point in points), max(point.accuracy.high for point in points)
    margin = max(0.05 * (top - bottom), 0.1)
    axes.set_ylim(bottom - margin, top + margin)
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10)))
    macs = numbers.baseline_macs
    unit = f"{macs / 1e6:.3g} million" if macs < 1e9 else f"{macs / 1e9:.3g} billion"
    labels(axes, f"MACs per image over the baseline's {unit} (log scale)", "test accuracy, %")


def _draw(axes: Axes, line: RuleLine, aside: float) -> None:
    """One rule; its bars stand a little aside, so that those of equal cost do not cover each other."""
    colour, marker = LOOKS[line.rule]
    if line.low:
        axes.fill_between(line.ratios, line.low, line.high, color=colour, alpha=0.13, linewidth=0, zorder=1)
    if line.law:
        axes.plot(line.ratios, line.law, color=colour, linewidth=1.8, zorder=3)
    else:
        axes.plot([p.ratio for p in line.points], [p.accuracy.mean for p in line.points], color=colour, linewidth=1.2, zorder=3)
    for point in line.points:
        if point.name == BASELINE:
            continue
        ratio = point.ratio * (1 + aside)
        axes.plot([ratio] * 2, [point.accuracy.low, point.accuracy.high], color=colour, linewidth=1, alpha=0.55, zorder=2)
        edge, width = (colour, 1.5) if point.enlarged else ("white", 0.8)
        looks: dict[str, Any] = {"markeredgecolor": edge, "markeredgewidth": width, "markersize": 7.5, "linestyle": "none"}
        looks["markerfacecolor"] = "white" if point.enlarged else colour
        axes.plot([ratio], [point.accuracy.mean], marker=marker, zorder=4, **looks)
    for point in line.strangers:
        cross: dict[str, Any] = {"marker": style.MARKERS["not eligible"], "markersize": 6, "markeredgewidth": 1.5}
        axes.plot([point.ratio], [point.accuracy.mean], color=colour, linestyle="none", zorder=4, **cross)


def _draw_baseline(axes: Axes, numbers: RuleCurvesNumbers) -> None:
    """Once, though it is of every rule."""
    for point in [point for line in numbers.lines for point in line.points if point.name == BASELINE][:1]:
        axes.plot([1, 1], [point.accuracy.low, point.accuracy.high], color=style.INK, linewidth=1, alpha=0.55, zorder=2)
        axes.plot([1], [point.accuracy.mean], marker="s", markersize=7.5, color=style.INK, linestyle="none", zorder=5)
        looks: dict[str, Any] = {"fontsize": style.TEXT_SIZE, "color": style.INK, "textcoords": "offset points"}
        axes.annotate("baseline", (1, point.accuracy.mean), xytext=(7, -16), va="top", **looks)  # below the curves


def _caption(numbers: RuleCurvesNumbers, data_set: str, device: str) -> str:
    points = [point for line in numbers.lines for point in line.points]
    said = [f"{data_set}, {numbers.images} test images, {numbers.seeds} per network, {device}."]
    said.append(f"Bars: {100 * CONFIDENCE:g} % intervals of each network alone.")
    if numbers.fitted:
        said.append("Curves with bands: fitted error = a ratio^-b + c, bands for the choice of seeds; other lines only join.")
    if any(point.enlarged for point in points):
        said.append(f"Hollow above: inputs over the {numbers.side} px of the images, enlarged and not sharper.")
    if any(line.strangers for line in numbers.lines):
        said.append("Crosses: trained for a rule, but rounding put them far from its shares; they do not count for it.")
    if numbers.gaps:
        dashed = "; dashed: interpolated between two costs" if any(gap.interpolated for gap in numbers.gaps) else ""
        said.append(f"Filled below: shown to differ, after Holm over all{dashed}.")
    return " ".join(said)

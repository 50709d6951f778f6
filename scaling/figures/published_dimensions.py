"""One dimension against compound scaling: the paper's figure 8, as plotted and on one scale of MACs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.figures import style
from scaling.figures.curves import MACS_LABEL, TOP1_LABEL, Curve, end_names, labels, line, log_scale, note, panel
from scaling.published.efficientnet import figure8, figure8_compound, recounted

DIMENSIONS = ("depth", "width", "resolution")

_LOOKS = {
    **{name: (style.COLOURS[name], style.MARKERS[name]) for name in DIMENSIONS},
    "compound": (style.COLOURS["paper"], style.MARKERS["paper"]),
}
_TICKS = (0.4, 0.6, 1, 2, 4)
_COMPARED = ("B1", "B3")  # the cheapest and the dearest network of the compound line that all lines of one dimension reach
CAPTION = (
    "Tan and Le 2019, figure 8, digitised within .02 G MACs and .03 points; compound points are the preprint's. The paper "
    "moves B0 from the 0.50 G of its figure 3 to 0.39 G and leaves the other points of its lines of one dimension where they "
    "were. Recounted: B0 scaled by the factors that the paper names; leads are read off straight lines between points."
)


class Lead(NamedTuple):
    """How many points of accuracy compound scaling is ahead of one dimension at the cost of a network of its own."""

    dimension: str
    network: str
    points: float


class DimensionsNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        networks: along the compound lines.
        plotted: depth, width, resolution and compound over MACs as the paper plots them.
        plotted_leads: on that scale, over each dimension, at the costs of B1 and B3.
        recounted: the same networks over MACs by our counter.
        recounted_leads: on that scale.
    """

    networks: tuple[str, ...]
    plotted: tuple[Curve, ...]
    plotted_leads: tuple[Lead, ...]
    recounted: tuple[Curve, ...]
    recounted_leads: tuple[Lead, ...]


def published_dimensions_numbers() -> DimensionsNumbers:
    """The numbers of `published_dimensions`."""
    networks = tuple(point.network.removeprefix("efficientnet_").upper() for point in figure8_compound())
    plotted = _curves(lambda point: point.macs_g)
    counted = _curves(lambda point: recounted(point) / 1e9)
    return DimensionsNumbers(networks, plotted, _leads(plotted, networks), counted, _leads(counted, networks))


def published_dimensions(numbers: DimensionsNumbers) -> Figure:
    """Draw two panels on one scale of accuracy: MACs as plotted, and recounted.

    Args:
        numbers: from `published_dimensions_numbers`.
    """
    figure = style.new_figure(5.4)
    left = panel(figure, (0.07, 0.225, 0.335, 0.635), "MACs as the paper plots them")
    _draw(left, numbers.plotted, numbers.plotted_leads, numbers.networks)
    labels(left, MACS_LABEL, TOP1_LABEL)
    right = panel(figure, (0.545, 0.225, 0.335, 0.635), "MACs recounted, every network alike")
    _draw(right, numbers.recounted, numbers.recounted_leads, numbers.networks)
    labels(right, MACS_LABEL, "")
    style.heading(figure, "One dimension against compound scaling: EfficientNet-B0 on ImageNet")
    style.caption(figure, CAPTION)
    return figure


def _curves(macs_g: Callable[[Any], float]) -> tuple[Curve, ...]:
    lines: dict[str, Sequence[Any]] = {name: [one for one in figure8() if one.dimension == name] for name in DIMENSIONS}
    return tuple(
        Curve(name, tuple(map(macs_g, points)), tuple(point.top1_percent for point in points))
        for name, points in {**lines, "compound": figure8_compound()}.items()
    )


def _leads(curves: Sequence[Curve], networks: Sequence[str]) -> tuple[Lead, ...]:
    *singles, compound = curves
    return tuple(
        Lead(single.name, name, compound.top1_percent[index] - single.at(compound.macs_g[index]))
        for single in singles
        for index, name in enumerate(networks)
        if name in _COMPARED
    )


def _draw(axes: Axes, curves: Sequence[Curve], leads: Sequence[Lead], networks: Sequence[str]) -> None:
    log_scale(axes, "x", (0.29, 5.6), _TICKS)
    axes.set_ylim(74.5, 83.2)
    for curve in curves:
        line(axes, curve.macs_g, curve.top1_percent, *_LOOKS[curve.name])
    *_, compound = curves
    for name, x, y in zip(networks, compound.macs_g, compound.top1_percent, strict=True):
        axes.annotate(name, (x, y), (-6, 3), textcoords="offset points", ha="right", fontsize=style.SMALL_SIZE, color=style.INK)
    note(axes, (0.98, 0.03), _sentence(leads), ha="right", zorder=1)
    end_names(axes, [(curve.name, curve.macs_g[-1], curve.top1_percent[-1]) for curve in curves], 0.075)


def _sentence(leads: Sequence[Lead]) -> str:
    first, last = _COMPARED
    points = {(lead.dimension, lead.network): lead.points for lead in leads}
    depth, width, side = (f"{name} {points[name, first]:.1f} ({points[name, last]:.1f})" for name in DIMENSIONS)
    return f"compound leads at the cost of {first} ({last}):\n{depth}, {width},\n{side} points"

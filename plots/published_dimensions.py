"""One dimension against compound scaling

The paper's figure 8: B0 scaled in depth, width or resolution alone, and by all three. On the left the MACs as plotted, which
mix two scales (its figure 3 has B0 at 0.50 G, this one at 0.39 G, and the rest of the single dimensions did not move); on the
right every network counted alike. Compound scaling leads on both, over depth and resolution by less where the scales are one;
its largest lead stands at the dotted line. Digitised from Tan and Le 2019.
"""

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
    """How many points of accuracy a network of compound scaling is ahead of one dimension at its own 10^9 MACs."""

    dimension: str
    network: str
    macs_g: float
    points: float


class DimensionsNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        networks: along the compound lines.
        plotted: depth, width, resolution and compound over MACs as the paper plots them.
        plotted_leads: on that scale, over each dimension, of every network above B0 whose cost the dimension's line reaches.
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


def largest(leads: Sequence[Lead]) -> Lead:
    """The lead of most points."""
    return max(leads, key=lambda lead: lead.points)


def largest_leads(numbers: DimensionsNumbers) -> str:
    """One sentence: by how much compound scaling leads most, where and over what, as plotted and as recounted."""
    plotted, counted = (_where(largest(leads)) for leads in (numbers.plotted_leads, numbers.recounted_leads))
    network = largest(numbers.plotted_leads).network
    reached = {lead.dimension for lead in numbers.plotted_leads if lead.network == network}
    shorter = " and ".join(name for name in DIMENSIONS if name not in reached)
    unseen = f"; the lines of {shorter} end below the cost of {network}" if shorter else ""
    return f"The largest lead of a compound network in figure 8: {plotted}; recounted: {counted}{unseen}."


def published_dimensions(numbers: DimensionsNumbers) -> Figure:
    """Draw two panels on one scale of accuracy: MACs as plotted, and recounted.

    Args:
        numbers: from `published_dimensions_numbers`.
    """
    figure = style.new_figure(5.9)
    left = panel(figure, (0.07, 0.275, 0.335, 0.6), "MACs as the paper plots them")
    _draw(left, numbers.plotted, numbers.plotted_leads, numbers.networks)
    labels(left, MACS_LABEL, TOP1_LABEL)
    right = panel(figure, (0.545, 0.275, 0.335, 0.6), "MACs recounted, every network alike")
    _draw(right, numbers.recounted, numbers.recounted_leads, numbers.networks)
    labels(right, MACS_LABEL, "")
    style.heading(figure, "One dimension against compound scaling: EfficientNet-B0 on ImageNet")
    style.caption(figure, f"{CAPTION} {largest_leads(numbers)}")
    return figure


def _curves(macs_g: Callable[[Any], float]) -> tuple[Curve, ...]:
    lines: dict[str, Sequence[Any]] = {name: [one for one in figure8() if one.dimension == name] for name in DIMENSIONS}
    return tuple(
        Curve(name, tuple(map(macs_g, points)), tuple(point.top1_percent for point in points))
        for name, points in {**lines, "compound": figure8_compound()}.items()
    )


def _leads(curves: Sequence[Curve], networks: Sequence[str]) -> tuple[Lead, ...]:
    *singles, compound = curves
    points = list(zip(networks, compound.macs_g, compound.top1_percent, strict=True))[1:]
    return tuple(
        Lead(single.name, name, macs_g, top1_percent - single.at(macs_g))
        for single in singles
        for name, macs_g, top1_percent in points
        if macs_g <= single.macs_g[-1]
    )


def _draw(axes: Axes, curves: Sequence[Curve], leads: Sequence[Lead], networks: Sequence[str]) -> None:
    log_scale(axes, "x", (0.29, 5.6), _TICKS)
    axes.set_ylim(74.5, 83.2)
    axes.set_yticks(range(76, 84))  # below is room for words
    for curve in curves:
        line(axes, curve.macs_g, curve.top1_percent, *_LOOKS[curve.name])
    *_, compound = curves
    for name, x, y in zip(networks, compound.macs_g, compound.top1_percent, strict=True):
        axes.annotate(name, (x, y), (-6, 3), textcoords="offset points", ha="right", fontsize=style.SMALL_SIZE, color=style.INK)
    _draw_largest(axes, largest(leads), compound)
    note(axes, (0.98, 0.03), _sentence(leads), ha="right", zorder=1)
    end_names(axes, [(curve.name, curve.macs_g[-1], curve.top1_percent[-1]) for curve in curves], 0.075)


def _where(lead: Lead) -> str:
    return f"{lead.points:.1f} points of {lead.network} over {lead.dimension} at {lead.macs_g:.1f} G"


def _draw_largest(axes: Axes, lead: Lead, compound: Curve) -> None:
    """A line down from the compound network to the line it leads, with the points."""
    top = compound.at(lead.macs_g)
    low = top - lead.points
    axes.plot([lead.macs_g] * 2, [low, top], color=style.FAINT, linewidth=1, linestyle=":", zorder=1)
    words = f"{lead.points:.1f} over\n{lead.dimension}"
    looks: dict[str, Any] = {"fontsize": style.SMALL_SIZE, "color": style.INK, "ha": "right", "va": "center"}
    looks["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.annotate(words, (lead.macs_g, (2 * low + top) / 3), (-4, 0), textcoords="offset points", **looks)


def _sentence(leads: Sequence[Lead]) -> str:
    first, last = _COMPARED
    points = {(lead.dimension, lead.network): lead.points for lead in leads}
    depth, width, side = (f"{name} {points[name, first]:.1f} ({points[name, last]:.1f})" for name in DIMENSIONS)
    return f"compound leads at the cost of {first} ({last}):\n{depth}, {width},\n{side} points"


def draw() -> Figure:
    """The figure."""
    return published_dimensions(published_dimensions_numbers())

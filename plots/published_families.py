"""What accuracy costs: EfficientNet, EfficientNetV2 and their rivals

Top-1 accuracy on ImageNet against MACs and against parameters, as in figures 1 and 5 of the two papers. Each network was
trained by its authors' recipe at its own resolution; a distance between families is of networks and recipes together.
Transcribed from Tan and Le 2019 (Table 2) and 2021 (Table 7), EfficientNetV2 from google/automl.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.figures import style
from scaling.figures.curves import MACS_LABEL, TOP1_LABEL, labels, line, log_scale, panel
from scaling.published import efficientnet, efficientnet_v2

Cost = Literal["macs_g", "params_m"]


class Published(NamedTuple):
    """A network as published: 10^9 MACs, millions of parameters, top-1 of ImageNet in percent."""

    network: str
    macs_g: float
    params_m: float
    top1_percent: float


class FamiliesNumbers(NamedTuple):
    """Everything the drawing shows: networks trained on ImageNet-1k alone whose MACs are printed, by ascending MACs.

    Attributes:
        v1: B0 to B7.
        v2: B0 to B3, S, M and L.
        rivals: of both papers, by family.
    """

    v1: tuple[Published, ...]
    v2: tuple[Published, ...]
    rivals: dict[str, tuple[Published, ...]]


class _Name(NamedTuple):
    """Where a rival's name stands: beside the family's first or last network, that many points right and up, flush how."""

    right: float
    up: float
    flush: str = "left"
    last: bool = True


_LOWEST = 75.6  # ViT-B/32 and ViT-B/16, which need more images, are below
_RIVAL = "#6f7f89"
_PANELS: dict[Cost, tuple[str, tuple[float, float], tuple[float, ...]]] = {
    "macs_g": (MACS_LABEL, (0.3, 800), (0.5, 1, 2, 5, 10, 20, 50, 100, 200)),
    "params_m": ("parameters, million (log scale)", (4, 900), (5, 10, 20, 50, 100, 200, 500)),
}
_BESIDE = _Name(5, -3)
_NAMES: dict[str, dict[Cost, _Name]] = {
    "ResNet": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "DenseNet": {"macs_g": _Name(-5, -3, "right"), "params_m": _Name(-5, -3, "right")},
    "Inception": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "Xception": {"macs_g": _BESIDE, "params_m": _Name(-5, -3, "right")},
    "ResNeXt": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "PolyNet": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "SENet": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "AmoebaNet": {"macs_g": _BESIDE, "params_m": _BESIDE},
    "DeiT": {"macs_g": _BESIDE, "params_m": _Name(5, -5, last=False)},
    "T2T-ViT": {"macs_g": _Name(5, -8, last=False), "params_m": _Name(5, -8, last=False)},
    "RegNetY": {"macs_g": _Name(-1, -14, "right", last=False), "params_m": _Name(-5, -7, "right", last=False)},
    "ResNeSt": {"macs_g": _Name(5, -7), "params_m": _Name(-5, -1, "right", last=False)},
    "EfficientNet-X": {"macs_g": _Name(5, -1)},
    "NFNet": {"macs_g": _BESIDE, "params_m": _BESIDE},
}
_ABOVE: dict[Cost, set[str]] = {  # the others are named on the right, below
    "macs_g": {"B1", "B2", "B3", "B4", "V2-S", "V2-M", "V2-L"},
    "params_m": {"B1", "B3", "V2-B1", "V2-B2", "V2-S", "V2-M", "V2-L"},
}
CAPTION = (
    "Squares: EfficientNet (Tan and Le 2019, Table 2). Diamonds: EfficientNetV2 as released (google/automl). Circles: rivals "
    "with printed MACs, from that table and from Tan and Le 2021, Table 7 (not named: NASNet, PNASNet, BotNet, on the right "
    "EfficientNet-X; ViT-B lies below the axes). All trained on ImageNet-1k alone, each by its own recipe and resolution."
)


def published_families_numbers() -> FamiliesNumbers:
    """The numbers of `published_families`."""
    v1 = (row._replace(network=row.network.removeprefix("efficientnet_").upper()) for row in efficientnet.table2())
    v2 = (row for row in efficientnet_v2.released() if row.pretraining is None)
    rivals: dict[str, list[Any]] = {}
    for earlier in efficientnet.table2_rivals():
        rivals.setdefault(earlier.network.partition("-")[0], []).append(earlier)
    for later in efficientnet_v2.table7():
        if later.pretraining is None and later.family not in ("EfficientNet", "EfficientNetV2"):
            rivals.setdefault(later.family, []).append(later)
    found = {family: _published(rows) for family, rows in rivals.items()}
    return FamiliesNumbers(_published(v1), _published(v2), {family: rows for family, rows in found.items() if rows})


def published_families(numbers: FamiliesNumbers) -> Figure:
    """Draw two panels on one scale of accuracy.

    Args:
        numbers: from `published_families_numbers`.
    """
    figure = style.new_figure(6.4)
    _draw(panel(figure, (0.07, 0.175, 0.43, 0.75)), numbers, "macs_g")
    _draw(panel(figure, (0.555, 0.175, 0.43, 0.75)), numbers, "params_m")
    style.heading(figure, "What accuracy costs: two EfficientNets and their rivals on ImageNet")
    style.caption(figure, CAPTION)
    return figure


def _published(rows: Iterable[Any]) -> tuple[Published, ...]:
    found = (
        Published(row.network.replace("EfficientNetV2", "V2"), row.macs_g, row.params_m, row.top1_percent)
        for row in rows
        if row.macs_g is not None
    )
    return tuple(sorted(found, key=lambda network: network.macs_g))


def _draw(axes: Axes, numbers: FamiliesNumbers, cost: Cost) -> None:
    name, limits, ticks = _PANELS[cost]
    log_scale(axes, "x", limits, ticks)
    axes.set_ylim(_LOWEST, 86.5)
    labels(axes, name, TOP1_LABEL if cost == "macs_g" else "")
    for family, networks in numbers.rivals.items():
        line(axes, *_points(networks, cost), _RIVAL, "o", markersize=5, linewidth=0.9)
        if cost in _NAMES.get(family, {}):
            _name(axes, family, networks, cost)
    for networks, colour, marker in ((numbers.v1, style.TIED, "s"), (numbers.v2, style.BEST, "D")):
        line(axes, *_points(networks, cost), colour, marker, zorder=4)
        for network in networks:
            offset, flush = ((-6, 2), "right") if network.network in _ABOVE[cost] else ((6, -8), "left")
            _words(axes, network.network, network, cost, offset, flush)


def _points(networks: Sequence[Published], cost: Cost) -> tuple[list[float], list[float]]:
    return [getattr(network, cost) for network in networks], [network.top1_percent for network in networks]


def _name(axes: Axes, family: str, networks: Sequence[Published], cost: Cost) -> None:
    place = _NAMES[family][cost]
    _words(axes, family, networks[-1 if place.last else 0], cost, (place.right, place.up), place.flush, color="#4d5a63")


def _words(axes: Axes, text: str, network: Published, cost: Cost, offset: tuple[float, float], flush: str, **more: Any) -> None:
    looks: dict[str, Any] = {"fontsize": style.SMALL_SIZE, "color": style.INK, "ha": flush, "zorder": 5, **more}
    axes.annotate(text, (getattr(network, cost), network.top1_percent), offset, textcoords="offset points", **looks)


def draw() -> Figure:
    """The figure."""
    return published_families(published_families_numbers())

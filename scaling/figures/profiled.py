"""Published accuracy against latency measured here: what time the weights that others trained cost on this device.

EfficientNets stand at the best of timm's weights, ResNets at the numbers of the EfficientNet paper of 2019: between the two the
recipes differ as much as the networks, and the figure says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.core.errors import SpecError
from scaling.figures import style
from scaling.figures.curves import TOP1_LABEL, labels, line, log_scale, panel
from scaling.profile.profile import Profile, Spread
from scaling.profile.record import Record
from scaling.published import efficientnet, libraries

_FAMILIES = {
    "efficientnet_b": ("B", style.TIED, "s"),
    "efficientnet_lite": ("Lite", style.COLOURS["depth"], "v"),
    "efficientnetv2_": ("V2-", style.BEST, "D"),
    "resnet": ("ResNet-", style.FAINT, "o"),
}
"""Of names that start so: how labels start, colour and marker."""

_OTHER_IMAGES = ("jft", "in12k", "in21k")
"""Marks of weights that saw more than ImageNet-1k."""


_RESNETS_PX = 224


class ProfiledPoint(NamedTuple):
    """One network at one resolution.

    Attributes:
        family: the start of its name, a key of `_FAMILIES`.
        label: words that name it: B0, or B1 at 224 px where that is not its own resolution.
        own: whether the resolution is its own.
        latency_ms: of one image.
        best: top-1 of its best weights in percent.
        lowest: of its lowest.
    """

    family: str
    label: str
    own: bool
    latency_ms: Spread
    best: float
    lowest: float


class ProfiledNumbers(NamedTuple):
    """Everything the drawing shows: networks by ascending latency, the device in words, the precision, calls of each."""

    points: tuple[ProfiledPoint, ...]
    device: str
    precision: str
    runs: str


def profiled_numbers(record: Record) -> ProfiledNumbers:
    """The numbers of `profiled`: recorded networks joined by name and resolution with what timm measured of their weights.

    Args:
        record: of profiles.

    Raises:
        SpecError: no measured network of it has published weights at its resolution.
    """
    found, runs = [], set()
    for name, entry in record.entries.items():
        accuracies = _top1_percent(entry.profile)
        if entry.profile.measured is None or not accuracies:
            continue
        family = next(start for start in _FAMILIES if entry.profile.network.startswith(start))
        words = _FAMILIES[family][0] + entry.profile.network.removeprefix(family).upper()
        own = "@" not in name
        label = words if own else f"{words} at {entry.profile.resolution} px"
        found.append(ProfiledPoint(family, label, own, entry.profile.measured.latency_ms, max(accuracies), min(accuracies)))
        runs.add(entry.profile.runs)
    if not found:
        names = ", ".join(record.entries) or "none"
        raise SpecError(
            f"none of the profiled networks has published weights at its resolution, got {names}; "
            "record efficientnet_b0 to efficientnet_b7"
        )
    points = tuple(sorted(found, key=lambda point: (point.latency_ms, point.label)))
    calls = f"{min(runs)} to {max(runs)} calls" if len(runs) > 1 else f"{min(runs)} calls"
    return ProfiledNumbers(points, record.device, record.precision, calls)


def profiled(numbers: ProfiledNumbers) -> Figure:
    """Draw accuracy over latency.

    Args:
        numbers: from `profiled_numbers`.
    """
    figure = style.new_figure(5.6)
    axes = panel(figure, (0.075, 0.235, 0.905, 0.685))
    latencies = [value for point in numbers.points for value in point.latency_ms]
    low, high = min(latencies) / 1.35, max(latencies) * 1.35
    ticks = [step * 10.0**decade for decade in range(-3, 7) for step in (1, 2, 5) if low <= step * 10.0**decade <= high]
    log_scale(axes, "x", (low, high), ticks)
    axes.set_ylim(min(point.lowest for point in numbers.points) - 0.6, max(point.best for point in numbers.points) + 0.8)
    labels(axes, "latency of one image, ms (log scale)", TOP1_LABEL)
    for family, (_, colour, marker) in _FAMILIES.items():
        own = [point for point in numbers.points if point.own and point.family == family]
        line(axes, [point.latency_ms.median for point in own], [point.best for point in own], colour, marker, zorder=4)
    for point in numbers.points:
        _draw(axes, point)
    style.heading(figure, "What accuracy costs in time: published weights on this device")
    style.caption(
        figure,
        f"Latency: {numbers.device}, {numbers.precision}, one image, median of {numbers.runs} after warming up, bars from "
        "the 5 % to the 95 % quantile. Accuracy: EfficientNets at timm's best weights of ImageNet-1k alone at that resolution, "
        "the thin line down to the lowest; ResNets at the numbers of the EfficientNet paper's Table 2 of 2019. The comparison "
        "is confounded by training recipe: a distance between families is of networks and recipes together.",
    )
    return figure


def _draw(axes: Axes, point: ProfiledPoint) -> None:
    median, low, high = point.latency_ms
    colour = _FAMILIES[point.family][1]
    axes.plot([low, high], [point.best] * 2, color=colour, linewidth=1.6, zorder=3)
    axes.plot([median] * 2, [point.lowest, point.best], color=style.WORSE, linewidth=1, zorder=1)
    if not point.own:
        axes.plot([median], [point.best], color=colour, marker="o", markerfacecolor="white", markersize=6.5, zorder=4)
    below = not point.own or point.family == "efficientnetv2_"  # above is the line of the family before
    offset, flush = ((8, -11), "left") if below else ((-7, 5), "right")
    looks: dict[str, Any] = {"fontsize": style.TEXT_SIZE, "color": style.INK, "ha": flush, "zorder": 5}
    axes.annotate(point.label, (median, point.best), offset, textcoords="offset points", **looks)


def _top1_percent(profile: Profile) -> list[float]:
    """Of the network's weights at its resolution; timm has two names for a network, one for weights taken from Google's."""
    names = (profile.network, f"tf_{profile.network}")
    found = [
        rival.top1_percent
        for rival in efficientnet.table2_rivals()
        if rival.network.replace("-", "").lower() == profile.network and profile.resolution == _RESNETS_PX
    ]
    for row in libraries.timm_imagenet():
        name, _, tag = row.weights.partition(".")
        if name in names and row.resolution_px == profile.resolution and not any(mark in tag for mark in _OTHER_IMAGES):
            found.append(row.top1_percent)
    return found

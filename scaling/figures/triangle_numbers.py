"""The numbers of the triangle figure: networks at their shares, accuracies at the target cost, the fitted surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.surface import Fitted, NoOptimum, NoSurface
from scaling.figures.points import Point, points, seeds_text
from scaling.figures.ternary import place

ONE_PLACE = 0.025  # nearer, two networks are one place


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
    adjusted = [adjusted_or_accuracy(point) for point in found]
    surface, error = fitted.surface, ranking.difference_error
    optimum = surface.optimum if surface else None
    return TriangleNumbers(
        found,
        around([place(point.shares or ()) for point in found]),
        (min(adjusted), max(adjusted)),
        None if error is None else 100 * error,
        surface.grid if surface else None,
        np.where(surface.supported, 100 * surface.surface, np.nan) if surface else None,
        surface.region if surface and optimum else None,
        optimum.shares if optimum else None,
        verdict(fitted),
        ranking.target,
        100 * ranking.confidence,
        ranking.images,
        seeds_text([network.seeds for network in networks]),
    )


def adjusted_or_accuracy(point: Point) -> float:
    """Accuracy at the target cost, or as it is where that was not asked for, in percent."""
    return (point.adjusted or point.accuracy).mean


def around(places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Where networks are drawn, shape (n, 2): those of one place evenly on a small ring around it."""
    spots = np.array(places, dtype=float)
    taken = np.zeros(len(spots), dtype=bool)
    for index in range(len(spots)):
        if taken[index]:
            continue
        same = np.flatnonzero(~taken & (np.hypot(*(spots - spots[index]).T) < ONE_PLACE))
        taken[same] = True
        if len(same) > 1:
            angles = np.pi / 2 + 2 * np.pi * np.arange(len(same)) / len(same)
            spots[same] = spots[index] + RING * np.column_stack([np.cos(angles), np.sin(angles)])
    return spots


RING = 0.028


def verdict(fitted: Fitted) -> str:
    """What the surface settles, in the figure's words."""
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

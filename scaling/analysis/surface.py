"""A response surface over the triangle of shares: where accuracy peaks at the target cost, where the networks support that.

accuracy = b_d x_d + b_w x_w + b_r x_r + b_dw x_d x_w + b_dr x_d x_r + b_wr x_w x_r + slope * log(ratio / target),
Scheffe's quadratic mixture model in the realised shares x of depth, width and resolution.

Source: Scheffe 1958, "Experiments with mixtures".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.errors import CONFIDENCE, Errors, Floats, errors
from scaling.analysis.intervals import Estimate, quantile
from scaling.analysis.mcb import compare_with_best
from scaling.analysis.measured import Measured, by_name, require
from scaling.analysis.mixture import (
    FLAT,
    at_target,
    design_of,
    leave_place_out,
    leverages_of,
    mixture_terms,
    multiples,
    region_of,
    triangular_grid,
)
from scaling.analysis.ranking import adjustment, may_be_chosen

MINIMUM_NETWORKS = 8  # seven coefficients and one degree of freedom for the residuals

_STEPS = 60  # of the grid of shares; 1,891 points
_REGION_STEPS = 30  # of the grid that the region is told on
_RIVAL_STEPS = 12  # of the rivals' grid: a quadratic has no finer detail
_DRAWS = 1_000


class Coefficients(NamedTuple):
    """Of the Scheffe quadratic, as fractions of accuracy; the first three are the predictions at the corners."""

    depth: float
    width: float
    resolution: float
    depth_width: float
    depth_resolution: float
    width_resolution: float
    slope: float = 0.0


class Place(NamedTuple):
    """A point of the triangle as the surface predicts it.

    Attributes:
        shares: of depth, width and resolution.
        predicted: accuracy at the target cost, with its interval.
        leverage: how far the prediction rests on the networks, f (X'X)^-1 f.
    """

    shares: tuple[float, float, float]
    predicted: Estimate
    leverage: float


class NoOptimum(Enum):
    """Why a surface shows no optimum."""

    BELOW_BEST = "below best"
    """its highest supported prediction is no higher than the best network"""
    NOT_LOCATED = "not located"
    """the region that may hold the true optimum is most of what is supported"""


class Surface(NamedTuple):
    """A fitted surface at the target cost.

    Attributes:
        coefficients: of the model.
        highest: the grid's highest prediction among the supported.
        optimum: the same, where it is one; None for the `reason`.
        reason: why there is no optimum; None where there is one.
        unsupported: the grid's highest prediction, where it lies outside; None where `highest` is it.
        best: the best network's adjusted accuracy, which an optimum must exceed; None where none may be chosen.
        left_out_error: root mean square error in predicting a place from the networks of all others, over the places that can
            be left out; None where every place is needed to span the triangle.
        largest_leverage: of any eligible network at the target cost: predictions of more are not supported.
        grid: shape (m, 3): shares, evenly over the triangle.
        surface: shape (m,): prediction on the grid.
        supported: shape (m,): bool.
        region: shape (corners, 3): shares at the corners of the convex region that may hold the true optimum.
        region_share: area of the region as a share of the supported part.
    """

    coefficients: Coefficients
    highest: Place
    optimum: Place | None
    reason: NoOptimum | None
    unsupported: Place | None
    best: float | None
    left_out_error: float | None
    largest_leverage: float
    grid: Floats
    surface: Floats
    supported: NDArray[np.bool_]
    region: Floats
    region_share: float


class NoSurface(Enum):
    """Why there is no surface."""

    FEW_NETWORKS = "few networks"
    NO_SPAN = "no span"


class Fitted(NamedTuple):
    """A surface, or None and the reason why there is none; the number of networks with shares."""

    surface: Surface | None
    reason: NoSurface | None
    networks: int


LOCATED_WITHIN = 0.5
"""A region larger than this share of the supported part locates nothing."""


def response_surface(networks: Sequence[Measured], target: float, *, confidence: float = CONFIDENCE) -> Fitted:
    """Fit the surface by least squares; find its optimum where the networks support one.

    A quadratic says something everywhere, and most of it far from any network is made up. So a point is supported only where
    its leverage f (X'X)^-1 f is no larger than that of the eligible network with the largest, both at the target cost: there a
    prediction is no less certain than at the networks themselves. The optimum is the highest supported prediction, if it
    exceeds the best network.

    A prediction's interval is t sqrt(f S f' + e^2), S the covariance of the coefficients by Sigma of `errors`, e the error of
    leaving one place out (networks of the same shares are one place): the first is what seeds and images do to the fit, the
    second what the model misses between the places. It is not simultaneous: the highest of many predictions is flattered.

    The region is the convex hull of every supported point that is not shown to be worse than another of them, by the
    simultaneous test that decides which networks tie, on predictions instead of networks. It holds the optimum of a truth that
    is such a quadratic; of others nothing is promised: train the optimum before believing it.

    Args:
        networks: every network measured; those with shares that lost no training are fitted, all give the seed variance.
        target: ratio of MACs over the baseline's to predict at.
        confidence: of the region and of intervals.

    Raises:
        ValueError: target is not positive, confidence not between 0 and 1, or the networks are not comparable.

    Source: Cornell 2002, "Experiments with mixtures", for the model; a search held to the standard error of the worst run is
        practice in designed experiments. Peterson, Cahya and del Castillo 2002 for regions of optima.
    """
    require("response_surface", target, confidence)
    ordered = by_name(networks)
    places = [i for i, network in enumerate(ordered) if network.shares is not None and not network.lost]
    if len(places) < MINIMUM_NETWORKS:
        return Fitted(None, NoSurface.FEW_NETWORKS, len(places))
    design = design_of([ordered[i] for i in places], target)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return Fitted(None, NoSurface.NO_SPAN, len(places))
    measured = errors(ordered)
    candidates = [i for i, network in enumerate(ordered) if may_be_chosen(network, target)]
    best = float((adjustment(ordered, target)[0] @ measured.accuracy)[candidates].max()) if candidates else None
    near = np.array([may_be_chosen(ordered[i], target) for i in places])
    return Fitted(_fit(design, _subset(measured, places), near if near.any() else ~near, best, confidence), None, len(places))


def _fit(design: Floats, measured: Errors, near: NDArray[np.bool_], best: float | None, confidence: float) -> Surface:
    solve = np.linalg.pinv(design)
    fitted = solve @ measured.accuracy
    grid = triangular_grid(_STEPS)
    cross: Floats = np.linalg.inv(design.T @ design).astype(float)
    largest = float(leverages_of(at_target(design[near, :6], design.shape[1]), cross).max())
    leverages = leverages_of(at_target(mixture_terms(grid), design.shape[1]), cross)
    supported = leverages <= largest + FLAT
    rows = mixture_terms(grid) @ solve[:6]
    values = rows @ measured.accuracy
    left_out = leave_place_out(design, measured.accuracy)
    predictions = _lacking(measured, design @ solve, design)

    def place(index: int) -> Place:
        depth, width, resolution = map(float, grid[index])
        predicted = _predicted(values[index], rows[index], measured, left_out, len(design) - design.shape[1], confidence)
        return Place((depth, width, resolution), predicted, float(leverages[index]))

    inside = np.flatnonzero(supported)
    top, everywhere = int(inside[values[inside].argmax()]), int(values.argmax())
    rivals = supported & multiples(grid, _RIVAL_STEPS)
    tried = supported & multiples(grid, _REGION_STEPS)
    tried[top] = True
    compared = compare_with_best(
        rows[tried],
        predictions,
        rivals=rows[rivals] if rivals.any() else None,
        confidence=confidence,
        draws=_DRAWS,
    )
    kept = grid[tried][(compared.excess <= 0) | (np.flatnonzero(tried) == top)]
    region, region_share = region_of(kept, len(inside) / len(grid), 1 / len(triangular_grid(_REGION_STEPS)))
    highest = place(top)
    reason = _no_optimum(best, highest, region_share)
    return Surface(
        Coefficients(*(float(value) for value in fitted)),
        highest,
        None if reason else highest,
        reason,
        None if everywhere == top else place(everywhere),
        best,
        left_out,
        largest,
        grid,
        values,
        supported,
        region,
        region_share,
    )


def _no_optimum(best: float | None, highest: Place, region_share: float) -> NoOptimum | None:
    """Why the highest supported place is no optimum; None where it is one."""
    if best is not None and highest.predicted.value <= best:
        return NoOptimum.BELOW_BEST
    return NoOptimum.NOT_LOCATED if region_share > LOCATED_WITHIN else None


def _predicted(
    value: float, row: Floats, measured: Errors, left_out: float | None, freedom: int, confidence: float
) -> Estimate:
    """The prediction value = row @ accuracy with its interval; none without an error of leaving one place out."""
    value = min(1.0, max(0.0, float(value)))  # a quadratic knows no bounds
    if left_out is None:
        return Estimate(value, None, None)
    spread = float(row**2 @ measured.seed) + max(0.0, float(row @ measured.image @ row)) + left_out**2
    half = quantile(freedom, confidence) * math.sqrt(spread)
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def _lacking(measured: Errors, hat: Floats, design: Floats) -> Errors:
    """Sigma with what the residuals show beyond it: E[RSS] = trace((I - H) Sigma)."""
    freedom = len(design) - design.shape[1]
    residuals = measured.accuracy - hat @ measured.accuracy
    sigma = measured.image + np.diag(measured.seed)
    excess = float(residuals @ residuals - np.trace((np.eye(len(hat)) - hat) @ sigma)) / freedom
    if excess <= 0:
        return measured
    known = np.minimum(measured.freedom, freedom)
    return measured._replace(seed=measured.seed + excess, freedom=np.where(known > 0, known, freedom))


def _subset(measured: Errors, places: list[int]) -> Errors:
    return measured._replace(
        accuracy=measured.accuracy[places],
        seed=measured.seed[places],
        image=measured.image[np.ix_(places, places)],
        freedom=measured.freedom[places],
    )

"""A response surface over the triangle of shares: where accuracy peaks at the target cost, and how sure that is.

accuracy = b_d x_d + b_w x_w + b_r x_r + b_dw x_d x_w + b_dr x_d x_r + b_wr x_w x_r + slope * log(ratio / target),
Scheffe's quadratic mixture model in the realised shares x of depth, width and resolution.

Source: Scheffe 1958, "Experiments with mixtures".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import ConvexHull

from scaling.analysis.best import shortfalls
from scaling.analysis.errors import CONFIDENCE, Errors, Floats, errors
from scaling.analysis.measured import Measured, by_name, require

MINIMUM_NETWORKS = 8  # seven coefficients and one degree of freedom for the residuals
LOCATED_WITHIN = 0.5
"""A region larger than this share of the triangle locates nothing."""

_STEPS = 60  # of the grid of shares; 1,891 points
_RIVAL_STEPS = 12  # of the rivals' grid: a quadratic has no finer detail
_DRAWS = 1_000
_FLAT = 1e-9


class Coefficients(NamedTuple):
    """Of the Scheffe quadratic, as fractions of accuracy; the first three are the predictions at the corners."""

    depth: float
    width: float
    resolution: float
    depth_width: float
    depth_resolution: float
    width_resolution: float
    slope: float = 0.0


class Surface(NamedTuple):
    """A fitted surface at the target cost.

    Attributes:
        coefficients: of the model.
        optimum: shares of depth, width and resolution at the grid's highest prediction.
        predicted: accuracy there.
        residual_sd: of the fit.
        grid: shape (m, 3): shares, evenly over the triangle.
        surface: shape (m,): prediction on the grid.
        region: shape (corners, 3): shares at the corners of the convex region that may hold the true optimum.
        region_share: area of the region as a share of the triangle.
        located: the region covers half the triangle or less.
    """

    coefficients: Coefficients
    optimum: tuple[float, float, float]
    predicted: float
    residual_sd: float
    grid: Floats
    surface: Floats
    region: Floats
    region_share: float
    located: bool


class Fitted(NamedTuple):
    """A surface, or None and the reason why there is none."""

    surface: Surface | None
    reason: str | None


def response_surface(networks: Sequence[Measured], target: float, *, confidence: float = CONFIDENCE) -> Fitted:
    """Fit the surface by least squares and find its optimum with the region of shares that may be the true one.

    The region is the convex hull of every point of the triangle that is not shown to be worse than another: the
    simultaneous test that decides which networks tie (`best`), on predictions instead of networks. So it holds the
    model's true optimum with at least the chosen confidence, whatever the truth is. Errors are drawn from Sigma of
    `errors`; where the residuals are larger than Sigma makes them, the excess variance is added and its degrees of
    freedom count.

    Args:
        networks: every network measured; those with shares are fitted, all give the seed variance.
        target: ratio of MACs over the baseline's to predict at.
        confidence: of the region.

    Raises:
        ValueError: target is not positive, confidence not between 0 and 1, or the networks are not comparable.
    """
    require("response_surface", target, confidence)
    ordered = by_name(networks)
    places = [i for i, network in enumerate(ordered) if network.shares is not None]
    if len(places) < MINIMUM_NETWORKS:
        return Fitted(None, f"{len(places)} networks with shares, at least {MINIMUM_NETWORKS} are needed")
    design = _design([ordered[i] for i in places], target)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return Fitted(None, "the networks' shares do not span the triangle")
    return Fitted(_fit(design, _subset(errors(ordered), places), confidence), None)


def triangular_grid(steps: int) -> Floats:
    """Shares (depth, width, resolution) in multiples of 1 / steps, shape ((steps + 1) (steps + 2) / 2, 3)."""
    points = [(d, w, steps - d - w) for d in range(steps + 1) for w in range(steps + 1 - d)]
    return np.array(points, dtype=float) / steps


def _fit(design: Floats, measured: Errors, confidence: float) -> Surface:
    solve = np.linalg.pinv(design)
    fitted = solve @ measured.accuracy
    residuals = measured.accuracy - design @ fitted
    freedom = len(design) - design.shape[1]
    residual_variance = float(residuals @ residuals) / freedom
    grid = triangular_grid(_STEPS)
    weights = _mixture(grid) @ solve[:6]
    values = weights @ measured.accuracy
    short = shortfalls(
        weights,
        _with_lack_of_fit(measured, design @ solve, residual_variance, freedom),
        rivals=_mixture(triangular_grid(_RIVAL_STEPS)) @ solve[:6],
        confidence=confidence,
        draws=_DRAWS,
    )
    top = int(np.argmax(values))
    region, region_share = _hull(grid[short <= 0], 1 / len(grid))
    return Surface(
        Coefficients(*(float(value) for value in fitted)),
        (float(grid[top, 0]), float(grid[top, 1]), float(grid[top, 2])),
        float(values[top]),
        math.sqrt(residual_variance),
        grid,
        values,
        region,
        region_share,
        region_share <= LOCATED_WITHIN,
    )


def _hull(shares: Floats, cell: float) -> tuple[Floats, float]:
    """Corners of the convex hull of some grid points, and its area as a share of the triangle.

    A share is at least that of as many cells as there are points, which is all there is where they lie on one line.
    """
    least = len(shares) * cell
    if np.linalg.matrix_rank(shares - shares[0], tol=_FLAT) < 2:
        ends = np.lexsort(shares.T)[[0, -1]]
        return shares[np.unique(ends)], least
    hull = ConvexHull(shares[:, 1:])
    return shares[hull.vertices], max(least, float(hull.volume) / 0.5)


def _with_lack_of_fit(measured: Errors, hat: Floats, residual_variance: float, freedom: int) -> Errors:
    """Add what the residuals show beyond Sigma: E[RSS] = trace((I - H) Sigma)."""
    sigma = measured.picture + np.diag(measured.seed)
    excess = residual_variance - float(np.trace((np.eye(len(hat)) - hat) @ sigma)) / freedom
    if excess <= 0:
        return measured
    degrees = min(measured.degrees_of_freedom, freedom) or freedom
    return measured._replace(seed=measured.seed + excess, degrees_of_freedom=degrees)


def _design(networks: Sequence[Measured], target: float) -> Floats:
    """Shape (k, 7), or (k, 6) where all networks cost the same and there is no slope to fit."""
    mixture = _mixture(np.array([network.shares for network in networks]))
    distance = np.log([network.ratio / target for network in networks])
    return mixture if np.ptp(distance) < _FLAT else np.column_stack([mixture, distance])


def _mixture(shares: Floats) -> Floats:
    depth, width, resolution = shares.T
    return np.column_stack([shares, depth * width, depth * resolution, width * resolution])


def _subset(measured: Errors, places: list[int]) -> Errors:
    return measured._replace(
        accuracy=measured.accuracy[places], seed=measured.seed[places], picture=measured.picture[np.ix_(places, places)]
    )

"""The quadratic model of a mixture of depth, width and resolution: its design, its leverages, what a place left out costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from scaling.analysis.errors import Floats
from scaling.analysis.measured import Measured

FLAT = 1e-9
"""Differences below this are binary noise."""


def triangular_grid(steps: int) -> Floats:
    """Shares (depth, width, resolution) in multiples of 1 / steps, shape ((steps + 1) (steps + 2) / 2, 3)."""
    points = [(d, w, steps - d - w) for d in range(steps + 1) for w in range(steps + 1 - d)]
    return np.array(points, dtype=float) / steps


def leave_place_out(design: Floats, accuracy: Floats) -> float | None:
    """Root mean square error in predicting each place's accuracy from the networks of all other places.

    Args:
        design: shape (k, c): of the model, the first three columns the shares.
        accuracy: shape (k,).

    Returns:
        The error; None where leaving some place out leaves fewer than c independent networks for every place.
    """
    _, labels = np.unique(np.round(design[:, :3], 6), axis=0, return_inverse=True)
    left = []
    for place in range(int(labels.max()) + 1):
        out = labels == place
        rest = design[~out]
        if len(rest) and np.linalg.matrix_rank(rest) == design.shape[1]:
            left.append(accuracy[out] - design[out] @ (np.linalg.pinv(rest) @ accuracy[~out]))
    return float(np.sqrt(np.mean(np.concatenate(left) ** 2))) if left else None


def at_target(mixture: Floats, columns: int) -> Floats:
    """Rows of the design at the target cost, where the distance from it is 0."""
    return np.column_stack([mixture, np.zeros((len(mixture), columns - mixture.shape[1]))])


def multiples(grid: Floats, steps: int) -> NDArray[np.bool_]:
    """Which points of a grid are on the coarser one of so many steps."""
    return np.abs(grid * steps - np.round(grid * steps)).max(axis=1) < FLAT


def leverages_of(design: Floats, cross: Floats) -> Floats:
    """f (X'X)^-1 f of each row f, shape (m,)."""
    return np.einsum("ij,jk,ik->i", design, cross, design)


def region_of(shares: Floats, supported: float, cell: float) -> tuple[Floats, float]:
    """Corners of the convex hull of some grid points, and its area as a share of the supported part of the triangle.

    A share is at least that of as many cells as there are points, which is all there is where they lie on one line, and at
    most 1: the hull may reach over what is not supported.
    """
    least = len(shares) * cell
    if np.linalg.matrix_rank(shares - shares[0], tol=FLAT) < 2:
        ends = np.lexsort(shares.T)[[0, -1]]
        return shares[np.unique(ends)], min(1.0, least / supported)
    hull = ConvexHull(shares[:, 1:])
    return shares[hull.vertices], min(1.0, max(least, float(hull.volume) / 0.5) / supported)


def design_of(networks: Sequence[Measured], target: float) -> Floats:
    """Shape (k, 7), or (k, 6) where all networks cost the same and there is no slope to fit."""
    mixture = mixture_terms(np.array([network.shares for network in networks]))
    distance = np.log([network.ratio / target for network in networks])
    return mixture if np.ptp(distance) < FLAT else np.column_stack([mixture, distance])


def mixture_terms(shares: Floats) -> Floats:
    """The six terms of the quadratic mixture model (Scheffe 1958) at shares (k, 3): the shares and their products, (k, 6)."""
    depth, width, resolution = shares.T
    return np.column_stack([shares, depth * width, depth * resolution, width * resolution])

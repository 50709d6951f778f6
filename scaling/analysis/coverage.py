"""How much of the triangle of shares a study's networks reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scaling.analysis.mixture import triangular_grid

_STEPS = 60


class Hole(NamedTuple):
    """The part of the triangle farthest from any network.

    Attributes:
        shares: of depth, width and resolution, at its centre.
        radius: distance from there to the nearest network.
    """

    shares: tuple[float, float, float]
    radius: float


def largest_hole(shares: Sequence[tuple[float, float, float]]) -> Hole:
    """The largest hole that networks leave in the triangle, on a grid of sixtieths.

    Args:
        shares: realised, of each network, one or more.
    """
    grid = triangular_grid(_STEPS)
    nearest = np.linalg.norm(grid[:, None] - np.array(shares), axis=2).min(axis=1)
    depth, width, resolution = map(float, grid[nearest.argmax()])
    return Hole((depth, width, resolution), float(nearest.max()))

"""Searches whose response to shares is known: does what is printed of a response surface hold?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from scaling.analysis.measured import Measured
from scaling.analysis.mixture import triangular_grid
from scaling.analysis.surface import Surface, response_surface
from scaling.simulate.answers import Floats, answers
from scaling.simulate.truths import TARGET, Held, Size, Truth

UNEVEN = np.array(
    [
        *([0.90, 0.10, 0.00], [1.00, 0.00, 0.00], [0.00, 1.00, 0.00], [0.50, 0.50, 0.00], [0.70, 0.30, 0.00]),
        *([0.30, 0.70, 0.00], [0.59, 0.31, 0.10], [0.90, 0.00, 0.10], [0.40, 0.50, 0.10], [0.00, 0.90, 0.10]),
        *([0.00, 0.00, 1.00], [0.00, 0.15, 0.85], [0.00, 0.20, 0.80], [0.00, 0.18, 0.82]),
    ]
)
"""Shares as a lattice over a baseline of 14 px realises them: none between 10 and 80 % of resolution."""

EVEN = np.concatenate([triangular_grid(4), [[1 / 3, 1 / 3, 1 / 3], [0.15, 0.7, 0.15], [0.7, 0.15, 0.15], [0.15, 0.15, 0.7]]])
"""Shares spread over the triangle."""

_PEAK = np.array([0.2, 0.2, 0.6])


def _quadratic(shares: Floats) -> Floats:
    return 0.90 - 0.03 * ((shares - _PEAK) ** 2).sum(axis=-1)


def _stepped(shares: Floats) -> Floats:
    """A first step gains most, then straight in resolution."""
    return 0.895 + 0.004 * (shares.max(axis=-1) < 0.97) + 0.012 * shares[..., 2]


def _saturating(shares: Floats) -> Floats:
    return 0.895 + 0.014 * (1 - np.exp(-4 * shares[..., 2])) + 0.003 * shares[..., 0]


def _of(truth: Callable[[Floats], Floats], design: Floats, is_quadratic: bool) -> Callable[..., Iterator[Held]]:
    def study(size: Size, generator: np.random.Generator) -> Iterator[Held]:
        bits = answers(truth(design).tolist(), size.seeds, size.images, generator, seed_sd=size.seed_sd)
        networks = [
            Measured(f"n{i:02d}", 1_200_000, TARGET, one, (float(d), float(w), float(r)), ("lattice",))
            for i, (one, (d, w, r)) in enumerate(zip(bits, design, strict=True))
        ]
        surface = response_surface(networks, TARGET).surface
        if surface is not None:
            yield from _statements(surface, truth, is_quadratic)

    return study


def _statements(surface: Surface, truth: Callable[[Floats], Floats], is_quadratic: bool) -> Iterator[Held]:
    true = truth(surface.grid)
    highest = surface.highest
    low, high = highest.predicted.low, highest.predicted.high
    if low is not None and high is not None:
        yield Held("surface: its highest supported prediction", 0.90, low <= float(truth(np.array(highest.shares))) <= high)
    if is_quadratic:
        told = surface.supported & (np.abs(surface.grid * 30 - np.round(surface.grid * 30)).max(axis=1) < 1e-9)
        best = surface.grid[told][int(true[told].argmax())]  # of the points that the region is told on
        yield Held("surface: region holds the supported optimum", 0.90, _inside(surface.region, best))
    # An optimum that is shown should be one: within .2 points of the truly best share.
    if surface.optimum is not None:
        regret = float(true.max() - truth(np.array(surface.optimum.shares)))
        yield Held("surface: an optimum that is shown is within .2 points of the best", 0.90, regret < 0.002)


def _inside(region: Floats, point: Floats) -> bool:
    """Whether a point of the triangle is in a convex polygon of shares, edges included."""
    corners = region[:, 1:]
    edges, towards = np.roll(corners, -1, axis=0) - corners, point[1:] - corners
    cross = edges[:, 0] * towards[:, 1] - edges[:, 1] * towards[:, 0]
    return bool((cross >= -1e-9).all() or (cross <= 1e-9).all())


SURFACES: dict[str, Truth] = {
    "surface": Truth("a quadratic in the shares, networks spread over the triangle", _of(_quadratic, EVEN, True)),
    "surface-holes": Truth("the same, networks as a 14 px baseline has them", _of(_quadratic, UNEVEN, True)),
    "surface-steps": Truth("a first step, then straight in resolution, 14 px", _of(_stepped, UNEVEN, False), promised=False),
    "surface-level": Truth("gains that level off with resolution, 14 px", _of(_saturating, UNEVEN, False), promised=False),
}
"""Of response surfaces, by name."""

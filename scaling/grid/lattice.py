"""The lattice of Step 1: which coefficients are candidates, and which references are trained beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from scaling.analysis.measured import EXTRAPOLATED
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.rules.coefficients import HIGHEST, PAPER, Coefficients, hundredths
from scaling.rules.rounding import Rounding

Constraint = Literal["nominal", "realised", "both"]


MOST_POINTS = 10_000_000
"""A lattice may not have more points than this before its constraint."""


REFERENCES: dict[str, Coefficients] = {
    "baseline": Coefficients(100, 100, 100),
    "depth": Coefficients(200, 100, 100),
    "width": Coefficients(100, 141, 100),
    "resolution": Coefficients(100, 100, 141),
    "paper": PAPER,
}
"""Trained beside every lattice: the baseline, all of the budget in one dimension (square roots of 2 in hundredths), and the
paper's point."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Which coefficients are candidates.

    Args:
        step: distance of neighbours, a multiple of .01.
        tolerance: of the constraint, inclusive: nominal |alpha beta^2 gamma^2 - 2| <= tolerance, realised
            |MACs / (2^phi baseline MACs) - 1| <= tolerance.
        constraint: `nominal` (the paper's), `realised`, or `both`.
        alpha: lowest and highest, at least 1.
        beta: the same.
        gamma: the same.
        sample: draw this many of the points at random instead of taking all; 0 takes all.
        rounding: of scaled networks, a name that `scale` knows.
        extrapolated: coefficients of one more reference, the choice of a search at another phi carried to this one.
    """

    step: float = 0.05
    tolerance: float = 0.1
    constraint: Constraint = "nominal"
    alpha: tuple[float, float] = (1.0, 2.0)
    beta: tuple[float, float] = (1.0, 1.5)
    gamma: tuple[float, float] = (1.0, 1.5)
    sample: int = 0
    rounding: Rounding = "released"
    extrapolated: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "gamma"):
            low, high = getattr(self, name)
            if not low >= 1:
                raise UserError(f"{name} must not be below 1, got {low:g}: Step 1 scales a baseline up")
            if not low <= high <= HIGHEST:
                raise UserError(f"{name} must rise from lowest to highest, at most {HIGHEST:g}, got {low:g} to {high:g}")
            hundredths(f"lowest {name}", low), hundredths(f"highest {name}", high)
        if not 1 <= hundredths("step", self.step) <= 100 * HIGHEST:
            raise UserError(f"step must be from 0.01 to {HIGHEST:g}, got {self.step:g}")
        if (points := math.prod(len(axis) for axis in self.axes())) > MOST_POINTS:
            raise UserError(f"the lattice has {points:,} points, over {MOST_POINTS:,}: take a larger step")
        if not 0 <= self.tolerance <= 1000:
            raise UserError(f"tolerance must be from 0 to 1000, got {self.tolerance:g}")
        if self.constraint not in get_args(Constraint):
            near = did_you_mean(self.constraint, get_args(Constraint))
            raise UserError(f"constraint must be one of {', '.join(get_args(Constraint))}, got {self.constraint!r}{near}")
        if self.sample < 0:
            raise UserError(f"sample must be 1 or more points, or 0 for all, got {self.sample}")
        for value in self.extrapolated or ():
            if not 100 <= hundredths("extrapolated", value) <= 100 * HIGHEST:
                raise UserError(f"extrapolated coefficients must be from 1 to {HIGHEST:g}, got {value:g}")

    def axes(self) -> tuple[range, range, range]:
        """Hundredths of alpha, beta and gamma, ascending."""
        step = hundredths("step", self.step)
        alpha, beta, gamma = (
            range(hundredths("", low), hundredths("", high) + 1, step) for low, high in (self.alpha, self.beta, self.gamma)
        )
        return alpha, beta, gamma

    @property
    def references(self) -> dict[str, Coefficients]:
        """`REFERENCES`, and the extrapolated choice if there is one."""
        if self.extrapolated is None:
            return REFERENCES
        alpha, beta, gamma = (hundredths("", value) for value in self.extrapolated)
        return {**REFERENCES, EXTRAPOLATED: Coefficients(alpha, beta, gamma)}

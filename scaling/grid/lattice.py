"""The lattice of Step 1: coefficients in whole hundredths, and which of them are candidates.

Whole hundredths, so that no product or ceiling is decided by binary noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from scaling.core.errors import UserError
from scaling.rules.rules import Factors, Rounding, compound

Constraint = Literal["nominal", "realised", "both"]

BUDGET = 2
"""Growth of the MACs per unit of phi, the paper's."""

UNIT = 100**5
"""A product alpha * beta^2 * gamma^2 of 1, in hundredths."""

HIGHEST = 10.0
"""No coefficient may be above this."""

MOST_POINTS = 10_000_000
"""A lattice may not have more points than this before its constraint."""


class Coefficients(NamedTuple):
    """The bases of compound scaling in whole hundredths: alpha (depth), beta (width), gamma (resolution)."""

    alpha: int
    beta: int
    gamma: int

    @property
    def nominal(self) -> float:
        """alpha * beta^2 * gamma^2."""
        return self.alpha * self.beta**2 * self.gamma**2 / UNIT

    @property
    def decimals(self) -> tuple[float, float, float]:
        """(alpha, beta, gamma) as the numbers they stand for."""
        return self.alpha / 100, self.beta / 100, self.gamma / 100

    def factors(self, phi: float) -> Factors:
        """The factors of compound scaling at phi."""
        alpha, beta, gamma = self.decimals
        return compound(phi, alpha=alpha, beta=beta, gamma=gamma)


PAPER = Coefficients(120, 110, 115)
"""What the paper's grid search found for B0."""

REFERENCES: dict[str, Coefficients] = {
    "baseline": Coefficients(100, 100, 100),
    "depth": Coefficients(200, 100, 100),
    "width": Coefficients(100, 141, 100),
    "resolution": Coefficients(100, 100, 141),
    "paper": PAPER,
}
"""Trained beside every lattice: the baseline, all of the budget in one dimension (square roots of 2 in hundredths), and the
paper's point."""

EXTRAPOLATED = "extrapolated"
"""The reference that is the choice of a search at another phi, carried to this one."""

ROLES = (*REFERENCES, EXTRAPOLATED)
"""Why a network that is no lattice point may be in a study."""


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
            _hundredths(f"lowest {name}", low), _hundredths(f"highest {name}", high)
        if not 1 <= _hundredths("step", self.step) <= 100 * HIGHEST:
            raise UserError(f"step must be from 0.01 to {HIGHEST:g}, got {self.step:g}")
        if (points := math.prod(len(axis) for axis in self.axes())) > MOST_POINTS:
            raise UserError(f"the lattice has {points:,} points, over {MOST_POINTS:,}: take a larger step")
        if not 0 <= self.tolerance <= 1000:
            raise UserError(f"tolerance must be from 0 to 1000, got {self.tolerance:g}")
        if self.constraint not in get_args(Constraint):
            raise UserError(f"constraint must be one of {', '.join(get_args(Constraint))}, got {self.constraint!r}")
        if self.sample < 0:
            raise UserError(f"sample must be 1 or more points, or 0 for all, got {self.sample}")
        for value in self.extrapolated or ():
            if not 100 <= _hundredths("extrapolated", value) <= 100 * HIGHEST:
                raise UserError(f"extrapolated coefficients must be from 1 to {HIGHEST:g}, got {value:g}")

    def axes(self) -> tuple[range, range, range]:
        """Hundredths of alpha, beta and gamma, ascending."""
        step = _hundredths("step", self.step)
        alpha, beta, gamma = (
            range(_hundredths("", low), _hundredths("", high) + 1, step) for low, high in (self.alpha, self.beta, self.gamma)
        )
        return alpha, beta, gamma

    @property
    def references(self) -> dict[str, Coefficients]:
        """`REFERENCES`, and the extrapolated choice if there is one."""
        if self.extrapolated is None:
            return REFERENCES
        alpha, beta, gamma = (_hundredths("", value) for value in self.extrapolated)
        return {**REFERENCES, EXTRAPOLATED: Coefficients(alpha, beta, gamma)}


def representative(aliases: Iterable[Coefficients]) -> Coefficients:
    """The alias whose product is nearest to 2, then the one with the smaller alpha, then beta."""
    return min(aliases, key=lambda point: (distance(*point), point))


def distance(alpha: Any, beta: Any, gamma: Any) -> Any:
    """How far alpha * beta^2 * gamma^2 is from 2, in units of 100^-5; of hundredths, whole numbers or arrays of them."""
    return abs(alpha * beta**2 * gamma**2 - BUDGET * UNIT)


def _hundredths(name: str, value: float) -> int:
    if not math.isfinite(value):
        raise UserError(f"{name} must be finite, got {value:g}")
    whole = round(value * 100)
    if abs(value * 100 - whole) > 1e-6:
        raise UserError(f"{name} must be a multiple of 0.01, got {value:g}")
    return whole

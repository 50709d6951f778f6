"""The bases of compound scaling in whole hundredths, so that no product or ceiling is decided by binary noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from scaling.core.errors import UserError
from scaling.rules.rules import Factors, compound

BUDGET = 2
"""Growth of the MACs per unit of phi, the paper's."""


UNIT = 100**5
"""A product alpha * beta^2 * gamma^2 of 1, in hundredths."""


HIGHEST = 10.0
"""No coefficient may be above this."""


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


def representative(aliases: Iterable[Coefficients]) -> Coefficients:
    """The alias whose product is nearest to 2, then the one with the smaller alpha, then beta."""
    return min(aliases, key=lambda point: (distance(*point), point))


def distance(alpha: Any, beta: Any, gamma: Any) -> Any:
    """How far alpha * beta^2 * gamma^2 is from 2, in units of 100^-5; of hundredths, whole numbers or arrays of them."""
    return abs(alpha * beta**2 * gamma**2 - BUDGET * UNIT)


def hundredths(name: str, value: float) -> int:
    """A number in whole hundredths.

    Args:
        name: of the number, for messages.
        value: a multiple of .01.

    Raises:
        UserError: it is none.
    """
    if not math.isfinite(100 * value):
        raise UserError(f"{name} must be finite, got {value:g}")
    whole = round(value * 100)
    if abs(value * 100 - whole) > 1e-6:
        raise UserError(f"{name} must be a multiple of 0.01, got {value:g}")
    return whole

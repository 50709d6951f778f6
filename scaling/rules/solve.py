"""From what a network may cost to phi: the largest that fits a budget, and the one whose real cost is nearest to a wanted one.

Rounding makes the cost of a rule a staircase in phi that never falls, so both are found by halving, exactly, in
thousandths of phi.
"""

from __future__ import annotations

import math
from collections.abc import Callable

UNIT = 1000
"""Phi is solved in steps of 1 / UNIT."""

HIGHEST = 40.0
"""No phi above this is tried: a trillion times the baseline's cost."""


def largest_phi(size: Callable[[float], float], budget: float, lowest: float) -> float | None:
    """The largest phi, in thousandths from `lowest` to 40, with size(phi) <= budget.

    Args:
        size: of the member at phi, never falling as phi rises.
        budget: in the units of size.
        lowest: smallest phi allowed.

    Returns:
        phi; None where not even the lowest fits, infinity where every phi does.
    """
    low, high = _thousandths(lowest), _thousandths(HIGHEST)
    if size(high / UNIT) <= budget:
        return math.inf
    if size(low / UNIT) > budget:
        return None
    return _last(lambda phi: size(phi) <= budget, low, high) / UNIT


def lowest_phi(allowed: Callable[[float], bool]) -> float:
    """The smallest phi, in thousandths from -40, that is allowed, where larger ones are too and 0 is.

    Args:
        allowed: whether a phi may be taken.
    """
    low = _thousandths(-HIGHEST)
    return low / UNIT if allowed(low / UNIT) else (1 + _last(lambda phi: not allowed(phi), low, 0)) / UNIT


def nearest_phi(size: Callable[[float], float], target: float, wanted: float) -> float:
    """The phi whose size is nearest, as a ratio, to a target; of all that give that network, the nearest to `wanted`.

    Args:
        size: of the member at phi, 0 or more, never falling as phi rises; it is asked from 0 on.
        target: of the size, at least that of phi 0.
        wanted: phi to prefer among equals, 0 or more.

    Returns:
        phi, in thousandths; at most 40, whatever the target.
    """
    high = _thousandths(HIGHEST)
    if size(HIGHEST) <= target:
        return HIGHEST
    end = _last(lambda phi: size(phi) <= target, 0, high)
    near, far = size(end / UNIT), size((end + 1) / UNIT)
    chosen = near if target / near <= far / target else far
    last = _last(lambda phi: size(phi) <= chosen, 0, high)
    first = 0 if size(0.0) >= chosen else 1 + _last(lambda phi: size(phi) < chosen, 0, high)
    return min(max(_thousandths(wanted), first), last) / UNIT


def _last(holds: Callable[[float], bool], low: int, high: int) -> int:
    """The last thousandth for which a condition holds that holds at `low` and, once broken, stays so."""
    while low < high:
        middle = -(-(low + high) // 2)
        low, high = (middle, high) if holds(middle / UNIT) else (low, middle - 1)
    return low


def _thousandths(phi: float) -> int:
    return round(phi * UNIT)

"""How near to the target cost a network must be to be chosen."""

from __future__ import annotations

ELIGIBLE_WITHIN = 0.20
"""How far from the target cost, as a fraction of it, a network may be and still be chosen."""

_BINARY_NOISE = 1e-12


def is_eligible(ratio: float, target: float) -> bool:
    """Whether a cost is within 20 % of the target, inclusive.

    Args:
        ratio: MACs over the baseline's.
        target: the ratio that is searched for.
    """
    return abs(ratio / target - 1) <= ELIGIBLE_WITHIN + _BINARY_NOISE

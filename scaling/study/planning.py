"""What a study can tell apart, before it starts.

The three variances were measured on a short proxy: a 595k-MAC MBConv net on 6,000 pictures of 20 px, 8 epochs, at about
87 % accuracy. They are that proxy's; another data set or a longer training has others.
"""

from __future__ import annotations

import math

TRUE_SEED_SD = 0.00149
"""Between trainings of one network, on infinitely many pictures."""

PICTURE_VARIANCE = 0.0036
"""Of the per-picture difference of two networks, on infinitely many seeds."""

FLIP_RATE = 0.0741
"""Pictures on which two trainings of one network disagree."""


def expected_standard_error(pictures: int, seeds: int) -> float:
    """Standard error of the difference of two networks' accuracies, as a fraction.

    se^2 = 2 sigma^2 / S + v / n + f / (n S), with sigma `TRUE_SEED_SD`, v `PICTURE_VARIANCE`, f `FLIP_RATE`.

    Args:
        pictures: n, on which both are judged.
        seeds: S, trainings of each.

    Raises:
        ValueError: pictures or seeds is below 1.
    """
    if pictures < 1 or seeds < 1:
        raise ValueError(f"expected_standard_error: pictures and seeds must be at least 1, got {pictures} and {seeds}")
    return math.sqrt(2 * TRUE_SEED_SD**2 / seeds + PICTURE_VARIANCE / pictures + FLIP_RATE / (pictures * seeds))

"""Trainings that ended in finite numbers and yet failed: near chance, or far below their siblings.

One of them in a mean moves it further than anything that is to be measured, so it is told apart, not averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.errors import Floats

LEARNED = 0.10
"""A training that gains less over chance than this share of what the study's median training gains has learned nothing."""

FAR = 0.10
"""How much less than its siblings, as a share of what they gain over chance, a training must gain to be far from them."""

SDS = 5.0
"""And how many standard deviations it must be below them, or below what the study's median training gains."""

_NORMAL = 1.4826  # the median of |z| is 1 / 1.4826 of a normal's standard deviation


def collapsed(accuracies: Sequence[Floats], chance: float, images: int) -> tuple[NDArray[np.bool_], ...]:
    """Which trainings of a study collapsed.

    With g the gain over chance, a training has collapsed if g < `LEARNED` * median g of all trainings of the study and it lies
    `SDS` binomial standard deviations below that median; or if it has siblings, g < (1 - `FAR`) * their median g, and it is
    more than `SDS` standard deviations below them. This standard deviation is that of one training's distance from the median
    of its siblings, taken robustly over the study, 1.4826 times the median distance, and no less than the binomial's. Where the
    median training itself gains nothing over chance, none is said to have collapsed.

    Args:
        accuracies: of each network's trainings, shape (seeds,), 0 to 1.
        chance: accuracy of always naming the commonest class.
        images: each training was judged on.

    Returns:
        For each network which of its trainings collapsed, shape (seeds,).
    """
    gains = [np.asarray(one, dtype=float) - chance for one in accuracies]
    every = np.concatenate(gains) if gains else np.zeros(0)
    typical = float(np.median(every)) if every.size else 0.0
    if typical <= 0:
        return tuple(np.zeros(len(own), dtype=bool) for own in gains)
    siblings = [_siblings(own) for own in gains]
    apart = [np.abs(own - others) for own, others in zip(gains, siblings, strict=True) if len(own) > 1]
    distances = np.concatenate(apart) if apart else np.zeros(0)
    sd = _NORMAL * float(np.median(distances)) if distances.size else 0.0
    found = []
    for own, others in zip(gains, siblings, strict=True):
        nothing_learned = (own < LEARNED * typical) & (typical - own > SDS * _binomial_sd(typical + chance, images))
        spread = np.maximum(sd, np.sqrt(2) * _binomial_sd(others + chance, images))
        found.append(nothing_learned | ((own < (1 - FAR) * others) & (others - own > SDS * spread)))
    return tuple(found)


def _binomial_sd(accuracy: Floats | float, images: int) -> Floats:
    # With two right and two wrong added (Agresti and Coull 1998): all right of few is no certainty.
    smoothed = (np.clip(accuracy, 0, 1) * images + 2) / (images + 4)
    return np.sqrt(smoothed * (1 - smoothed) / images)


def _siblings(gains: Floats) -> Floats:
    """For each training the median of the others of its network; of an only one itself."""
    if len(gains) == 1:
        return gains
    return np.array([np.median(np.delete(gains, index)) for index in range(len(gains))])

"""Several differences at once: intervals that all hold together with one confidence.

Differences d = rows @ accuracy share networks and images, so their errors depend on each other. All intervals are d_j +- c se_j
with c the quantile of max_j |T_j| / se_j when every true difference is 0, simulated as for the comparison with the best: the
seed part of se_j^2 is drawn anew for every simulated study, so few degrees of freedom give a large c, and where spreads differ
the differences that are known worst decide on it.

Source: Dunnett 1955, "A multiple comparison procedure for comparing several treatments with a control".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import CONFIDENCE, NO_VARIANCE, Errors, Floats
from scaling.analysis.mcb import DRAWS, difference_variances, simulated_errors
from scaling.analysis.measured import require_confidence


class Simultaneous(NamedTuple):
    """Intervals that hold together.

    Attributes:
        mean: shape (m,): each difference.
        half: shape (m,): half the length of its interval; 0 where it has no error.
        critical: c, standard errors in half an interval; 0 where no difference has an error.
    """

    mean: Floats
    half: Floats
    critical: float


def simultaneous(rows: Floats, errors: Errors, *, confidence: float = CONFIDENCE, draws: int = DRAWS) -> Simultaneous:
    """Intervals of weighted differences of accuracies, all true at once with the chosen confidence.

    Args:
        rows: shape (m, k): weights of each difference on the k accuracies, summing to 0.
        errors: of the k networks.
        confidence: that none of the intervals misses its truth.
        draws: simulated studies; the same seed always.

    Raises:
        ValueError: confidence is not between 0 and 1.
    """
    require_confidence("simultaneous", confidence)
    parts, image = difference_variances(rows, errors)
    total = parts.sum(axis=1) + image
    noisy = total > NO_VARIANCE
    mean, half = rows @ errors.accuracy, np.zeros(len(rows))
    if not noisy.any():
        return Simultaneous(mean, half, 0.0)
    drawn, scale = simulated_errors(errors, draws)
    estimated = np.maximum(parts[noisy] @ scale + image[noisy, None], NO_VARIANCE)
    largest = (np.abs(rows[noisy] @ drawn) / np.sqrt(estimated)).max(axis=0)
    critical = float(np.quantile(largest, confidence))
    half[noisy] = critical * np.sqrt(total[noisy])
    return Simultaneous(mean, half, critical)

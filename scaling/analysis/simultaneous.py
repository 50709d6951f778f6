"""Several differences at once: intervals that all hold together with one confidence.

Differences d = rows @ accuracy share networks and images, so their errors depend on each other. Each interval is Student's,
d_j +- t_j se_j, with the degrees of freedom of its own difference and one level of confidence for all: that at which, in
studies simulated with every true difference 0, all intervals hold 0 as often as wanted. The seed part of se_j^2, and with it
the degrees of freedom, are drawn anew for every simulated study. One critical value for all instead would spend nearly all of
the error on the differences that are known worst.

Source: Dunnett 1955, "A multiple comparison procedure for comparing several treatments with a control"; equal levels for
unequal degrees of freedom, by the smallest p: Westfall and Young 1993, "Resampling-based multiple testing".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from scaling.analysis.errors import CONFIDENCE, NO_VARIANCE, Errors, Floats
from scaling.analysis.intervals import variance
from scaling.analysis.mcb import DRAWS, difference_variances, simulated_errors
from scaling.analysis.measured import require_confidence


class Simultaneous(NamedTuple):
    """Intervals that hold together.

    Attributes:
        mean: shape (m,): each difference.
        half: shape (m,): half the length of its interval; 0 where it has no error.
        level: confidence of each interval by itself; 1 where no difference has an error.
    """

    mean: Floats
    half: Floats
    level: float


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
        return Simultaneous(mean, half, 1.0)
    drawn, scale = simulated_errors(errors, draws)
    seed = parts[noisy] @ scale
    estimated = np.maximum(seed + image[noisy, None], NO_VARIANCE)
    freedom = np.maximum(errors.freedom[:1] if errors.pooled else errors.freedom, 1)  # where there is none, no part is known
    uncertain = (parts[noisy] ** 2 / freedom) @ scale**2 + image[noisy, None] ** 2 / (errors.units - 1)
    ratios = np.abs(rows[noisy] @ drawn) / np.sqrt(estimated)
    smallest = 2 * stats.t.sf(ratios, estimated**2 / np.maximum(uncertain, NO_VARIANCE**2)).min(axis=0)
    error = float(np.quantile(smallest, 1 - confidence))
    degrees = [variance(row, errors).degrees for row in rows[noisy]]
    half[noisy] = stats.t.isf(error / 2, degrees) * np.sqrt(total[noisy])
    return Simultaneous(mean, half, 1 - error)

"""Multiple comparisons with the best: which candidates are not shown to be worse than the best of all.

Candidates have estimates V whose errors depend on each other. Candidate i stays unless a rival j has
V_j - V_i > c_i * se_ij. c_i is the quantile of max_j (T_j - T_i) / se_ij when all true values are equal, so the truly
best candidate stays with the chosen confidence, however many rivals it has.

Source: Dunnett 1955; Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons with the best".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.errors import NO_GAP, NO_VARIANCE, Errors, Floats

ERROR = 0.10
"""Chance of ever losing the truly best candidate, over all looks at a study."""

FIRST_LOOK = 0.8
"""Share of `ERROR` that the first look spends; the later ones share the rest."""

DRAWS = 20_000
Singles = NDArray[np.float32]

_SEED = 20_190_528
_CHUNK = 2_000  # draws at a time: a chunk for 60 rivals stays in the processor's cache


class Comparison(NamedTuple):
    """Each candidate against its strongest rival.

    Attributes:
        excess: shape (m,): by how many standard errors, over the critical value, the strongest rival beats it; 0 or less means
            not shown to be worse than the best, infinite where a difference has no error.
        error: shape (m,): median over its rivals of the standard error of a difference; 0 where nothing has one.
        critical: shape (m,): value of the test: a candidate this many standard errors behind one rival is dropped about as
            often as not.
    """

    excess: Floats
    error: Floats
    critical: Floats


def look_confidence(look: int) -> float:
    """Confidence of the test at the l-th look at a study, the first being that at its planned number of seeds.

    The first look spends e1 = `FIRST_LOOK` * `ERROR` of the chance of error, look l > 1 spends
    (`ERROR` - e1) / (l (l - 1)), which sum to the rest: whoever adds seeds until a name comes out still loses the best with no
    more than `ERROR`.

    Args:
        look: l, from 1.

    Source: spending an error over looks, O'Brien and Fleming 1979, Lan and DeMets 1983; this sequence sums by
        1 / (l (l - 1)) = 1 / (l - 1) - 1 / l, and Bonferroni's inequality needs no assumption on how looks depend.
    """
    first = FIRST_LOOK * ERROR
    return 1 - (first if look == 1 else (ERROR - first) / (look * (look - 1)))


def compare_with_best(
    rows: Floats, errors: Errors, *, confidence: float, rivals: Floats | None = None, draws: int = DRAWS
) -> Comparison:
    """Compare every candidate with all rivals at once.

    Values are linear in the accuracies: V = rows @ accuracy. The seed part of se_ij^2 is drawn anew for every simulated study,
    s^2 times chi^2_d / d (each network's own where the spreads are not pooled), so few degrees of freedom give large critical
    values.

    Args:
        rows: shape (m, k): each candidate's weights on the k accuracies.
        errors: of the k networks.
        confidence: simultaneous, one-sided.
        rivals: shape (r, k): what they are compared with; the candidates themselves if None.
        draws: simulated studies; the same seed always.
    """
    against = rows if rivals is None else rivals
    drawn, scale = simulated_errors(errors, draws)
    noise, rival_noise = (rows @ drawn).astype(np.float32), (against @ drawn).astype(np.float32)  # halves the time
    values, rival_values = rows @ errors.accuracy, against @ errors.accuracy
    excess, error, critical = np.empty(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    for index, row in enumerate(rows):
        parts, image = difference_variances(against - row, errors)
        total = parts.sum(axis=1) + image
        noisy = total > NO_VARIANCE
        simulated = _simulated_maxima(rival_noise[noisy], noise[index], parts[noisy], image[noisy], scale)
        if noisy.any():
            critical[index] = np.quantile(simulated, confidence)
            error[index] = np.median(np.sqrt(total[noisy]))
        excess[index] = _largest(rival_values - values[index], total, noisy) - critical[index]
    return Comparison(excess, error, critical)


def simulated_errors(errors: Errors, draws: int) -> tuple[Floats, Floats]:
    """Errors of the accuracies, shape (k, draws), and factors of the estimated seed variances, (1 or k, draws)."""
    generator = np.random.default_rng(_SEED)
    variances, vectors = np.linalg.eigh(errors.image + np.diag(errors.seed))
    root = vectors * np.sqrt(np.clip(variances, 0, None))
    drawn = root @ generator.standard_normal((len(errors.seed), draws))
    degrees = errors.freedom[:1] if errors.pooled else errors.freedom
    if not degrees.any():
        return drawn, np.ones((1, draws))
    return drawn, generator.chisquare(degrees[:, None], (len(degrees), draws)) / degrees[:, None]


def difference_variances(differences: Floats, errors: Errors) -> tuple[Floats, Floats]:
    """Seed parts of each difference's variance, shape (r, 1) where they are pooled and (r, k) where not; image part, (r,)."""
    parts = differences**2 * errors.seed
    image = np.maximum(0, (differences @ errors.image * differences).sum(axis=1))
    return (parts.sum(axis=1, keepdims=True) if errors.pooled else parts), image


def _simulated_maxima(rivals: Singles, own: Singles, parts: Floats, image: Floats, scale: Floats) -> Floats:
    """max_j (T_j - T_i) / se_ij per draw; a signed square until the end, since one root is cheaper than r."""
    found = np.zeros(len(own))
    for start in range(0, len(own) if len(rivals) else 0, _CHUNK):
        part = slice(start, start + _CHUNK)
        gaps = rivals[:, part] - own[part]
        gaps *= np.abs(gaps)
        variances = (parts @ scale[:, part]).astype(np.float32)
        variances += image[:, None].astype(np.float32)
        gaps /= np.maximum(variances, np.float32(NO_VARIANCE), out=variances)
        squares = gaps.max(axis=0)
        found[part] = np.sign(squares) * np.sqrt(np.abs(squares))
    return found


def _largest(gaps: Floats, variances: Floats, noisy: np.ndarray) -> float:
    if (gaps[~noisy] > NO_GAP).any():
        return np.inf
    return float((gaps[noisy] / np.sqrt(variances[noisy])).max()) if noisy.any() else 0.0

"""Multiple comparisons with the best: which candidates are not shown to be worse than the best of all.

Candidates have estimates V whose errors depend on each other. Candidate i stays unless a rival j has
V_j - V_i > c_i * se_ij. c_i is the quantile of max_j (T_j - T_i) / se_ij when all true values are equal, so the truly
best candidate stays with the chosen confidence, however many rivals it has.

Source: Dunnett 1955; Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons with the best".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.errors import CONFIDENCE, NO_GAP, NO_VARIANCE, Errors, Floats

DRAWS = 20_000
Singles = NDArray[np.float32]

_SEED = 20_190_528
_CHUNK = 2_000  # draws at a time: a chunk for 60 rivals stays in the processor's cache


def shortfalls(
    rows: Floats, errors: Errors, *, rivals: Floats | None = None, confidence: float = CONFIDENCE, draws: int = DRAWS
) -> Floats:
    """By how many standard errors, over the critical value, the strongest rival beats each candidate.

    Values are linear in the accuracies: V = rows @ accuracy. The seed part of se_ij^2 is drawn anew, times
    chi^2_df / df, for every simulated study, so few degrees of freedom give large critical values.

    Args:
        rows: shape (m, k): each candidate's weights on the k accuracies.
        errors: of the k networks.
        rivals: shape (r, k): what they are compared with; the candidates themselves if None.
        confidence: simultaneous, one-sided.
        draws: simulated studies; the same seed always.

    Returns:
        Shape (m,): 0 or less means not shown to be worse than the best; infinite where a difference has no error.
    """
    against = rows if rivals is None else rivals
    drawn, scale = _draws(errors, draws)
    noise, rival_noise = (rows @ drawn).astype(np.float32), (against @ drawn).astype(np.float32)  # halves the time
    values, rival_values = rows @ errors.accuracy, against @ errors.accuracy
    found = np.empty(len(rows))
    for index, row in enumerate(rows):
        seed, picture = _variances(against - row, errors)
        noisy = seed + picture > NO_VARIANCE
        gaps = rival_values - values[index]
        simulated = _simulated_maxima(rival_noise[noisy], noise[index], seed[noisy], picture[noisy], scale)
        critical = float(np.quantile(simulated, confidence)) if noisy.any() else 0.0
        found[index] = _largest(gaps, seed + picture, noisy) - critical
    return found


def _draws(errors: Errors, draws: int) -> tuple[Floats, Floats]:
    """Errors of the accuracies, shape (k, draws), and factors of the estimated seed variance, shape (draws,)."""
    generator = np.random.default_rng(_SEED)
    variances, vectors = np.linalg.eigh(errors.picture + np.diag(errors.seed))
    root = vectors * np.sqrt(np.clip(variances, 0, None))
    drawn = root @ generator.standard_normal((len(errors.seed), draws))
    degrees = errors.degrees_of_freedom
    return drawn, generator.chisquare(degrees, draws) / degrees if degrees else np.ones(draws)


def _variances(differences: Floats, errors: Errors) -> tuple[Floats, Floats]:
    return differences**2 @ errors.seed, (differences @ errors.picture * differences).sum(axis=1)


def _simulated_maxima(rivals: Singles, own: Singles, seed: Floats, picture: Floats, scale: Floats) -> Floats:
    """max_j (T_j - T_i) / se_ij per draw; a signed square until the end, since one root is cheaper than r."""
    found = np.zeros(len(own))
    for start in range(0, len(own) if len(rivals) else 0, _CHUNK):
        part = slice(start, start + _CHUNK)
        gaps = rivals[:, part] - own[part]
        gaps *= np.abs(gaps)
        variances = np.outer(seed, scale[part]).astype(np.float32)
        variances += picture[:, None].astype(np.float32)
        gaps /= np.maximum(variances, np.float32(NO_VARIANCE), out=variances)
        squares = gaps.max(axis=0)
        found[part] = np.sign(squares) * np.sqrt(np.abs(squares))
    return found


def _largest(gaps: Floats, variances: Floats, noisy: np.ndarray) -> float:
    if (gaps[~noisy] > NO_GAP).any():
        return np.inf
    return float((gaps[noisy] / np.sqrt(variances[noisy])).max()) if noisy.any() else 0.0

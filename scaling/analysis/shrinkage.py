"""What the true accuracies may be, given what trainings with noisy seeds measured.

Measured accuracies spread wider than true ones: by the seed noise. To put them back where they may belong takes shrinking
them towards their mean by the share of variance that is signal, and that share is itself known only roughly.

Source: Box and Tiao 1973, "Bayesian inference in statistical analysis", chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from scaling.analysis.errors import NO_VARIANCE, Floats

DRAWS = 1_000

_SEED = 20_190_528
_BATCH = 4_000
_BATCHES = 50
_FEWEST = 100  # accepted of all, for an interval that is not made of noise


def sample_true_accuracies(values: Floats, noise: Floats, degrees_of_freedom: Sequence[int]) -> Floats | None:
    """Draw true values of m networks in d studies, given the measured ones.

    Model: true_i ~ N(mu, S), value_i ~ N(true_i, N_i), so the values spread by T = S + N. Drawn are T from the inverse
    Wishart distribution of its m - 1 degrees of freedom (Jeffreys prior), N times degrees / chi^2, and, given both,

        true_i ~ N(mean + G (value_i - mean), S - G S) with G = S (S + N_i)^-1,

    in one study the share of variance that is signal. Draws whose S = T - N is not positive definite cannot have been and
    are thrown away; N there is the mean over the networks, an approximation where their numbers of seeds differ.

    Args:
        values: shape (d, m), m > d: measured, for instance accuracies.
        noise: shape (d, m): variance that the seeds give each; studies are trained independently.
        degrees_of_freedom: of the seed variance in each of the d studies, 1 or more.

    Returns:
        Shape (draws, d, m), the draws always the same; None where hardly any draw is possible: the values differ less
        than seeds alone make them.
    """
    if noise.max() <= NO_VARIANCE:
        return np.broadcast_to(values, (DRAWS, *values.shape))
    generator = np.random.default_rng(_SEED)
    signals, scales = [], []
    for _ in range(_BATCHES):
        signal, scale = _possible(values, noise, degrees_of_freedom, generator)
        signals.append(signal)
        scales.append(scale)
        if sum(map(len, signals)) >= DRAWS:
            break
    signal, scale = np.concatenate(signals)[:DRAWS], np.concatenate(scales)[:DRAWS]
    if len(signal) < _FEWEST:
        return None
    return _true(values, signal, scale[:, :, None] * noise, generator)


def _possible(
    values: Floats, noise: Floats, degrees_of_freedom: Sequence[int], generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """S, shape (accepted, d, d), and the factors of the noise they were drawn with, shape (accepted, d)."""
    studies, networks = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    variances, vectors = np.linalg.eigh(centred @ centred.T)
    root = vectors * np.sqrt(np.clip(variances, 0, None))
    wishart = stats.wishart.rvs(networks - 1, np.eye(studies), size=_BATCH, random_state=generator)
    total = root @ np.linalg.inv(wishart.reshape(-1, studies, studies)) @ root.T
    degrees = np.array(degrees_of_freedom)
    scale = degrees / generator.chisquare(degrees, (_BATCH, studies))
    signal = total - (scale * noise.mean(axis=1))[:, :, None] * np.eye(studies)
    positive = np.linalg.eigvalsh(signal)[:, 0] > 0
    return signal[positive], scale[positive]


def _true(values: Floats, signal: Floats, noise: Floats, generator: np.random.Generator) -> Floats:
    """True values, shape (draws, d, m), given S of shape (draws, d, d) and the noise of shape (draws, d, m)."""
    signals = signal[:, None]
    noises = np.swapaxes(noise, 1, 2)[..., None] * np.eye(len(values))
    gain = signals @ np.linalg.inv(signals + noises)
    left = gain @ noises  # = S - G S
    variances, vectors = np.linalg.eigh((left + np.swapaxes(left, -1, -2)) / 2)
    root = vectors * np.sqrt(np.clip(variances, 0, None))[..., None, :]
    mean = values.mean(axis=1)
    centred = (values.T - mean)[..., None]
    drawn = gain @ centred + root @ generator.standard_normal((*gain.shape[:-1], 1))
    return np.swapaxes(mean + drawn[..., 0], 1, 2)

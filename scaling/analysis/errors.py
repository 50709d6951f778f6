"""How far measured accuracies are from the truth: the spread over trainings and over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scaling.analysis.measured import Measured

Floats = NDArray[np.float64]

CONFIDENCE = 0.90
"""Of every interval and every test, unless another is asked for."""

SPREADS_DIFFER = 0.05
"""Seed variances are pooled over the networks unless Bartlett's test rejects that they are equal at this level."""

NO_VARIANCE = 1e-15
"""A variance below is rounding: less than one image in 10 million makes."""

NO_GAP = 1e-12
"""A difference of accuracies below is rounding."""


class Errors(NamedTuple):
    """Accuracies of k networks with their error covariance, in two parts: Sigma = diag(seed) + image.

    Attributes:
        accuracy: shape (k,): mean over seeds and images.
        seed: shape (k,): s_i^2 / n_i, the variance that the choice of n_i seeds gives each accuracy.
        image: shape (k, k): covariance that the choice of images gives what infinitely many seeds would show.
        freedom: shape (k,): degrees of freedom of each s_i^2; where pooled that of the one s^2, 0 where nothing is known.
        pooled: the s_i^2 are one s^2.
        seed_variance: s^2, of one training's accuracy, over all networks; 0 where no network has two seeds.
        degrees_of_freedom: of s^2: sum of n_i - 1.
        spread_p: of Bartlett's test that the networks' seed variances are equal; None where it cannot be made.
        units: independent units of images: the images, or their groups.
    """

    accuracy: Floats
    seed: Floats
    image: Floats
    freedom: Floats
    pooled: bool
    seed_variance: float
    degrees_of_freedom: int
    spread_p: float | None
    units: int


def errors(networks: Sequence[Measured]) -> Errors:
    """Estimate Sigma = diag(s_i^2 / n_i) + P.

    s_i^2 is the variance over seeds of the per-seed accuracies. It is pooled over the networks, with sum(n_i - 1) degrees of
    freedom, unless Bartlett's test finds that they differ. Images that flip from one training to the next move a per-seed
    accuracy, so they are in s_i^2; the covariance over images of the per-image means over seeds holds them once more, as
    mean_p q (1 - q) / n_i with q the share of trainings that get image p right. P is that covariance without them:

        P_ij = cov_p(mean_ip, mean_jp) / N - [i = j] f_i / n_i,  f_i = mean_p(m_ip (1 - m_ip)) n_i / (n_i - 1) / N,

    and no s_i^2 is taken as less than f_i, what the flips alone make.

    A network of one seed is given the others' mean flips and pooled s^2; where no network has two, P keeps the flips, which
    are then all that is known of the seeds. Where images belong to groups, P is the covariance of the groups' sums.

    Args:
        networks: k networks judged on the same images.

    Source: Bartlett 1937 for the test; Liang and Zeger 1986 for groups. That run-to-run spread on a fixed set of images is
        mostly flips: Jordan 2024, "On the variance of neural network training".
    """
    counts = np.array([network.seeds for network in networks])
    own, degrees = _own_variances(networks)
    known = counts > 1
    freedom = int(degrees.sum())
    pooled = float(degrees @ own / freedom) if freedom else 0.0
    p = equal_spreads_p(own[known], degrees[known], networks[0].images)
    differ = p is not None and p < SPREADS_DIFFER
    variance = np.where(known & differ, own, pooled)
    means = np.stack([network.correct.mean(axis=0) for network in networks])
    image, units = _between_units(means, networks[0].groups)
    flips = _flips(networks)
    return Errors(
        accuracy=means.mean(axis=1),
        # Flips alone move a training as far as this; a lower estimate is luck, and P has given the flips away.
        seed=np.maximum(variance, flips) / counts,
        image=image - np.diag(flips / counts),
        freedom=np.where(known & differ, degrees, freedom).astype(float),
        pooled=not differ,
        seed_variance=pooled,
        degrees_of_freedom=freedom,
        spread_p=p,
        units=units,
    )


def equal_spreads_p(variances: Floats, degrees: Floats, images: int) -> float | None:
    """p of Bartlett's test that sample variances of accuracies have one truth; None with fewer than two of them.

    T = (n log v - sum_i d_i log v_i) / C with v the pooled variance, n = sum d_i and
    C = 1 + (sum_i 1 / d_i - 1 / n) / (3 (k - 1)) is about chi^2 with k - 1 degrees of freedom. An accuracy is a whole number
    of images, so each variance is raised by that of the rounding, 1 / (12 N^2): two equal accuracies are no variance of 0.

    Args:
        variances: shape (k,).
        degrees: shape (k,): of freedom of each, 1 or more.
        images: N.

    Source: Bartlett 1937, "Properties of sufficiency and statistical tests".
    """
    if len(variances) < 2:
        return None
    rounded, n = variances + 1 / (12 * images**2), degrees.sum()
    statistic = n * np.log(degrees @ rounded / n) - degrees @ np.log(rounded)
    correction = 1 + ((1 / degrees).sum() - 1 / n) / (3 * (len(variances) - 1))
    return float(stats.chi2.sf(statistic / correction, len(variances) - 1))


def flip_variance(correct: NDArray[np.bool_]) -> float | None:
    """mean_p q (1 - q), unbiased: the variance, over trainings, that flips give the answer on one image; None of one seed.

    Args:
        correct: shape (seeds, images).
    """
    seeds = len(correct)
    if seeds < 2:
        return None
    means = correct.mean(axis=0)
    return float((means * (1 - means)).mean()) * seeds / (seeds - 1)


def _flips(networks: Sequence[Measured]) -> Floats:
    """Shape (k,): variance that flips give one training's accuracy; of a network of one seed the others' mean.

    sum_g var_seeds(S_ig) / N^2 with S_ig the number of images of unit g that a training gets right: without groups
    mean q (1 - q) / N. Images of one group flip together.
    """
    images = networks[0].images
    own = [_unit_variance(network) / images**2 if network.seeds > 1 else None for network in networks]
    known = [one for one in own if one is not None]
    typical = sum(known) / len(known) if known else 0.0
    return np.array([typical if one is None else one for one in own])


def _unit_variance(network: Measured) -> float:
    """Sum over units of images of the variance over seeds of the number right in each."""
    if network.groups is None:
        return float(network.correct.var(axis=0, ddof=1).sum())
    units = int(network.groups.max()) + 1
    sums = np.stack([np.bincount(network.groups, one, units) for one in network.correct])
    return float(sums.var(axis=0, ddof=1).sum())


def _own_variances(networks: Sequence[Measured]) -> tuple[Floats, Floats]:
    """Each network's variance over seeds, 0 of one seed, and its degrees of freedom; shape (k,) each."""
    per_seed = [network.correct.mean(axis=1) for network in networks]
    own = [float(one.var(ddof=1)) if len(one) > 1 else 0.0 for one in per_seed]
    return np.array(own), np.array([len(one) - 1.0 for one in per_seed])


def _between_units(means: Floats, groups: NDArray[np.integer] | None) -> tuple[Floats, int]:
    """Covariance of the mean over images, shape (k, k), and the number of independent units: images, or groups of them."""
    networks, images = means.shape
    if groups is None:
        return np.cov(means).reshape(networks, networks) / images, images
    units = int(groups.max()) + 1
    centred = means - means.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(groups, one, units) for one in centred])
    return sums @ sums.T / images**2 * units / (units - 1), units

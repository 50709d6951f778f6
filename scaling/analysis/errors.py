"""How far measured accuracies are from the truth: the spread over trainings and over pictures."""

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

NO_VARIANCE = 1e-15
"""A variance below is rounding: less than one picture in 10 million makes."""

NO_GAP = 1e-12
"""A difference of accuracies below is rounding."""


class Interval(NamedTuple):
    """A mean with its confidence interval, as fractions; n is the number of seeds."""

    mean: float
    low: float
    high: float
    n: int


class Estimate(NamedTuple):
    """A number with its interval; low and high are None where nothing is known about its error."""

    value: float
    low: float | None
    high: float | None


class Errors(NamedTuple):
    """Accuracies of k networks with their error covariance, in two parts: Sigma = diag(seed) + picture.

    Attributes:
        accuracy: shape (k,): mean over seeds and pictures.
        seed: shape (k,): s^2 / n_i, the variance that the choice of n_i seeds gives each accuracy.
        picture: shape (k, k): P / N, the covariance that the choice of N pictures gives them.
        seed_variance: s^2, of one training's accuracy, pooled over the networks; 0 where no network has two seeds.
        degrees_of_freedom: of s^2: sum of n_i - 1.
        pictures: N.
    """

    accuracy: Floats
    seed: Floats
    picture: Floats
    seed_variance: float
    degrees_of_freedom: int
    pictures: int


def errors(networks: Sequence[Measured]) -> Errors:
    """Estimate Sigma = diag(s^2 / n_i) + P / N.

    s^2 is the variance over seeds of the per-seed accuracies, pooled with sum(n_i - 1) degrees of freedom. P is
    the covariance over pictures of the per-picture means over seeds, so every comparison is paired. Pictures that flip
    from one training to the next are in s^2 and once more in P / N: the estimate errs towards wide intervals.

    Args:
        networks: k networks judged on the same pictures.
    """
    counts = np.array([network.seeds for network in networks])
    seed_variance, degrees = _pooled([network.correct for network in networks])
    per_picture = np.stack([network.correct.mean(axis=0) for network in networks])
    pictures = per_picture.shape[1]
    picture = np.cov(per_picture).reshape(len(networks), len(networks)) / pictures
    return Errors(per_picture.mean(axis=1), seed_variance / counts, picture, seed_variance, degrees, pictures)


def interval(
    correct: NDArray[np.bool_], seed_variance: float, degrees_of_freedom: int, *, confidence: float = CONFIDENCE
) -> Interval:
    """Accuracy of one network with its interval; for validation and test pictures alike.

    Args:
        correct: bool, shape (seeds, pictures).
        seed_variance: s^2 of one training's accuracy, pooled over a study; 0 if unknown.
        degrees_of_freedom: of s^2; 0 if unknown, and then the interval covers the choice of pictures only.
        confidence: of the interval, between 0 and 1.

    Where every seed is right on every picture, or on none, nothing varies, and the interval is the exact one of Clopper and
    Pearson 1934, for the pictures alone.
    """
    seeds, pictures = correct.shape
    if correct.all() or not correct.any():
        most = 1 - ((1 - confidence) / 2) ** (1 / pictures)
        return Interval(1.0, 1 - most, 1.0, seeds) if correct.all() else Interval(0.0, 0.0, most, seeds)
    picture = float(correct.mean(axis=0).var(ddof=1)) / pictures
    mean = float(correct.mean())
    half = half_width(seed_variance / seeds, picture, degrees_of_freedom, pictures, confidence=confidence)
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half), seeds)


def half_width(seed: float, picture: float, degrees_of_freedom: int, pictures: int, *, confidence: float = CONFIDENCE) -> float:
    """Half an interval: t * sqrt(seed + picture), the degrees of freedom of t after Welch and Satterthwaite.

    Args:
        seed: variance from the choice of seeds, estimated with `degrees_of_freedom`.
        picture: variance from the choice of pictures, estimated with pictures - 1 degrees of freedom.
        degrees_of_freedom: of the seed variance; 0 where it is unknown.
        pictures: number of pictures, at least 2.
        confidence: of the two-sided interval.

    Source: Satterthwaite 1946, "An approximate distribution of estimates of variance components".
    """
    variance = seed + picture
    if variance <= 0:
        return 0.0
    degrees = _satterthwaite(seed, picture, degrees_of_freedom, pictures)
    return float(stats.t.ppf((1 + confidence) / 2, degrees) * np.sqrt(variance))


def two_sided_p(difference: float, seed: float, picture: float, degrees_of_freedom: int, pictures: int) -> float:
    """p of a difference where there is none: 2 P(T > |difference| / sqrt(seed + picture)), T of `half_width`.

    Without any variance p is 1 for no difference and 0 for one.

    Args:
        difference: of two accuracies, or of weighted sums of them.
        seed: its variance from the choice of seeds, estimated with `degrees_of_freedom`.
        picture: its variance from the choice of pictures.
        degrees_of_freedom: of the seed variance; 0 where it is unknown.
        pictures: number of pictures, at least 2.
    """
    variance = seed + picture
    if variance <= NO_VARIANCE:
        return float(abs(difference) <= NO_GAP)
    degrees = _satterthwaite(seed, picture, degrees_of_freedom, pictures)
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), degrees))


def bounds(draws: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Ends of the equal-tailed interval of draws along the first axis."""
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high


def estimate(value: float, draws: Floats | None, confidence: float) -> Estimate:
    """A number with the equal-tailed interval of its draws, shape (draws,), or without one."""
    if draws is None:
        return Estimate(value, None, None)
    low, high = bounds(draws, confidence)
    return Estimate(value, float(low), float(high))


def _satterthwaite(seed: float, picture: float, degrees_of_freedom: int, pictures: int) -> float:
    """Degrees of freedom of seed + picture, whose sum must be above 0."""
    uncertainty = picture**2 / (pictures - 1) + (seed**2 / degrees_of_freedom if degrees_of_freedom else 0.0)
    return (seed + picture) ** 2 / uncertainty


def _pooled(correct: Sequence[NDArray[np.bool_]]) -> tuple[float, int]:
    per_seed = [answers.mean(axis=1) for answers in correct]
    degrees = sum(len(accuracies) - 1 for accuracies in per_seed)
    squares = sum(float(((accuracies - accuracies.mean()) ** 2).sum()) for accuracies in per_seed)
    return (squares / degrees if degrees else 0.0), degrees

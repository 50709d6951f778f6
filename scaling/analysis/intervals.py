"""Intervals of accuracies and of their differences, from the errors of measured networks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from scaling.analysis.errors import CONFIDENCE, NO_GAP, NO_VARIANCE, Errors, Floats


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


class Variance(NamedTuple):
    """Of a weighted sum of accuracies.

    Attributes:
        seed: part from the choice of seeds.
        image: part from the choice of images.
        degrees: of freedom of their sum, after Welch and Satterthwaite.
    """

    seed: float
    image: float
    degrees: float

    @property
    def total(self) -> float:
        """Both parts."""
        return self.seed + self.image


def variance(row: Floats, measured: Errors) -> Variance:
    """Variance of row @ accuracy: row^2 @ seed and row @ image @ row, the latter at least 0.

    Args:
        row: shape (k,): weights.
        measured: of the k networks.
    """
    parts = row**2 * measured.seed
    seed, image = float(parts.sum()), max(0.0, float(row @ measured.image @ row))
    if measured.pooled:
        uncertainty = seed**2 / measured.degrees_of_freedom if measured.degrees_of_freedom else 0.0
    else:
        uncertainty = float((parts**2 / measured.freedom).sum())
    uncertainty += image**2 / (measured.units - 1)
    degrees = (seed + image) ** 2 / uncertainty if uncertainty > 0 else float(measured.units - 1)
    return Variance(seed, image, degrees)


def accuracy_interval(measured: Errors, index: int, seeds: int, *, confidence: float = CONFIDENCE) -> Interval:
    """One network's accuracy with its interval; for validation and test images alike.

    Args:
        measured: of its study.
        index: of the network.
        seeds: its number of them.
        confidence: of the interval, between 0 and 1.
    """
    row = np.zeros(len(measured.accuracy))
    row[index] = 1
    return proportion_interval(row, measured, seeds, confidence=confidence)


def proportion_interval(row: Floats, measured: Errors, seeds: int, *, confidence: float = CONFIDENCE) -> Interval:
    """A weighted sum of accuracies that is one itself, weights summing to 1, with an interval that never leaves [0, 1].

    Wilson's interval with the variance V of the sum in place of the binomial's: those true values p with
    |mean - p| <= t sqrt(p (1 - p) / n), n = mean (1 - mean) / V, at most one a judgement. Where the mean is 0 or 1, or nothing
    varies, n is the number of images: infinitely many seeds could not make it larger.

    Args:
        row: shape (k,): weights.
        measured: of the k networks.
        seeds: of the network it is of, to be told.
        confidence: of the interval.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference"; effective n: Korn and
        Graubard 1998.
    """
    mean, found = min(1.0, max(0.0, float(row @ measured.accuracy))), variance(row, measured)
    t = quantile(found.degrees, confidence)
    size = float(measured.units)
    if found.total > NO_VARIANCE and 0 < mean < 1:
        size = min(mean * (1 - mean) / found.total, size * seeds)
    centre = (mean + t**2 / (2 * size)) / (1 + t**2 / size)
    half = t / (1 + t**2 / size) * np.sqrt(mean * (1 - mean) / size + t**2 / (4 * size**2))
    # The mean is inside but for rounding, where it is 0 or 1.
    return Interval(mean, min(mean, max(0.0, float(centre - half))), max(mean, min(1.0, float(centre + half))), seeds)


def difference_interval(row: Floats, measured: Errors, seeds: int, *, confidence: float = CONFIDENCE) -> tuple[Interval, float]:
    """A weighted difference of accuracies, weights summing to 0, with its interval and the two-sided p of no difference.

    mean +- t sqrt(V), paired over the images. Without any variance p is 1 for no difference and 0 for one.

    Args:
        row: shape (k,): weights.
        measured: of the k networks.
        seeds: fewest of the networks in it, to be told.
        confidence: of the interval.

    Source: Satterthwaite 1946, "An approximate distribution of estimates of variance components".
    """
    mean, found = float(row @ measured.accuracy), variance(row, measured)
    if found.total <= NO_VARIANCE:
        return Interval(mean, mean, mean, seeds), float(abs(mean) <= NO_GAP)
    error = np.sqrt(found.total)
    half = quantile(found.degrees, confidence) * error
    p = float(2 * stats.t.sf(abs(mean) / error, found.degrees))
    return Interval(mean, float(mean - half), float(mean + half), seeds), p


def quantile(degrees: float, confidence: float) -> float:
    """t of a two-sided interval."""
    return float(stats.t.ppf((1 + confidence) / 2, degrees))


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

"""A saturating power law of error over cost: what the trained family says about the members not trained.

error = a * ratio^-b + c with ratio = MACs over the baseline's, error = 1 - accuracy, a >= 0, 0 <= b <= `LARGEST_B`, c >= 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import CONFIDENCE, Errors, Floats, errors
from scaling.analysis.intervals import Estimate, bounds, estimate
from scaling.analysis.measured import Measured, by_name, require_confidence

MINIMUM_COSTS = 7
"""Distinct costs that a fit needs: fewer leave three coefficients hardly constrained."""

LARGEST_B = 5.0
"""With more, all of a * ratio^-b is gone at twice the baseline's cost and b cannot be told."""

_DRAWS = 500
_SEED = 20_190_528
_GRID = np.linspace(0, LARGEST_B, 161)  # finer than any two hollows of the sum of squares over b are apart
_HALVINGS = 60  # of two cells of that grid: to the last digit of b


class Draws(NamedTuple):
    """Coefficients refitted to simulated studies, each of shape (draws,), and the seed sd each study was drawn with."""

    a: Floats
    b: Floats
    c: Floats
    seed_sd: Floats


class Band(NamedTuple):
    """A curve with its pointwise interval, each of the shape asked for; low and high are None without a seed variance."""

    mean: Floats
    low: Floats | None
    high: Floats | None


class HeldOut(NamedTuple):
    """The most expensive network as predicted by the others; accuracies as fractions.

    Attributes:
        name: of the network.
        ratio: its MACs over the baseline's.
        beyond: its MACs over those of the most expensive network fitted.
        predicted: accuracy with its prediction interval.
        measured: accuracy.
        inside: measured is in the interval; None where there is none.
    """

    name: str
    ratio: float
    beyond: float
    predicted: Estimate
    measured: float
    inside: bool | None


class Extrapolated(NamedTuple):
    """Accuracy of a network that was not trained, read off the curve.

    Attributes:
        ratio: its MACs over the baseline's.
        mean: accuracy.
        low: end of the interval of the curve; None without a seed variance.
        high: the other.
        beyond: its MACs over those of the most expensive network trained; above 1 nothing but the formula supports it.
    """

    ratio: float
    mean: float
    low: float | None
    high: float | None
    beyond: float


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """A fitted error = a * ratio^-b + c.

    Attributes:
        a: error that more MACs can remove, at ratio 1.
        b: exponent; 0 where a is 0, since nothing tells it then.
        c: error that stays.
        draws: of the bootstrap; None where no network has two seeds.
        largest: ratio of the most expensive network fitted.
        networks: number fitted.
        trainings: number of them, over all seeds.
        confidence: of every interval.
    """

    a: Estimate
    b: Estimate
    c: Estimate
    draws: Draws | None
    largest: float
    networks: int
    trainings: int
    confidence: float

    def curve(self, ratios: Sequence[float] | Floats) -> Band:
        """Error, not accuracy, at some ratios of MACs over the baseline's.

        Raises:
            ValueError: a ratio is not positive.
        """
        x = np.asarray(ratios, dtype=float)
        if not (np.isfinite(x) & (x > 0)).all():
            raise ValueError(f"curve: ratios must be finite and above 0, got {ratios}")
        mean = self.a.value * x**-self.b.value + self.c.value
        return Band(mean, None, None) if self.draws is None else Band(mean, *bounds(_curves(self.draws, x), self.confidence))


def fit_power_law(networks: Sequence[Measured], *, pooled: Errors | None = None, confidence: float = CONFIDENCE) -> PowerLaw:
    """Fit error = a * ratio^-b + c by least squares, every network weighted by its seeds.

    For a given b the best a and c have a closed form, so the search is over b alone and has no start to depend on: the best b
    of a grid, then the zero beside it of the derivative. (The least sum of squares itself is flat, and tells b to 1e-7 only.)

    Intervals are percentiles of a parametric bootstrap: refits to fitted + s sqrt(d / chi^2_d) z / sqrt(n_i), with s^2
    the seed variance pooled over the networks and d its degrees of freedom. They cover the choice of seeds on these
    images. They do not cover other images, nor that the networks may not lie on any such curve: try `held_out`. Where
    the true c is 0 the fits pile up at that bound, and the intervals of a and b hold the truth in about 80 % of studies.

    Args:
        networks: of one family, the baseline among them if it was trained.
        pooled: errors of a larger study that they are part of, for its seed variance; their own if None.
        confidence: of the intervals. Without a second seed of any network there are none.

    Raises:
        ValueError: fewer than `MINIMUM_COSTS` distinct costs, confidence not between 0 and 1, or the networks are not
            comparable.
    """
    require_confidence("fit_power_law", confidence)
    ordered = by_name(networks)
    _require_costs("fit_power_law", ordered, MINIMUM_COSTS)
    measured = _with_seeds_of(errors(ordered), pooled)
    ratios = np.array([network.ratio for network in ordered])
    seeds = np.array([network.seeds for network in ordered])
    a, b, c = fitted = [float(value[0]) for value in _least_squares(ratios, 1 - measured.accuracy[None], seeds)]
    draws = _bootstrap(a * ratios**-b + c, ratios, seeds, measured) if measured.degrees_of_freedom else None
    columns = (None, None, None) if draws is None else (draws.a, draws.b, draws.c)
    found = [estimate(value, column, confidence) for value, column in zip(fitted, columns, strict=True)]
    return PowerLaw(found[0], found[1], found[2], draws, float(ratios.max()), len(ordered), int(seeds.sum()), confidence)


def held_out(networks: Sequence[Measured], *, pooled: Errors | None = None, confidence: float = CONFIDENCE) -> HeldOut:
    """Fit without the most expensive network, extrapolate to it and compare.

    The prediction interval holds the curve's uncertainty of `fit_power_law` and the seed noise s / sqrt(n) of the
    measured mean. Of several networks at the largest cost the first by name is compared, and none is fitted.

    Args:
        networks: of one family, one distinct cost more than a fit needs.
        pooled: as for `fit_power_law`.
        confidence: of the prediction interval.

    Raises:
        ValueError: too few distinct costs, confidence not between 0 and 1, or the networks are not comparable.
    """
    require_confidence("held_out", confidence)
    ordered = by_name(networks)
    _require_costs("held_out", ordered, MINIMUM_COSTS + 1)
    last = max(ordered, key=lambda network: network.macs)
    law = fit_power_law([one for one in ordered if one.macs < last.macs], pooled=pooled, confidence=confidence)
    predicted = estimate(1 - float(law.curve([last.ratio]).mean[0]), _predictions(law, last), confidence)
    inside = None if predicted.low is None or predicted.high is None else predicted.low <= last.accuracy <= predicted.high
    return HeldOut(last.name, last.ratio, last.ratio / law.largest, predicted, last.accuracy, inside)


def extrapolated(law: PowerLaw, ratio: float) -> Extrapolated:
    """Accuracy that the curve gives a network of this cost, were it trained: the interval is the curve's own.

    Args:
        law: fitted to the trained networks.
        ratio: MACs of the network over the baseline's.

    Raises:
        ValueError: ratio is not positive.
    """
    error = law.curve([ratio])
    low = None if error.high is None else 1 - float(error.high[0])
    high = None if error.low is None else 1 - float(error.low[0])
    return Extrapolated(ratio, 1 - float(error.mean[0]), low, high, ratio / law.largest)


class _Line(NamedTuple):
    """For given b, each of shape (m, j): the best a and c, the weighted mean square that they leave and its slope in b."""

    a: Floats
    c: Floats
    mean_square: Floats
    slope: Floats


def _with_seeds_of(measured: Errors, pooled: Errors | None) -> Errors:
    if pooled is None:
        return measured
    return measured._replace(seed_variance=pooled.seed_variance, degrees_of_freedom=pooled.degrees_of_freedom)


def _require_costs(function: str, networks: Sequence[Measured], least: int) -> None:
    costs = len({network.macs for network in networks})
    if costs < least:
        raise ValueError(f"{function}: at least {least} distinct costs must be trained, got {costs}")


def _curves(draws: Draws, ratios: Floats) -> Floats:
    """Errors, shape (draws, *ratios.shape)."""
    a, b, c = (value.reshape(-1, *[1] * ratios.ndim) for value in (draws.a, draws.b, draws.c))
    return a * ratios**-b + c


def _predictions(law: PowerLaw, network: Measured) -> Floats | None:
    """Accuracies that a study of as many seeds would measure, shape (draws,)."""
    if law.draws is None:
        return None
    noise = np.random.default_rng([_SEED, 1]).standard_normal(_DRAWS)  # not the bootstrap's own noise once more
    return 1 - _curves(law.draws, np.array(network.ratio)) + law.draws.seed_sd * noise / np.sqrt(network.seeds)


def _bootstrap(fitted: Floats, ratios: Floats, seeds: np.ndarray, measured: Errors) -> Draws:
    """Refits to studies with other seeds; s is drawn too, so few degrees of freedom give wide intervals, as in t."""
    generator = np.random.default_rng(_SEED)
    degrees = measured.degrees_of_freedom
    seed_sd = np.sqrt(measured.seed_variance * degrees / generator.chisquare(degrees, _DRAWS))
    noise = seed_sd[:, None] * generator.standard_normal((_DRAWS, len(fitted))) / np.sqrt(seeds)
    return Draws(*_least_squares(ratios, fitted + noise, seeds), seed_sd)


def _least_squares(ratios: Floats, observed: Floats, seeds: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """a, b, c, each of shape (m,), fitted to m rows of k errors, shape (m, k)."""
    weights = seeds / seeds.sum()
    best = _linear(_GRID[None], ratios, observed, weights).mean_square.argmin(axis=1)
    low, high = (_GRID[np.clip(best + side, 0, len(_GRID) - 1)][:, None] for side in (-1, 1))
    for _ in range(_HALVINGS):
        b = (low + high) / 2
        falls = _linear(b, ratios, observed, weights).slope < 0
        low, high = np.where(falls, b, low), np.where(falls, high, b)
    a, c, *_ = _linear(low, ratios, observed, weights)
    return a[:, 0], np.where(a > 0, low, 0)[:, 0], c[:, 0]


def _linear(b: Floats, ratios: Floats, observed: Floats, weights: Floats) -> _Line:
    """The best a >= 0 and c >= 0 for each b, shape (1 or m, j), with m rows of k errors observed.

    Where the free line has a < 0 or c < 0 the best is the line with that one at 0; positive errors never give both. a and c are
    the best ones, so that the mean square moves with b only as its residuals do: its slope in b is 2 a E[residual x log ratio].
    """
    logarithms, y = np.log(ratios), observed[:, None]
    x = np.exp(-b[..., None] * logarithms)
    x_mean, y_mean = x @ weights, y @ weights
    across = (x - x_mean[..., None]) * weights
    spread = (across * x).sum(axis=-1)
    covariance = (across * y).sum(axis=-1)
    a = np.maximum(0, np.divide(covariance, spread, out=np.zeros_like(covariance), where=spread > 0))
    saturates = y_mean > a * x_mean
    a = np.where(saturates, a, np.maximum(0, (x * y) @ weights / (x**2 @ weights)))
    c = np.where(saturates, y_mean - a * x_mean, 0)
    residual = y - a[..., None] * x - c[..., None]
    return _Line(a, c, residual**2 @ weights, 2 * a * ((residual * x * logarithms) @ weights))

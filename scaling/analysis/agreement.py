"""The price of choosing after a short proxy: do the same networks, trained longer, keep their order?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from scaling.analysis.correlation import kendall, spearman
from scaling.analysis.errors import CONFIDENCE, Floats, errors
from scaling.analysis.intervals import Estimate, estimate
from scaling.analysis.measured import Measured, by_name, require_confidence
from scaling.analysis.ranking import adjustment, may_be_chosen
from scaling.analysis.shrinkage import sample_true_accuracies
from scaling.core.errors import UserError

MINIMUM_COMMON = 3
"""Networks in both studies: two have one order or the other."""


class NoTruth(Enum):
    """Why true accuracies cannot be drawn."""

    ONE_SEED = "one seed"
    """of each network in a study: how far seeds move it is not known"""
    ALL_NOISE = "all noise"
    """the networks differ less than seeds make them, or one study repeats the other"""


class Agreement(NamedTuple):
    """A short study against a long one, of the networks in both.

    Attributes:
        networks: names, sorted.
        chosen: the best of the short study, of equals the cheaper.
        best: the best of the long study, likewise.
        tau: Kendall's between the two, as measured, and an interval for that between the true accuracies.
        spearman: Spearman's rank correlation, likewise.
        regret: accuracy in the long study of `best` minus `chosen`, as measured, and an interval for what choosing
            `chosen` truly gives away.
        confidence: of the intervals.
        reason: why there are no intervals; None where there are.
    """

    networks: tuple[str, ...]
    chosen: str
    best: str
    tau: Estimate
    spearman: Estimate
    regret: Estimate
    confidence: float
    reason: NoTruth | None


class _Study(NamedTuple):
    """The common networks in one study: accuracy and variance from seeds, each of shape (m,)."""

    accuracy: Floats
    seed: Floats
    degrees_of_freedom: int


def agreement(
    short: Sequence[Measured], long: Sequence[Measured], *, target: float | None = None, confidence: float = CONFIDENCE
) -> Agreement:
    """Compare the orders that a short and a long study give the same architectures, matched by name.

    Accuracies are compared as they are, whatever the networks cost. Seed noise makes two orders disagree even where the
    true ones are the same, and part of the long study's best is luck. So intervals are of the true values, drawn jointly
    for both studies (`plausible`), not around the measured ones: they tend to lie higher than a measured tau and lower than
    a measured regret, and may leave it out. Where noise is twice the true spread and the true orders are nearly the same,
    that of tau still lies too low. They cover the choice of seeds, for these networks and on these images.

    Args:
        short: networks after a short training.
        long: after a long one, trained independently of the short; the images may be others.
        target: ratio of MACs over the baseline's: networks eligible there are compared by their accuracies adjusted to it,
            as `rank` chooses. None compares all by their accuracies as they are.
        confidence: of the intervals.

    Raises:
        ValueError: fewer than `MINIMUM_COMMON` networks in common, one name with two costs, all accuracies of a study
            equal, confidence not between 0 and 1, or the networks of a study are not comparable.
    """
    require_confidence("agreement", confidence)
    pairs = _pairs(short, long, target)
    studies = [_study(of, [pair[i] for pair in pairs], target) for i, of in enumerate((short, long))]
    x, y = (study.accuracy for study in studies)
    chosen, best = int(x.argmax()), int(y.argmax())
    true, reason = _true(studies)
    drawn = (None, None, None) if true is None else _statistics(true[:, 0], true[:, 1], chosen)
    found = [estimate(float(value), draws, confidence) for value, draws in zip(_statistics(x, y, chosen), drawn, strict=True)]
    names = [network.name for network, _ in pairs]
    return Agreement(tuple(sorted(names)), names[chosen], names[best], found[0], found[1], found[2], confidence, reason)


def _pairs(short: Sequence[Measured], long: Sequence[Measured], target: float | None) -> list[tuple[Measured, Measured]]:
    """The networks in both studies, those eligible if there is a target, the cheaper first, then by name."""
    longs = {network.name: network for network in by_name(long)}
    pairs = [(network, longs[network.name]) for network in by_name(short) if network.name in longs]
    pairs = [pair for pair in pairs if target is None or all(may_be_chosen(one, target) for one in pair)]
    if len(pairs) < MINIMUM_COMMON:
        raise UserError(f"agreement: at least {MINIMUM_COMMON} networks must be in both studies, got {len(pairs)}")
    for one, other in pairs:
        if one.macs != other.macs:
            raise UserError(f"agreement: {one.name!r} must be one architecture, got {one.macs} and {other.macs} MACs")
    return sorted(pairs, key=lambda pair: pair[0].macs)


def _study(every: Sequence[Measured], common: Sequence[Measured], target: float | None) -> _Study:
    """Seed variance and slope are those of every network of the study, common or not."""
    ordered = by_name(every)
    pooled = errors(ordered)
    rows = np.eye(len(ordered)) if target is None else adjustment(ordered, target)[0]
    rows = rows[[[one.name for one in ordered].index(network.name) for network in common]]
    accuracy = rows @ pooled.accuracy
    if accuracy.min() == accuracy.max():
        raise UserError(f"agreement: a study must tell its networks apart, got accuracy {accuracy[0]:g} for all of them")
    seed = rows**2 @ pooled.seed
    return _Study(accuracy, seed, pooled.degrees_of_freedom)


def _true(studies: Sequence[_Study]) -> tuple[Floats | None, NoTruth | None]:
    """True accuracies, shape (draws, 2, m), or the reason why they cannot be drawn."""
    degrees = [study.degrees_of_freedom for study in studies]
    if 0 in degrees:
        return None, NoTruth.ONE_SEED
    drawn = sample_true_accuracies(np.array([s.accuracy for s in studies]), np.array([s.seed for s in studies]), degrees)
    return drawn, NoTruth.ALL_NOISE if drawn is None else None


def _statistics(x: Floats, y: Floats, chosen: int) -> tuple[Floats, Floats, Floats]:
    """tau, rho and regret of accuracies of shape (..., m), each of shape (...)."""
    return kendall(x, y), spearman(x, y), y.max(axis=-1) - y[..., chosen]

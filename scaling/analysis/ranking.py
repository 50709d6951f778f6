"""The ranking of a study: accuracies with intervals, taken to the target cost, and what ties with the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np

from scaling.analysis.eligibility import ELIGIBLE_WITHIN, is_eligible
from scaling.analysis.errors import CONFIDENCE, Floats, errors
from scaling.analysis.intervals import Interval, accuracy_interval, difference_interval, proportion_interval
from scaling.analysis.mcb import DRAWS, compare_with_best, look_confidence
from scaling.analysis.measured import Measured, by_name, require

_BEND = 0.25  # b of the curve that takes a network to the target cost

FEW_DEGREES = 5
"""With fewer degrees of freedom of the seed variance a reader is told."""


class Standing(Enum):
    """Whether a network may be chosen, and if not, why."""

    ELIGIBLE = "eligible"
    COST = "cost"
    LIMITS = "limits"
    LOST = "lost training"


class Adjustment(Enum):
    """How accuracies are taken to the target cost."""

    OWN_CURVE = "own curve"
    """each along a curve from the baseline through itself"""
    SHARED_SLOPE = "shared slope"
    """without a baseline: all along one line fitted over log MACs"""
    NONE = "none"
    """not at all: without a baseline, fewer than three networks or only one cost"""


class Ranked(NamedTuple):
    """One network's place.

    Attributes:
        name: as passed.
        accuracy: as measured.
        adjusted: the same at exactly the target cost; None where its own cost is too far from it.
        standing: whether it may be chosen, or why not.
        tied: not shown to be worse than the best; None where that is not tested: not eligible, or no seed variance is known.
        rank: 1 is the best; the eligible first, then by accuracy.
    """

    name: str
    accuracy: Interval
    adjusted: Interval | None
    standing: Standing
    tied: bool | None
    rank: int

    @property
    def eligible(self) -> bool:
        """Whether it may be chosen."""
        return self.standing is Standing.ELIGIBLE


@dataclass(frozen=True)
class Ranking:
    """A study's result.

    Attributes:
        networks: in the order passed.
        best: index of the eligible network with the highest adjusted accuracy; None if none is eligible.
        target: cost over the baseline's at which networks are compared.
        adjustment: how accuracies are taken there.
        gain: accuracy per unit of log MACs: the mean over the eligible of their own curves', or the shared one; 0 without any.
        seed_sd: of one training's accuracy, pooled; None if no network has two seeds.
        degrees_of_freedom: of seed_sd.
        spread_p: that the networks' seed variances are equal; None where it cannot be tested.
        pooled: they are taken as equal.
        images: number of images each training was judged on.
        units: independent units of them: themselves, or groups.
        look: which look at the study this is, from 1; None where nothing was tested.
        confidence: of intervals.
        tie_confidence: of the test behind `tied`, at this look; None without one.
        difference_error: standard error of the difference of two eligible networks at the target cost, the median; None with
            fewer than two of them.
        detectable: how far behind one rival an eligible network is dropped about as often as not, the median; None without
            a test.
    """

    networks: tuple[Ranked, ...]
    best: int | None
    target: float
    adjustment: Adjustment
    gain: Interval
    seed_sd: float | None
    degrees_of_freedom: int
    spread_p: float | None
    pooled: bool
    images: int
    units: int
    look: int | None
    confidence: float
    tie_confidence: float | None
    difference_error: float | None
    detectable: float | None

    @property
    def slope(self) -> float:
        """Accuracy per unit of log MACs."""
        return self.gain.mean

    @property
    def grows(self) -> bool:
        """Whether larger networks did better, or nothing is known of it; else there is nothing to extrapolate."""
        return self.adjustment is Adjustment.NONE or self.slope > 0

    @property
    def eligible(self) -> int:
        """Number of networks that may be chosen."""
        return sum(one.eligible for one in self.networks)

    @property
    def tied(self) -> int | None:
        """Number not shown to be worse than the best, itself included; None where that was not tested."""
        tested = [one.tied for one in self.networks if one.tied is not None]
        return sum(tested) if tested else None


def rank(
    networks: Sequence[Measured], target: float, *, look: int | None = 1, confidence: float = CONFIDENCE, draws: int = DRAWS
) -> Ranking:
    """Rank networks of different cost at one cost, with honest errors.

    A network eligible by its cost is taken to the target along a curve from the baseline through itself:

        adjusted_i = base + (accuracy_i - base) l_i,  l_i = (1 - target^-b) / (1 - ratio_i^-b),  b = 1/4,

    so each has a gain of its own, more or less per doubling than the rest. Measured gains lie between a straight line over
    log MACs (b near 0) and a law that saturates (b = 1/2); the curve between them is wrong by less than .04 points for either,
    for a network that gains 1.4 at the target, anywhere within 20 % of it. Without a baseline all follow one least-squares
    slope over log MACs. Either is linear in the accuracies, adjusted = A accuracy, so its error covariance is A Sigma A^T with
    Sigma of `errors`: the baseline's error is in every interval. A network that lost a training, diverged or collapsed, is not
    chosen: the others of it are no fair sample. Ties are simultaneous over all eligible networks (`compare_with_best`) at the
    confidence of the look. Does not depend on the networks' order.

    Args:
        networks: every network measured, the baseline and the references among them.
        target: ratio of MACs over the baseline's to compare at, not 1.
        look: at the study, from 1: how often it was ranked at other numbers of seeds before, and once more. None tests nothing,
            for a study that lacks trainings: half-done rankings are no looks.
        confidence: of intervals, two-sided.
        draws: simulated studies behind the critical values of the test for ties.

    Raises:
        ValueError: target is not positive or look below 1, confidence not between 0 and 1, or the networks are not
            comparable.
    """
    require("rank", target, confidence)
    if look is not None and look < 1:
        raise ValueError(f"rank: look must be 1 or more, got {look}")
    ordered = by_name(networks)
    measured = errors(ordered)
    rows, how = adjustment(ordered, target)
    standings = [standing(network, target) for network in ordered]
    near = np.array([is_eligible(network.ratio, target) for network in ordered])
    eligible = np.array([one is Standing.ELIGIBLE for one in standings])
    places = _places(ordered, np.where(near, rows @ measured.accuracy, measured.accuracy), eligible)
    level = look_confidence(look or 1)
    compared = compare_with_best(rows[eligible], measured, confidence=level, draws=draws)
    tested = look is not None and bool(measured.degrees_of_freedom) and bool(eligible.any())
    ties = dict(zip(np.flatnonzero(eligible).tolist(), (compared.excess <= 0).tolist(), strict=True)) if tested else {}
    found = {
        network.name: Ranked(
            network.name,
            accuracy_interval(measured, i, network.seeds, confidence=confidence),
            proportion_interval(rows[i], measured, network.seeds, confidence=confidence) if near[i] else None,
            standings[i],
            bool(ties[i] or places[i] == 1) if i in ties else None,
            int(places[i]),
        )
        for i, network in enumerate(ordered)
    }
    several, fewest = eligible.sum() > 1, min(network.seeds for network in ordered)
    gain, _ = difference_interval(_slope_weights(ordered, rows, eligible, how, target), measured, fewest, confidence=confidence)
    entries = tuple(found[network.name] for network in networks)
    return Ranking(
        entries,
        next((i for i, entry in enumerate(entries) if entry.rank == 1 and entry.eligible), None),
        target,
        how,
        gain,
        math.sqrt(measured.seed_variance) if measured.degrees_of_freedom else None,
        measured.degrees_of_freedom,
        measured.spread_p,
        measured.pooled,
        ordered[0].images,
        measured.units,
        look if tested else None,
        confidence,
        level if tested else None,
        float(np.median(compared.error)) if several else None,
        float(np.median(compared.error * compared.critical)) if several and tested else None,
    )


def standing(network: Measured, target: float) -> Standing:
    """Whether a network may be chosen at a target cost, or the first reason why not."""
    if not is_eligible(network.ratio, target):
        return Standing.COST
    if not network.within_limits:
        return Standing.LIMITS
    return Standing.LOST if network.lost else Standing.ELIGIBLE


def may_be_chosen(network: Measured, target: float) -> bool:
    """Whether a network may be chosen at a target cost."""
    return standing(network, target) is Standing.ELIGIBLE


def adjustment(networks: Sequence[Measured], target: float) -> tuple[Floats, Adjustment]:
    """A, shape (k, k), of adjusted = A accuracy, which takes accuracies to the target cost; and how it does so.

    Networks too far from the target, and the baseline, stay as they are.
    """
    rows, near = np.eye(len(networks)), [is_eligible(network.ratio, target) for network in networks]
    base = _baseline(networks)
    how = _how(networks, base, target)
    if how is Adjustment.OWN_CURVE:
        for i, network in enumerate(networks):
            if near[i] and i != base:
                rows[i] = own_curve(i, base, network.ratio, target, len(networks))
    if how is Adjustment.SHARED_SLOPE:
        distance = np.where(near, np.log([network.ratio / target for network in networks]), 0)
        rows -= np.outer(distance, _shared_slope(networks))
    return rows, how


def far_from_baseline(target: float) -> bool:
    """Whether a line from the baseline is long enough: nearer, it would more than double the cheapest network's error."""
    return math.log(target) > -2 * math.log(1 - ELIGIBLE_WITHIN)


def own_curve(index: int, base: int | None, ratio: float, target: float, count: int) -> Floats:
    """Weights, shape (count,), that take a network of a ratio to a target cost on the curve from the baseline through it.

    Args:
        index: of the network.
        base: index of the baseline; None, or the network itself, leaves it as it is.
        ratio: its MACs over the baseline's, not 1.
        target: ratio wanted.
        count: number of networks.
    """
    row = np.zeros(count)
    if base is None or base == index:
        row[index] = 1
        return row
    row[index] = (1 - target**-_BEND) / (1 - ratio**-_BEND)
    row[base] = 1 - row[index]
    return row


def _baseline(networks: Sequence[Measured]) -> int | None:
    return next((i for i, network in enumerate(networks) if "baseline" in network.origin), None)


def _how(networks: Sequence[Measured], base: int | None, target: float) -> Adjustment:
    if base is not None and far_from_baseline(target):
        return Adjustment.OWN_CURVE
    macs = {network.macs for network in networks}
    return Adjustment.SHARED_SLOPE if len(networks) >= 3 and len(macs) > 1 else Adjustment.NONE


def _shared_slope(networks: Sequence[Measured]) -> Floats:
    """b, shape (k,), of slope = b @ accuracy."""
    logs = np.log([network.macs for network in networks])
    centred = logs - logs.mean()
    return centred / (centred @ centred)


def _slope_weights(networks: Sequence[Measured], rows: Floats, eligible: np.ndarray, how: Adjustment, target: float) -> Floats:
    """b, shape (k,), of slope = b @ accuracy."""
    base = _baseline(networks)
    if how is Adjustment.SHARED_SLOPE:
        return _shared_slope(networks)
    if how is Adjustment.NONE or base is None or not eligible.any():
        return np.zeros(len(networks))
    return (rows[eligible].mean(axis=0) - np.eye(len(networks))[base]) / math.log(target)


def _places(networks: Sequence[Measured], values: Floats, eligible: np.ndarray) -> np.ndarray:
    """Ranks from 1, shape (k,); of equally good networks the cheaper first, then by name."""
    best_first = sorted(range(len(networks)), key=lambda i: (not eligible[i], -values[i], networks[i].macs, networks[i].name))
    places = np.empty(len(networks), dtype=int)
    places[best_first] = np.arange(1, len(networks) + 1)
    return places

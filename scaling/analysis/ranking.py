"""The ranking of a study: accuracies with intervals, taken to the target cost, and what ties with the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scaling.analysis.best import shortfalls
from scaling.analysis.errors import (
    CONFIDENCE,
    Errors,
    Floats,
    Interval,
    errors,
    half_width,
    interval,
)
from scaling.analysis.measured import Measured, by_name, require

ELIGIBLE_WITHIN = 0.20
"""How far from the target cost, as a fraction of it, a network may be and still be chosen."""

_ROUNDING = 1e-12
_FEW_DEGREES = 5


class Ranked(NamedTuple):
    """One network's place.

    Attributes:
        name: as passed.
        accuracy: as measured.
        adjusted: the same at exactly the target cost.
        eligible: its cost is near enough to the target, and it is within the limits of its search.
        tied: eligible and not shown to be worse than the best.
        rank: 1 is the best; the eligible first, then by adjusted accuracy.
    """

    name: str
    accuracy: Interval
    adjusted: Interval
    eligible: bool
    tied: bool
    rank: int


@dataclass(frozen=True)
class Ranking:
    """A study's result.

    Attributes:
        networks: in the order passed.
        best: index of the eligible network with the highest adjusted accuracy; None if none is eligible.
        target: cost over the baseline's at which networks are compared.
        slope: accuracy per unit of log MACs.
        seed_sd: of one training's accuracy, pooled; None if no network has two seeds.
        degrees_of_freedom: of seed_sd.
        pictures: number of them.
        confidence: of intervals and ties.
        notes: sentences that a reader of the numbers needs.
    """

    networks: tuple[Ranked, ...]
    best: int | None
    target: float
    slope: float
    seed_sd: float | None
    degrees_of_freedom: int
    pictures: int
    confidence: float
    notes: tuple[str, ...]


def rank(networks: Sequence[Measured], target: float, *, confidence: float = CONFIDENCE) -> Ranking:
    """Rank networks of different cost at one cost, with honest errors.

    adjusted_i = accuracy_i - slope * log(ratio_i / target), the slope by least squares of accuracy on log MACs over all
    networks. That is linear in the accuracies, adjusted = A accuracy, so its error covariance is A Sigma A^T with Sigma
    of `errors`. Ties are simultaneous over all eligible networks (`best`). Does not depend on the networks' order.

    Args:
        networks: every network measured, the baseline and the references among them.
        target: ratio of MACs over the baseline's to compare at.
        confidence: of intervals (two-sided) and ties (one-sided, simultaneous).

    Raises:
        ValueError: target is not positive, confidence not between 0 and 1, or the networks are not comparable.
    """
    require("rank", target, confidence)
    ordered = by_name(networks)
    measured = errors(ordered)
    rows = adjustment(ordered, target)
    adjusted = rows @ measured.accuracy
    eligible = np.array([may_win(network, target) for network in ordered])
    places = _places(ordered, adjusted, eligible)
    tied = np.zeros(len(ordered), dtype=bool)
    tied[eligible] = shortfalls(rows[eligible], measured, confidence=confidence) <= 0
    tied |= (places == 1) & eligible
    found = {
        network.name: Ranked(
            network.name,
            interval(network.correct, measured.seed_variance, measured.degrees_of_freedom, confidence=confidence),
            _adjusted_interval(rows[i], network.seeds, measured, confidence),
            bool(eligible[i]),
            bool(tied[i]),
            int(places[i]),
        )
        for i, network in enumerate(ordered)
    }
    entries = tuple(found[network.name] for network in networks)
    return Ranking(
        entries,
        next((i for i, entry in enumerate(entries) if entry.rank == 1 and entry.eligible), None),
        target,
        float(_slope_weights(ordered) @ measured.accuracy),
        math.sqrt(measured.seed_variance) if measured.degrees_of_freedom else None,
        measured.degrees_of_freedom,
        measured.pictures,
        confidence,
        tuple(_notes(ordered, entries, measured)),
    )


def is_eligible(ratio: float, target: float) -> bool:
    """Whether a cost is within 20 % of the target, inclusive."""
    return abs(ratio / target - 1) <= ELIGIBLE_WITHIN + _ROUNDING


def may_win(network: Measured, target: float) -> bool:
    """Whether a network is eligible and admitted by the limits of its search."""
    return network.admitted and is_eligible(network.ratio, target)


def adjustment(networks: Sequence[Measured], target: float) -> Floats:
    """A, shape (k, k), of adjusted = A accuracy: takes every accuracy to the target cost along the fitted slope."""
    distance = np.log([network.ratio / target for network in networks])
    return np.eye(len(networks)) - np.outer(distance, _slope_weights(networks))


def _slope_weights(networks: Sequence[Measured]) -> Floats:
    """b, shape (k,), of slope = b @ accuracy; zeros where no slope can be fitted."""
    logs = np.log([network.macs for network in networks])
    centred = logs - logs.mean()
    if _no_slope(networks):
        return np.zeros(len(networks))
    return centred / (centred @ centred)


def _no_slope(networks: Sequence[Measured]) -> str | None:
    if len(networks) < 3:
        return "fewer than 3 networks"
    macs = [network.macs for network in networks]
    return None if max(macs) > min(macs) else "all networks cost the same"


def _places(networks: Sequence[Measured], adjusted: Floats, eligible: np.ndarray) -> np.ndarray:
    """Ranks from 1, shape (k,); of equally good networks the cheaper first, then by name."""
    best_first = sorted(range(len(networks)), key=lambda i: (not eligible[i], -adjusted[i], networks[i].macs, networks[i].name))
    places = np.empty(len(networks), dtype=int)
    places[best_first] = np.arange(1, len(networks) + 1)
    return places


def _adjusted_interval(row: Floats, seeds: int, measured: Errors, confidence: float) -> Interval:
    mean = float(row @ measured.accuracy)
    half = half_width(
        float(row**2 @ measured.seed),
        float(row @ measured.picture @ row),
        measured.degrees_of_freedom,
        measured.pictures,
        confidence=confidence,
    )
    return Interval(mean, mean - half, mean + half, seeds)


def _notes(networks: Sequence[Measured], entries: Sequence[Ranked], measured: Errors) -> list[str]:
    notes = []
    degrees = measured.degrees_of_freedom
    if not degrees:
        notes.append("One seed per network: intervals and ties cover the choice of pictures only, not of seeds.")
    elif degrees < _FEW_DEGREES:
        notes.append(f"The seed variance rests on {degrees} degrees of freedom only.")
    if reason := _no_slope(networks):
        notes.append(f"No slope on log MACs ({reason}): accuracies are not adjusted for cost.")
    eligible = sum(entry.eligible for entry in entries)
    if not eligible:
        notes.append(f"No network is within {ELIGIBLE_WITHIN:.0%} of the target cost: there is no best.")
    elif eligible > 1 and eligible == sum(entry.tied for entry in entries):
        notes.append(f"All {eligible} eligible networks tie: this study cannot tell them apart.")
    return notes

"""What compound scaling gains over one dimension alone at equal realised cost, with paired errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import CONFIDENCE, Errors, Floats, errors
from scaling.analysis.intervals import Interval, difference_interval
from scaling.analysis.measured import Measured, by_name, require
from scaling.analysis.ranking import own_curve

EQUAL_WITHIN = 0.10
"""How far from a target cost, as a fraction of it, a network may be and still stand for it."""

SPAN = 1.5
"""How far from a target cost, as a ratio, the networks on both sides may be that a rule is interpolated between."""

_ROUNDING = 1e-12


class Gap(NamedTuple):
    """The reference against one rule at one cost.

    Attributes:
        rule: compared with the reference.
        target: ratio of MACs over the baseline's.
        difference: accuracy of the reference minus the rule's; n is the fewest seeds of any network in it.
        p: two-sided, of no difference.
        adjusted_p: the same after Holm, over all gaps.
        interpolated: the reference, the rule or both have no network at the target.
        cost_ratio: MACs of the reference over the rule's; 1 where both are interpolated to the target.
    """

    rule: str
    target: float
    difference: Interval
    p: float
    adjusted_p: float
    interpolated: bool
    cost_ratio: float


class Absence(Enum):
    """Why a rule has no value at a cost."""

    NONE_TRAINED = "none trained"
    NONE_NEAR = "none near"


class Missing(NamedTuple):
    """A rule without a value at a cost.

    Attributes:
        rule: its name.
        target: ratio of MACs over the baseline's.
        absence: why.
        ratios: what its networks cost.
    """

    rule: str
    target: float
    absence: Absence
    ratios: tuple[float, ...]


class Gaps(NamedTuple):
    """The gaps that could be told.

    Attributes:
        entries: by rule as passed, then by target.
        missing: each rule and target without a network at the cost or on both sides of it.
        reference: the rule that the others are compared with.
        images: number each training was judged on.
        images_only: no network has two seeds, so intervals and p cover the choice of images only.
        confidence: of each interval alone.
    """

    entries: tuple[Gap, ...]
    missing: tuple[Missing, ...]
    reference: str
    images: int
    images_only: bool
    confidence: float


class _At(NamedTuple):
    """A rule at a cost: weights on the networks, shape (k,), and the ratio of MACs that they stand for."""

    row: Floats
    ratio: float
    interpolated: bool


def gaps(
    rules: Mapping[str, Sequence[Measured]],
    *,
    reference: str = "compound",
    targets: Sequence[float] = (2, 4, 8),
    within: float = EQUAL_WITHIN,
    span: float = SPAN,
    confidence: float = CONFIDENCE,
) -> Gaps:
    """Compare one rule with every other at equal cost.

    A rule at a target is the network nearest to it, if its cost is within a fraction `within`, taken to the target along the
    line from the baseline as in `rank`; else the line over log MACs between the nearest networks below and above,
    accuracy = (1 - u) accuracy_below + u accuracy_above with u = log(target / below) / log(above / below), if both are within
    a factor `span` of it. Accuracy bends down over log MACs, so a line tends to lie too low: a gap with only one end
    interpolated flatters the other.

    A gap is w @ accuracy, with w the difference of the two rows of weights; interval and p are those of
    `difference_interval`, paired over the shared images.

    Args:
        rules: name of each rule and its trained networks. One network, such as the baseline, may be of several rules.
        reference: name of the rule that the others are compared with.
        targets: ratios of MACs over the baseline's.
        within: how far from a target a network may stand for it, as a fraction of the target.
        span: how far from it, as a ratio above 1, the two networks of an interpolation may be.
        confidence: of each interval.

    Raises:
        ValueError: the reference is not of the rules or the only one, there is no target, a target is not positive, within
            is negative, confidence not between 0 and 1, one name means two networks, or they are not comparable.
    """
    _require(rules, reference, targets, within, span, confidence)
    networks = _together(rules)
    measured = errors(networks)
    entries, missing = [], []
    ends = {(rule, target): _at(rules[rule], target, within, span, networks) for rule in rules for target in targets}
    for (rule, target), end in ends.items():
        if end is None:
            missing.append(_missing(rule, rules[rule], target))
        elif rule != reference and (one := ends[reference, target]) is not None:
            entries.append(_gap(rule, target, one, end, networks, measured, confidence))
    adjusted = holm([entry.p for entry in entries])
    return Gaps(
        tuple(entry._replace(adjusted_p=p) for entry, p in zip(entries, adjusted, strict=True)),
        tuple(missing),
        reference,
        networks[0].images,
        measured.degrees_of_freedom == 0,
        confidence,
    )


def holm(p: Sequence[float]) -> list[float]:
    """Step-down adjusted p: max over j <= i of min(1, (m - j + 1) p_(j)), p_(1) the smallest of m; in the order passed.

    Rejecting what is at or below a level keeps the chance of any false rejection there, however the tests depend.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted


def _require(
    rules: Mapping[str, Sequence[Measured]],
    reference: str,
    targets: Sequence[float],
    within: float,
    span: float,
    confidence: float,
) -> None:
    if reference not in rules or len(rules) < 2:
        raise ValueError(f"gaps: rules must hold the reference {reference!r} and another, got {', '.join(rules) or 'none'}")
    if not targets:
        raise ValueError("gaps: at least one target is needed, got none")
    for target in targets:
        require("gaps", target, confidence)
    if not (within >= 0 and span > 1):
        raise ValueError(f"gaps: within must be 0 or more and span above 1, got {within} and {span}")


def _together(rules: Mapping[str, Sequence[Measured]]) -> list[Measured]:
    """Every network once, sorted by name."""
    found: dict[str, Measured] = {}
    for network in (network for networks in rules.values() for network in networks):
        known = found.setdefault(network.name, network)
        if known.macs != network.macs or not np.array_equal(known.correct, network.correct):
            raise ValueError(f"gaps: two different networks are called {network.name!r}: give each its own name")
    return by_name(list(found.values()))


def _at(own: Sequence[Measured], target: float, within: float, span: float, networks: Sequence[Measured]) -> _At | None:
    """A rule at a cost; None without a network near it or on both sides. Of equally near networks the first by name."""
    ordered = sorted(own, key=lambda network: network.name)
    nearest = min(ordered, key=lambda network: abs(network.ratio / target - 1), default=None)
    if nearest is not None and abs(nearest.ratio / target - 1) <= within + _ROUNDING:
        return _At(_taken_to(target, nearest, networks), nearest.ratio, False)
    low, high = target / span * (1 - _ROUNDING), target * span * (1 + _ROUNDING)
    below = max((n for n in ordered if low <= n.ratio < target), key=lambda network: network.ratio, default=None)
    above = min((n for n in ordered if target < n.ratio <= high), key=lambda network: network.ratio, default=None)
    if below is None or above is None:
        return None
    share = math.log(target / below.ratio) / math.log(above.ratio / below.ratio)
    return _At(_weights(networks, {below.name: 1 - share, above.name: share}), target, True)


def _taken_to(target: float, nearest: Measured, networks: Sequence[Measured]) -> Floats:
    index = networks.index(nearest)
    base = next((i for i, network in enumerate(networks) if "baseline" in network.origin), None)
    return own_curve(index, None if nearest.ratio == 1 else base, nearest.ratio, target, len(networks))


def _weights(networks: Sequence[Measured], of: Mapping[str, float]) -> Floats:
    return np.array([of.get(network.name, 0.0) for network in networks])


def _gap(
    rule: str,
    target: float,
    reference: _At,
    other: _At,
    networks: Sequence[Measured],
    measured: Errors,
    confidence: float,
) -> Gap:
    row = reference.row - other.row
    used = (reference.row != 0) | (other.row != 0)
    seeds = min(network.seeds for network, counts in zip(networks, used, strict=True) if counts)
    difference, p = difference_interval(row, measured, seeds, confidence=confidence)
    return Gap(
        rule,
        target,
        difference,
        p,
        p,
        reference.interpolated or other.interpolated,
        reference.ratio / other.ratio,
    )


def _missing(rule: str, own: Sequence[Measured], target: float) -> Missing:
    absence = Absence.NONE_NEAR if own else Absence.NONE_TRAINED
    return Missing(rule, target, absence, tuple(sorted({network.ratio for network in own})))

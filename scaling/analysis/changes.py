"""Two networks, or one trained in two ways: the difference in accuracy, paired over the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from scaling.analysis.equal_cost import holm
from scaling.analysis.errors import CONFIDENCE, Errors, errors
from scaling.analysis.intervals import Interval, difference_interval
from scaling.analysis.measured import Measured, by_name, require_confidence
from scaling.core.errors import UserError


class Difference(NamedTuple):
    """One network against another of the same study.

    Attributes:
        difference: accuracy of the first minus that of the second; n is the fewer of their seeds.
        p: two-sided, of no difference.
    """

    difference: Interval
    p: float


class Lead(NamedTuple):
    """The chosen network against one reference.

    Attributes:
        name: of the reference.
        difference: accuracy of the chosen minus the reference's; n is the fewer of their seeds.
        p: two-sided, of no difference.
        adjusted_p: the same after Holm, over all references.
    """

    name: str
    difference: Interval
    p: float
    adjusted_p: float


class Change(NamedTuple):
    """One network in both studies.

    Attributes:
        name: of the network.
        ratio: its MACs over the baseline's.
        difference: accuracy in the first study minus that in the second; n is the fewer of their seeds.
        p: two-sided, of no difference.
        adjusted_p: the same after Holm, over all networks.
    """

    name: str
    ratio: float
    difference: Interval
    p: float
    adjusted_p: float


def difference(networks: Sequence[Measured], first: str, second: str, *, confidence: float = CONFIDENCE) -> Difference:
    """Accuracy of one network minus another's, the seed variance pooled over all networks of their study.

    The difference is w @ accuracy with weights 1 and -1 (`difference_interval`).

    Args:
        networks: of the study, judged on the same images in the same order.
        first: name of one of them.
        second: of another.
        confidence: of the interval.

    Raises:
        ValueError: a name is not among them, confidence is not between 0 and 1, or the networks are not comparable.
    """
    require_confidence("difference", confidence)
    ordered = by_name(networks)
    names = [network.name for network in ordered]
    for name in (first, second):
        if name not in names:
            raise ValueError(f"difference: no network {name!r} among {', '.join(names)}")
    return _difference(ordered, errors(ordered), names.index(first), names.index(second), confidence)


def leads(networks: Sequence[Measured], chosen: str, references: Sequence[str]) -> tuple[Lead, ...]:
    """The chosen network's accuracy minus that of each reference, paired over the images; p after Holm over all of them.

    Args:
        networks: of the study, judged on the same images in the same order.
        chosen: name of one of them.
        references: names of others.

    Raises:
        ValueError: as `difference`.
    """
    found = [difference(networks, chosen, name) for name in references]
    adjusted = holm([one.p for one in found])
    return tuple(Lead(name, *one, p) for name, one, p in zip(references, found, adjusted, strict=True))


def changes(one: Sequence[Measured], other: Sequence[Measured], *, confidence: float = CONFIDENCE) -> tuple[Change, ...]:
    """Compare the networks of two studies by name, judged on the same images in the same order.

    Each is the `difference` of a network's two trainings, the seed variance pooled over both studies.

    Args:
        one: networks of the first study.
        other: of the second.
        confidence: of each interval.

    Returns:
        The networks in both, cheapest first; those whose answers are the same in both are one training, and left out.

    Raises:
        ValueError: no network is in both, one name has two costs, confidence is not between 0 and 1, or the networks are not
            comparable.
    """
    require_confidence("changes", confidence)
    others = {network.name: network for network in by_name(other)}
    pairs = [(network, others[network.name]) for network in by_name(one) if network.name in others]
    for first, second in pairs:
        if first.macs != second.macs:
            raise UserError(f"changes: {first.name!r} must be one architecture, got {first.macs} and {second.macs} MACs")
    pairs = [pair for pair in pairs if not np.array_equal(pair[0].correct, pair[1].correct)]
    if not pairs:
        raise UserError("changes: no network was trained in both studies and came out differently")
    pairs.sort(key=lambda pair: (pair[0].macs, pair[0].name))
    networks = [replace(one, name=f"{name}{one.name}") for pair in pairs for name, one in zip("+-", pair, strict=True)]
    pooled = errors(networks)
    found = []
    for index, (first, _) in enumerate(pairs):
        gap, p = _difference(networks, pooled, 2 * index, 2 * index + 1, confidence)
        found.append(Change(first.name, first.ratio, gap, p, p))
    adjusted = holm([change.p for change in found])
    return tuple(change._replace(adjusted_p=p) for change, p in zip(found, adjusted, strict=True))


def _difference(networks: Sequence[Measured], pooled: Errors, first: int, second: int, confidence: float) -> Difference:
    row = np.zeros(len(networks))
    row[first], row[second] = 1, -1
    return Difference(
        *difference_interval(row, pooled, min(networks[first].seeds, networks[second].seeds), confidence=confidence)
    )

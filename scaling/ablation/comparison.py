"""Recipes against one of them on the same networks: differences in accuracy, with intervals that hold together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from scaling.analysis.equal_cost import holm
from scaling.analysis.errors import CONFIDENCE, NO_GAP, Errors, Floats, errors
from scaling.analysis.intervals import Interval, accuracy_interval, difference_interval
from scaling.analysis.measured import Measured
from scaling.analysis.simultaneous import simultaneous

Key = tuple[str, str]
"""Names of a network and a recipe."""


class Verdict(Enum):
    """What is shown of a recipe against the reference."""

    BETTER = "better"
    WORSE = "worse"
    NOT_TOLD_APART = "not told apart"


class Absence(Enum):
    """Why a recipe is not compared on a network."""

    NOT_TRAINED = "not trained"
    LOST = "lost trainings"
    NO_REFERENCE = "no reference"


class Difference(NamedTuple):
    """Of two accuracies, as fractions; low and high are None where no network has two seeds; n is the fewer of their seeds."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Compared(NamedTuple):
    """A recipe minus the reference.

    Attributes:
        network: on which; None for the mean over all networks.
        recipe: its name.
        difference: in accuracy, with an interval that holds together with those of all others.
        p: two-sided, of no difference; None where no network has two seeds.
        adjusted_p: the same after Holm: over all recipes and networks, or of means over all recipes.
        verdict: by the interval; None where there is none.
    """

    network: str | None
    recipe: str
    difference: Difference
    p: float | None
    adjusted_p: float | None
    verdict: Verdict | None


class Missing(NamedTuple):
    """A recipe that is not compared on a network, and why."""

    network: str
    recipe: str
    absence: Absence


class Comparison(NamedTuple):
    """All recipes against the reference.

    Attributes:
        reference: its name.
        accuracies: of every pair that was measured, each with an interval of its own.
        entries: by network, then recipe.
        means: over the networks, of the recipes that are compared on each of several.
        missing: what is not compared.
        critical: standard errors in half an interval of `entries` and `means`; None where there is none.
        seed_sd: of one training's accuracy, pooled; None where no pair has two seeds.
        degrees_of_freedom: of it.
        spread_p: that the pairs' seed variances are equal; None where it cannot be tested.
        pooled: they are taken as equal.
        images: number each training was judged on.
        units: independent units of them: the images, or their groups.
        confidence: of each accuracy's interval; of all those of `entries` and `means` together.
    """

    reference: str
    accuracies: Mapping[Key, Interval]
    entries: tuple[Compared, ...]
    means: tuple[Compared, ...]
    missing: tuple[Missing, ...]
    critical: float | None
    seed_sd: float | None
    degrees_of_freedom: int
    spread_p: float | None
    pooled: bool
    images: int
    units: int
    confidence: float


def compare(
    pairs: Mapping[Key, Measured],
    networks: Sequence[str],
    recipes: Sequence[str],
    reference: str,
    *,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare recipes with one of them, network by network and on the mean over the networks.

    A difference is w @ accuracy, paired over the images, with the seed variance pooled over all pairs where their spreads agree
    (`errors`). The intervals of all differences and means hold together (`simultaneous`): with no true difference anywhere,
    any verdict but `not told apart` is given in at most 1 - confidence of studies. The networks are no sample of others.

    Args:
        pairs: what was measured of each network with each recipe; some may be missing.
        networks: their names, in the order wanted.
        recipes: likewise.
        reference: the recipe that the others are compared with.
        confidence: of all intervals together.

    Raises:
        ValueError: nothing was measured.
    """
    if not pairs:
        raise ValueError("compare: no network has a finished training, there is nothing to compare")
    keys, measured = list(pairs), errors(list(pairs.values()))
    asked = [(network, recipe) for network in networks for recipe in recipes if recipe != reference]
    absent = {key: _absence(pairs, key, reference) for key in asked}
    usable = [key for key in asked if absent[key] is None]
    rows = [_row(keys, [key], reference) for key in usable]
    everywhere = [one for one in recipes if len(networks) > 1 and all((network, one) in usable for network in networks)]
    mean_rows = [_row(keys, [(network, one) for network in networks], reference) for one in everywhere]
    seeds = [_fewest(pairs, [key], reference) for key in usable]
    seeds += [_fewest(pairs, [(network, one) for network in networks], reference) for one in everywhere]
    names: list[tuple[str | None, str]] = [*usable, *((None, one) for one in everywhere)]
    found, critical = _compared(names, [*rows, *mean_rows], seeds, measured, confidence)
    return Comparison(
        reference=reference,
        accuracies={key: accuracy_interval(measured, i, pairs[key].seeds) for i, key in enumerate(keys)},
        entries=_adjusted(found[: len(usable)]),
        means=_adjusted(found[len(usable) :]),
        missing=tuple(Missing(*key, why) for key, why in absent.items() if why is not None),
        critical=critical,
        seed_sd=math.sqrt(measured.seed_variance) if measured.degrees_of_freedom else None,
        degrees_of_freedom=measured.degrees_of_freedom,
        spread_p=measured.spread_p,
        pooled=measured.pooled,
        images=pairs[keys[0]].images,
        units=measured.units,
        confidence=confidence,
    )


def _absence(pairs: Mapping[Key, Measured], key: Key, reference: str) -> Absence | None:
    other = (key[0], reference)
    if other not in pairs or pairs[other].lost:
        return Absence.NO_REFERENCE
    if key not in pairs:
        return Absence.NOT_TRAINED
    return Absence.LOST if pairs[key].lost else None


def _row(keys: Sequence[Key], of: Sequence[Key], reference: str) -> Floats:
    """Weights of the mean difference from the reference over some pairs."""
    row = np.zeros(len(keys))
    for network, recipe in of:
        row[keys.index((network, recipe))] += 1 / len(of)
        row[keys.index((network, reference))] -= 1 / len(of)
    return row


def _fewest(pairs: Mapping[Key, Measured], of: Sequence[Key], reference: str) -> int:
    return min(pairs[key].seeds for network, recipe in of for key in ((network, recipe), (network, reference)))


def _compared(
    names: Sequence[tuple[str | None, str]], rows: Sequence[Floats], seeds: Sequence[int], measured: Errors, confidence: float
) -> tuple[list[Compared], float | None]:
    if not rows:
        return [], None
    if not measured.degrees_of_freedom:  # nothing is known of the seeds, and no interval is claimed
        means = [float(row @ measured.accuracy) for row in rows]
        plain = zip(names, means, seeds, strict=True)
        return [Compared(*name, Difference(mean, None, None, n), None, None, None) for name, mean, n in plain], None
    joint = simultaneous(np.stack(rows), measured, confidence=confidence)
    found = []
    for name, row, n, mean, half in zip(names, rows, seeds, joint.mean, joint.half, strict=True):
        difference = Difference(float(mean), float(mean - half), float(mean + half), n)
        _, p = difference_interval(row, measured, n)
        found.append(Compared(*name, difference, p, None, _verdict(float(mean), float(half))))
    return found, joint.critical


def _verdict(mean: float, half: float) -> Verdict:
    if abs(mean) <= max(half, NO_GAP):
        return Verdict.NOT_TOLD_APART
    return Verdict.BETTER if mean > 0 else Verdict.WORSE


def _adjusted(found: Sequence[Compared]) -> tuple[Compared, ...]:
    known = [one.p for one in found if one.p is not None]
    if len(known) < len(found):
        return tuple(found)
    return tuple(one._replace(adjusted_p=p) for one, p in zip(found, holm(known), strict=True))

"""What a trained family shows: each rule's accuracy over cost, its power law, and the gaps between rules at equal cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from scaling.analysis.equal_cost import Gaps, gaps
from scaling.analysis.errors import Errors, Interval, errors, interval
from scaling.analysis.measured import Measured
from scaling.analysis.power_law import MINIMUM_COSTS, Extrapolated, HeldOut, PowerLaw, extrapolated, fit_power_law, held_out
from scaling.study.family import Kin

TARGETS = (2.0, 4.0, 8.0)
"""Costs over the baseline's at which rules are compared."""

EXTRAPOLATED = (16.0, 32.0, 64.0, 128.0)
"""Costs over the baseline's, those of B4 to B7 by the formula, at which a power law is read where none was trained."""


class RuleCurve(NamedTuple):
    """One rule's networks, cheapest first, and what was fitted to them.

    Attributes:
        rule: its name.
        networks: distinct, as measured.
        law: the power law; None where too few costs were trained.
        check: the most expensive network as the others predict it; None where too few costs were trained.
        extrapolated: accuracy by the law at those of `EXTRAPOLATED` that are beyond the trained costs.
        reason: why there is no law or no check; None where there are both.
    """

    rule: str
    networks: tuple[Measured, ...]
    law: PowerLaw | None
    check: HeldOut | None
    extrapolated: tuple[Extrapolated, ...]
    reason: str | None


class FamilyResult(NamedTuple):
    """A family study's result.

    Attributes:
        curves: one a rule, in the order asked.
        accuracies: of every network by name, with its interval.
        gaps: of `compound`, or else of the first rule, against the other rules; None where there is no other.
        seed_sd: of one training's accuracy, pooled; None if no network has two seeds.
        degrees_of_freedom: of seed_sd.
        pictures: number each training was judged on.
        notes: sentences that a reader of the numbers needs.
    """

    curves: tuple[RuleCurve, ...]
    accuracies: dict[str, Interval]
    gaps: Gaps | None
    seed_sd: float | None
    degrees_of_freedom: int
    pictures: int
    notes: tuple[str, ...]


def family_result(rules: Mapping[str, Sequence[Measured]]) -> FamilyResult:
    """Compare rules by their trained networks.

    Args:
        rules: name of each rule and its networks; one network may be of several rules.

    Raises:
        ValueError: no network was measured, or they are not comparable.
    """
    networks = list({one.name: one for own in rules.values() for one in own}.values())
    if not networks:
        raise ValueError("family_result: no network has a finished training, there is nothing to compare")
    pooled = errors(networks)
    found = {one.name: interval(one.correct, pooled.seed_variance, pooled.degrees_of_freedom) for one in networks}
    reference = "compound" if "compound" in rules else next(iter(rules))
    compared = gaps(rules, reference=reference, targets=TARGETS) if len(rules) > 1 else None
    return FamilyResult(
        tuple(_curve(rule, own, pooled) for rule, own in rules.items()),
        found,
        compared,
        math.sqrt(pooled.seed_variance) if pooled.degrees_of_freedom else None,
        pooled.degrees_of_freedom,
        pooled.pictures,
        tuple(_notes(rules, found, pooled)),
    )


def _notes(rules: Mapping[str, Sequence[Measured]], accuracies: Mapping[str, Interval], pooled: Errors) -> Iterator[str]:
    if not pooled.degrees_of_freedom:
        yield "One seed per network: intervals and tests cover the choice of pictures only."
    spans = [(min(own, key=lambda one: one.ratio), max(own, key=lambda one: one.ratio)) for own in rules.values() if own]
    spans = [(small, large) for small, large in spans if small is not large]
    if spans and all(accuracies[large.name].mean < accuracies[small.name].mean for small, large in spans):
        yield (
            "Warning: by every rule the largest network did worse here than the smallest. The recipe is too short for them, or "
            "the pictures are too few; do not extrapolate from this family."
        )


def by_rule(rules: Sequence[str], networks: Sequence[Kin], measured: Mapping[str, Measured]) -> dict[str, list[Measured]]:
    """Each rule's networks that were measured, each once.

    Args:
        rules: names, in the order wanted.
        networks: the distinct networks of a family.
        measured: by their labels.
    """
    found: dict[str, list[Measured]] = {rule: [] for rule in rules}
    for one in networks:
        for rule in dict.fromkeys(member.rule for member in one.members):
            if one.label in measured:
                found[rule].append(measured[one.label])
    return found


def _curve(rule: str, networks: Sequence[Measured], pooled: Errors) -> RuleCurve:
    ordered = tuple(sorted(networks, key=lambda one: one.ratio))
    costs = len({one.macs for one in ordered})
    law = fit_power_law(ordered, pooled=pooled) if costs >= MINIMUM_COSTS else None
    check = held_out(ordered, pooled=pooled) if costs > MINIMUM_COSTS else None
    beyond = () if law is None else tuple(extrapolated(law, ratio) for ratio in EXTRAPOLATED if ratio > law.largest)
    return RuleCurve(rule, ordered, law, check, beyond, _reason(rule, costs))


def _reason(rule: str, costs: int) -> str | None:
    if costs < MINIMUM_COSTS:
        return f"{rule}: {costs} distinct cost(s) trained, no power law under {MINIMUM_COSTS}."
    if costs == MINIMUM_COSTS:
        return f"{rule}: {costs} distinct costs trained, all fitted; holding one out to check the fit takes {costs + 1}."
    return None

"""What a trained family shows: each rule's accuracy over cost, its power law, and the gaps between rules at equal cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from scaling.analysis.equal_cost import Gaps, gaps
from scaling.analysis.errors import CONFIDENCE, Errors, errors
from scaling.analysis.intervals import Interval, accuracy_interval
from scaling.analysis.measured import Measured
from scaling.analysis.power_law import MINIMUM_COSTS, Extrapolated, HeldOut, PowerLaw, extrapolated, fit_power_law, held_out
from scaling.core.errors import SpecError
from scaling.family.study import FamilyNetwork, FamilyStudy
from scaling.study.collect import Trainings, on_test_images, trainings
from scaling.study.provenance import mixed_origins
from scaling.study.run import Run

TARGETS = (2.0, 4.0, 8.0)
"""Costs over the baseline's at which rules are compared."""

EXTRAPOLATED = (16.0, 32.0, 64.0, 128.0)
"""Costs over the baseline's, those of B4 to B7 by the formula, at which a power law is read where none was trained."""

FARTHEST = 4.0
"""No law is read at more than this many times the cost of the largest network trained."""


class RuleCurve(NamedTuple):
    """One rule's networks, cheapest first, and what was fitted to them.

    Attributes:
        rule: its name.
        networks: distinct, as measured.
        law: the power law; None where too few costs were trained.
        check: the most expensive network as the others predict it; None where too few costs were trained.
        extrapolated: accuracy by the law at those of `EXTRAPOLATED` that are beyond the trained costs, within a factor
            `FARTHEST`; none where the check fails or could not be made.
        costs: number of distinct ones trained.
    """

    rule: str
    networks: tuple[Measured, ...]
    law: PowerLaw | None
    check: HeldOut | None
    extrapolated: tuple[Extrapolated, ...]
    costs: int


class FamilyResult(NamedTuple):
    """A family study's result.

    Attributes:
        curves: one a rule, in the order asked.
        accuracies: of every network by name, with its interval.
        gaps: of `compound`, or else of the first rule, against the other rules; None where there is no other.
        seed_sd: of one training's accuracy, pooled; None if no network has two seeds.
        degrees_of_freedom: of seed_sd.
        images: number each training was judged on.
        spread_p: that the networks' seed variances are equal; None where it cannot be tested.
        pooled: they are taken as equal.
        shrinking: by every rule the largest network did worse than the smallest.
        strangers: by rule, networks trained for it that do not count for it.
        confidence: of all intervals.
    """

    curves: tuple[RuleCurve, ...]
    accuracies: dict[str, Interval]
    gaps: Gaps | None
    seed_sd: float | None
    degrees_of_freedom: int
    images: int
    spread_p: float | None
    pooled: bool
    shrinking: bool
    strangers: Mapping[str, tuple[Measured, ...]] = MappingProxyType({})
    confidence: float = CONFIDENCE


def family_result(rules: Mapping[str, Sequence[Measured]], others: Sequence[Measured] = ()) -> FamilyResult:
    """Compare rules by their trained networks.

    Args:
        rules: name of each rule and the networks that are members of it (`by_rule`); one may be of several rules.
        others: networks that were trained and are members of no rule; they give the seed variance and have accuracies.

    Raises:
        ValueError: no network was measured, or they are not comparable.
    """
    networks = list({one.name: one for own in (*rules.values(), others) for one in own}.values())
    if not networks:
        raise ValueError("family_result: no network has a finished training, there is nothing to compare")
    pooled = errors(networks)
    found = {one.name: accuracy_interval(pooled, index, one.seeds) for index, one in enumerate(networks)}
    reference = "compound" if "compound" in rules else next(iter(rules))
    # Rounding may leave every network too far from the rule that it was made for.
    several = len(rules) > 1 and any(rules.values())
    compared = gaps(rules, reference=reference, targets=TARGETS) if several else None
    return FamilyResult(
        tuple(_curve(rule, own, pooled) for rule, own in rules.items()),
        found,
        compared,
        math.sqrt(pooled.seed_variance) if pooled.degrees_of_freedom else None,
        pooled.degrees_of_freedom,
        networks[0].images,
        pooled.spread_p,
        pooled.pooled,
        _shrinking(rules, found),
    )


def _shrinking(rules: Mapping[str, Sequence[Measured]], accuracies: Mapping[str, Interval]) -> bool:
    spans = [(min(own, key=lambda one: one.ratio), max(own, key=lambda one: one.ratio)) for own in rules.values() if own]
    spans = [(small, large) for small, large in spans if small is not large]
    return bool(spans) and all(accuracies[large.name].mean < accuracies[small.name].mean for small, large in spans)


def by_rule(
    rules: Sequence[str], networks: Sequence[FamilyNetwork], measured: Mapping[str, Measured]
) -> dict[str, list[Measured]]:
    """Each rule's networks that were measured and are near it (`FamilyNetwork.stands_for`), each once.

    None that lost a training: those that are left are no fair sample.

    Args:
        rules: names, in the order wanted.
        networks: the distinct networks of a family.
        measured: by their labels.
    """
    found: dict[str, list[Measured]] = {rule: [] for rule in rules}
    for one in networks:
        for rule in dict.fromkeys(member.rule for member in one.members):
            if one.label in measured and one.stands_for(rule) and not measured[one.label].lost:
                found[rule].append(measured[one.label])
    return found


def family_of(rules: Sequence[str], networks: Sequence[FamilyNetwork], measured: Mapping[str, Measured]) -> FamilyResult:
    """What a family's networks show: `family_result` of its members, the other networks beside them."""
    members = by_rule(rules, networks, measured)
    of_rules = {one.name for own in members.values() for one in own}
    found = family_result(members, [one for label, one in measured.items() if label not in of_rules])
    asked = {rule: [one for one in networks if any(member.rule == rule for member in one.members)] for rule in rules}
    strangers = {
        rule: tuple(measured[one.label] for one in own if one.label in measured and measured[one.label] not in members[rule])
        for rule, own in asked.items()
    }
    return found._replace(strangers=strangers)


def _curve(rule: str, networks: Sequence[Measured], pooled: Errors) -> RuleCurve:
    ordered = tuple(sorted(networks, key=lambda one: one.ratio))
    costs = len({one.macs for one in ordered})
    law = fit_power_law(ordered, pooled=pooled) if costs >= MINIMUM_COSTS else None
    check = held_out(ordered, pooled=pooled) if costs > MINIMUM_COSTS else None
    trusted = law is not None and check is not None and check.inside
    beyond = [ratio for ratio in EXTRAPOLATED if law and law.largest < ratio <= FARTHEST * law.largest]
    read = tuple(extrapolated(law, ratio) for ratio in beyond) if law and trusted else ()
    return RuleCurve(rule, ordered, law, check, read, costs)


class Family(NamedTuple):
    """What a family's training found.

    Attributes:
        study: as it was asked.
        run: its records.
        measured: by label, the networks that were shown the test images.
        result: the comparison of its rules.
        trainings: what became of the trainings of each network, by label.
        mixed_origins: a sentence where the trainings come from several machines or codes.
    """

    study: FamilyStudy
    run: Run
    measured: dict[str, Measured]
    result: FamilyResult
    trainings: dict[str, Trainings]
    mixed_origins: str | None


def family_found(study: FamilyStudy, run: Run) -> Family:
    """Compare a family's rules by what is recorded of its networks.

    Raises:
        SpecError: no network was shown the test images.
    """
    measured = on_test_images(study, run)
    if not measured:
        raise SpecError(f"{run.folder}: no network was shown the test images; go on with the command that made it")
    return Family(
        study=study,
        run=run,
        measured=measured,
        result=family_of(study.spec.family.rules, study.networks, measured),
        trainings=trainings(study, run),
        mixed_origins=mixed_origins(run.origins(study.all_trials())),
    )

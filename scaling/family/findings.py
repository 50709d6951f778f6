"""What a family study will be able to say, and what it found, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.analysis.equal_cost import EQUAL_WITHIN, SPAN, Absence, Missing
from scaling.analysis.errors import SPREADS_DIFFER
from scaling.analysis.power_law import MINIMUM_COSTS
from scaling.core.units import duration
from scaling.family.spec import FamilySpec
from scaling.family.study import FamilyStudy, intended
from scaling.grid.plan import enlarged, growth, to_train
from scaling.report.cells import share_sentence
from scaling.rules.members import MEMBER_WITHIN
from scaling.study.estimate import Pace
from scaling.study.trial import Trial

if TYPE_CHECKING:
    from scaling.analysis.equal_cost import Gaps
    from scaling.family.reopen import Unsupported
    from scaling.family.result import FamilyResult, RuleCurve


def planned(study: FamilyStudy, missing: int, seconds: float, speed: Pace, folder: Path) -> list[str]:
    """What a dry run says below the networks."""
    return [
        _asked(study),
        *enlarged(study.dataset, study.networks),
        *strangers(study),
        f"{missing} of {len(study.all_trials())} trials are to be trained on {study.dataset.name}: about {duration(seconds)}, "
        f"estimated from {speed.source}.",
        f"Nothing was trained; without --dry-run it is recorded in {folder}.",
    ]


def plan_summary(
    study: FamilyStudy, missing: Sequence[Trial], device: str, speed: Pace, folder: Path, grown: Sequence[str]
) -> list[str]:
    """What will be trained, and how long it will take."""
    dataset, total = study.dataset, len(study.all_trials())
    said = [
        _asked(study),
        f"Images: {dataset.name}, {len(dataset.train):,} for training, {len(dataset.validation):,} for validation, "
        f"{len(dataset.test):,} for test; {dataset.num_classes} classes.",
        *enlarged(dataset, study.networks),
        *strangers(study),
        f"Device: {device}. Records: {folder}.",
        *growth(grown, "--to"),
    ]
    return [*said, to_train(missing, total, speed)]


def strangers(study: FamilyStudy) -> list[str]:
    """Which rules have, at which costs, no network near them on this baseline."""
    far = [
        (member, one.distance(member.rule))
        for one in study.networks
        for member in one.members
        if not one.stands_for(member.rule)
    ]
    listed = ", ".join(f"{member.rule} at x{member.ratio:.2f} ({distance:.2f} away)" for member, distance in far)
    places = intended(study.spec.family)
    nearer = [
        f"{member.rule} at x{member.ratio:.2f} to {other}"
        for one in study.networks
        for member in one.members
        if one.stands_for(member.rule) and (other := one.nearer(member.rule, places)) is not None
    ]
    mixed = [f"Nearer to another rule than to their own are {', '.join(nearer)}."] if nearer else []
    if not far:
        return [f"After rounding, every member is within {MEMBER_WITHIN:g} of its rule's shares.", *mixed]
    return [
        f"After rounding, these members are more than {MEMBER_WITHIN:g} from their rule's shares and are not counted for it: "
        f"{listed}. A larger baseline would bring them closer.",
        *mixed,
    ]


LAWS = (
    "Intervals cover the choice of seeds on these images. Where the error hardly falls with the cost (small b) or falls to "
    "nothing (c near 0), the intervals of a, b and c cover the true values in about 80% of studies, not in 90%."
)


def laws_said(curves: Sequence[RuleCurve]) -> list[str]:
    """Which rules have no power law, no check of it, or no prediction."""
    few = [one for one in curves if one.costs < MINIMUM_COSTS]
    unchecked = [one for one in curves if one.law is not None and one.check is None]
    missed = [one for one in curves if one.check is not None and one.check.inside is False]
    said = []
    if few:
        said.append(f"{_rules(few)}: no power law with fewer than {MINIMUM_COSTS} distinct costs trained.")
    if unchecked:
        said.append(
            f"{_rules(unchecked)}: all {MINIMUM_COSTS} costs are fitted; one more would check the law, and nothing is "
            "predicted without."
        )
    if missed:
        said.append(f"{_rules(missed)}: the law does not predict its own largest network, so it predicts nothing beyond it.")
    return said


def _rules(curves: Sequence[RuleCurve]) -> str:
    return ", ".join(one.rule for one in curves)


def unsupported_said(found: Unsupported | None) -> list[str]:
    """That a family's compound is no finding."""
    if found is None:
        return []
    return [
        f"Retracted: compound is the highest value of the surface of {found.search} ({share_sentence(found.place.shares)}; "
        f"predicted {100 * found.place.predicted.value:.2f} % on validation at its target cost), "
        f"and no network of that search supports it: its leverage is {found.place.leverage:.2f}, the largest of "
        f"any eligible network {found.largest_leverage:.2f}. Treat it as an arbitrary rule, not as the result of a search."
    ]


def findings(asked: FamilySpec, result: FamilyResult) -> list[str]:
    """What the comparison says."""
    said = [
        f"Accuracy on {result.images:,} test images, assumed independent, with {result.confidence:.0%} "
        "intervals; the test images were not used for any choice."
    ]
    if result.seed_sd is not None:
        said.append(
            f"Standard deviation of an accuracy between seeds: {100 * result.seed_sd:.2f} points ("
            f"{result.degrees_of_freedom} degrees of freedom{_spread(result)})."
        )
    else:
        said.append("One seed per network: intervals and tests cover the choice of images only.")
    if result.shrinking:
        said.append(
            "Warning: by every rule the largest network did worse here than the smallest. The recipe is too short for them, or "
            "the images are too few; do not extrapolate from this family."
        )
    if asked.dropout_per_doubling == 0:
        said.append(
            "All networks have one recipe, tuned for none of them: its learning rate and length are as likely to suit one "
            "rule as another, and larger networks might gain from more regularisation, as the paper gives them."
        )
    return said


def _spread(result: FamilyResult) -> str:
    if result.spread_p is None:
        return ""
    if result.pooled:
        return f"; no evidence that it differs between networks, p = {result.spread_p:.2f}"
    return (
        f", over all networks; it differs between networks, p = {result.spread_p:.3f} < {SPREADS_DIFFER:g}, so intervals and "
        "tests use each network's own"
    )


def compared(gaps: Gaps) -> list[str]:
    """Whether the reference is better than each rule at equal cost, in one sentence a rule."""
    said = []
    for rule in dict.fromkeys(one.rule for one in gaps.entries):
        own = [one for one in gaps.entries if one.rule == rule]
        shown = [one for one in own if one.adjusted_p <= 1 - gaps.confidence]
        better, worse = ([f"x{one.target:g}" for one in shown if (one.difference.mean > 0) == sign] for sign in (True, False))
        words = [f"better at {', '.join(better)}"] if better else []
        words += [f"worse at {', '.join(worse)}"] if worse else []
        others = [f"x{one.target:g}" for one in own if one not in shown]
        words += [f"not shown to differ at {', '.join(others)}"] if others else []
        said.append(
            f"{gaps.reference} against {rule}: {'; '.join(words)} (Holm over all of them, at {1 - gaps.confidence:.0%})."
        )
    missing = {
        rule: [one for one in gaps.missing if one.rule == rule] for rule in dict.fromkeys(one.rule for one in gaps.missing)
    }
    return [*said, *(_missing(own) for own in missing.values())]


def _missing(own: Sequence[Missing]) -> str:
    """Where one rule has no value."""
    targets = " and ".join(f"x{one.target:g}" for one in own)
    if own[0].absence is Absence.NONE_TRAINED:
        return f"{own[0].rule} at {targets}: no member of it was trained."
    costs = ", ".join(f"x{ratio:.3g}" for ratio in own[0].ratios)
    return (
        f"{own[0].rule} at {targets}: no member at this cost; its members cost {costs}, none within {EQUAL_WITHIN:.0%} and "
        f"not on both sides within a factor of {SPAN:g}."
    )


def _asked(study: FamilyStudy) -> str:
    family, networks = study.spec.family, len(study.networks)
    how = "at the real cost 2^phi for phi" if family.realise else "at phi"
    bases = f" compound is {family.alpha:g} {family.beta:g} {family.gamma:g}." if "compound" in family.rules else ""
    return (
        f"Step 2: {', '.join(family.rules)} {how} {family.phi}; {len(study.members)} members make {networks} networks, "
        f"{study.spec.seeds} seed(s) each.{bases}"
    )

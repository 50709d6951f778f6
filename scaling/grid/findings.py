"""What a study will be able to say, and what it found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scaling.analysis.eligibility import ELIGIBLE_WITHIN
from scaling.analysis.errors import SPREADS_DIFFER
from scaling.analysis.mcb import ERROR
from scaling.analysis.ranking import FEW_DEGREES, Adjustment, Ranking
from scaling.analysis.stability import Stability
from scaling.analysis.surface import Fitted, NoOptimum, NoSurface, Place
from scaling.grid.result import SearchResult
from scaling.grid.space import Candidate
from scaling.grid.study import Study
from scaling.report.cells import share_sentence
from scaling.rules.coefficients import BUDGET
from scaling.rules.members import member
from scaling.rules.rules import Rule
from scaling.study.collect import Trainings

if TYPE_CHECKING:
    from scaling.grid.result import DirectLead


def findings(result: SearchResult) -> list[str]:
    """What a search's ranking says; nothing where there is none."""
    ranking, winner, stability = result.ranking, result.winner, result.stability
    if ranking is None:
        return []
    trainings, seeds = result.collected.trainings, result.collected.seeds
    said = [_measured(ranking), *_spread(ranking), *trainings_said(trainings, seeds)]
    said += gain_doubted(ranking)
    if winner is None:
        return [*said, f"No eligible network is within {ELIGIBLE_WITHIN:.0%} of the target cost, so there is no best network."]
    said += _best(ranking, winner)
    if stability is not None:
        said.append(
            f"On these images, and if true accuracies are normally distributed, a repeat with new seeds would choose the same "
            f"network about {stability.again:.0%} of the time; its choice would be {100 * stability.loss_mean:.2f} "
            "points below "
            f"the truly best on average."
        )
    return said + _aliases(result.study, winner, result.extrapolates)


NO_STEP_2 = (
    "No Step 2: where cost gains nothing there is no family to extrapolate. Try a longer training (--epochs N with another "
    "--run), more images, stronger augmentation (augment in the specification's [recipe]), or a search of these networks on "
    "other images to start from (--init RUN)."
)


def gain_doubted(ranking: Ranking) -> list[str]:
    """A sentence where larger networks did not do better than smaller ones, or are not shown to."""
    if not ranking.grows:
        return [
            "Warning: larger networks did not do better here than smaller ones. The training is too short for them, or the "
            "images are too few; do not extrapolate from this study."
        ]
    if ranking.adjustment is Adjustment.NONE or ranking.gain.low > 0:
        return []
    return [
        f"Larger networks are not shown to do better here than smaller ones ({_gain(ranking)}): a family that follows this "
        "choice may gain nothing by its cost."
    ]


def _gain(ranking: Ranking) -> str:
    low, high = (100 * math.log(2) * end for end in (ranking.gain.low, ranking.gain.high))
    return f"{100 * math.log(2) * ranking.slope:+.2f} points per doubling of MACs, {low:+.2f} to {high:+.2f}"


def trainings_said(trainings: Mapping[str, Trainings], seeds: int, follows: str = "It is not eligible") -> list[str]:
    """One sentence for each network that lacks a training, and what became of those that do not count.

    Args:
        trainings: by network.
        seeds: that were asked.
        follows: from lost trainings.
    """
    said = []
    for label, one in trainings.items():
        if one.complete >= seeds:
            continue
        others = [f"{number} {name}" for name, number in one.counts().items() if number and name != "complete"]
        left = seeds - sum(one.counts().values())
        others += [f"{left} not trained"] if left else []
        reasons = f" ({'; '.join(one.reasons)})" if one.reasons else ""
        lost = f" {follows}: the remaining seeds would be a biased sample." if one.lost else ""
        said.append(f"{label}: {one.complete} of {seeds} trainings count, {', '.join(others)}{reasons}.{lost}")
    if any(one.collapsed for one in trainings.values()):
        said.append("Collapsed: ended near chance, or far below the network's other trainings; not averaged.")
    return said


def surface_said(fitted: Fitted) -> list[str]:
    """What the response surface over the triangle of shares says, and where it may not be asked."""
    surface = fitted.surface
    if surface is None:
        return [no_surface(fitted)]
    missed = "" if surface.left_out_error is None else f"; leave-one-place-out error {100 * surface.left_out_error:.2f} points"
    if surface.optimum is not None:
        said = [
            f"Response surface: its optimum is {share_sentence(surface.optimum.shares)}, predicted "
            f"{_predicted(surface.optimum)}{missed}. "
            "Train it before believing it."
        ]
    elif surface.reason is NoOptimum.BELOW_BEST and surface.best is not None:
        said = [
            "Response surface: no supported optimum above the best network (highest prediction where networks support it: "
            f"{_predicted(surface.highest)} at {share_sentence(surface.highest.shares)}; the best network has "
            f"{100 * surface.best:.2f} %{missed})."
        ]
    else:
        said = [
            f"Response surface: the optimum cannot be located; it may lie anywhere in {surface.region_share:.0%} of "
            "the region that "
            f"the networks support{missed}."
        ]
    if surface.unsupported is not None:
        said.append(
            f"Its highest value of all, {100 * surface.unsupported.predicted.value:.2f} % at "
            f"{share_sentence(surface.unsupported.shares)}, "
            f"is an extrapolation: its leverage is {surface.unsupported.leverage:.2f}, the largest of any eligible network "
            f"{surface.largest_leverage:.2f}."
        )
    return said


def no_surface(fitted: Fitted) -> str:
    """Why there is no response surface."""
    if fitted.reason is NoSurface.FEW_NETWORKS:
        return f"No response surface: it needs 8 networks with shares, there are {fitted.networks}."
    return "No response surface: the networks' shares do not span the triangle."


def luck_said(stability: Stability | None) -> str:
    """How far the test images are from an independent confirmation of the choice."""
    favour = "" if stability is None else f", by about {100 * stability.luck:.2f} points in a study like this one"
    return (
        f"These are the same trainings that the choice was made from, so lucky seeds favour the best{favour}. "
        "Trainings from fresh "
        "seeds would confirm the choice."
    )


def _measured(ranking: Ranking) -> str:
    doubling = f"{100 * math.log(2) * ranking.slope:+.2f} points per doubling of MACs"
    adjusted = {
        Adjustment.OWN_CURVE: f"; 'adjusted' is the accuracy estimated at exactly x{ranking.target:g}, on a curve through the "
        f"baseline and the network (over the eligible networks {doubling} on average)",
        Adjustment.SHARED_SLOPE: f"; 'adjusted' is the accuracy estimated at exactly x{ranking.target:g}, at {doubling}",
        Adjustment.NONE: "; not adjusted for cost, because no baseline or no second cost was trained",
    }[ranking.adjustment]
    taken = "assumed independent" if ranking.units == ranking.images else f"in {ranking.units:,} groups, assumed independent"
    return f"Accuracy on {ranking.images:,} validation images, {taken}, with {ranking.confidence:.0%} intervals{adjusted}."


def _spread(ranking: Ranking) -> list[str]:
    degrees = ranking.degrees_of_freedom
    if ranking.seed_sd is None:
        return ["One seed per network: intervals and tests cover the choice of images only, and ties cannot be determined."]
    few = ", few" if degrees < FEW_DEGREES else ""
    sd = (
        f"Standard deviation of an accuracy between seeds: {100 * ranking.seed_sd:.2f} points ({degrees} degrees of "
        f"freedom{few}"
    )
    if ranking.spread_p is None:
        return [f"{sd})."]
    if ranking.pooled:
        return [f"{sd}; no evidence that it differs between networks, p = {ranking.spread_p:.2f})."]
    return [
        f"{sd}, over all networks; it differs between networks, p = {ranking.spread_p:.3f} < {SPREADS_DIFFER:g}, so "
        "intervals and "
        "ties use each network's own)."
    ]


def _best(ranking: Ranking, winner: Candidate) -> list[str]:
    if ranking.tied is None or ranking.look is None or ranking.tie_confidence is None:
        why = "one seed shows no spread" if ranking.seed_sd is None else "trainings are missing"
        return [f"Best so far among {ranking.eligible} eligible networks: {winner.label}. Ties are not determined: {why}."]
    looks = f"ranking {ranking.look} of this study" if ranking.look > 1 else "the first ranking of this study"
    tied = f"{ranking.tied} of {ranking.eligible} eligible networks are tied for best, including the best itself"
    said = f"Best: {winner.label}. {tied}"
    if ranking.tied == ranking.eligible > 1:
        said += ": this study cannot tell them apart"
    test = (
        "Tied: not shown to be worse, in a simultaneous test of all eligible networks at "
        f"{ranking.tie_confidence:.1%} confidence "
        f"({looks}; over all rankings the truly best network is lost in at most {ERROR:.0%} of studies)"
    )
    if ranking.detectable is not None:
        test += f"; it detects a network {100 * ranking.detectable:.1f} points behind about half of the time"
    return [f"{said}.", f"{test}."]


def _predicted(place: Place) -> str:
    value, low, high = place.predicted
    between = "" if low is None or high is None else f" ({100 * low:.2f} to {100 * high:.2f})"
    return f"{100 * value:.2f} %{between}"


def direct_said(lead: DirectLead | None) -> list[str]:
    """Whether searching at this phi gained anything over extrapolating the choice of another."""
    if lead is None:
        return []
    winner, carried = (f"{one.label} (x{one.realised:.2f})" for one in (lead.winner, lead.carried))
    if lead.gap is None:
        return [f"Direct search against extrapolation: both choose {winner}."]
    gap, p = lead.gap
    verdict = "not shown to differ" if gap.low <= 0 <= gap.high else "better" if gap.mean > 0 else "worse"
    return [
        f"Direct search against extrapolation: on the test images {winner}, chosen here, minus {carried}, the choice of "
        f"another phi carried to this cost: {100 * gap.mean:+.2f} points ({100 * gap.low:+.2f} to {100 * gap.high:+.2f}, "
        f"n = {gap.n} seeds, p = {p:.3f}): {verdict}."
    ]


def _points(number: int) -> str:
    return "1 other lattice point rounds" if number == 1 else f"{number} other lattice points round"


def _aliases(study: Study, winner: Candidate, extrapolates: bool) -> list[str]:
    """What else the winner's network could mean for Step 2, if there is one."""
    said = []
    if len(winner.aliases) > 1:
        counted = (study.dataset.num_classes, study.dataset.in_channels, study.spec.lattice.rounding)
        rules = [Rule("alias", alias.factors) for alias in winner.aliases]
        used = f" Step 2 uses {winner.label}." if extrapolates else ""
        ratios = [member(study.spec.baseline, rule, 7, *counted).ratio for rule in rules]
        said.append(
            f"{_points(len(winner.aliases) - 1)} to the same network; at phi 7 these points would cost "
            f"x{min(ratios):.0f} to x{max(ratios):.0f} (2^7 is x128).{used}"
        )
    nominal, tolerance = winner.coefficients.nominal, study.spec.lattice.tolerance
    if abs(nominal - BUDGET) > tolerance + 1e-12:
        said.append(
            f"Warning: the winner's product is {nominal:.3f}, outside {BUDGET} +-{tolerance:g}: its family does not double "
            "in cost per unit of phi."
        )
    return said

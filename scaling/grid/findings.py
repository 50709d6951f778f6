"""What a study will be able to say, and what it found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scaling.analysis.coverage import largest_hole
from scaling.analysis.eligibility import ELIGIBLE_WITHIN, is_eligible
from scaling.analysis.errors import SPREADS_DIFFER
from scaling.analysis.mcb import ERROR
from scaling.analysis.power import PROXY, Spread, detectable_gap
from scaling.analysis.ranking import FEW_DEGREES, Adjustment, Ranking
from scaling.analysis.stability import Stability
from scaling.analysis.surface import Fitted, NoOptimum, NoSurface, Place
from scaling.arch import Architecture
from scaling.grid.latency import network_key
from scaling.grid.lattice import Lattice
from scaling.grid.limits import Limits
from scaling.grid.space import Candidate, Space
from scaling.grid.study import Study
from scaling.grid.tables import distance_from_role
from scaling.rules.coefficients import BUDGET
from scaling.rules.members import MEMBER_WITHIN, member
from scaling.rules.rules import Rule
from scaling.study.collect import Trainings
from scaling.study.estimate import Pace, estimated_seconds
from scaling.study.progress import duration
from scaling.study.study import Grouped, Network, Pictures
from scaling.study.trial import Trial

if TYPE_CHECKING:
    from scaling.grid.result import DirectLead


def announcement(
    study: Study,
    missing: Sequence[Trial],
    device: str,
    speed: Pace,
    folder: Path,
    grown: Sequence[str],
    spread: Spread | None,
    look: int,
) -> list[str]:
    """What will be trained, how long it will take, and what it will be able to tell apart."""
    space, pictures, seeds = study.space, study.pictures, study.spec.seeds
    judged = len(pictures.validation)
    said = [
        f"Step 1 at phi {study.spec.phi:g}: {space.points} lattice points make {len(space.lattice)} networks, with the "
        f"references {len(space.candidates)}; {seeds} seed(s) each.",
        f"Pictures: {pictures.name}, {len(pictures.train):,} to train, {judged:,} to choose, {len(pictures.test):,} to "
        f"report; {pictures.num_classes} classes.",
        *limited(study.spec.limits, space),
        *enlarged(pictures, space.candidates),
        f"Device: {device}. Records: {folder}.",
        *growth(grown),
        *power(space, independent(pictures.validation), seeds, spread, look),
    ]
    total = len(study.all_trials())
    if missing:
        said.append(
            f"{len(missing)} of {total} trials to train, about {duration(estimated_seconds(missing, speed))} "
            f"by {speed.source}. Ctrl-C stops cleanly; the same command goes on."
        )
    else:
        said.append(f"All {total} trials are recorded already; nothing to train.")
    return said


def limited(limits: Limits, space: Space, latencies: Mapping[str, float] | None = None) -> list[str]:
    """How many lattice networks the limits of a search leave out, and of how many the latency is not known yet.

    Args:
        limits: of the search.
        space: within them.
        latencies: those known, by `network_key`; None where that is all of them.
    """
    if not limits.given():
        return []
    every = space.over_limits + len(space.lattice)
    left_out = f"{space.over_limits} of the lattice's {every} networks are left out"
    unknown = 0 if latencies is None else sum(network_key(one.architecture) not in latencies for one in space.candidates)
    if limits.latency is None or not unknown:
        return [f"At most {limits}: {left_out}."]
    return [
        f"At most {limits}: {left_out} so far; the latency of {unknown} networks is not known yet. It is measured before "
        "anything is trained, and may leave out more."
    ]


def independent(split: Grouped) -> int:
    """Units of a split that do not depend on each other: its images, or their groups."""
    return len(split) if split.groups is None else int(split.groups.max()) + 1


def power(space: Space, images: int, seeds: int, spread: Spread | None, look: int) -> list[str]:
    """What a study will be able to tell apart.

    Args:
        space: its candidates.
        images: validation images, or groups of them.
        seeds: of each network.
        spread: what its folder's trainings have shown; None where there are none, and a proxy's is taken.
        look: at the study, from 1.
    """
    ratios = [one.realised for one in space.candidates if is_eligible(one.realised, space.target) and not one.over]
    if len(ratios) < 2:
        return []
    if seeds < 2:
        return [
            "One seed a network shows no spread between trainings: nothing will be said about ties. --seeds 2 or more does."
        ]
    gap = 100 * detectable_gap(ratios, space.target, seeds, images, spread or PROXY, look)
    known = (
        f"the spread of the {spread.trainings} trainings in the folder"
        if spread
        else "the spread of a measured proxy (6,000 training images, 8 epochs, 87 %)"
    )
    return [
        f"A network {gap:.1f} points behind the best will be shown worse in about half of the cases: by the critical value of "
        f"the test over all {len(ratios)} eligible networks and {known}."
    ]


def worth_training(space: Space) -> list[str]:
    """How much of a search is spent on networks that cannot be chosen, and where it leaves the triangle empty."""
    near = [one for one in space.candidates if is_eligible(one.realised, space.target) and not one.over]
    every = sum(one.cost.macs for one in space.candidates)
    others = 1 - sum(one.cost.macs for one in near) / every
    said = [
        f"{len(near)} of {len(space.candidates)} networks are eligible (within {ELIGIBLE_WITHIN:.0%} of x{space.target:g}); "
        f"{others:.0%} of the MACs to be trained belong to the others."
    ]
    wasted = [one for one in space.lattice if not is_eligible(one.realised, space.target)]
    if wasted:
        said[-1] += f" --eligible-only leaves out the {len(wasted)} lattice networks among them."
    shares = [one.shares for one in near if one.shares is not None]
    if shares:
        hole = largest_hole(shares)
        said.append(
            f"The largest hole they leave in the triangle of shares lies around {_shares(hole.shares)}: the nearest eligible "
            f"one is {hole.radius:.2f} away."
        )
    return [*said, *references_said(space.candidates)]


def references_said(candidates: Iterable[Candidate]) -> list[str]:
    """Which references rounding has put far from the rule that they are named after."""
    said = []
    for one in candidates:
        for role in one.origin:
            distance = distance_from_role(one, role)
            if distance is not None and one.shares is not None and distance > MEMBER_WITHIN:
                said.append(
                    f"The reference {role} is realised at {_shares(one.shares)}, {distance:.2f} from its rule's shares: on "
                    "this baseline it does not stand for the rule."
                )
    return said


def growth(changes: Sequence[str], flag: str = "--run") -> list[str]:
    """A warning where a run folder is asked something else than before; `flag` names another folder."""
    if not changes:
        return []
    return [
        "That folder was last asked something else:",
        *(f"  {change}" for change in changes),
        f"Its records are kept and added to; its results and figures will answer the new question; {flag} keeps the two apart.",
    ]


def enlarged(pictures: Pictures, networks: Iterable[Network]) -> list[str]:
    """A warning where networks look at pictures larger than they are stored."""
    sides = sorted({one.architecture.resolution for one in networks if one.architecture.resolution > pictures.side})
    if not sides:
        return []
    listed = ", ".join(map(str, sides))
    return [f"Pictures are stored at {pictures.side} px; networks of {listed} px see them enlarged, not sharper."]


class Scaled(NamedTuple):
    """What candidates were made from, and what they were counted for."""

    baseline: Architecture
    lattice: Lattice
    num_classes: int
    in_channels: int


def findings(
    scaled: Scaled,
    ranking: Ranking,
    winner: Candidate | None,
    stability: Stability | None,
    trainings: Mapping[str, Trainings],
    seeds: int,
) -> list[str]:
    """What the ranking says.

    Args:
        scaled: what the candidates were made from.
        ranking: of the measured.
        winner: the best of it.
        stability: of the choice.
        trainings: of every candidate, by label.
        seeds: asked for.
    """
    said = [_measured(ranking), *_spread(ranking), *trainings_said(trainings, seeds)]
    if ranking.slope < 0:
        said.append(
            "Warning: larger networks did worse here than smaller ones. The recipe is too short for them, or the images are "
            "too few; do not extrapolate from this study."
        )
    if winner is None:
        return [*said, f"No network that may be chosen is within {ELIGIBLE_WITHIN:.0%} of the target cost: there is no best."]
    said += _best(ranking, winner)
    if stability is not None:
        said.append(
            f"On these images, and if true accuracies are spread normally, studies with other seeds choose it again in about "
            f"{stability.again:.0%} of cases; what they choose is {100 * stability.loss_mean:.2f} points worse than the truly "
            f"best on average."
        )
    return said + _aliases(scaled, winner)


def trainings_said(trainings: Mapping[str, Trainings], seeds: int) -> list[str]:
    """One sentence for each network that lacks a training, and what became of those that do not count."""
    said = []
    for label, one in trainings.items():
        if one.complete >= seeds:
            continue
        others = [f"{number} {name}" for name, number in one.counts().items() if number and name != "complete"]
        left = seeds - sum(one.counts().values())
        others += [f"{left} not trained"] if left else []
        reasons = f" ({'; '.join(one.reasons)})" if one.reasons else ""
        lost = " It is not eligible: the trainings that are left are no fair sample." if one.lost else ""
        said.append(f"{label}: {one.complete} of {seeds} trainings count, {', '.join(others)}{reasons}.{lost}")
    if any(one.collapsed for one in trainings.values()):
        said.append("Collapsed: ended near chance, or far below the network's other trainings; not averaged.")
    return said


def surface_said(fitted: Fitted) -> list[str]:
    """What the response surface over the triangle of shares says, and where it may not be asked."""
    surface = fitted.surface
    if surface is None:
        return [no_surface(fitted)]
    missed = (
        "" if surface.left_out_error is None else f"; a place left out is missed by {100 * surface.left_out_error:.2f} points"
    )
    if surface.optimum is not None:
        said = [
            f"Response surface: its optimum is {_shares(surface.optimum.shares)}, predicted "
            f"{_predicted(surface.optimum)}{missed}. "
            "Train it before believing it."
        ]
    elif surface.reason is NoOptimum.BELOW_BEST and surface.best is not None:
        said = [
            "Response surface: no supported optimum above the best network (highest where supported: "
            f"{_predicted(surface.highest)} at {_shares(surface.highest.shares)}, the best network {100 * surface.best:.2f} %"
            f"{missed})."
        ]
    else:
        said = [
            f"Response surface: no located optimum; it may lie in {surface.region_share:.0%} of what the networks support"
            f"{missed}."
        ]
    if surface.unsupported is not None:
        said.append(
            f"Its highest value of all, {100 * surface.unsupported.predicted.value:.2f} % at "
            f"{_shares(surface.unsupported.shares)}, "
            f"is not supported: leverage {surface.unsupported.leverage:.2f}, where no network has more than "
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
        f"The trainings that were chosen are the ones judged here: their seeds' luck favours the best{favour}. Trainings from "
        "fresh seeds would confirm the choice."
    )


def _measured(ranking: Ranking) -> str:
    doubling = f"{100 * math.log(2) * ranking.slope:+.2f} points per doubling of MACs"
    adjusted = {
        Adjustment.OWN_CURVE: f"; 'adjusted' takes a network to exactly x{ranking.target:g} along a curve from the baseline "
        f"through it (over the eligible {doubling} on average)",
        Adjustment.SHARED_SLOPE: f"; 'adjusted' takes a network to exactly x{ranking.target:g} by {doubling}",
        Adjustment.NONE: "; not adjusted for cost, for want of a baseline or of other costs",
    }[ranking.adjustment]
    taken = (
        "taken as independent of each other"
        if ranking.units == ranking.pictures
        else f"in {ranking.units:,} groups, independent of each other"
    )
    return f"Accuracy on {ranking.pictures:,} validation images, {taken}, with {ranking.confidence:.0%} intervals{adjusted}."


def _spread(ranking: Ranking) -> list[str]:
    degrees = ranking.degrees_of_freedom
    if ranking.seed_sd is None:
        return ["One seed per network: intervals cover the choice of images only, and nothing is said about ties."]
    few = ", few" if degrees < FEW_DEGREES else ""
    sd = (
        f"Another seed moves an accuracy by {100 * ranking.seed_sd:.2f} points (standard deviation, {degrees} degrees of "
        f"freedom{few}"
    )
    if ranking.spread_p is None:
        return [f"{sd})."]
    if ranking.pooled:
        return [f"{sd}; no sign that networks differ in it, p = {ranking.spread_p:.2f})."]
    return [
        f"{sd}, over all networks; they differ in it, p = {ranking.spread_p:.3f} < {SPREADS_DIFFER:g}: intervals and ties take "
        "each network's own)."
    ]


def _best(ranking: Ranking, winner: Candidate) -> list[str]:
    if ranking.tied is None or ranking.look is None or ranking.tie_confidence is None:
        why = "one seed shows no spread" if ranking.seed_sd is None else "trainings are missing"
        return [f"Best so far: {winner.label} of {ranking.eligible} eligible. Nothing is said about ties: {why}."]
    looks = f"look {ranking.look} at this study" if ranking.look > 1 else "the first look at this study"
    said = f"Best: {winner.label}. {ranking.tied} of {ranking.eligible} eligible networks are tied with it, itself included"
    if ranking.tied == ranking.eligible > 1:
        said += ": this study cannot tell them apart"
    test = (
        f"Tied: not shown to be worse, in a test over all eligible at once at {ranking.tie_confidence:.1%} ({looks}; over all "
        f"looks the truly best is lost in at most {ERROR:.0%} of studies)"
    )
    if ranking.detectable is not None:
        test += f"; it shows a network {100 * ranking.detectable:.1f} points behind in about half of the cases"
    return [f"{said}.", f"{test}."]


def _predicted(place: Place) -> str:
    value, low, high = place.predicted
    between = "" if low is None or high is None else f" ({100 * low:.2f} to {100 * high:.2f})"
    return f"{100 * value:.2f} %{between}"


def _shares(shares: Sequence[float]) -> str:
    depth, width, resolution = (round(100 * share) for share in shares)
    return f"depth {depth} %, width {width} %, resolution {resolution} %"


def direct(lead: DirectLead | None) -> list[str]:
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


def _aliases(scaled: Scaled, winner: Candidate) -> list[str]:
    """What else the winner's network could mean for Step 2."""
    said = []
    if len(winner.aliases) > 1:
        counted = (scaled.num_classes, scaled.in_channels, scaled.lattice.rounding)
        rules = [Rule("alias", alias.factors) for alias in winner.aliases]
        ratios = [member(scaled.baseline, rule, 7, *counted).ratio for rule in rules]
        said.append(
            f"Its network is also that of {len(winner.aliases) - 1} other point(s); at phi 7 they would cost "
            f"x{min(ratios):.0f} to x{max(ratios):.0f} (2^7 is x128). Step 2 uses {winner.label}."
        )
    nominal, tolerance = winner.coefficients.nominal, scaled.lattice.tolerance
    if abs(nominal - BUDGET) > tolerance + 1e-12:
        said.append(
            f"Warning: the winner's product is {nominal:.3f}, outside {BUDGET} +-{tolerance:g}: its family does not double "
            "in cost per unit of phi."
        )
    return said

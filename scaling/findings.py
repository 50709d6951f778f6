"""What a study will be able to say, and what it found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scaling.arch import Architecture
from scaling.extrapolation import member
from scaling.lattice import BUDGET, Lattice
from scaling.limits import Limits
from scaling.rules import Rule
from scaling.space import Candidate, Space
from scaling.study.estimate import Pace, estimated_seconds
from scaling.study.latencies import network_key
from scaling.study.planning import expected_standard_error
from scaling.study.progress import duration
from scaling.study.study import Study
from scaling.study.trial import Trial
from scaling.study.trials import Network, Pictures

if TYPE_CHECKING:
    from scaling.analysis import Ranking, Stability
    from scaling.analysis.collecting import DirectLead


def announcement(
    study: Study, missing: Sequence[Trial], device: str, speed: Pace, folder: Path, grown: Sequence[str]
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
        power(pictures, seeds),
    ]
    total = len(study.all_trials())
    if missing:
        said.append(
            f"{len(missing)} of {total} trials to train, about {duration(estimated_seconds(missing, speed))} "
            f"(from {speed.source}). Ctrl-C stops cleanly; the same command goes on."
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


def power(pictures: Pictures, seeds: int) -> str:
    """What a study will be able to tell apart."""
    error = 100 * expected_standard_error(len(pictures.validation), seeds)
    return (
        f"Expect a standard error of {error:.2f} points for the difference of two networks (by the variance formula of a "
        f"measured proxy): differences under {2 * error:.1f} points will mostly tie."
    )


def growth(changes: Sequence[str], flag: str = "--run") -> list[str]:
    """A warning where a run folder is asked something else than before; `flag` names another folder."""
    if not changes:
        return []
    return [
        "That folder was last asked something else:",
        *(f"  {change}" for change in changes),
        f"Its records are kept and added to, its results and figures will answer the new question; {flag} keeps the two apart.",
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


def findings(scaled: Scaled, ranking: Ranking, winner: Candidate | None, stability: Stability | None) -> list[str]:
    """What the ranking says."""
    measured = f"Accuracy on {ranking.pictures:,} validation pictures with {ranking.confidence:.0%} intervals"
    adjusted = (
        f"; 'adjusted' takes it to exactly x{ranking.target:g} by {100 * math.log(2) * ranking.slope:+.2f} points per doubling "
        "of MACs"
    )
    said = [f"{measured}{adjusted if ranking.slope else ''}."]
    if ranking.slope < 0:
        said.append(
            "Warning: larger networks did worse here than smaller ones. The recipe is too short for them, or the pictures are "
            "too few; do not extrapolate from this study."
        )
    if ranking.seed_sd is not None:
        said.append(
            f"Another seed moves an accuracy by {100 * ranking.seed_sd:.2f} points (standard deviation, "
            f"{ranking.degrees_of_freedom} degrees of freedom)."
        )
    said += list(ranking.notes)
    if winner is None:
        return said
    tied = sum(entry.tied for entry in ranking.networks)
    eligible = sum(entry.eligible for entry in ranking.networks)
    said.append(f"Best: {winner.label}. {tied} of {eligible} eligible networks are tied with it, itself included.")
    if stability is not None:
        said.append(
            f"Studies with other seeds would choose it again in about {stability.again:.0%} of cases; such a choice gives away "
            f"{100 * stability.loss_mean:.2f} points on average, no more than {100 * stability.loss_90:.2f} in nine of ten."
        )
    return said + _aliases(scaled, winner)


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
        f"Direct search against extrapolation: on the test pictures {winner}, chosen here, minus {carried}, the choice of "
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

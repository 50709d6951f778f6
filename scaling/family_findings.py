"""What a family study will be able to say, and what it found, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from scaling.family_report import extrapolated_table, gaps_table, laws_table
from scaling.findings import enlarged, growth
from scaling.study.estimate import Pace, estimated_seconds
from scaling.study.family import FamilyStudy, Kin, Kinship
from scaling.study.progress import duration
from scaling.study.trial import Trial
from scaling.terminal import short, table

if TYPE_CHECKING:  # a dry run needs none of SciPy
    from scaling.analysis import FamilyResult, Gaps


def networks_table(study: FamilyStudy) -> Table:
    """The distinct networks, cheapest first, with the members that each of them is."""
    made = table(">realised", ">px", ">params", ">MACs", "members")
    for one in study.networks:
        made.add_row(
            f"x{one.realised:.3f}",
            str(one.architecture.resolution),
            short(one.cost.params),
            short(one.cost.macs),
            _members(one),
        )
    return made


def planned(study: FamilyStudy, missing: int, seconds: float, speed: Pace, folder: Path) -> list[str]:
    """What a dry run says below the networks."""
    return [
        _asked(study),
        *enlarged(study.pictures, study.networks),
        f"{missing} of {len(study.all_trials())} trials are to be trained on {study.pictures.name}: about {duration(seconds)} "
        f"on this machine (from {speed.source}).",
        f"Nothing was trained; without --dry-run it is recorded in {folder}.",
    ]


def announcement(
    study: FamilyStudy, missing: Sequence[Trial], device: str, speed: Pace, folder: Path, grown: Sequence[str]
) -> list[str]:
    """What will be trained, and how long it will take."""
    pictures, total = study.pictures, len(study.all_trials())
    said = [
        _asked(study),
        f"Pictures: {pictures.name}, {len(pictures.train):,} to train, {len(pictures.validation):,} for validation, "
        f"{len(pictures.test):,} to test; {pictures.num_classes} classes.",
        *enlarged(pictures, study.networks),
        f"Device: {device}. Records: {folder}.",
        *growth(grown, "--to"),
    ]
    if not missing:
        return [*said, f"All {total} trials are recorded already; nothing to train."]
    return [
        *said,
        f"{len(missing)} of {total} trials to train, about {duration(estimated_seconds(missing, speed))} "
        f"(from {speed.source}). Ctrl-C stops cleanly; the same command goes on.",
    ]


def told(asked: Kinship, result: FamilyResult) -> list[Any]:
    """Tables and sentences that a comparison of rules makes, in the order to read them."""
    parts: list[Any] = findings(asked, result)
    if result.gaps is not None:
        heading = f"\n{result.gaps.reference} minus each other rule at equal real cost, in points, paired over pictures:"
        parts += [heading, gaps_table(result.gaps), *compared(result.gaps)]
    if any(one.law is not None for one in result.curves):
        heading = "\nThe error as a ratio^-b + c, and the largest network as the others predict it (90% intervals):"
        parts += [heading, laws_table(result.curves)]
    if any(one.extrapolated for one in result.curves):
        heading = "\nExtrapolated, not trained: accuracy by those laws, in percent; nothing but the formula supports it."
        parts += [heading, extrapolated_table(result.curves)]
    return [*parts, *(one.reason for one in result.curves if one.reason is not None)]


def findings(asked: Kinship, result: FamilyResult) -> list[str]:
    """What the comparison says."""
    said = [f"Accuracy on {result.pictures:,} test pictures, which nothing here was chosen by, with 90% intervals."]
    if result.seed_sd is not None:
        said.append(
            f"Another seed moves an accuracy by {100 * result.seed_sd:.2f} points (standard deviation, "
            f"{result.degrees_of_freedom} degrees of freedom)."
        )
    said += result.notes
    if asked.dropout_per_doubling == 0:
        said.append("All networks have one recipe; larger ones might gain from more regularisation, as the paper gives them.")
    return said


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
    return [*said, *gaps.missing]


def _asked(study: FamilyStudy) -> str:
    family, networks = study.spec.family, len(study.networks)
    how = "at the real cost 2^phi for phi" if family.realise else "at phi"
    bases = f" compound is {family.alpha:g} {family.beta:g} {family.gamma:g}." if "compound" in family.rules else ""
    return (
        f"Step 2: {', '.join(family.rules)} {how} {family.phi}; {len(study.members)} members make {networks} networks, "
        f"{study.spec.seeds} seed(s) each.{bases}"
    )


def _members(one: Kin) -> str:
    return ", ".join(f"{member.rule} {member.phi:g}" for member in one.members)

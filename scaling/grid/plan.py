"""What a search will train, how long that takes and what it will tell apart, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scaling.analysis.coverage import largest_hole
from scaling.analysis.eligibility import ELIGIBLE_WITHIN, is_eligible
from scaling.analysis.power import PROXY, Spread, detectable_gap
from scaling.core.units import duration
from scaling.grid.columns import distance_from_role
from scaling.grid.limits import Limits
from scaling.grid.space import Candidate, Space
from scaling.grid.study import Study
from scaling.report.cells import share_sentence
from scaling.rules.members import MEMBER_WITHIN
from scaling.study.estimate import Pace, estimated_seconds
from scaling.study.study import DatasetInfo, Network, SplitInfo
from scaling.study.trial import Trial, network_key


def plan_summary(
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
    space, dataset, seeds = study.space, study.dataset, study.spec.seeds
    judged = len(dataset.validation)
    said = [
        f"Step 1 at phi {study.spec.phi:g}: {space.points} lattice points make {len(space.lattice)} distinct networks, "
        f"{len(space.candidates)} including references; {seeds} seed(s) each.",
        f"Images: {dataset.name}, {len(dataset.train):,} for training, {judged:,} for validation, "
        f"{len(dataset.test):,} for test; {dataset.num_classes} classes.",
        *limited(study.spec.limits, space),
        *enlarged(dataset, space.candidates),
        f"Device: {device}. Records: {folder}.",
        *growth(grown),
    ]
    total = len(study.all_trials())
    if missing:
        said += power(space, independent(dataset.validation), seeds, spread, look)
    said.append(to_train(missing, total, speed))
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


def independent(split: SplitInfo) -> int:
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
        return ["One seed a network shows no spread between trainings: ties cannot be determined. Use --seeds 2 or more."]
    gap = 100 * detectable_gap(ratios, space.target, seeds, images, spread or PROXY, look)
    known = (
        f"the spread of the {spread.trainings} trainings in the folder"
        if spread
        else "the spread of an earlier reference study (6,000 training images, 8 epochs, 87 %)"
    )
    return [
        f"A network {gap:.1f} points behind the best will be detected about half of the time (simultaneous test of "
        f"{len(ratios)} eligible networks; {known})."
    ]


def worth_training(space: Space) -> list[str]:
    """How much of a search is spent on networks that cannot be chosen, and where it leaves the triangle empty."""
    near = [one for one in space.candidates if is_eligible(one.realised, space.target) and not one.over]
    every = sum(one.cost.macs for one in space.candidates)
    others = 1 - sum(one.cost.macs for one in near) / every
    said = [
        f"{len(near)} of {len(space.candidates)} networks are eligible (within {ELIGIBLE_WITHIN:.0%} of x{space.target:g}); "
        f"{others:.0%} of the training compute goes to networks that cannot be chosen."
    ]
    wasted = [one for one in space.lattice if not is_eligible(one.realised, space.target)]
    if wasted:
        said[-1] += f" --eligible-only would leave out {len(wasted)} of them; the others are references."
    shares = [one.shares for one in near if one.shares is not None]
    if shares:
        hole = largest_hole(shares)
        said.append(
            "The largest part of the triangle of shares without an eligible network is around "
            f"{share_sentence(hole.shares)}; the "
            f"nearest one is at distance {hole.radius:.2f}."
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
                    f"After rounding, the reference '{role}' has the shares {share_sentence(one.shares)}, "
                    f"{distance:.2f} from those of "
                    "its rule: on this baseline it does not represent the rule."
                )
    return said


def to_train(missing: Sequence[Trial], total: int, speed: Pace) -> str:
    """How much of a study is left to train, and how long that will take."""
    if not missing:
        return f"All {total} trials are recorded already; nothing to train."
    return (
        f"{len(missing)} of {total} trials to train, about {duration(estimated_seconds(missing, speed))}, "
        f"estimated from {speed.source}. Ctrl-C stops cleanly; the same command continues."
    )


def growth(changes: Sequence[str], flag: str = "--run") -> list[str]:
    """A warning where a run folder is asked something else than before; `flag` names another folder."""
    if not changes:
        return []
    return [
        "This run folder was last used with other settings:",
        *(f"  {change}" for change in changes),
        f"Its records are kept and added to; results and figures will follow the new settings. {flag} takes a separate folder.",
    ]


def enlarged(dataset: DatasetInfo, networks: Iterable[Network]) -> list[str]:
    """A warning where networks look at images larger than they are stored."""
    sides = sorted({one.architecture.resolution for one in networks if one.architecture.resolution > dataset.side})
    if not sides:
        return []
    listed = ", ".join(map(str, sides))
    return [f"Images are stored at {dataset.side} px; networks of {listed} px receive them upsampled, without extra detail."]

"""Finished runs read back from their folders alone, without their pictures and without JAX: for figures and comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking, rank
from scaling.analysis.surface import Place, response_surface
from scaling.core.errors import SpecError, UserError
from scaling.family.result import FamilyResult, family_of
from scaling.family.study import FamilySpec, FamilyStudy
from scaling.grid.latency import network_key, read_latencies
from scaling.grid.looks import look_number, read_looks
from scaling.grid.study import Study, plan
from scaling.rules.members import carried
from scaling.rules.rules import shares
from scaling.study.collect import Collected, Trainings, collect, on_test_images, trainings
from scaling.study.groups import read_groups
from scaling.study.records import RecordFile
from scaling.study.run import Run
from scaling.study.spec import StudySpec, recorded_spec


class NotRecorded(SpecError):
    """There is no such run folder here; one line that says which."""


@dataclass(frozen=True, eq=False)
class RecordedSplit:
    """The images of a split as a run folder knows them: how many there are, and their groups."""

    images: int
    groups: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return self.images


class RecordedPictures(NamedTuple):
    """What a run folder knows of its pictures: their number in each split, not the pictures."""

    name: str
    fingerprint: str
    side: int
    num_classes: int
    in_channels: int
    chance: float
    train: range
    validation: RecordedSplit
    test: RecordedSplit


class Search(NamedTuple):
    """A recorded Step 1: as it was asked, its records, its measured candidates and their ranking."""

    study: Study
    run: Run
    collected: Collected
    ranking: Ranking


class Family(NamedTuple):
    """A recorded family: as it was asked, its records, its networks on the test pictures, and the result."""

    study: FamilyStudy
    run: Run
    measured: dict[str, Measured]
    result: FamilyResult
    trainings: dict[str, Trainings]
    """what became of the trainings of each network, by label"""


class Unsupported(NamedTuple):
    """Coefficients of a family that are a place of a search's surface which no network supports."""

    search: Path
    place: Place
    largest_leverage: float


def unsupported_compound(folder: Path, family: Family) -> Unsupported | None:
    """The search beside a family's folder whose surface its `compound` is an unsupported place of; None if there is none.

    The families asked with the optimum of a surface before it was asked what supports it; records are not edited, so their
    coefficients are looked up.

    Args:
        folder: of the family.
        family: recorded there.
    """
    asked = family.study.spec.family
    if "compound" not in asked.rules:
        return None
    for path in sorted(folder.resolve().parent.iterdir()):
        place = _highest_place(path, family)
        if place is None:
            continue
        found, largest = place
        depth, width, resolution = found.shares
        bases = shares(1, depth=depth, width=width, resolution=resolution)
        if all(math.isclose(*pair, rel_tol=1e-9) for pair in zip(bases, (asked.alpha, asked.beta, asked.gamma), strict=True)):
            return Unsupported(folder.parent / path.name, found, largest)
    return None


def _highest_place(path: Path, family: Family) -> tuple[Place, float] | None:
    """The unsupported highest place of a search's surface, of the same baseline and images; None where there is none."""
    try:
        if not path.is_dir() or not (path / "spec.json").exists() or is_family(path):
            return None
        search = read_search(path)
    except SpecError:
        return None
    spec, pictures = search.study.spec, search.study.pictures
    if spec.baseline.structure != family.study.spec.baseline.structure:
        return None
    if pictures.fingerprint != family.study.pictures.fingerprint:
        return None
    surface = response_surface(search.collected.measured, search.study.space.target).surface
    return None if surface is None or surface.unsupported is None else (surface.unsupported, surface.largest_leverage)


def is_family(folder: Path) -> bool:
    """Whether a run folder holds a family, not a search.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it is no run folder, or its question is damaged.
    """
    return "family" in _question(folder)


def read_search(folder: Path) -> Search:
    """A recorded Step 1.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it holds a family or no finished trial, or its files are damaged.
    """
    if is_family(folder):
        raise SpecError(f"{folder}: holds a family, not a search")
    question = _question(folder)
    pictures, revision = _recorded(folder, question)
    spec = recorded_spec(StudySpec, folder, question)
    latencies = read_latencies(folder)
    space = plan(spec, pictures.num_classes, pictures.in_channels, latencies)
    if spec.limits.latency is not None and any(network_key(one.architecture) not in latencies for one in space.candidates):
        raise SpecError(f"{folder}: not every latency is measured that its limit asks for; go on with the command that made it")
    study, run = Study(spec, pictures, space, spec.recipe, revision), _read(folder)
    collected = collect(study, run)
    if not collected.measured:
        raise SpecError(f"{folder}: no trial that it was asked for is finished; go on with the command that made it")
    look = None if collected.untrained else look_number(read_looks(folder), spec.seeds)
    return Search(study, run, collected, rank(collected.measured, space.target, look=look))


def read_family(folder: Path) -> Family:
    """A recorded family, judged on the test pictures.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it holds a search, no finished trial, or none that was shown the test pictures, or its files are damaged.
    """
    if not is_family(folder):
        raise SpecError(f"{folder}: holds a search, not a family")
    question = _question(folder)
    pictures, revision = _recorded(folder, question)
    spec = recorded_spec(FamilySpec, folder, question)
    members = spec.family.members(spec.baseline, pictures.num_classes, pictures.in_channels)
    study, run = FamilyStudy(spec, pictures, members, spec.recipe, revision), _read(folder)
    measured = on_test_images(study, run)
    if not measured:
        raise SpecError(f"{folder}: no network was shown the test pictures; go on with the command that made it")
    result = family_of(spec.family.rules, study.networks, measured)
    return Family(study, run, measured, result, trainings(study, run))


def with_choice(spec: StudySpec, folder: Path, num_classes: int, in_channels: int) -> StudySpec:
    """A specification with the choice of a recorded search, carried to its phi, as one more reference.

    Args:
        spec: what is asked.
        folder: of the recorded search.
        num_classes: of the pictures that are asked for; they may be others than the search's.
        in_channels: of them.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: as `read_search`, or that search has no best network, scaled another baseline, or chose what never costs
            2^phi.
    """
    search = read_search(folder)
    winner = search.collected.winner(search.ranking)
    if winner is None:
        raise SpecError(
            f"{folder}: no network is near enough to its target cost{search.study.spec.limits.within()} to be the best; "
            "there is nothing to extrapolate"
        )
    baseline = search.study.spec.baseline
    if baseline.structure != spec.baseline.structure:
        raise SpecError(
            f"{folder}: scaled the baseline {baseline.name}, not {spec.baseline.name}; its choice means nothing here"
        )
    if search.study.spec.phi == spec.phi:
        raise SpecError(
            f"{folder}: searched at phi {spec.phi:g} itself, there is nothing to extrapolate; give --phi another value"
        )
    counted = (num_classes, in_channels, spec.lattice.rounding)
    try:
        chosen = carried(spec.baseline, winner.coefficients, spec.phi, *counted).decimals
        return replace(spec, lattice=replace(spec.lattice, extrapolated=chosen))
    except UserError as error:
        raise SpecError(f"{folder}: {error}") from None


def require_same_pictures(studies: Sequence[Study | FamilyStudy]) -> None:
    """Raise SpecError unless all studies are of one set of pictures."""
    first = studies[0]
    for other in studies[1:]:
        if other.pictures.fingerprint != first.pictures.fingerprint:
            raise SpecError(
                f"{first.spec.name} was made on {first.pictures.name} and {other.spec.name} on other pictures "
                f"({other.pictures.name}): they cannot be compared, nor share a figure"
            )


def _question(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise NotRecorded(f"{folder}: no such run folder here")
    question = Run(folder).question()
    if question is None:
        raise SpecError(f"{folder}: not a run folder, it has no spec.json")
    return question


def _recorded(folder: Path, question: dict[str, Any]) -> tuple[RecordedPictures, int]:
    """The pictures, and the newest revision that anything was trained with."""
    records, groups = RecordFile(folder / "trials.jsonl").read(), read_groups(folder)
    try:
        trained = [one for one in records if one.get("outcome", {}).get("status") == "complete"]
        tested = [one["test"]["pictures"] for one in records if "test" in one]
        if not trained:
            raise SpecError(f"{folder}: no trial is finished; go on with the command that made it")
        trial, judged = trained[0]["trial"], trained[0]["outcome"]["validation"]["pictures"]
        pictures = RecordedPictures(
            question["pictures"],
            question["data"],
            question.get("picture_side") or 0,
            trial["num_classes"],
            trial["in_channels"],
            float(question.get("chance") or 1 / trial["num_classes"]),  # balanced, before it was kept
            range(trial["pictures"]),
            RecordedSplit(judged, groups[0]),
            RecordedSplit(tested[0] if tested else 0, groups[1]),
        )
        return pictures, max(one["trial"]["revision"] for one in trained)
    except (KeyError, TypeError, AttributeError):
        raise _damaged(folder) from None


def _read(folder: Path) -> Run:
    run = Run(folder)
    run.read()
    return run


def _damaged(folder: Path) -> SpecError:
    return SpecError(f"{folder}: its files are damaged; restore them")

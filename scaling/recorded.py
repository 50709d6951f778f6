"""Finished runs read back from their folders alone, without their pictures and without JAX: for figures and comparisons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.families import FamilyResult, by_rule, family_result
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking, rank
from scaling.arch import Architecture
from scaling.extrapolation import Member
from scaling.lattice import Lattice
from scaling.space import Candidate, Space, search_space
from scaling.study.family import Kin, Kinship, distinct
from scaling.study.records import RecordFile
from scaling.study.tables import SpecError
from scaling.study.trial import unpack_bits
from scaling.study.trials import Network


class NotRecorded(SpecError):
    """There is no such run folder here; one line that says which."""


class Records(NamedTuple):
    """A run folder's question and its complete trials.

    Attributes:
        folder: where it was read.
        question: as in `spec.json`.
        num_classes: of the pictures.
        in_channels: of the pictures.
        device: what trained, in words.
        validation: right and wrong on each picture, (seeds, pictures), by the structure of the network.
        test: the same on the test pictures, for the networks that were shown them.
    """

    folder: Path
    question: dict[str, Any]
    num_classes: int
    in_channels: int
    device: str
    validation: dict[Any, NDArray[np.bool_]]
    test: dict[Any, NDArray[np.bool_]]

    @property
    def pictures(self) -> str:
        """Their name."""
        return str(self.question["pictures"])

    @property
    def picture_side(self) -> int | None:
        """Px at which they are stored."""
        return self.question.get("picture_side")

    @property
    def baseline(self) -> Architecture:
        """What was scaled."""
        return Architecture.from_dict(self.question["baseline"])


class Search(NamedTuple):
    """A finished Step 1: its records, its candidates, those that were measured, and their ranking."""

    records: Records
    lattice: Lattice
    space: Space
    candidates: tuple[Candidate, ...]
    measured: tuple[Measured, ...]
    tested: tuple[Measured, ...]
    """those that were shown the test pictures, on them"""
    ranking: Ranking


class Family(NamedTuple):
    """A trained family: its records, its members, its distinct networks, and its result on the test pictures."""

    records: Records
    asked: Kinship
    members: tuple[Member, ...]
    networks: tuple[Kin, ...]
    measured: tuple[Measured, ...]
    result: FamilyResult


def read_records(folder: Path) -> Records:
    """A run folder's complete trials.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it is no run folder, holds no finished trial, or its files are damaged.
    """
    if not folder.is_dir():
        raise NotRecorded(f"{folder}: no such run folder here")
    try:
        question = json.loads((folder / "spec.json").read_text("utf-8"))
        lines = RecordFile(folder / "trials.jsonl").read()
        complete = {line["id"]: line for line in lines if line.get("outcome", {}).get("status") == "complete"}
        tests = {line["id"]: line["test"] for line in lines if "test" in line}
        if not complete:
            raise SpecError(f"{folder}: no trial is finished; go on with the command that made it")
        first = next(iter(complete.values()))
        return Records(
            folder,
            question,
            first["trial"]["num_classes"],
            first["trial"]["in_channels"],
            ", ".join(dict.fromkeys(line["provenance"]["device"] for line in complete.values())),
            _by_structure(complete, {name: line["outcome"]["validation"] for name, line in complete.items()}),
            _by_structure(complete, tests),
        )
    except OSError as error:
        raise SpecError(f"{folder}: not a run folder: {error.strerror}: {Path(error.filename or folder).name}") from None
    except SpecError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SpecError(f"{folder}: its files are damaged; restore them") from None


def read_search(folder: Path) -> Search:
    """A finished Step 1.

    Raises:
        SpecError: as `read_records`, or the folder holds a family.
    """
    records = read_records(folder)
    if "lattice" not in records.question:
        raise SpecError(f"{folder}: holds a family, not a search")
    lattice = Lattice(**{name: _pair(value) for name, value in records.question["lattice"].items()})
    counted = {"num_classes": records.num_classes, "in_channels": records.in_channels}
    space = search_space(records.baseline, lattice, records.question["phi"], **counted)
    candidates = tuple(one for one in space.candidates if one.architecture.structure in records.validation)
    measured = _measured(candidates, records.validation)
    tested = _measured(candidates, records.test)
    return Search(records, lattice, space, candidates, measured, tested, rank(measured, space.target))


def read_family(folder: Path) -> Family:
    """A trained family, judged on the test pictures.

    Raises:
        SpecError: as `read_records`, or the folder holds a search, or no network was shown the test pictures.
    """
    records = read_records(folder)
    if "family" not in records.question:
        raise SpecError(f"{folder}: holds a search, not a family")
    asked = Kinship(**{name: _pair(value) for name, value in records.question["family"].items()})
    members = asked.members(records.baseline, records.num_classes, records.in_channels)
    networks = distinct(members)
    measured = _measured(networks, records.test)
    if not measured:
        raise SpecError(f"{folder}: no network was shown the test pictures; go on with the command that made it")
    result = family_result(by_rule(asked.rules, networks, {one.name: one for one in measured}))
    return Family(records, asked, members, networks, measured, result)


def require_same_pictures(records: Sequence[Records]) -> None:
    """Raise SpecError unless all runs were made on one set of pictures."""
    first = records[0]
    for other in records[1:]:
        if other.question["data"] != first.question["data"]:
            raise SpecError(
                f"{first.folder} was made on {first.pictures} and {other.folder} on {other.pictures} with other pictures: "
                "runs on different pictures cannot share a figure"
            )


def _by_structure(complete: dict[str, Any], packed: dict[str, Any]) -> dict[Any, NDArray[np.bool_]]:
    answers: dict[Any, list[tuple[int, NDArray[np.bool_]]]] = {}
    for name, bits in packed.items():
        if name in complete:
            trial = complete[name]["trial"]
            network = Architecture.from_dict({"name": "recorded", **trial["architecture"]})
            answers.setdefault(network.structure, []).append((trial["seed"], unpack_bits(bits)))
    return {key: np.stack([bits for _, bits in sorted(found, key=lambda one: one[0])]) for key, found in answers.items()}


def _measured(networks: Sequence[Network], answers: dict[Any, NDArray[np.bool_]]) -> tuple[Measured, ...]:
    return tuple(
        Measured(one.label, one.cost.macs, one.realised, answers[one.architecture.structure], one.shares, one.origin)
        for one in networks
        if one.architecture.structure in answers
    )


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

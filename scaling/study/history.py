"""What a run folder knows of itself, read back without its images and without JAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import SpecError
from scaling.core.plain import read_value
from scaling.study.groups import read_groups
from scaling.study.records import EvaluationRecord, RecordFile, TrainingRecord
from scaling.study.run import Kind, Run, kind_of
from scaling.study.study import Trials


class NotRecorded(SpecError):
    """There is no such run folder here; one line that says which."""


@dataclass(frozen=True, eq=False)
class RecordedSplit:
    """The images of a split as a run folder knows them: how many there are, and their groups."""

    images: int
    groups: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return self.images


class RecordedDataset(NamedTuple):
    """What a run folder knows of its images: their number in each split, not the images."""

    name: str
    fingerprint: str
    side: int
    num_classes: int
    in_channels: int
    chance: float
    train: range
    validation: RecordedSplit
    test: RecordedSplit


def recorded_kind(folder: Path) -> Kind:
    """What a run folder holds.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it is no run folder, or its configuration is damaged.
    """
    return kind_of(recorded_config(folder))


def require_kind(folder: Path, wanted: Kind) -> None:
    """Refuse a run folder that holds something else.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it does, or it is no run folder.
    """
    found = recorded_kind(folder)
    if found is not wanted:
        raise SpecError(f"{folder}: is the run folder of {found.value}; {wanted.value} is needed here")


def require_same_images(studies: Sequence[Trials]) -> None:
    """Raise SpecError unless all studies are of one set of images."""
    first = studies[0]
    for other in studies[1:]:
        if other.dataset.fingerprint != first.dataset.fingerprint:
            raise SpecError(
                f"one run was made on {first.dataset.name}, another on other images ({other.dataset.name}): "
                "they cannot be compared, nor share a figure"
            )


def recorded_config(folder: Path) -> dict[str, Any]:
    """The configuration that a run folder was last asked for.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it is no run folder, or the file is damaged.
    """
    if folder.exists() and not folder.is_dir():
        raise NotRecorded(f"{folder}: a file, not the folder of a run")
    if not folder.is_dir():
        raise NotRecorded(f"{folder}: no such run folder here")
    config = Run(folder).config()
    if config is None:
        raise SpecError(f"{folder}: not a run folder, it has no spec.json")
    return config


def recorded_dataset(folder: Path, config: dict[str, Any]) -> tuple[RecordedDataset, int]:
    """The images, and the newest revision that anything was trained with."""
    records, groups = RecordFile(folder / "trials.jsonl").read(), read_groups(folder)
    trained = [one for one in records if isinstance(one, TrainingRecord) and one.outcome.correct is not None]
    tested = [one for one in records if isinstance(one, EvaluationRecord)]
    if not trained:
        raise SpecError(f"{folder}: no trial is finished; go on with the command that made it")
    first = trained[0]
    try:
        dataset = RecordedDataset(
            name=read_value(str, config["pictures"], "pictures"),
            fingerprint=read_value(str, config["data"], "data"),
            side=read_value(int, config.get("picture_side") or 0, "picture_side"),
            num_classes=first.trial.num_classes,
            in_channels=first.trial.in_channels,
            chance=_chance(config.get("chance") or 1 / first.trial.num_classes),  # balanced, before it was kept
            train=range(first.trial.images),
            validation=RecordedSplit(first.outcome.images, groups[0]),
            test=RecordedSplit(len(tested[0].judged.correct) if tested else 0, groups[1]),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise _damaged(folder) from None
    return dataset, max(one.trial.revision for one in trained)


def recorded_starts(config: dict[str, Any]) -> dict[str, Any]:
    """The weights that a recorded study's networks start from, as the fields of `Trials` have them.

    Raises:
        SpecError: they are damaged.
    """
    initial = config.get("initial", {})
    try:
        starts = {str(key): str(value) for key, value in initial.get("networks", {}).items()}
        return {"starts": starts, "start_source": str(initial.get("source", ""))}
    except AttributeError:
        raise SpecError(f"initial: must be a table of tables, got {initial!r}") from None


def _chance(value: object) -> float:
    found: float = read_value(float, value, "chance")
    if not 0 < found <= 1:
        raise ValueError(f"chance must be above 0 and at most 1, got {found:g}")
    return found


def read_run(folder: Path) -> Run:
    """A run folder with its records.

    Raises:
        SpecError: a record is damaged.
    """
    run = Run(folder)
    run.read()
    return run


def _damaged(folder: Path) -> SpecError:
    return SpecError(f"{folder}: its files are damaged; restore them")

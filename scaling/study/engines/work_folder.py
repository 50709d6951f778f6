"""The folder through which a driver and its workers speak: what is to be trained, and what came of it.

    RUN/work/setup.json             where the images and the weights to start from are
    RUN/work/trials/TRIAL.json      what is to be trained
    RUN/work/attempts/NAME/         one process that trained, or is at it: nobody else writes here
        asked.json                  ids of the trials that it takes
        beat.json                   written anew every few seconds, with how far it is
        TRIAL.checkpoint            where a training can go on
        TRIAL.safetensors           its weights, then
        TRIAL.json                  its record, as the driver will append it
    RUN/work/logs/NAME.txt          what that process said

Whatever is read appears whole or not at all. Nothing is loaded by executing it.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scaling.core.errors import SpecError, UserError
from scaling.core.files import atomic_write, parse_json, read_text
from scaling.core.plain import from_plain
from scaling.study.records import TrainingRecord, record_of
from scaling.study.run import CHECKPOINT_ENDING
from scaling.study.trial import Trial

WORK = "work"
"""Of a run folder: it stays on its machine or cluster, as weights do."""


@dataclass(frozen=True)
class WorkSetup:
    """What every worker of a run needs to know besides its trials.

    Args:
        images: name or path of the images.
        how: keyword arguments of `scaling.data.load`.
        initial: file or folder of the weights that trainings start from; empty without.
        checkpoint_seconds: between two checkpoints of a training.
        beat_seconds: between two beats.
        at_once: trainings of one worker; None for as many as its machine bears.
    """

    images: str
    how: dict[str, Any]
    initial: str = ""
    checkpoint_seconds: float = 600.0
    beat_seconds: float = 10.0
    at_once: int | None = 1


class Beat(NamedTuple):
    """What a worker says of itself.

    Attributes:
        number: of the beat.
        trial: that it is at; empty before the first.
        epoch: of that trial, done.
        accuracy: on the training images just seen, where it is known.
    """

    number: int
    trial: str = ""
    epoch: int = 0
    accuracy: float | None = None


class Attempt:
    """The folder of one process that trains, or did.

    Args:
        folder: it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Unique in its run."""
        return self.folder.name

    def asked(self) -> list[str]:
        """Ids of the trials that it takes; none where it has not come to say so."""
        try:
            found = parse_json(read_text(self.folder / "asked.json"))
        except (OSError, ValueError):
            return []
        return [str(one) for one in found] if isinstance(found, list) else []

    def weights(self, trial: str) -> Path:
        """Where it leaves a trial's weights."""
        return self.folder / f"{trial}.safetensors"

    def write_beat(self, beat: Beat) -> None:
        """Say that it is alive; a disk that is full for a moment ends no training."""
        try:
            (self.folder / "beat.json").write_text(json.dumps(beat._asdict()), "utf-8")
        except OSError:
            return

    def beat(self) -> Beat | None:
        """Its last beat; None before the first, or while it is being written."""
        try:
            return Beat(**parse_json(read_text(self.folder / "beat.json")))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, record: TrainingRecord) -> None:
        """Leave what came of a trial.

        Raises:
            OSError: the disk is full or read-only.
        """
        atomic_write(self.folder / f"{record.id}.json", json.dumps(record.to_dict(), allow_nan=False))

    def record(self, trial: str) -> TrainingRecord | None:
        """What came of a trial here; None where nothing did yet.

        Raises:
            SpecError: it is damaged, or of another trial.
        """
        path = self.folder / f"{trial}.json"
        try:
            text = read_text(path)
        except FileNotFoundError:
            return None
        try:
            found = record_of(parse_json(text))
        except (ValueError, KeyError, TypeError, AttributeError, UserError):
            raise SpecError(f"{path}: damaged") from None
        if not isinstance(found, TrainingRecord) or found.id != trial:
            raise SpecError(f"{path}: holds no record of trial {trial}")
        return found

    def has_record(self, trial: str) -> bool:
        """Whether there is one, whole or not."""
        return (self.folder / f"{trial}.json").exists()

    def take_checkpoint(self, trial: str, others: Sequence[Attempt]) -> None:
        """Begin where the furthest of other attempts at a trial got to."""
        name = f"{trial}{CHECKPOINT_ENDING}"
        found = [(path.stat().st_mtime, path) for one in others if (path := one.folder / name).exists()]
        if found:
            shutil.copyfile(max(found)[1], draft := self.folder / f".{name}.draft")
            os.replace(draft, self.folder / name)

    def silent_seconds(self) -> float:
        """Since its last beat, by the clock of the file system that both lie on; infinity before the first.

        Raises:
            OSError: its folder cannot be written.
        """
        probe = self.folder / f".now.{os.getpid()}"
        try:
            probe.touch()
            return probe.stat().st_mtime - (self.folder / "beat.json").stat().st_mtime
        except FileNotFoundError:
            return math.inf
        finally:
            probe.unlink(missing_ok=True)

    def forget(self, trial: str) -> None:
        """Delete what it holds of a trial that is recorded; itself, if it takes no other."""
        for path in self.folder.glob(f"{trial}.*"):
            path.unlink(missing_ok=True)
        left = [one for one in self.asked() if one != trial]
        if left:
            atomic_write(self.folder / "asked.json", json.dumps(left))
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class WorkFolder:
    """`RUN/work`.

    Args:
        run: the run folder.
    """

    def __init__(self, run: Path) -> None:
        self.folder = run / WORK
        self.weights = run / "weights"
        """where trained weights are kept"""

    def prepare(self, setup: WorkSetup) -> None:
        """Make it ready for workers.

        Raises:
            OSError: it cannot be written.
        """
        for name in ("trials", "attempts", "logs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        atomic_write(self.folder / "setup.json", json.dumps(asdict(setup), indent=1))

    def setup(self) -> WorkSetup:
        """What `prepare` wrote.

        Raises:
            SpecError: nothing was, or it is damaged.
        """
        path = self.folder / "setup.json"
        table = self._read(path)
        how = table.pop("how", None)
        if not isinstance(how, dict):
            raise SpecError(f"{path}: damaged; start the command that trains the run again")
        return from_plain(WorkSetup, table, str(path), WorkSetup("", how))

    def ask(self, trial: Trial) -> None:
        """Write down what is to be trained."""
        atomic_write(self.folder / "trials" / f"{trial.id}.json", json.dumps(trial.to_dict()))

    def trial(self, name: str) -> Trial:
        """What is to be trained under an id.

        Raises:
            SpecError: nothing is, or it is another's.
        """
        path = self.folder / "trials" / f"{name}.json"
        if not name.isalnum():
            raise SpecError(f"{name!r} is no trial's id")
        found = Trial.from_dict(self._read(path))
        if found.id != name:
            raise SpecError(f"{path}: holds trial {found.id}")
        return found

    def begin(self, name: str | None, trials: Sequence[str]) -> Attempt:
        """The folder of a new attempt.

        Args:
            name: of it; None takes the next free number.
            trials: ids of those that it takes.

        Raises:
            SpecError: there is one of that name.
        """
        made = self._made(name) if name is not None else self._numbered()
        atomic_write(made.folder / "asked.json", json.dumps(list(trials)))
        return made

    def _numbered(self) -> Attempt:
        number = 1 + max((int(one.name) for one in self.attempts() if one.name.isdecimal()), default=0)
        while True:
            try:
                return self._made(f"{number:04}")
            except SpecError:  # another process took it meanwhile
                number += 1

    def _made(self, name: str) -> Attempt:
        folder = self.folder / "attempts" / name
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise SpecError(f"{folder}: another process trains here, or did; name another attempt") from None
        return Attempt(folder)

    def attempt(self, name: str) -> Attempt:
        """The one of a name, begun or not."""
        return Attempt(self.folder / "attempts" / name)

    def attempts(self) -> Iterator[Attempt]:
        """All that there are, oldest name first."""
        folder = self.folder / "attempts"
        if folder.is_dir():
            yield from (Attempt(path) for path in sorted(folder.iterdir()) if path.is_dir())

    def log(self, name: str) -> Path:
        """What the process of an attempt said."""
        return self.folder / "logs" / f"{name}.txt"

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            found = parse_json(read_text(path))
        except FileNotFoundError:
            raise SpecError(f"{path}: no such file; the command that trains the run writes it") from None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise SpecError(f"{path}: damaged; start the command that trains the run again")
        return found

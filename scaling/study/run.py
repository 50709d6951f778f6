"""A run folder: the configuration it was made with, its records, and what is still to be trained."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from scaling.core.errors import SpecError
from scaling.core.files import atomic_write, make_folder, parse_json, read_text, user_path
from scaling.count.cost import cost
from scaling.data.per_image import PerImage
from scaling.study.lock import locked
from scaling.study.provenance import Origin, Origins, origins, provenance
from scaling.study.records import EvaluationRecord, Record, RecordFile, TrainingRecord
from scaling.study.spec import difference
from scaling.study.trial import Outcome, Statuses, Trial

CHECKPOINT_ENDING = ".checkpoint"
"""Of the files in `weights/` from which trainings go on; one is deleted once its trial is recorded."""

STORE = "store.txt"
"""In `weights/`, which stays on its machine: the folder of stores that the run's images lie in."""

FIXED = ("baseline", "data", "recipe")
"""What a run folder never changes; the rest of its configuration may grow in place."""

NAMED = ("networks", "recipes")
"""Tables of which a run folder may gain and lose entries, and never changes one."""

FIGURES = ("frontier", "triangle", "curves", "ablation")
"""Of any run."""

ANSWER = (*(f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")), "results.json")
"""Files of a run folder that follow from its configuration and records, and are made anew from them."""


def folder_named(study: str, baseline: str | None, data: str | None) -> Path:
    """Where a study is recorded: runs/ and its name, with those of the baseline and the images that replace its own."""
    parts = [study, *([baseline] if baseline else []), *([user_path(data).resolve().name.removesuffix(".npz")] if data else [])]
    return Path("runs") / re.sub(r"[^\w.-]+", "-", "-".join(parts)).lstrip(".")


class Run:
    """A run folder `runs/NAME`: `spec.json` (the configuration), `trials.jsonl` (the records), `weights/`; beside them
    `looks.json` (how often it was ranked), `groups.json` and `latencies.json` where they were asked for."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise SpecError(f"{folder}: a run is recorded in a folder, and this is none; name another")
        self.folder = folder
        self._records = RecordFile(folder / "trials.jsonl")
        self._outcomes: dict[str, Outcome] = {}
        self._tests: dict[str, PerImage] = {}
        self._origins: dict[str, Origin] = {}
        self.config_changes: list[str] = []
        """in what the configuration differs from the one the folder was last used with, as 'key: old, now new'"""

    @property
    def weights(self) -> Path:
        """Where trained weights lie."""
        return self.folder / "weights"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, made if it is not there, whatever it is asked.

        Raises:
            LockedError: another process works on it.
            OSError: it cannot be written.
        """
        make_folder(self.folder)
        with locked(self.folder):
            for draft in (*self.folder.glob(".*.draft"), *self.weights.glob(".*.draft")):
                draft.unlink()  # left by a process that was killed while writing
            yield

    @contextmanager
    def opened(self, config: dict[str, Any]) -> Iterator[Run]:
        """Hold the folder for a configuration, made or grown from what it holds.

        Raises:
            SpecError: the folder was made with another configuration, or a record is damaged.
            LockedError: another process works on it.
            OSError: it cannot be written.
        """
        config = json.loads(json.dumps(config))  # as it is read back: lists, no tuples
        with self.held():
            self.require_same_config(config)
            self.read()
            self._records.cut_torn_line()
            if self.config_changes:
                for name in ANSWER:  # of the configuration before: gone by the time the folder holds the new one
                    (self.folder / name).unlink(missing_ok=True)
            stored = self._stored()
            # A configuration that only states more of the same than it did is left as it was recorded.
            if stored is None or self.config_changes or any(value != config.get(key) for key, value in stored.items()):
                atomic_write(self.folder / "spec.json", json.dumps(config, indent=2) + "\n")
            yield self

    def read(self) -> None:
        """Take what is recorded into account; nothing is written.

        Raises:
            SpecError: a record is damaged.
        """
        for record in self._records.read():
            self._take(record)

    def list_unreadable(self, files: Sequence[str]) -> None:
        """Keep the files of images that were passed over, each with its reason, as `unreadable.txt`."""
        if files:
            atomic_write(self.folder / "unreadable.txt", "".join(f"{one}\n" for one in files))

    def config(self) -> dict[str, Any] | None:
        """The configuration that the folder was last used with; None if it is new.

        Raises:
            SpecError: it cannot be read.
        """
        return self._stored()

    def recorded_epochs(self) -> int | None:
        """The length of its trainings that the folder was last asked; None where it is new."""
        recipe = (self.config() or {}).get("recipe", {})
        return recipe.get("epochs") if isinstance(recipe, dict) else None

    def recorded_seeds(self) -> int:
        """Seeds that the folder was last asked for; 0 if it is new."""
        stored = self._stored()
        return int(stored["seeds"]) if stored else 0

    def recorded_precision(self) -> str | None:
        """The precision that the folder was last trained in; None if it is new."""
        precision = (self._stored() or {}).get("recipe", {}).get("precision")
        return None if precision is None else str(precision)

    def initial_source(self) -> str:
        """What the file or folder of the weights that its trainings start from is called; empty where there is none."""
        return str((self._stored() or {}).get("initial", {}).get("source", ""))

    @property
    def devices(self) -> str:
        """What the recorded trials were trained on, in words."""
        return ", ".join(origins(list(self._origins.values())).devices)

    def origins(self, trials: Sequence[Trial]) -> Origins:
        """Where the outcomes of those of the trials that have one come from."""
        return origins([self._origins[trial.id] for trial in trials if trial.id in self._origins])

    def statuses(self, trials: Sequence[Trial]) -> Statuses:
        """How those of the trials that have an outcome ended."""
        ended: Counter[str] = Counter(self._outcomes[trial.id].status for trial in trials if trial.id in self._outcomes)
        return Statuses(*(ended[status] for status in Statuses._fields))

    def outcome(self, trial: Trial) -> Outcome | None:
        """What is recorded of a trial."""
        return self._outcomes.get(trial.id)

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials still to be trained: those without a record and those that failed."""
        return [trial for trial in trials if trial.id not in self._outcomes or self._outcomes[trial.id].status == "failed"]

    def test(self, trial: Trial) -> PerImage | None:
        """What it made of the test images, where they were looked at."""
        return self._tests.get(trial.id)

    def record(self, trial: Trial, outcome: Outcome, origin: dict[str, Any]) -> None:
        """Append an outcome; the trial's checkpoint, if there is one, has done its work.

        Args:
            trial: that is over.
            outcome: what came of it.
            origin: provenance of the process that trained it.
        """
        counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
        self._append(TrainingRecord(trial, counted, outcome, origin))
        self.drop_checkpoint(trial)

    def remember_store(self, place: Path) -> None:
        """Keep where the images of this machine are stored, for commands that need them again."""
        self.weights.mkdir(exist_ok=True)
        atomic_write(self.weights / STORE, str(place.resolve()))

    def drop_checkpoint(self, trial: Trial) -> None:
        """Delete a trial's checkpoint, if there is one: the training is over."""
        (self.weights / f"{trial.id}{CHECKPOINT_ENDING}").unlink(missing_ok=True)

    def record_test(self, trial: Trial, judged: PerImage, device: str) -> None:
        """Append what a trained network made of the test images."""
        self._append(EvaluationRecord(trial.id, judged, trial, provenance(device)))

    def keep(self, results: dict[str, Any]) -> None:
        """Write what the records show beside them."""
        atomic_write(self.folder / "results.json", json.dumps(results, indent=1, allow_nan=False) + "\n")

    def _append(self, record: Record) -> None:
        self._records.append(record)
        self._take(record)

    def _take(self, record: Record) -> None:
        if isinstance(record, EvaluationRecord):
            self._tests[record.id] = record.judged
        else:
            self._outcomes[record.id] = record.outcome
            self._origins[record.id] = record.origin

    def _stored(self) -> dict[str, Any] | None:
        path = self.folder / "spec.json"
        if not path.exists():
            return None
        try:
            stored = parse_json(read_text(path))
            initial = stored.get("initial", {})
            tables = [*(stored.get(key, {}) for key in ("baseline", "recipe", *NAMED)), initial.get("networks", {})]
            if not all(isinstance(one, dict) for one in tables):
                raise TypeError("a table is something else")
            return {**stored, "seeds": int(stored["seeds"])}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SpecError(f"{path}: damaged; restore it or take another folder with --run") from None

    def require_same_config(self, config: dict[str, Any]) -> None:
        """Refuse a configuration that the folder cannot grow into.

        Raises:
            SpecError: baseline, images or recipe are others than it was made from.
        """
        stored, config = self._stored(), json.loads(json.dumps(config))  # as it is read back: lists, no tuples
        if stored is None:
            return
        held, asked = kind_of(stored), kind_of(config)
        if held != asked:
            raise SpecError(f"{self.folder} holds {held.value} and cannot take {asked.value} too; take another folder")
        self.config_changes = difference(_free(stored), _free(config))
        changed = [*difference(_fixed(stored), _fixed(config)), *_other_weights(stored, config)]
        # An ablation's `recipe` says what `auto` means, once one of its recipes has it.
        for table in (*NAMED, "recipe") if held is Kind.ABLATION else ():
            old, new = stored.get(table, {}), config.get(table, {})
            both = old.keys() & new.keys()
            changed += difference({name: old[name] for name in both}, {name: new[name] for name in both}, f"{table}.")
        if changed:
            raise SpecError(
                f"{self.folder} was made from another specification ({'; '.join(changed)}); take another folder with --run"
            )


_UNCOMPARED = ("pictures", "picture_side", "side", "chance", "initial")
"""Of a configuration: what follows from the images, and what `_other_weights` compares."""


class Kind(Enum):
    """What a run folder holds, in words."""

    SEARCH = "a search"
    FAMILY = "a family"
    ABLATION = "an ablation"
    PILOT = "a pilot"


def kind_of(config: dict[str, Any]) -> Kind:
    """What a configuration asks for."""
    marks = {"family": Kind.FAMILY, "recipes": Kind.ABLATION, "pilot": Kind.PILOT}
    return next((kind for mark, kind in marks.items() if mark in config), Kind.SEARCH)


def _free(config: dict[str, Any]) -> dict[str, Any]:
    """What may grow; of a table of named things their names."""
    left = {key: value for key, value in config.items() if key not in (*FIXED, *_UNCOMPARED)}
    return left | {table: ", ".join(left[table]) for table in NAMED if table in left}


def _other_weights(stored: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """Where a network that was asked before starts from other weights now; networks that are new may have any."""
    was, now = (one.get("initial", {}).get("networks", {}) for one in (stored, config))
    if stored.get("recipe", {}).get("init") != config.get("recipe", {}).get("init"):
        return []  # which says it already
    changed = [f"{was[key]}, now {now[key]}" for key in sorted(was.keys() & now.keys()) if was[key] != now[key]]
    return [f"weights that {len(changed)} network(s) start from: {changed[0]}"] if changed else []


def _fixed(config: dict[str, Any]) -> dict[str, Any]:
    """What may not change, without the baseline's name, which decides nothing, and of an ablation its recipes."""
    fixed = {key: config.get(key) for key in FIXED if key != "recipe" or kind_of(config) is not Kind.ABLATION}
    baseline = config.get("baseline") or {}
    return {**fixed, "baseline": {key: value for key, value in baseline.items() if key != "name"}}

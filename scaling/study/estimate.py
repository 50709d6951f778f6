"""How long a study will take, from what trials took on this machine before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from scaling.counting import cost
from scaling.study.provenance import cores, host
from scaling.study.trial import Trial


class Pace(NamedTuple):
    """Seconds of a trial's parts while as many trials run at a time as the local engine runs."""

    compile: float
    """a network's programs"""
    unit: float
    """training, per activation, picture and epoch"""
    source: str
    """where the numbers come from, in words"""


DEFAULT_PACE = Pace(12.0, 7.5e-9, "a stated default, measured on two cores of an AMD EPYC")


def pace(runs: Path) -> Pace:
    """The pace of all trials recorded under `runs` on this machine, or the stated default."""
    compiling, training, work = [], [], []
    for path in sorted(runs.glob("*/trials.jsonl")):
        for record in _records(path):
            seconds = record["outcome"]["seconds"]
            if seconds["compile"]:
                compiling.append(seconds["compile"])
            training.append(seconds["train"])
            work.append(_recorded_work(record))
    if not compiling:
        return DEFAULT_PACE
    return Pace(median(compiling), sum(training) / sum(work), f"{len(work)} trials recorded on this machine")


class Expected(NamedTuple):
    """Seconds that a trial's parts are expected to take."""

    compile: float
    train: float


def expected_parts(trials: Sequence[Trial], pace: Pace) -> dict[str, Expected]:
    """For each trial, by identity; the first seed of a network compiles for the others."""
    parts: dict[str, Expected] = {}
    compiled: set[Any] = set()
    for trial in trials:
        network = trial.architecture.structure
        parts[trial.id] = Expected(0.0 if network in compiled else pace.compile, pace.unit * training_work(trial))
        compiled.add(network)
    return parts


def estimated_seconds(trials: Sequence[Trial], pace: Pace) -> float:
    """Wall-clock seconds of training trials on this machine, two at a time where it has two cores."""
    return sum(sum(parts) for parts in expected_parts(trials, pace).values()) / min(2, cores())


def training_work(trial: Trial) -> float:
    """What a trial's training seconds are about proportional to: activations x pictures x epochs."""
    counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
    return float(counted.activations * trial.pictures * trial.recipe.epochs)


def _recorded_work(record: dict[str, Any]) -> float:
    trial = record["trial"]
    return float(record["cost"]["activations"] * trial["pictures"] * trial["recipe"]["epochs"])


def _records(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
            if record["provenance"]["host"] == host() and record["outcome"]["status"] == "complete":
                found.append(record)
        except (ValueError, KeyError, TypeError):
            continue  # a torn line, or a test record: nothing to learn a pace from
    return found

"""How long a study will take, from what trials took on this machine before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from scaling.core.machine import cores
from scaling.count.cost import cost
from scaling.study.engines.jobs import shared_out
from scaling.study.provenance import host
from scaling.study.records import RecordFile, TrainingRecord
from scaling.study.trial import Trial


class Pace(NamedTuple):
    """Seconds of a trial's parts while as many trials run at a time as the local engine runs."""

    compile: float
    """a network's programs"""
    unit: float
    """training, per activation, image and epoch"""
    source: str
    """where the numbers come from, in words"""


_LONG_ENOUGH_SECONDS = 2.0  # a shorter training is mostly starting up

DEFAULT_PACE = Pace(12.0, 6.8e-9, "a built-in default, measured on two cores of an AMD EPYC and not on this machine")


def pace(run: Path, runs: Path | None = None) -> Pace:
    """What trainings take on this machine: by those of a run and its pilot, else of all runs beside it, else as is stated.

    A few trainings of the same recipe on the same images tell more than many others: cropping photographs, say, takes its time.

    Args:
        run: the run folder.
        runs: that hold the others; None for the folder around it.
    """
    runs = run.parent if runs is None else runs
    return (
        _recorded([run / "trials.jsonl", *run.glob("*/trials.jsonl")], "of this run, ")
        or _recorded([*runs.glob("*/trials.jsonl"), *runs.glob("*/*/trials.jsonl")])  # a run's pilot lies within it
        or DEFAULT_PACE
    )


def _recorded(files: Sequence[Path], whose: str = "") -> Pace | None:
    """The pace of trials recorded on this machine; None where they do not tell."""
    compiling, training, work = [], [], []
    for path in sorted(files):
        for record in RecordFile(path).readable():
            if not isinstance(record, TrainingRecord) or record.origin.host != host() or record.outcome.status != "complete":
                continue
            seconds = record.outcome.seconds
            if seconds.compile:
                compiling.append(seconds.compile)
            if seconds.train >= _LONG_ENOUGH_SECONDS:
                training.append(seconds.train)
                work.append(training_work(record.trial))
    if not compiling or not work:
        return None
    source = f"{len(work)} trial{'' if len(work) == 1 else 's'} {whose}recorded on this machine, {host()}"
    return Pace(median(compiling), sum(training) / sum(work), source)


class Expected(NamedTuple):
    """Seconds that a trial's parts are expected to take."""

    compile: float
    train: float


def expected_parts(trials: Sequence[Trial], pace: Pace) -> dict[str, Expected]:
    """For each trial, by identity; the first seed of a network and recipe compiles for the others, a program a stage."""
    parts: dict[str, Expected] = {}
    compiled: set[Any] = set()
    for trial in trials:
        job = trial.architecture.structure, trial.recipe
        compiling = 0.0 if job in compiled else pace.compile * trial.recipe.progressive.stages
        parts[trial.id] = Expected(compiling, pace.unit * training_work(trial))
        compiled.add(job)
    return parts


def estimated_seconds(trials: Sequence[Trial], pace: Pace) -> float:
    """Wall-clock seconds of training trials on this machine, two networks or recipes at a time where it has two cores."""
    parts, at_once = expected_parts(trials, pace), min(2, cores())
    jobs: defaultdict[Any, list[Trial]] = defaultdict(list)
    for trial in trials:
        jobs[trial.architecture.structure, trial.recipe].append(trial)
    longest = max((sum(sum(parts[one.id]) for one in job) for job in shared_out(list(jobs.values()), at_once)), default=0.0)
    return max(sum(map(sum, parts.values())) / at_once, longest)


def training_work(trial: Trial) -> float:
    """What a trial's training seconds are about proportional to: activations x images x epochs, at the sizes trained at."""
    counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
    return float(counted.activations * trial.images * trial.recipe.epochs) * trial.recipe.progressive.mean_area()

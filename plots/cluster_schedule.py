"""A thousand workers on the recorded Fashion-MNIST studies, simulated

How many of 1,000 workers would train at each moment, if every network of the recorded Fashion-MNIST studies were trained from
100 seeds, each training taking what its network's recorded ones took on average, and each job a start of its own. The order is
the one that engines give jobs out in. Nothing was run on a cluster.
"""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scaling.figures import style
from scaling.figures.curves import labels, panel
from scaling.study.engines.jobs import in_pieces
from scaling.study.records import RecordFile, TrainingRecord
from scaling.study.schedule import START_SECONDS, Schedule, simulated
from scaling.study.trial import Trial

RUNS = ("fashion", "fashion_dropout", "fashion_family", "fashion_phi2", "fashion_rules", "fashion_short")
WORKERS, SEEDS = 1000, 100


class ScheduleNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        minutes: (moments,) from the start.
        busy: (moments,) workers that train.
        trainings: in all.
        networks: each with its recipe, distinct.
        last_wave: minutes until no job waits any more.
        share: of the workers' time until then, spent training.
        end: minutes until all is over.
    """

    minutes: NDArray[np.float64]
    busy: NDArray[np.int64]
    trainings: int
    networks: int
    last_wave: float
    share: float
    end: float


def cluster_schedule_numbers() -> ScheduleNumbers:
    """The numbers of the figure."""
    seconds = _recorded_seconds()
    jobs = [[network] * SEEDS for network in sorted(seconds, key=lambda one: -seconds[one])]
    pieces = in_pieces(jobs, WORKERS, seconds.__getitem__)
    made = simulated([sum(seconds[trial] for trial in job) for job in pieces], WORKERS)
    moments = np.linspace(0, made.seconds, 600)
    return ScheduleNumbers(
        moments / 60,
        _training(made, moments),
        SEEDS * len(seconds),
        len(seconds),
        made.last_wave / 60,
        made.training_share(made.last_wave),
        made.seconds / 60,
    )


def _recorded_seconds() -> dict[Trial, float]:
    """Mean seconds of the recorded trainings of each network and recipe, by the trial of its first seed."""
    took: dict[tuple[str, str], list[float]] = {}
    first: dict[tuple[str, str], Trial] = {}
    for name in RUNS:
        for record in RecordFile(Path("runs") / name / "trials.jsonl").readable():
            if isinstance(record, TrainingRecord) and record.outcome.status == "complete":
                key = repr(record.trial.architecture), repr((record.trial.recipe, record.trial.data))
                first.setdefault(key, record.trial)
                took.setdefault(key, []).append(record.outcome.seconds.train + record.outcome.seconds.evaluate)
    return {first[key]: fmean(seconds) for key, seconds in took.items()}


def _training(made: Schedule, moments: NDArray[np.float64]) -> NDArray[np.int64]:
    begins = np.sort([one.begin + one.start for one in made.spans])
    ends = np.sort([one.end for one in made.spans])
    return np.searchsorted(begins, moments, side="right") - np.searchsorted(ends, moments, side="right")


def draw() -> Figure:
    """The figure."""
    numbers = cluster_schedule_numbers()
    figure = style.new_figure(4.2)
    axes = panel(figure, (0.08, 0.25, 0.88, 0.6))
    axes.fill_between(numbers.minutes, numbers.busy, color=style.TIED, alpha=0.25, linewidth=0)
    axes.plot(numbers.minutes, numbers.busy, color=style.TIED, linewidth=1.4)
    axes.axvline(numbers.last_wave, color=style.INK, linewidth=1, linestyle="--")
    axes.annotate(
        f"the last job begins: {numbers.share:.1%} of the\nworkers' time until here was training",
        (numbers.last_wave, 0.5 * WORKERS),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        fontsize=style.TEXT_SIZE,
        color=style.INK,
    )
    axes.set_ylim(0, 1.05 * WORKERS)
    axes.set_xlim(0, numbers.end * 1.01)
    labels(axes, "minutes from the start", "workers that train")
    style.heading(figure, f"{numbers.trainings:,} trainings on {WORKERS:,} workers, simulated")
    style.caption(
        figure,
        f"{numbers.networks} networks of the recorded Fashion-MNIST studies, {SEEDS} seeds each, by their recorded seconds on "
        f"two cores, and {START_SECONDS:g} s to start each job. Simulated, not run.",
    )
    return figure

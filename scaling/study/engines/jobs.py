"""What a worker takes at once, and how many workers a machine bears."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any

from scaling.core.machine import cores, memory_bytes
from scaling.count.cost import cost
from scaling.count.memory import training_bytes
from scaling.study.trial import Trial
from scaling.train.stages import sides, stages
from scaling.train.task import Task

_PIECES = 2
"""Of a worker's share of the whole time, that no job is longer than."""


def task_of(trial: Trial) -> Task:
    """What is trained, without the seed."""
    return Task(trial.architecture, trial.recipe, trial.num_classes, trial.in_channels, trial.images)


def stage_tasks(trials: Sequence[Trial]) -> list[Task]:
    """The tasks of all stages of a network's trials, in the order in which they are needed first."""
    return [stage.task for trial in trials for stage in stages(task_of(trial), trial.seed)]


def by_network(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials of each network and recipe together, their seeds in their order; large networks first."""

    def size(trial: Trial) -> tuple[int, str, str]:
        counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
        return -counted.activations, repr(trial.architecture), repr(trial.recipe)

    ordered = sorted(trials, key=lambda trial: (size(trial), trial.seed))
    return [list(group) for _, group in groupby(ordered, key=size)]


def shared_out(jobs: Sequence[list[Trial]], workers: int) -> list[list[Trial]]:
    """Jobs of which no worker is left without one, if there are trials enough: the seeds of the longest are parted.

    Args:
        jobs: each the seeds of a network, as `by_network` has them.
        workers: how many there are.
    """
    found = list(jobs)
    while 0 < len(found) < workers and len(longest := max(found, key=len)) > 1:
        place, half = found.index(longest), (len(longest) + 1) // 2
        found[place : place + 1] = [longest[:half], longest[half:]]
    return found


def in_pieces(jobs: Sequence[list[Trial]], workers: int, seconds: Callable[[Trial], float]) -> list[list[Trial]]:
    """Jobs of which none keeps a worker for much longer than the others, the longest first: the seeds of long ones are parted.

    Each piece starts a process and loads its programs anew, so there are no more of them than that takes.

    Args:
        jobs: each the seeds of a network, as `by_network` has them.
        workers: how many there are.
        seconds: that a trial is expected to take.
    """
    if workers <= 1:
        return list(jobs)
    took = [[seconds(trial) for trial in job] for job in jobs]
    most = sum(map(sum, took)) / workers / _PIECES
    found = []
    for job, own in zip(jobs, took, strict=True):
        pieces = min(len(job), max(1, math.ceil(sum(own) / most - 1e-9))) if most else 1
        bounds = [len(job) * number // pieces for number in range(pieces + 1)]
        found += [(sum(own[a:b]), job[a:b]) for a, b in pairwise(bounds)]
    return [job for _, job in sorted(found, key=lambda one: -one[0])]


def workers(devices: Sequence[Any], trials: Sequence[Trial]) -> list[Any]:
    """The device of each worker: every device twice, if memory bears it; a CPU with one core, and any other, once."""
    largest = max((_training_bytes(trial) for trial in trials), default=0)
    if devices[0].platform == "cpu":
        return list(devices[:1]) * (2 if cores() > 1 and 2 * largest < 0.7 * memory_bytes() else 1)
    return [device for device in devices for _ in range(2 if 2 * largest < 0.7 * _device_bytes(device) else 1)]


def _training_bytes(trial: Trial) -> int:
    """As everywhere, by the estimate of `scaling.count.memory`."""
    number = 2 if trial.recipe.precision == "bfloat16" else 4
    largest = max(sides(trial.architecture.resolution, trial.recipe))  # a stage's images may be larger than the judged ones
    network = dataclasses.replace(trial.architecture, resolution=largest)
    return training_bytes(network, trial.recipe.batch, trial.num_classes, trial.in_channels, number)


def _device_bytes(device: Any) -> float:
    return float((device.memory_stats() or {}).get("bytes_limit", 0))

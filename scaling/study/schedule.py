"""A study trained by many workers, simulated: when each job would run, how busy they would be, when it would be over."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from scaling.study.engines.jobs import by_network, shared_out
from scaling.study.estimate import Pace, expected_parts
from scaling.study.trial import Trial

START_SECONDS = 8.0
"""Of a worker's process until it trains: Python, JAX and a small set of images, measured on one core of an AMD EPYC."""


class Span(NamedTuple):
    """A job on a worker.

    Attributes:
        worker: from 0.
        begin: seconds from the start of the study.
        end: seconds from the start of the study.
        start: of these, seconds until it trains.
    """

    worker: int
    begin: float
    end: float
    start: float


class Schedule(NamedTuple):
    """All jobs of a study.

    Attributes:
        workers: that there are.
        spans: in the order in which they begin.
    """

    workers: int
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """Until the last job ends."""
        return max((one.end for one in self.spans), default=0.0)

    @property
    def last_wave(self) -> float:
        """When no job waited any more: seconds from the start until the last one began."""
        return max((one.begin for one in self.spans), default=0.0)

    @property
    def busy_seconds(self) -> float:
        """Of all workers together, with their starts."""
        return sum(one.end - one.begin for one in self.spans)

    def training_share(self, until: float) -> float:
        """Share of all workers' time in which they train, up to a moment; 1 where it is the beginning.

        Args:
            until: seconds from the start.
        """
        trained = sum(max(0.0, min(one.end, until) - min(one.begin + one.start, until)) for one in self.spans)
        return trained / (self.workers * until) if until else 1.0


def simulated(seconds: Sequence[float], workers: int, start: float = START_SECONDS) -> Schedule:
    """Jobs in their order, each to the worker that is free first.

    Args:
        seconds: that each job takes once it trains.
        workers: that there are.
        start: seconds of a job before it trains.
    """
    free = [(0.0, worker) for worker in range(workers)]
    spans = []
    for took in seconds:
        begin, worker = heapq.heappop(free)
        spans.append(Span(worker, begin, begin + start + took, start))
        heapq.heappush(free, (begin + start + took, worker))
    return Schedule(workers, tuple(spans))


def planned(trials: Sequence[Trial], workers: int, speed: Pace, mean_seconds: float | None = None) -> Schedule:
    """The schedule of trials as engines give them out: the seeds of a network in one job, large networks first.

    Args:
        trials: to be trained.
        workers: that train one at a time each.
        speed: what trials are expected to take.
        mean_seconds: that a training takes on one of the workers on average, where that is known better; the trials' shares of
            it are those of `speed`.
    """
    parts = expected_parts(trials, speed)
    total = sum(map(sum, parts.values()))
    scale = mean_seconds * len(trials) / total if mean_seconds is not None and total else 1.0
    jobs = shared_out(by_network(trials), workers)
    return simulated([scale * sum(sum(parts[trial.id]) for trial in job) for job in jobs], workers)

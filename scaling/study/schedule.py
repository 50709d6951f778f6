"""A study trained by many workers, simulated: when each job would run, how busy they would be, when it would be over."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scaling.core.errors import UserError
from scaling.core.units import duration
from scaling.report.document import Document, Part, Values
from scaling.study.engines.asked import PLANNING, engine_options
from scaling.study.engines.jobs import by_network, in_pieces
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
    jobs = in_pieces(by_network(trials), workers, lambda trial: sum(parts[trial.id]))
    return simulated([scale * sum(sum(parts[trial.id]) for trial in job) for job in jobs], workers)


def schedule_parts(
    trials: Sequence[Trial], workers: int | None, speed: Pace, price: float | None, mean_seconds: float | None
) -> tuple[Part, ...]:
    """What a dry run says of the schedule.

    Args:
        trials: to be trained.
        workers: that there would be; None where nobody said.
        speed: what trials are expected to take.
        price: of a worker for an hour; None where nobody said.
        mean_seconds: as `planned` takes it.
    """
    if workers is None:
        return ("With --workers N the schedule on so many workers is simulated.",)
    made = planned(trials, workers, speed, mean_seconds)
    kept, busy = made.workers * made.seconds / 3600, made.busy_seconds / 3600
    share = made.training_share(made.last_wave)
    by = speed.source if mean_seconds is None else f"{duration(mean_seconds)} a training"
    lines = [
        f"On {workers} workers: about {duration(made.seconds)}, by {by}. The last job begins after {duration(made.last_wave)}; "
        f"until then {share:.0%} of the workers' time is training, the rest starting. {busy:.1f} worker-hours, or {kept:.1f} "
        "if all workers are kept to the end."
    ]
    if price is not None:
        lines.append(f"At {price:g} a worker and hour that is {price * busy:,.2f}, or {price * kept:,.2f} if all are kept.")
    data = {
        "workers": workers,
        "seconds": made.seconds,
        "last_job_begins": made.last_wave,
        "training_share": share,
        "worker_hours": busy,
        "worker_hours_kept": kept,
        "price": None if price is None else price * busy,
    }
    return (*lines, Values({"schedule": data}))


def with_schedule(
    document: Document, trials: Sequence[Trial], spec: str | None, flags: Mapping[str, Any], speed: Pace
) -> Document:
    """A dry run's document with the schedule, where others than this process would train.

    Args:
        document: of the dry run.
        trials: to be trained.
        spec: name or path of a specification; None where none was named.
        flags: fields of `EngineOptions` and of `PLANNING` that were given.
        speed: what trials are expected to take.

    Raises:
        UserError: a price or a time is given, and no engine that they are of; or as `engine_options`.
    """
    planning = {key: flags[key] for key in PLANNING if key in flags}
    where = engine_options(spec, {key: value for key, value in flags.items() if key not in PLANNING})
    if where.name == "local":
        if planning:
            raise UserError(f"{', '.join(planning)}: of no use to the engine local; --engine names another, --workers how many")
        return document
    minutes = planning.get("trial_minutes")
    mean = None if minutes is None else 60 * minutes
    return Document((*document.parts, *schedule_parts(trials, where.workers, speed, planning.get("price"), mean)))

"""Progress of a study on standard error: live lines on a terminal, one line a trial elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from scaling.core.units import duration
from scaling.study.engines.engine import Added, Compiling, Event, Finished, Remark, Training
from scaling.study.estimate import Pace, expected_parts
from scaling.study.trial import Outcome, Trial


class StudyProgress:
    """Shows trials done, each running trial's epoch and accuracy, and the time left.

    Args:
        trials: all that will be trained.
        label: a trial's name for people.
        speed: what the trials are expected to take; the time left is corrected by what they do take.
        console: where to write.
    """

    def __init__(self, trials: Sequence[Trial], label: Callable[[Trial], str], speed: Pace, console: Console) -> None:
        self._label = label
        self._console = console
        self._total, self._speed = len(trials), speed
        self._done = 0
        self._expected = expected_parts(trials, speed)
        self._reached: dict[str, float] = {}
        self._start = self._last = time.monotonic()
        self._training: set[str] = set()
        self._trained_seconds = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._all = self._progress.add_task("trials", total=self._total, note="")
        self._running: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._running.values():
            self._progress.remove_task(task)
        if self._console.is_terminal:
            self._progress.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._print("stopping where each training can go on from; Ctrl-C once more stops at once")

    def show(self, event: Event) -> None:
        """Take an event of the engine into account."""
        self._account(event)
        if isinstance(event, Finished):
            self._finish(event)
        elif isinstance(event, Compiling):
            self._progress.update(self._line(event.trial), note="compiling")
        elif isinstance(event, Added):
            self._add(event.trials)
        elif isinstance(event, Remark):
            self._print(f"{self._label(event.trial)}: {event.sentence}")
        else:
            self._train(event)

    def _add(self, trials: Sequence[Trial]) -> None:
        """Take more trials into account."""
        self._total += len(trials)
        self._expected |= expected_parts(trials, self._speed)
        self._progress.update(self._all, total=self._total)

    def _account(self, event: Event) -> None:
        """How much of the time at least one network is training."""
        now = time.monotonic()
        self._trained_seconds += now - self._last if self._training else 0.0
        self._last = now
        if isinstance(event, Training):
            self._training.add(event.trial.id)
        elif isinstance(event, Finished):
            self._training.discard(event.trial.id)

    def _train(self, event: Training) -> None:
        note = "training" if event.accuracy is None else f"training accuracy {event.accuracy:.1%}"
        self._progress.update(self._line(event.trial), completed=event.epoch, note=note)
        expected = self._expected[event.trial.id]
        self._reached[event.trial.id] = expected.compile + expected.train * event.epoch / event.trial.recipe.epochs

    def _finish(self, event: Finished) -> None:
        self._done += 1
        self._reached[event.trial.id] = sum(self._expected[event.trial.id])
        self._line(event.trial)
        # Out of the running ones first: Ctrl-C between the two must not have the line removed once more on the way out.
        self._progress.remove_task(self._running.pop(event.trial.id))
        self._progress.update(self._all, completed=self._done, note=self._time_left())
        number = f"[{self._done:>{len(str(self._total))}}/{self._total}]"
        self._print(f"{number} {self._label(event.trial)}: {describe(event.outcome)}; {self._time_left()}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _line(self, trial: Trial) -> TaskID:
        if trial.id not in self._running:
            self._running[trial.id] = self._progress.add_task(f"  {self._label(trial)}", total=trial.recipe.epochs, note="")
        return self._running[trial.id]

    def _time_left(self) -> str:
        if self._done == self._total:
            seconds = time.monotonic() - self._start
            return f"all done in {duration(seconds)}, training in {self._trained_seconds / seconds:.0%} of it"
        reached = sum(self._reached.values())
        left = sum(sum(parts) for parts in self._expected.values()) - reached
        return f"about {duration((time.monotonic() - self._start) * left / reached)} left"


def describe(outcome: Outcome) -> str:
    """An outcome in a few words."""
    if outcome.accuracy is None:
        return f"{outcome.status}: {outcome.reason}"
    seconds = outcome.seconds
    compiled = f", {seconds.compile:.1f} s compiling" if seconds.compile else ""
    return f"{outcome.accuracy:.2%} on validation, {seconds.train:.1f} s training{compiled}"

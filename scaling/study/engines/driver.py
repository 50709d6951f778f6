"""Trains by workers elsewhere: starts them, notices when they are lost, takes what they leave, each outcome once.

A training is tried again when its worker is lost, up to one budget, and when it failed by itself, up to another. The first
whole outcome counts; one that comes later, from a worker that was only thought lost, is compared with it and told of if it
differs.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

from scaling.core.errors import SpecError, UserError
from scaling.core.units import duration
from scaling.study.engines.engine import Added, Compiling, Event, Finished, More, Remark, Training
from scaling.study.engines.jobs import by_network, in_pieces
from scaling.study.engines.launcher import UNLIMITED, Ended, Launcher
from scaling.study.engines.leftovers import compared, keep_weights
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.watched import Watched, silence_seconds
from scaling.study.engines.work_folder import Attempt, WorkFolder
from scaling.study.provenance import provenance
from scaling.study.records import TrainingRecord
from scaling.study.trial import Outcome, Trial

SHORTEST_TIMEOUT_SECONDS = 600.0
"""A training is not ended before, however short it was expected to be."""

_LONGEST_PAUSE_SECONDS = 2.0


class Driver:
    """One round of trials.

    Args:
        folder: through which it speaks with its workers.
        launcher: starts them.
        options: how patient it is.
        device: of the workers, in words.
        expected: seconds that a trial is expected to take.
        recorded: what the run folder holds of a trial already.
    """

    def __init__(
        self,
        folder: WorkFolder,
        launcher: Launcher,
        options: EngineOptions,
        device: str,
        expected: Callable[[Trial], float],
        recorded: Callable[[str], TrainingRecord | None],
    ) -> None:
        self._folder, self._launcher, self._options = folder, launcher, options
        self._device, self._expected, self._recorded = device, expected, recorded
        self._open: dict[str, Trial] = {}
        self._done: dict[str, TrainingRecord] = {}
        self._jobs: deque[list[Trial]] = deque()
        self._watched: dict[str, Watched] = {}
        self._losses: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._more: More | None = None
        self._slowest = 1.0  # the most that a training took of what was expected
        self._round = f"{time.time_ns() // 10**6:x}"
        self._number = 0

    def run(self, trials: Sequence[Trial], more: More | None = None) -> Iterator[Event]:
        """Train all trials, and those that are decided meanwhile; an event for whatever people should see."""
        self._open, self._more = {trial.id: trial for trial in trials}, more
        yield from self._adopt()
        running = {name for one in self._watched.values() if not one.is_lost for name in one.asked}
        self._hand_out([trial for name, trial in self._open.items() if name not in running])
        try:
            while self._open:
                yield from self._collect()
                yield from self._give_up()
                self._start()
                if self._open:
                    time.sleep(min(_LONGEST_PAUSE_SECONDS, self._options.beat_seconds / 2))
            self._tidy()
        finally:
            self._launcher.stop([name for name, one in self._watched.items() if not (one.is_lost or one.ended)])

    def _hand_out(self, trials: Sequence[Trial]) -> None:
        """Make jobs of trials: the seeds of a network in one, unless others would wait for it."""
        for trial in trials:
            self._folder.ask(trial)
        jobs, room = by_network(trials), self._launcher.room()
        self._jobs.extend(jobs if room == UNLIMITED else in_pieces(jobs, room, self._expected))

    def _adopt(self) -> Iterator[Event]:
        """Take what a former driver's workers left, and watch those that are still at it."""
        for attempt in self._folder.attempts():
            asked = attempt.asked()
            for name in asked:
                if name not in self._open and attempt.has_record(name) and (first := self._recorded(name)) is not None:
                    yield from self._later(attempt, first)
            if any(name in self._open for name in asked):
                is_lost = attempt.silent_seconds() > silence_seconds(self._options)
                self._watched[attempt.name] = Watched(attempt, asked, is_adopted=True, is_lost=is_lost)
        for name, left in self._launcher.under_way().items():
            if name not in self._watched and any(one in self._open for one in left):
                self._watched[name] = Watched(self._folder.attempt(name), list(left))
        yield from self._collect()

    def _tidy(self) -> None:
        """Delete what lost workers left of trials that are over; those that are alive after all are left to the next driver."""
        for one in self._watched.values():
            if one.attempt.silent_seconds() > silence_seconds(self._options):
                for name in one.asked:
                    one.attempt.forget(name)

    def _collect(self) -> Iterator[Event]:
        """Take the records that there are, and hear what the workers say of themselves."""
        for name, one in list(self._watched.items()):
            for trial in [trial for trial in one.asked if one.attempt.has_record(trial)]:
                yield from self._take(one, trial)
            if not one.asked:
                del self._watched[name]
            elif (beat := one.listen()) is not None and (at := self._open.get(beat.trial)) is not None:
                yield Training(at, beat.epoch, beat.accuracy) if beat.epoch else Compiling(at)

    def _take(self, one: Watched, name: str) -> Iterator[Event]:
        one.asked.remove(name)
        trial = self._open.get(name)
        if trial is None:
            if (first := self._done.get(name)) is not None:
                yield from self._later(one.attempt, first)
            return
        try:
            record = one.attempt.record(name)
            failure = None if record is None or record.outcome.status != "failed" else record.outcome.reason or "failed"
        except SpecError as error:
            record, failure = None, str(error)
        if record is None or failure is not None:
            one.attempt.forget(name)
            yield from self._try_again(trial, Ended(reason=failure or "its record is gone"))
            return
        keep_weights(one.attempt, record, self._folder.weights)
        yield from self._finish(trial, record.outcome, record)
        one.attempt.forget(name)

    def _finish(self, trial: Trial, outcome: Outcome, record: TrainingRecord | None = None) -> Iterator[Event]:
        if record is not None:
            self._done[trial.id] = record
            seconds = outcome.seconds.compile + outcome.seconds.train
            self._slowest = max(self._slowest, seconds / max(1e-9, self._expected(trial)))
        del self._open[trial.id]
        yield Finished(trial, outcome, provenance(self._device) if record is None else record.provenance)
        if self._more is not None and (added := tuple(self._more())):
            self._open |= {one.id: one for one in added}
            yield Added(added)
            self._hand_out(added)

    def _later(self, attempt: Attempt, first: TrainingRecord) -> Iterator[Event]:
        """Compare what came second with what counts."""
        said = compared(attempt, first)
        if said is not None:
            yield Remark(first.trial, said)
        attempt.forget(first.id)

    def _give_up(self) -> Iterator[Event]:
        """Notice workers that have ended, are lost, or hang, and have their trials trained by others."""
        for name, how in self._launcher.ended().items():
            if name in self._watched:
                self._watched[name].end(how)
        for name, one in list(self._watched.items()):
            if one.is_lost:
                continue  # waited for by nobody, and welcome
            fate = one.fate(self._options)
            trial = self._open.get(one.at())
            if fate is None and (trial is None or one.seconds_on_trial() < self._timeout(trial)):
                continue
            if one.ended is None:
                self._launcher.stop([name])
            one.is_lost = True
            rest = [self._open[other] for other in one.asked if other in self._open and other != one.at()]
            if rest:
                self._jobs.appendleft(rest)
            if trial is None:
                continue
            if fate is None:
                took, usual = duration(one.seconds_on_trial()), duration(self._expected(trial))
                yield from self._finish(trial, Outcome("failed", f"timed out: {took} where {usual} was expected"))
            else:
                yield from self._try_again(trial, fate)

    def _try_again(self, trial: Trial, fate: Ended) -> Iterator[Event]:
        """Put a trial back, or record that it failed, once it was tried often enough."""
        if fate.is_input:
            raise UserError(f"a worker refused trial {trial.id}: {fate.reason}; {self._folder.folder / 'logs'} has all it said")
        count, most = (self._losses, self._options.losses) if fate.lost else (self._failures, self._options.own_failures)
        count[trial.id] += 1
        number = count[trial.id]
        if number > most:
            often = f"its worker was lost {number} times, at last: " if fate.lost else ""
            yield from self._finish(trial, Outcome("failed", f"{often}{fate.reason or 'its worker left no record'}"))
            return
        yield Remark(trial, f"{'lost' if fate.lost else 'failed'} ({fate.reason}); trained again, {number} of at most {most}")
        self._jobs.appendleft([trial])

    def _timeout(self, trial: Trial) -> float:
        """Seconds after which a training hangs: a multiple of what it was expected to take, or of what others took of that."""
        return max(SHORTEST_TIMEOUT_SECONDS, self._options.timeout * self._slowest * self._expected(trial))

    def _start(self) -> None:
        adopted = sum(one.is_adopted and not one.is_lost for one in self._watched.values())
        room = self._launcher.room() - adopted
        jobs: dict[str, list[str]] = {}
        while self._jobs and len(jobs) < room:
            asked = [trial.id for trial in self._jobs.popleft() if trial.id in self._open]
            if asked:
                self._number += 1
                jobs[f"{self._round}-{self._number:04}"] = asked
        if jobs:
            self._launcher.start(jobs)
        for name, asked in jobs.items():
            self._watched[name] = Watched(self._folder.attempt(name), asked)

"""A worker as its driver knows it: what it takes, when it was heard of last, whether it has ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from scaling.study.engines.launcher import Ended
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.work_folder import Attempt, Beat


@dataclass
class Watched:
    """A worker.

    Args:
        attempt: its folder, which it may not have made yet.
        asked: ids of the trials that it takes and whose records were not taken from it.
        is_adopted: a former driver started it.
        is_lost: it was given up; it may come back all the same.
    """

    attempt: Attempt
    asked: list[str]
    is_adopted: bool = False
    is_lost: bool = False
    beat: Beat | None = None
    ended: Ended | None = None
    _heard: float = field(default_factory=time.monotonic)
    _trial_since: float = field(default_factory=time.monotonic)
    _ended_at: float = 0.0

    def listen(self) -> Beat | None:
        """Its beat, where it says something new of its training."""
        beat, before = self.attempt.beat(), self.beat
        if beat is None or beat == before:
            return None
        self.beat, self._heard = beat, time.monotonic()
        if before is None or before.trial != beat.trial:
            self._trial_since = self._heard
        return None if before is not None and beat[1:] == before[1:] else beat

    def end(self, how: Ended) -> None:
        """Its launcher says that it has ended."""
        self.ended, self._ended_at = how, time.monotonic()

    def at(self) -> str:
        """Id of the trial that it was at."""
        return self.beat.trial if self.beat is not None and self.beat.trial in self.asked else self.asked[0]

    def seconds_on_trial(self) -> float:
        """Since it began with the trial that it is at; 0 before its first beat."""
        return 0.0 if self.beat is None or not self.beat.trial else time.monotonic() - self._trial_since

    def fate(self, options: EngineOptions) -> Ended | None:
        """How it ended, where it has, by its launcher or by its silence; None while it may still leave a record."""
        now, silence = time.monotonic(), silence_seconds(options)
        if self.ended is not None:
            # What a process wrote before it ended may take a while to be seen from another machine.
            is_late = not self.ended.reason and now - self._ended_at < options.grace_seconds
            return None if is_late else self.ended
        # One that has not begun waits for its turn, however long that takes.
        if (self.beat is not None or self.is_adopted) and now - self._heard > silence:
            return Ended(lost=True, reason=f"gave no sign of life for {silence:.0f} s")
        return None


def silence_seconds(options: EngineOptions) -> float:
    """After which a worker is lost: three beats and the grace have both passed."""
    return max(3 * options.beat_seconds, options.grace_seconds)

"""A worker's signs of life, by which its driver knows that it is not lost."""

from __future__ import annotations

import itertools
import threading
from types import TracebackType
from typing import Self

from scaling.study.engines.engine import Compiling, Event, Training
from scaling.study.engines.work_folder import Attempt, Beat


class Beating:
    """Within it a thread beats, whatever the training is at.

    Args:
        attempt: where the beats are written.
        every_seconds: between two.
    """

    def __init__(self, attempt: Attempt, every_seconds: float) -> None:
        self._attempt = attempt
        self._every = every_seconds
        self._at: tuple[str, int, float | None] = ("", 0, None)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="beating", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def show(self, event: Event) -> None:
        """Take into account how far a training is; the next beat tells it."""
        if isinstance(event, Compiling | Training):
            epoch, accuracy = (event.epoch, event.accuracy) if isinstance(event, Training) else (0, None)
            self._at = event.trial.id, epoch, accuracy

    def _beat(self) -> None:
        for count in itertools.count(1):
            self._attempt.write_beat(Beat(count, *self._at))
            if self._over.wait(self._every):
                return

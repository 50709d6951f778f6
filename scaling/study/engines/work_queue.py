"""What the threads of one run share: jobs to take, events to tell, whether to stop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from scaling.study.engines.engine import Event, Finished
from scaling.study.trial import Trial

_WAIT_SECONDS = 0.1


class WorkQueue:
    """Jobs and events of one run."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[list[Trial]] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.complete = threading.Event()
        """no job will be added"""
        self.training: set[str] = set()
        """names of the threads that are inside a segment, at whose end they see `stop`"""

    def next_job(self) -> list[Trial] | None:
        """A job, waited for as long as one may be added; None where there is none, or at a stop."""
        while not self.stop.is_set():
            is_complete = self.complete.is_set()
            try:
                return self.jobs.get_nowait() if is_complete else self.jobs.get(timeout=_WAIT_SECONDS)
            except queue.Empty:
                if is_complete:
                    return None
        return None

    def until_finished(self) -> Iterator[Event]:
        """Events up to one that a trial is over; what went wrong in a thread is raised here."""
        while True:
            event = self.events.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, Finished):
                return

    def raise_failed(self) -> None:
        """Raise what went wrong while the work was stopped: that a training could not be kept, say."""
        while not self.events.empty():
            if isinstance(event := self.events.get(), Exception):
                raise event

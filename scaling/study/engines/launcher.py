"""What starts workers somewhere, and notices when they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

UNLIMITED = sys.maxsize
"""Room for any number of workers: they wait elsewhere for their turn."""


class Ended(NamedTuple):
    """A worker's process is over, as far as its launcher knows.

    Attributes:
        lost: it did not end by itself: killed, preempted, or its machine is gone.
        reason: in words, where it did not end well.
        is_input: it refused what it was given, which another try would not mend.
    """

    lost: bool = False
    reason: str = ""
    is_input: bool = False


STOPPED = frozenset({130, 143})
"""Statuses of a worker that was asked to stop."""

BAD_INPUT = 2

OWN_PLATFORM = "JAX_PLATFORMS"
"""Set where a driver is to leave accelerators to its workers."""


def ended_with(status: int, said: str) -> Ended:
    """What an exit status means, negative for a signal's number as `subprocess` has it.

    >>> ended_with(-9, "").reason
    'killed by signal 9'
    >>> ended_with(1, "ZeroDivisionError: division by zero").reason
    'ended with status 1: ZeroDivisionError: division by zero'

    Args:
        status: of a worker.
        said: its last line.
    """
    if status in STOPPED:
        return Ended(lost=True, reason="stopped before its end")
    # A shell between the two tells a signal's number as 128 more.
    if status < 0 or status > 128:
        return Ended(lost=True, reason=f"killed by signal {-status if status < 0 else status - 128}")
    reason = f"ended with status {status}{f': {said}' if said else ''}" if status else ""
    return Ended(reason=reason, is_input=status == BAD_INPUT)


def command_of(run: Path, trials: Sequence[str], attempt: str | None, python: str | None) -> list[str]:
    """The command line of a worker.

    Args:
        run: the run folder.
        trials: ids; none writes down what the worker computes on.
        attempt: name of its folder; None leaves it to the worker.
        python: that runs it; None for the one that runs this.
    """
    named = [] if attempt is None else ["--attempt", attempt]
    return [python or sys.executable, "-m", "scaling.work", str(run.resolve()), *trials, *named]


_HANDED_ON = ("JAX_", "XLA_", "SCALING_")


def environment() -> dict[str, str]:
    """What a worker's environment has besides its machine's own: where this package lies, and settings of JAX.

    Its machine's own stays: a batch system says there which accelerators the worker may use.
    """
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    settings = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON) and name != OWN_PLATFORM}
    return {**settings, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def last_line(log: Path) -> str:
    """The last line that says something; empty where there is none."""
    try:
        lines = log.read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]


class Launcher(Protocol):
    """Starts `python -m scaling.work` somewhere."""

    def room(self) -> int:
        """How many more workers may be started now."""

    def start(self, jobs: Mapping[str, Sequence[str]]) -> None:
        """Start workers.

        Args:
            jobs: for the name of each attempt the ids of its trials.

        Raises:
            UserError: they cannot be started.
        """

    def under_way(self) -> Mapping[str, Sequence[str]]:
        """Attempts, and ids of their trials, that a former driver started and that wait for their turn or are trained."""

    def ended(self) -> Mapping[str, Ended]:
        """The attempts whose worker has ended since this was asked last."""

    def stop(self, attempts: Sequence[str]) -> None:
        """Ask workers to stop where their trainings can go on."""

    def close(self) -> None:
        """Let go of whatever was taken."""

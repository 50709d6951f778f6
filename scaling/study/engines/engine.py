"""What trains the trials of a study, and what it tells while it does."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scaling.data.per_image import PerImage
from scaling.study.trial import Outcome, Trial


@dataclass(frozen=True, slots=True)
class Compiling:
    """A worker traces and compiles the network of a trial."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Training:
    """A trial's progress: epochs done and accuracy on the training pictures just seen."""

    trial: Trial
    epoch: int
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A trial is over; its outcome should be recorded before the next event is asked for."""

    trial: Trial
    outcome: Outcome


Event = Compiling | Training | Finished


class Engine(Protocol):
    """Trains trials somewhere. `run` yields events until every trial is finished; closing the iterator stops the work."""

    device: str
    """what it computes on, in words"""
    precision: str
    """`float32` or `bfloat16`: what `auto` in a recipe means here"""

    def run(self, trials: Sequence[Trial]) -> Generator[Event]:
        """Train all trials, in an order of the engine's choice."""

    def forgotten(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of the finished trials that must be run again before they can be tested."""

    def test(self, trial: Trial) -> PerImage:
        """For a finished trial, what its network makes of each test image.

        Raises:
            UserError, ArithmeticError: its weights cannot be used.
        """

"""What trains the trials of a study, and what it tells while it does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.data import Dataset
from scaling.data.per_image import PerImage
from scaling.study.initial import InitialWeights
from scaling.study.trial import Outcome, Trial


@dataclass(frozen=True, slots=True)
class Compiling:
    """A worker traces and compiles the network of a trial."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Training:
    """A trial's progress: epochs done and accuracy on the training images just seen."""

    trial: Trial
    epoch: int
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people should know of a trial while it goes on."""

    trial: Trial
    sentence: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A trial is over; its outcome should be recorded before the next event is asked for."""

    trial: Trial
    outcome: Outcome
    device: str
    """what it was trained on, in words; it belongs to the worker, since an engine may have several kinds"""


Event = Compiling | Training | Remark | Finished


class Engine(Protocol):
    """Trains trials somewhere. `run` yields events until every trial is finished; closing the iterator stops the work."""

    device: str
    """what it computes on, in words"""
    precision: str
    """`float32` or `bfloat16`: what `auto` in a recipe means here"""

    def run(self, trials: Sequence[Trial]) -> Generator[Event]:
        """Train all trials, in an order of the engine's choice."""

    def missing_weights(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of the finished trials whose weights are gone or cannot be read: they must be trained again to be tested."""

    def test(self, trial: Trial) -> PerImage:
        """For a finished trial, what its network makes of each test image.

        Raises:
            UserError, ArithmeticError: its weights cannot be used.
        """


CHECKPOINT_SECONDS = 600.0
"""Between two checkpoints of a training, unless asked otherwise."""

ENGINES = {"local": "scaling.study.engines.local:LocalEngine"}
"""By name: the module and the class, loaded only when used.

It is made from a dataset, the folder of trained weights, the seconds between two checkpoints of a training, and the weights
that trainings start from, if any.
"""


def engine_called(name: str) -> Callable[[Dataset, Path, float, InitialWeights | None], Engine]:
    """What makes the engine of a name.

    Raises:
        UserError: there is none of that name.
    """
    if name not in ENGINES:
        raise UserError(f"no engine is called {name!r}; known: {', '.join(ENGINES)}{did_you_mean(name, ENGINES)}")
    module, _, kind = ENGINES[name].partition(":")
    made: Callable[[Dataset, Path, float, InitialWeights | None], Engine] = getattr(import_module(module), kind)
    return made

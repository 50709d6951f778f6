"""What trains the trials of a study, and what it tells while it does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from scaling.data import Dataset
from scaling.data.per_image import PerImage
from scaling.study.engines.options import EngineOptions
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
    provenance: dict[str, Any]
    """of the process that trained it, as `scaling.study.provenance` has it: an engine may have several kinds of device"""


@dataclass(frozen=True, slots=True)
class Added:
    """More trials are trained, that were decided meanwhile."""

    trials: tuple[Trial, ...]


Event = Compiling | Training | Remark | Finished | Added

More: TypeAlias = Callable[[], Sequence[Trial]]
"""Asked after each trial that was recorded: what else is to be trained by now, each trial once."""


class Engine(Protocol):
    """Trains trials somewhere. `run` yields events until every trial is finished; closing the iterator stops the work."""

    device: str
    """what it computes on, in words"""
    precision: str
    """`float32` or `bfloat16`: what `auto` in a recipe means here"""

    def run(self, trials: Sequence[Trial], more: More | None = None) -> Generator[Event]:
        """Train all trials, and those that are decided meanwhile, in an order of the engine's choice."""

    def missing_weights(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of the finished trials whose weights are gone or cannot be read: they must be trained again to be tested."""

    def test(self, trial: Trial) -> PerImage:
        """For a finished trial, what its network makes of each test image.

        Raises:
            UserError, ArithmeticError: its weights cannot be used.
        """


CHECKPOINT_SECONDS = 600.0
"""Between two checkpoints of a training, unless asked otherwise."""

ENGINES = {
    "local": "scaling.study.engines.local:local_engine",
    "commands": "scaling.study.engines.commands:commands_engine",
    "ray": "scaling.study.engines.ray_tasks:ray_engine",
    "slurm": "scaling.study.engines.slurm:slurm_engine",
}
"""By name: the module and the function that makes it, loaded only when used."""


class ImagesAt(NamedTuple):
    """Where a process elsewhere finds a run's images.

    Attributes:
        name: or path, as `scaling.data.load` takes it.
        how: its keyword arguments, plain data.
    """

    name: str
    how: dict[str, Any]


@dataclass(frozen=True)
class EngineSetup:
    """What an engine is made from.

    Args:
        dataset: what is trained on.
        run: the run folder, where trained weights are kept.
        images: where other processes find the same.
        options: of engines that train elsewhere.
        checkpoint_seconds: between two checkpoints of a training.
        initial: the weights that trainings start from, if any.
    """

    dataset: Dataset
    run: Path
    images: ImagesAt
    options: EngineOptions
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    initial: InitialWeights | None = None


def make_engine(setup: EngineSetup) -> Engine:
    """The engine that the options name."""
    module, _, name = ENGINES[setup.options.name].partition(":")
    made: Callable[[EngineSetup], Engine] = getattr(import_module(module), name)
    return made(setup)

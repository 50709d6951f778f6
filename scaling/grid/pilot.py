"""How long to train on images that nobody has trained on: the baseline, twice as long each time, until that gains nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from scaling.analysis.changes import difference
from scaling.analysis.intervals import Interval
from scaling.analysis.measured import Measured
from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.units import duration
from scaling.count.cost import Cost, cost
from scaling.recipe.recipe import REVISION, Recipe
from scaling.study.collect import answers_of, as_measured, counted_answers
from scaling.study.study import DatasetInfo, Network, Trials

if TYPE_CHECKING:
    from rich.console import Console

    from scaling.data import Dataset
    from scaling.grid.spec import StudySpec
    from scaling.study.initial import InitialWeights
    from scaling.study.run import Run
    from scaling.study.trial import Trial

CONFIDENCE = 0.68
"""A gain counts where it is beyond one standard error: a training too short costs more than one too long."""

LEARNED = 3.0
"""Standard errors that an accuracy must be above that of always naming one class."""

LONGEST = 6
"""Most doublings of the shortest training."""

SEEDS = 2
"""Trainings of each length."""

FOLDER = "pilot"
"""Of the run folder, where the trainings are recorded."""


@dataclass(frozen=True)
class Length:
    """The baseline, trained for so many epochs."""

    architecture: Architecture
    epochs: int
    cost: Cost
    realised: float = 1.0
    shares: None = None
    origin: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.epochs} epochs"


@dataclass(frozen=True)
class PilotSpec:
    """What a pilot asks, as a run folder records it."""

    baseline: Architecture
    seeds: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"baseline": self.baseline.to_dict(), "seeds": self.seeds}


@dataclass(frozen=True)
class Pilot(Trials):
    """The trainings of a pilot: one network, lengths that double."""

    spec: PilotSpec
    dataset: DatasetInfo
    recipe: Recipe
    """of the shortest training"""
    revision: int = REVISION
    starts: Mapping[str, str] = field(default_factory=dict, hash=False)
    start_source: str = ""

    @property
    def networks(self) -> Sequence[Length]:
        """The baseline at every length."""
        counted = cost(self.spec.baseline, self.dataset.num_classes, self.dataset.in_channels)
        return [Length(self.spec.baseline, self.recipe.epochs * 2**doubling, counted) for doubling in range(LONGEST + 1)]

    def recipe_of(self, network: Network) -> Recipe:
        """The recipe at the network's length."""
        return dataclasses.replace(super().recipe_of(network), epochs=network.epochs)  # type: ignore[attr-defined]

    def label(self, trial: Trial) -> str:
        """A trial's length and seed."""
        return f"pilot, {trial.recipe.epochs} epochs, seed {trial.seed}"


class Step(NamedTuple):
    """One length of a pilot.

    Attributes:
        epochs: trained.
        accuracy: on the validation images, a mean over seeds.
        gain: over half as long, with its interval; None for the shortest that learned anything.
    """

    epochs: int
    accuracy: float
    gain: Interval | None


class PilotResult(NamedTuple):
    """What a pilot found.

    Attributes:
        steps: lengths that were trained, the shortest first.
        epochs: the length to train at; None while that is open.
    """

    steps: tuple[Step, ...]
    epochs: int | None


def pilot_result(pilot: Pilot, run: Run) -> PilotResult:
    """What a pilot's records say: the first length that twice the length does not improve beyond its noise.

    Raises:
        UserError: at no length the baseline is better than chance.
    """
    answers = answers_of(pilot, run)
    steps: list[Step] = []
    measured: list[Measured] = []
    learned: list[int] = []
    for length in pilot.networks:
        own = answers[length.label]
        if not own.trials:
            return PilotResult(tuple(steps), None)
        one = as_measured(length, counted_answers(own) or own.correct, 0, pilot.dataset.validation.groups)
        accuracy = float(one.correct.mean())
        if not _learned(accuracy, pilot.dataset):  # too short; it says nothing about the next
            steps.append(Step(length.epochs, accuracy, None))
            continue
        measured.append(one)
        learned.append(length.epochs)
        gain = None
        if len(measured) > 1:
            gain = difference(measured, length.label, measured[-2].name, confidence=CONFIDENCE).difference
        steps.append(Step(length.epochs, accuracy, gain))
        if gain is not None and gain.low <= 0:
            return PilotResult(tuple(steps), learned[-2])
    if not measured:
        raise UserError(
            f"the baseline does not learn from these images: after {steps[-1].epochs} epochs it is no better than chance; "
            "--epochs N trains without a pilot"
        )
    return PilotResult(tuple(steps), steps[-1].epochs)


def _learned(accuracy: float, dataset: DatasetInfo) -> bool:
    """Whether an accuracy is beyond that of always naming one class."""
    error = math.sqrt(dataset.chance * (1 - dataset.chance) / len(dataset.validation))
    return accuracy > dataset.chance + LEARNED * error


class Doubling:
    """Proposes the trainings of a pilot, a length at a time, until one is chosen."""

    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot

    def propose(self, run: Run) -> Sequence[Trial]:
        """The two shortest at first, then twice the longest each time."""
        found = pilot_result(self._pilot, run)
        count = max(2, len(found.steps) + (found.epochs is None))
        return [trial for length in self._pilot.networks[:count] for trial in self._pilot.trials(length)]


def pilot_said(result: PilotResult) -> str:
    """What a finished pilot found."""
    lengths = ", ".join(str(one.epochs) for one in result.steps)
    accuracies = ", ".join(f"{100 * one.accuracy:.1f}" for one in result.steps)
    last = result.steps[-1].gain
    why = "longer ones were not tried"
    if last is not None:
        gained = f"{100 * last.mean:+.1f} +-{100 * (last.high - last.mean):.1f} points"
        stopped = result.epochs != result.steps[-1].epochs
        why = f"twice as long gains {gained}, not beyond its noise" if stopped else f"the last doubling still gained {gained}"
    return (
        f"Pilot: the baseline trained for {lengths} epochs has {accuracies} % on validation. Networks are trained for "
        f"{result.epochs} epochs: {why}. --epochs N sets another length."
    )


def find_length(
    spec: StudySpec,
    dataset: Dataset,
    run: Run,
    checkpoint_seconds: float,
    console: Console,
    initial: InitialWeights | None = None,
) -> tuple[int, str]:
    """Train a pilot, or what is left of it.

    Args:
        spec: with the shortest length.
        dataset: the images.
        run: the pilot's folder.
        checkpoint_seconds: between two checkpoints of a training.
        console: for the progress.
        initial: what trainings start from.

    Returns:
        Epochs, and how they were found.

    Raises:
        UserError: no length can be chosen.
    """
    from scaling.study.engines.engine import engine_called
    from scaling.study.estimate import estimated_seconds, pace
    from scaling.study.resolve import resolved, started
    from scaling.study.study import train_proposed

    engine = engine_called("local")(dataset, run.weights, checkpoint_seconds, initial)
    recipe = resolved(spec.recipe, dataset, engine.precision)
    pilot = started(Pilot(PilotSpec(spec.baseline, SEEDS), dataset, recipe), initial)
    speed = pace(run.folder.parent.parent)
    with run.opened(pilot.config()):
        first = [trial for length in pilot.networks[:2] for trial in pilot.trials(length)]
        if missing := run.missing(first):
            console.print(
                f"How long to train is found by a pilot: the baseline for {pilot.recipe.epochs} epochs, then twice as long "
                "until that gains nothing beyond its noise. Its first two lengths take about "
                f"{duration(estimated_seconds(missing, speed))}. --epochs N goes without.",
                highlight=False,
                soft_wrap=True,
            )
        train_proposed(Doubling(pilot), pilot, run, engine, speed, console)
        found = pilot_result(pilot, run)
    if found.epochs is None:
        reasons = sorted({one.reason for trial in pilot.all_trials() if (one := run.outcome(trial)) is not None and one.reason})
        raise UserError(f"the pilot that finds how long to train failed: {reasons[0]}; --epochs N goes without it")
    return found.epochs, pilot_said(found)

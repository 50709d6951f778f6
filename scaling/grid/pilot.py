"""How long to train on images that nobody has trained on: the baseline, twice as long each time, until that gains nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from scipy import stats

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

    from scaling.data import Dataset, ListedDataset
    from scaling.grid.spec import StudySpec
    from scaling.study.initial import InitialWeights
    from scaling.study.run import Run
    from scaling.study.trial import Trial

CONFIDENCE = 0.68
"""A gain counts where it is beyond one standard error: at two, gains that matter would be missed more often still."""

BY_LUCK = 0.001
"""Probability that always naming one class would do as well, below which the baseline has learned something."""

LITTLE = 0.01
"""A gain above it counts even within its noise. Each doubling gains less than the one before, so that where one gains this much
at most, four times as long gains less than twice that; where noise alone decided, few images would often stop long before."""

COARSE = 0.02
"""Half an interval of a gain, from which on people are told how much may have been missed."""

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
        """Plain data; `pilot` tells its folder from that of a search."""
        return {"pilot": True, "baseline": self.baseline.to_dict(), "seeds": self.seeds}


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
        accuracy: on the validation images, a mean over seeds; None where no training counts.
        gain: over half as long, with its interval; None for the shortest that learned anything, and where nothing was learned.
    """

    epochs: int
    accuracy: float | None
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
    """What a pilot's records say: the first length that twice the length improves little, and not beyond its noise.

    Raises:
        UserError: at no length the baseline is better than chance.
    """
    answers = answers_of(pilot, run)
    steps: list[Step] = []
    measured: list[Measured] = []
    for length in pilot.networks:
        own = answers[length.label]
        if not own.trials:
            if measured and all(run.outcome(trial) is not None for trial in pilot.trials(length)):
                return PilotResult((*steps, Step(length.epochs, None, None)), steps[-1].epochs)
            return PilotResult(tuple(steps), None)
        one = as_measured(length, counted_answers(own) or own.correct, 0, pilot.dataset.validation.groups)
        accuracy = float(one.correct.mean())
        if not _learned(accuracy, pilot.dataset):
            if measured:
                return PilotResult((*steps, Step(length.epochs, accuracy, None)), steps[-1].epochs)
            steps.append(Step(length.epochs, accuracy, None))  # too short; it says nothing about the next
            continue
        measured.append(one)
        gain = None
        if len(measured) > 1:
            gain = difference(measured, length.label, measured[-2].name, confidence=CONFIDENCE).difference
        if gain is not None and gain.low <= 0 and gain.mean <= LITTLE:
            return PilotResult((*steps, Step(length.epochs, accuracy, gain)), steps[-1].epochs)
        steps.append(Step(length.epochs, accuracy, gain))
    if not measured:
        raise UserError(
            f"the baseline is not shown to learn from these images: after {length.epochs} epochs it recognises {accuracy:.1%} "
            f"of {len(pilot.dataset.validation)} validation images, and whoever always names the commonest class "
            f"{pilot.dataset.chance:.1%}; --epochs N trains without a pilot"
        )
    return PilotResult(tuple(steps), steps[-1].epochs)


def _learned(accuracy: float, dataset: DatasetInfo) -> bool:
    """Whether an accuracy is above that of always naming one class, beyond luck or to the last image."""
    images = len(dataset.validation)
    recognised = round(accuracy * images)
    return recognised == images or float(stats.binom.sf(recognised - 1, images, dataset.chance)) < BY_LUCK


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
    accuracies = ", ".join("-" if one.accuracy is None else f"{100 * one.accuracy:.1f}" for one in result.steps)
    return (
        f"Pilot: the baseline trained for {lengths} epochs has {accuracies} % on validation. Networks are trained for "
        f"{result.epochs} epochs: {_why(result)} --epochs N sets another length."
    )


def _why(result: PilotResult) -> str:
    last = result.steps[-1]
    if last.accuracy is None:
        return "trained for twice as long it diverges or collapses."
    if last.gain is None:
        return "trained for twice as long it learns nothing." if last.epochs != result.epochs else "longer ones are not tried."
    half = last.gain.high - last.gain.mean
    gained = f"{100 * last.gain.mean:+.1f} +-{100 * half:.1f} points"
    if last.epochs == result.epochs:
        return f"the last doubling still gained {gained}, and longer ones are not tried."
    coarse = f" There are few validation images: a gain of up to {100 * last.gain.high:.0f} points may be missed."
    return f"twice as long gains {gained}, {100 * LITTLE:g} at most and not beyond its noise.{coarse if half > COARSE else ''}"


def recorded_length(spec: StudySpec, dataset: Dataset | ListedDataset, run: Run, initial: InitialWeights | None) -> PilotResult:
    """What a pilot's folder says so far, for a dry run; nothing is trained and nothing written.

    Args:
        spec: with the shortest length.
        dataset: the images.
        run: the pilot's folder, which may be new.
        initial: what trainings start from.

    Raises:
        UserError: the folder was made for other images or another baseline, or no length can be chosen.
    """
    from scaling.study.resolve import resolved, started

    recipe = resolved(spec.recipe, dataset, run.recorded_precision() or "float32")
    pilot = started(Pilot(PilotSpec(spec.baseline, SEEDS), dataset, recipe), initial)
    if run.config() is not None:
        run.require_same_config(pilot.config())
        run.read()
    return pilot_result(pilot, run)


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
    speed = pace(run.folder, run.folder.parent.parent)
    with run.opened(pilot.config()):
        first = [trial for length in pilot.networks[:2] for trial in pilot.trials(length)]
        if missing := run.missing(first):
            console.print(
                f"How long to train is found by a pilot: the baseline for {pilot.recipe.epochs} epochs, then twice as long "
                f"until that gains {100 * LITTLE:g} point at most, and nothing beyond its noise. Its first two lengths take "
                f"about {duration(estimated_seconds(missing, speed))}. --epochs N goes without.",
                highlight=False,
                soft_wrap=True,
            )
        train_proposed(Doubling(pilot), pilot, run, engine, speed, console)
        found = pilot_result(pilot, run)
    if found.epochs is None:
        reasons = sorted({one.reason for trial in pilot.all_trials() if (one := run.outcome(trial)) is not None and one.reason})
        raise UserError(f"the pilot that finds how long to train failed: {reasons[0]}; --epochs N goes without it")
    return found.epochs, pilot_said(found)

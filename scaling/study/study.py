"""What is trained: networks on images, each from several seeds; and the training of what a run folder lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence, Sized
from contextlib import closing
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.plain import to_plain
from scaling.count.cost import Cost
from scaling.recipe.recipe import INIT_OF_EACH, Recipe
from scaling.study.engines.engine import Engine, Finished
from scaling.study.estimate import Pace
from scaling.study.progress import StudyProgress
from scaling.study.run import Run
from scaling.study.trial import Outcome, Trial, network_key


class Network(Protocol):
    """A network of a study; the candidates of a search space and the networks of a family are some."""

    @property
    def architecture(self) -> Architecture:
        """What is trained."""

    @property
    def label(self) -> str:
        """Its name for people, unique in the study."""

    @property
    def cost(self) -> Cost:
        """With the classes and channels of the images."""

    @property
    def realised(self) -> float:
        """MACs over the baseline's."""

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Realised shares of depth, width and resolution, where they have a meaning."""

    @property
    def origin(self) -> tuple[str, ...]:
        """Why it is here, in a search space."""


class StudyConfig(Protocol):
    """A specification: of a search, or of a family."""

    @property
    def seeds(self) -> int:
        """Trainings of each network."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""


class SplitInfo(Sized, Protocol):
    """The images of a split."""

    @property
    def groups(self) -> NDArray[np.int32] | None:
        """The group of each, where images of one group depend on each other."""


class DatasetInfo(Protocol):
    """What trials need to know of a set of images; a recorded run knows it without the images."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal images in equal splits."""

    @property
    def side(self) -> int:
        """Px at which they are stored; 0 where a run was recorded without it."""

    @property
    def num_classes(self) -> int:
        """Classes."""

    @property
    def in_channels(self) -> int:
        """Channels."""

    @property
    def chance(self) -> float:
        """Accuracy on validation of always naming its commonest class."""

    @property
    def train(self) -> Sized:
        """Those to train on."""

    @property
    def validation(self) -> SplitInfo:
        """Those to choose by."""

    @property
    def test(self) -> SplitInfo:
        """Those to report on."""


class Trials:
    """Networks, images, a recipe and seeds. Studies inherit from it and say what their networks are."""

    spec: StudyConfig
    dataset: DatasetInfo
    recipe: Recipe
    revision: int
    starts: Mapping[str, str] = MappingProxyType({})
    """of each network, by `network_key`, the weights it starts from, where there are any"""
    start_source: str = ""
    """what the file or folder of these weights is called"""

    @property
    def networks(self) -> Sequence[Network]:
        """All that are trained, distinct."""
        raise NotImplementedError

    def recipe_of(self, network: Network) -> Recipe:
        """How a network is trained: all alike, but for what follows the cost and the weights that each starts from."""
        recipe = self.recipe.for_cost(network.realised)
        if recipe.init != INIT_OF_EACH:
            return recipe
        return dataclasses.replace(recipe, init=self.starts[network_key(network.architecture)])

    def config(self) -> dict[str, Any]:
        """What a run folder answers, as plain data."""
        return {
            **self.spec.to_dict(),
            "data": self.dataset.fingerprint,
            "pictures": self.dataset.name,
            "picture_side": self.dataset.side,
            "chance": self.dataset.chance,
            "recipe": to_plain(self.recipe),
            **({"initial": {"source": self.start_source, "networks": dict(self.starts)}} if self.starts else {}),
        }

    def trials(self, network: Network) -> list[Trial]:
        """A network's trials, one a seed."""
        dataset = self.dataset
        return [
            Trial(
                network.architecture,
                self.recipe_of(network),
                dataset.fingerprint,
                dataset.num_classes,
                dataset.in_channels,
                len(dataset.train),
                seed,
                self.revision,
            )
            for seed in range(self.spec.seeds)
        ]

    def all_trials(self) -> list[Trial]:
        """Every trial of the study."""
        return [trial for network in self.networks for trial in self.trials(network)]

    def label(self, trial: Trial) -> str:
        """A trial's network and seed."""
        of = trial.architecture.structure, trial.recipe
        found = [one.label for one in self.networks if (one.architecture.structure, self.recipe_of(one)) == of]
        return f"{found[0] if found else trial.architecture.name} seed {trial.seed}"

    def with_precision(self, precision: str) -> Self:
        """The study as it is trained where `auto` in a recipe means this precision."""
        return dataclasses.replace(self, recipe=dataclasses.replace(self.recipe, precision=precision))  # type: ignore[type-var, arg-type]


def left_to_train(study: Trials, run: Run) -> list[Trial]:
    """What of a study a run folder lacks, on the device it was recorded on; nothing is written.

    Raises:
        SpecError: the folder was made with another configuration, or a record is damaged.
    """
    if run.config() is None:
        return study.all_trials()
    if (precision := run.recorded_precision()) is not None:  # a dry run knows no device
        study = study.with_precision(precision)
    run.require_same_config(study.config())
    run.read()
    return run.missing(study.all_trials())


class Proposer(Protocol):
    """Decides what is trained next. A grid proposes everything at once; a race or a search proposes in rounds."""

    decides_meanwhile: bool
    """it is asked after each trial that is recorded, so that no worker is idle; else once all that it proposed are over"""

    def propose(self, run: Run) -> Sequence[Trial]:
        """The trials wanted next, recorded ones perhaps among them. Where none is left to be tried, the study is over."""


class AllAtOnce:
    """Proposes every trial of a study in one round."""

    decides_meanwhile = False

    def __init__(self, study: Trials) -> None:
        self._trials = study.all_trials()

    def propose(self, run: Run) -> Sequence[Trial]:
        """Every trial, whatever is recorded."""
        return self._trials


def train_proposed(proposer: Proposer, study: Trials, run: Run, engine: Engine, speed: Pace, console: Console) -> None:
    """Train and record what is proposed and the run folder lacks, as it is decided, showing how it goes.

    A trial that failed is tried once in each session, not again later.
    """
    tried: set[str] = set()

    def wanted() -> list[Trial]:
        found = [trial for trial in run.missing(proposer.propose(run)) if trial.id not in tried]
        tried.update(trial.id for trial in found)
        return found

    while missing := wanted():
        running = engine.run(missing, wanted if proposer.decides_meanwhile else None)
        # Closed from the inside out: how it ends is said before trainings that are under way are waited for.
        with closing(running) as events, StudyProgress(missing, study.label, speed, console) as progress:
            for event in events:
                if isinstance(event, Finished):
                    run.record(event.trial, event.outcome, event.provenance)
                progress.show(event)


def test_missing(
    study: Trials, run: Run, engine: Engine, networks: Sequence[Network], speed: Pace, console: Console
) -> list[str]:
    """Look at the test images with every complete trial of the networks that has not done so.

    A trial whose weights are gone is trained again for it. Elsewhere that may give another network; its validation images tell.

    Returns:
        One sentence for each trial that could not be judged, and for each that is not the recorded network any more.
    """
    trials = [trial for network in networks for trial in complete_trials(study, run, network)]
    missing = [trial for trial in trials if run.test(trial) is None]
    retrained: dict[Trial, Outcome] = {}
    if gone := engine.missing_weights(missing):
        console.print(
            f"The weights of {len(gone)} trial(s) to be judged on the test images are gone; training them again.",
            soft_wrap=True,
        )
        with closing(engine.run(gone)) as events, StudyProgress(gone, study.label, speed, console) as progress:
            for event in events:
                if isinstance(event, Finished):
                    retrained[event.trial] = event.outcome
                    run.drop_checkpoint(event.trial)
                progress.show(event)
    said = []
    for trial in missing:
        again = retrained.get(trial)
        unjudged = f"{study.label(trial)} could not be judged on the test images"
        if again is not None and again.status != "complete":
            said.append(f"{unjudged}: its weights are gone, and training it again {again.status}: {again.reason}")
            continue
        try:
            run.record_test(trial, engine.test(trial), engine.device)
        except (UserError, ArithmeticError) as error:
            said.append(f"{unjudged}: {error}")
        else:
            said += _another_network(study.label(trial), run.outcome(trial), again)
    return said


def _another_network(label: str, recorded: Outcome | None, again: Outcome | None) -> list[str]:
    """One sentence where a trial trained again judges validation images otherwise than its record."""
    if recorded is None or recorded.correct is None or again is None or again.correct is None:
        return []
    differ, images = int((recorded.correct != again.correct).sum()), len(recorded.correct)
    if not differ:
        return []
    return [
        f"{label} was trained again because its weights were gone, and differs from its record on {differ:,} of {images:,} "
        "validation images; its test images are judged by the new training"
    ]


def complete_trials(study: Trials, run: Run, network: Network) -> list[Trial]:
    """A network's trials that are complete."""
    outcomes = [(trial, run.outcome(trial)) for trial in study.trials(network)]
    return [trial for trial, outcome in outcomes if outcome is not None and outcome.status == "complete"]

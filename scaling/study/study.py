"""A study made concrete: its specification, its pictures, its candidates, its trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from rich.console import Console

from scaling.data import PictureSet, load
from scaling.recipe import Recipe
from scaling.space import Candidate, Space, search_space
from scaling.study.engine import Engine, Finished
from scaling.study.estimate import Pace
from scaling.study.progress import StudyProgress
from scaling.study.run import Run
from scaling.study.spec import StudySpec
from scaling.study.tables import SpecError
from scaling.study.trial import Trial


class Study(NamedTuple):
    """What is trained: a specification with its pictures loaded and its candidates found."""

    spec: StudySpec
    pictures: PictureSet
    space: Space
    recipe: Recipe
    """the specification's, its precision resolved for the device"""

    def question(self) -> dict[str, Any]:
        """What a run folder answers, as plain data."""
        return {
            **self.spec.to_dict(),
            "data": self.pictures.fingerprint,
            "pictures": self.pictures.name,
            "recipe": dataclasses.asdict(self.recipe),
        }

    def trials(self, candidate: Candidate) -> list[Trial]:
        """A candidate's trials, one a seed."""
        pictures = self.pictures
        return [
            Trial(
                candidate.architecture,
                self.recipe,
                pictures.fingerprint,
                pictures.num_classes,
                pictures.in_channels,
                len(pictures.train),
                seed,
            )
            for seed in range(self.spec.seeds)
        ]

    def all_trials(self) -> list[Trial]:
        """Every trial of the study."""
        return [trial for candidate in self.space.candidates for trial in self.trials(candidate)]

    def label(self, trial: Trial) -> str:
        """A trial's coefficients and seed."""
        for candidate in self.space.candidates:
            if candidate.architecture.structure == trial.architecture.structure:
                return f"{candidate.label} seed {trial.seed}"
        return f"{trial.architecture.name} seed {trial.seed}"


def load_pictures(spec: StudySpec) -> PictureSet:
    """The pictures of a specification, stored large enough for twice the baseline's input where they are files.

    Raises:
        DataError: there are none, or they cannot be used.
    """
    return load(spec.data, side=spec.side, largest=max(128, 2 * spec.baseline.resolution))


def plan(spec: StudySpec, num_classes: int, in_channels: int) -> Space:
    """The candidates of a specification.

    Raises:
        SpecError: its lattice has no point that meets its constraint.
    """
    try:
        return search_space(spec.baseline, spec.lattice, spec.phi, num_classes=num_classes, in_channels=in_channels)
    except ValueError as error:
        raise SpecError(str(error)) from None


def make_study(spec: StudySpec, pictures: PictureSet, precision: str) -> Study:
    """Find the candidates of a specification on its pictures; `precision` is what `auto` means on the device.

    Raises:
        SpecError: as `plan`, or the pictures do not fill a batch.
    """
    recipe = spec.recipe
    if recipe.precision == "auto":
        recipe = dataclasses.replace(recipe, precision=precision)  # type: ignore[arg-type]
    if len(pictures.train) < recipe.batch:
        raise SpecError(
            f"{pictures.name}: {len(pictures.train)} training pictures do not fill one batch of {recipe.batch}; "
            "lower batch in the specification's [recipe]"
        )
    return Study(spec, pictures, plan(spec, pictures.num_classes, pictures.in_channels), recipe)


def train_missing(study: Study, run: Run, engine: Engine, speed: Pace, console: Console) -> None:
    """Train and record what the run folder lacks, showing how it goes."""
    missing = run.missing(study.all_trials())
    if not missing:
        return
    with StudyProgress(missing, study.label, speed, console) as progress, closing(engine.run(missing)) as events:
        for event in events:
            if isinstance(event, Finished):
                run.record(event.trial, event.outcome, engine.device)
            progress.show(event)


def test_missing(
    study: Study, run: Run, engine: Engine, candidates: Sequence[Candidate], speed: Pace, console: Console
) -> list[str]:
    """Look at the test pictures with every complete trial of the candidates that has not done so.

    A trial whose weights are gone is trained again for it.

    Returns:
        One sentence for each trial that could not be judged.
    """
    trials = [trial for candidate in candidates for trial in complete_trials(study, run, candidate)]
    missing = [trial for trial in trials if run.test_correct(trial) is None]
    gone = engine.forgotten(missing)
    if gone:
        console.print(
            f"The weights of {len(gone)} trial(s) to be judged on the test pictures are gone; training them again.",
            soft_wrap=True,
        )
        with StudyProgress(gone, study.label, speed, console) as progress, closing(engine.run(gone)) as events:
            for event in events:
                progress.show(event)
    failed = []
    for trial in missing:
        try:
            run.record_test(trial, engine.test(trial), engine.device)
        except (ValueError, ArithmeticError) as error:
            failed.append(f"{study.label(trial)} could not be judged on the test pictures: {error}")
    return failed


def complete_trials(study: Study, run: Run, candidate: Candidate) -> list[Trial]:
    """A candidate's trials that are complete."""
    outcomes = [(trial, run.outcome(trial)) for trial in study.trials(candidate)]
    return [trial for trial, outcome in outcomes if outcome is not None and outcome.status == "complete"]

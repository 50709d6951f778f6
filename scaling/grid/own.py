"""What a search asks of somebody's own images where no specification says it: input, changes and length of the training."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.data.load import NAMED
from scaling.grid.spec import StudySpec
from scaling.recipe.augment import Augment
from scaling.recipe.recipe import Recipe
from scaling.study.history import require_kind
from scaling.study.run import Kind
from scaling.study.spec import recorded_spec
from scaling.study.study import DatasetInfo

if TYPE_CHECKING:
    from scaling.data import Dataset, ListedDataset
    from scaling.study.initial import InitialWeights

SIDES = (20, 32)
"""Smallest and largest input of the baseline, px."""

GROWTH = 1.4
"""Of the input in the widest part of the lattice: so much larger, images still show it something new."""

FULL_BATCHES = 48
"""Steps of an epoch from which on batches have their usual size; fewer images are taken in smaller ones."""

FIRST_STEPS = 256
"""Of the shortest training that is tried."""

CROP = 0.35
"""Least share of an image that a random crop keeps: a network this small learns little from less."""


def is_own(spec_name: str | None, data: str | None) -> bool:
    """Whether images are named and nothing says how to train on them: what is shipped is made for other images."""
    return spec_name is None and data is not None and data not in NAMED


def own_spec(spec: StudySpec, dataset: DatasetInfo, baseline: bool) -> StudySpec:
    """A specification made for images that nobody has tuned anything for; its length is that of the shortest training.

    The baseline's input is what leaves the lattice room to grow within the images; colour photographs are cropped and mirrored,
    grey ones may be of things that have a left and a right.

    Args:
        spec: the shipped one, with what was asked over it.
        dataset: the images.
        baseline: the baseline was named, so its input stays.
    """
    side = min(max(int(dataset.side / GROWTH) // 4 * 4, SIDES[0]), SIDES[1])
    network = spec.baseline if baseline else dataclasses.replace(spec.baseline, resolution=side)
    colour = dataset.in_channels == 3
    recipe = dataclasses.replace(
        spec.recipe,
        batch=_batch(spec.recipe, len(dataset.train)),
        reference_batch=spec.recipe.batch,
        flip=colour,
        augment=Augment(crop=CROP) if colour else Augment(),
    )
    made = dataclasses.replace(spec, baseline=network, recipe=recipe)
    return with_epochs(made, shortest(recipe, len(dataset.train)))


def as_recorded(spec: StudySpec, folder: Path, config: dict[str, Any], baseline: bool) -> StudySpec:
    """The specification with the training, and the baseline unless it was named, that a run folder was made with.

    What images ask for by themselves may be found better some day; a folder goes on as it began.

    Args:
        spec: as asked.
        folder: of the run.
        config: that it was last asked for.
        baseline: the baseline was named, so it stays.

    Raises:
        SpecError: the folder holds something else, or is damaged.
    """
    require_kind(folder, Kind.SEARCH)
    found = recorded_spec(StudySpec, folder, config)
    recipe = dataclasses.replace(found.recipe, init=spec.recipe.init)
    return dataclasses.replace(spec, baseline=spec.baseline if baseline else found.baseline, recipe=recipe)


def with_epochs(spec: StudySpec, epochs: int) -> StudySpec:
    """The specification with trainings of another length."""
    return dataclasses.replace(spec, recipe=dataclasses.replace(spec.recipe, epochs=epochs))


def so_far(
    spec: StudySpec, dataset: Dataset | ListedDataset, folder: Path, initial: InitialWeights | None
) -> tuple[StudySpec, str]:
    """The specification with the length that a pilot has found, or with its shortest one; and which, for a dry run.

    Args:
        spec: with the shortest length.
        dataset: the images.
        folder: of the run.
        initial: what trainings start from.

    Raises:
        UserError: as `recorded_length`.
    """
    from scaling.grid.pilot import FOLDER, LONGEST, pilot_said, recorded_length
    from scaling.study.run import Run

    found = recorded_length(spec, dataset, Run(folder / FOLDER), initial)
    if found.epochs is not None:
        return with_epochs(spec, found.epochs), pilot_said(found)
    return spec, (
        f"How long to train is found by a pilot before anything else; the time below is that of its shortest training, "
        f"{spec.recipe.epochs} epochs, for every network: expect two to sixteen times as much, at most {2**LONGEST} times. "
        "--epochs N sets the length."
    )


def shortest(recipe: Recipe, images: int) -> int:
    """Epochs of the shortest training that is tried."""
    return max(2, math.ceil(FIRST_STEPS * recipe.batch / images))


def _batch(recipe: Recipe, images: int) -> int:
    """The recipe's batch, halved until an epoch has enough steps; not below 32 but for sets that would not fill it twice."""
    batch = recipe.batch
    while (batch > 32 and images < FULL_BATCHES * batch) or (batch > 2 and images < 2 * batch):
        batch //= 2
    return batch

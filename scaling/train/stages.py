"""The stages of a training: which epochs are trained at which image size and with which regularisation."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from typing import NamedTuple

import numpy as np

from scaling.recipe.progressive import Progressive, Strength
from scaling.recipe.recipe import Recipe
from scaling.train.task import Task

SMALLEST_SIDE = 12
"""px, as everywhere."""


class Stage(NamedTuple):
    """Epochs that one program trains.

    Attributes:
        task: the network at the stage's image size, the recipe with the stage's regularisation.
        epochs: of the whole training, from 0.
    """

    task: Task
    epochs: range


def stages(task: Task, seed: int) -> list[Stage]:
    """What is trained when; one stage, the task itself, unless its recipe is progressive.

    Args:
        task: the whole training.
        seed: draws the sizes where their order is random.
    """
    asked, epochs = task.recipe.progressive, task.recipe.epochs
    if asked == Progressive():
        return [Stage(task, range(epochs))]
    strengths = asked.strengths()
    if asked.order == "random":
        # A stream of its own: the order of the images comes from (seed, epoch).
        drawn = np.random.default_rng((seed, 0, 1)).integers(asked.stages, size=-(-epochs // asked.every))
        places = [int(drawn[epoch // asked.every]) for epoch in range(epochs)]
    else:
        places = [epoch * asked.stages // epochs for epoch in range(epochs)]
    found, start = [], 0
    for place, group in groupby(places):
        length = len(list(group))
        found.append(Stage(_task(task, strengths[place]), range(start, start + length)))
        start += length
    return found


def side_of(resolution: int, recipe: Recipe, strength: Strength) -> int:
    """Px of a stage's training images, for a network of a resolution."""
    exact = resolution * strength.side
    # The release cuts off, after a share of whole pixels that floats may have just missed.
    side = int(exact + 1e-6) if recipe.progressive.sizes == "released" else round(exact)
    return max(SMALLEST_SIDE, side)


def sides(resolution: int, recipe: Recipe) -> set[int]:
    """Px of all images that a network of a resolution sees, in its training and when it is judged."""
    return {resolution} | {side_of(resolution, recipe, one) for one in recipe.progressive.strengths()}


def _task(task: Task, strength: Strength) -> Task:
    recipe = task.recipe
    side = side_of(task.architecture.resolution, recipe, strength)
    architecture = dataclasses.replace(task.architecture, resolution=side)
    return task._replace(architecture=architecture, recipe=regularised(recipe, strength.place))


def regularised(recipe: Recipe, place: float) -> Recipe:
    """The recipe of a stage, by itself no longer progressive.

    Args:
        recipe: of the whole training.
        place: 0 where regularisation begins, 1 where it is the recipe's.
    """
    first, augment = recipe.progressive, recipe.augment

    def between(start: float | None, end: float) -> float:
        return end if start is None else start + (end - start) * place

    begun = first.mixup
    cutmix = None if begun is None else augment.cutmix * (begun / augment.mixup if augment.mixup else 0.0)
    changed = dataclasses.replace(
        augment,
        magnitude=between(first.magnitude, augment.magnitude),
        mixup=between(begun, augment.mixup),
        cutmix=between(cutmix, augment.cutmix),
    )
    dropout = between(first.dropout, recipe.dropout)
    return dataclasses.replace(recipe, dropout=dropout, augment=changed, progressive=Progressive())

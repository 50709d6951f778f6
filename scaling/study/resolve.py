"""What a specification leaves open, resolved before anything is trained: the device's precision, the weights to start from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from scaling.core.errors import SpecError
from scaling.data import Dataset, ListedDataset
from scaling.recipe.recipe import Recipe
from scaling.study.initial import InitialWeights
from scaling.study.run import Run
from scaling.study.spec import checked
from scaling.study.study import Trials

Study = TypeVar("Study", bound=Trials)


def resolved(recipe: Recipe, dataset: Dataset | ListedDataset, precision: str) -> Recipe:
    """A recipe with its precision as the device has it; `precision` is what `auto` means there.

    Raises:
        SpecError: the images do not fill a batch.
    """
    if len(dataset.train) < recipe.batch:
        raise SpecError(
            f"{dataset.name}: {len(dataset.train)} training images of the classes {_listed(dataset.classes)} do not fill "
            f"one batch of {recipe.batch}; lower batch in the specification's [recipe] if those are the right ones"
        )
    return dataclasses.replace(recipe, precision=precision) if recipe.precision == "auto" else recipe  # type: ignore[arg-type]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def initial_weights(recipe: Recipe, run: Run) -> InitialWeights | None:
    """The weights that a recipe, as people ask for it, has its trainings start from; None where it draws them.

    Args:
        recipe: of a specification with the flags over it.
        run: where it is to be recorded.

    Raises:
        SpecError: the run started from weights and none are given, or what needs weights is asked without them.
    """
    recorded = (run.config() or {}).get("recipe", {}).get("init", "")
    if recipe.has_recorded_init or (recorded and not recipe.init):
        source = run.initial_source()
        named = f"the weights {source} ({recorded})" if source else f"given weights ({recipe.init or recorded})"
        raise SpecError(f"{run.folder}: its trainings start from {named}; give them again with --init")
    checked(recipe.require_init, "recipe")
    return InitialWeights(recipe.init) if recipe.init else None


def started(study: Study, initial: InitialWeights | None) -> Study:
    """A study whose networks start from given weights, each identified by what its file holds; all of them are read here.

    Args:
        study: with the place of the weights in its recipe.
        initial: what `initial_weights` made of that; None leaves the study as it is.

    Raises:
        SpecError: a network has no weights, they are not of it, or it has fewer stages than are to stay as they are.
        WeightsError: a file cannot be used.
        OSError: a file cannot be read.
    """
    if initial is None:
        return study
    frozen = study.recipe.frozen_stages
    for network in study.networks:
        if frozen > len(network.architecture.stages):
            raise SpecError(
                f"Recipe.frozen_stages is {frozen}, and {network.label} has {len(network.architecture.stages)} stages"
            )
    starts = initial.identities(study.networks, study.dataset.in_channels)
    recipe = dataclasses.replace(study.recipe, init=initial.mark)
    return dataclasses.replace(study, recipe=recipe, starts=starts, start_source=initial.name)  # type: ignore[type-var]

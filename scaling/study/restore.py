"""A trained network of a run, from the weights in its folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx

from scaling.core.errors import SpecError, UserError
from scaling.core.files import read_text
from scaling.data import DataError, Dataset, load
from scaling.data.load import NAMED
from scaling.data.source import LISTING
from scaling.nets import Network, abstract
from scaling.study.images import with_images
from scaling.study.run import STORE, Run
from scaling.study.spec import reading
from scaling.study.study import Network as Member
from scaling.study.study import Trials, complete_trials
from scaling.study.trial import Trial
from scaling.train.step import settings, split
from scaling.train.task import Task
from scaling.train.weights_file import load_weights
from scaling.weights.loading import require_finite


def find_network(study: Trials, name: str | None) -> Member | None:
    """The network of a study that a table calls so: by its label, by coefficients of any spelling (an alias's too), or by what
    it is there for, as `baseline` or `paper`."""
    if name is None:
        return None
    numbers = _numbers(name)
    for one in study.networks:
        points = [one.label, *(" ".join(map(str, alias.decimals)) for alias in getattr(one, "aliases", ()))]
        if name == one.label or name in set(one.origin) - {"lattice"} or (numbers and numbers in map(_numbers, points)):
            return one
    return None


def _numbers(words: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, words.split()))
    except ValueError:
        return ()


def first_trained(study: Trials, run: Run, network: Member) -> Network:
    """One of a study's networks as the first of its complete trials left it.

    Raises:
        SpecError: it has no complete trial, or as `trained_network`.
        WeightsError: as `trained_network`.
    """
    trials = complete_trials(study, run, network)
    if not trials:
        raise SpecError(f"{run.folder}: no training of {network.label} is complete; go on with the command that made it")
    return trained_network(run, trials[0])


def dataset_of(study: Trials, folder: Path, data: str | None = None) -> Dataset:
    """The images that a run was trained on.

    Args:
        study: of the run.
        folder: of the run.
        data: where they are; None looks for them by their name.

    Raises:
        SpecError: they are not found by their name, or others are.
        DataError: as `load`, of `data` or of a name that is everybody's.
    """
    name, how = study.dataset.name, reading(study.spec)
    was_listed = study.dataset.fingerprint.startswith(LISTING)
    try:
        store = _store(folder) if was_listed else None
        dataset = load(data or name, side=study.dataset.side or None, stored=was_listed, store=store, **how)
    except DataError:
        if data is not None or name in NAMED:
            raise
        raise SpecError(f"{folder} was trained on the images {name!r}; say with --data where they are") from None
    if how["skip_unreadable"]:
        dataset = with_images(dataset)  # only then is it known which could be read
    if dataset.fingerprint != study.dataset.fingerprint:
        raise SpecError(f"{dataset.name} are other images than {folder} was trained on; give them with --data")
    return with_images(dataset)


def _store(folder: Path) -> Path | None:
    """Where the images of a run were stored on this machine; None where that is not known or gone."""
    try:
        place = Path(read_text(folder / "weights" / STORE))
    except (OSError, ValueError):
        return None
    return place if place.is_dir() else None


def trained_network(run: Run, trial: Trial) -> Network:
    """The network of a finished trial, in evaluation mode and in float32, whatever it was trained in.

    Raises:
        SpecError: the run folder has no weights of it (they are not kept under version control), or they are damaged.
        WeightsError: they are not finite.
    """
    path = run.weights / f"{trial.id}.safetensors"
    task = Task(trial.architecture, trial.recipe, trial.num_classes, trial.in_channels, trial.images)
    try:
        weights = load_weights(path, task)
    except FileNotFoundError:
        raise SpecError(
            f"{path}: no weights here; train this run again in another folder, weights are kept where a run is trained"
        ) from None
    except UserError as error:
        raise SpecError(str(error)) from None
    made = dataclasses.replace(settings(trial.recipe, jax.default_backend()), dtype=jnp.float32)
    network = abstract(trial.architecture, trial.num_classes, trial.in_channels, made)
    network.eval()
    definition, _, _, random = split(network)
    merged = nnx.merge(definition, weights.params, weights.statistics, random)
    require_finite(merged, trial.architecture, "own", path)
    return merged

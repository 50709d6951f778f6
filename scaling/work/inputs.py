"""What a worker trains on and starts from: the same as its driver, or it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.data import Dataset, load
from scaling.study.engines.work_folder import WorkSetup
from scaling.study.images import with_images
from scaling.study.initial import InitialWeights
from scaling.study.trial import Trial, network_key


class _Start(NamedTuple):
    """A network, as `InitialWeights` takes it."""

    architecture: Architecture
    label: str


def images(setup: WorkSetup, trials: Sequence[Trial]) -> Dataset:
    """The images that the trials are of.

    Raises:
        DataError: there are none here, or they cannot be used.
        SpecError: they are others.
    """
    found = with_images(load(setup.images, **setup.how))
    for trial in trials:
        if trial.data != found.fingerprint:
            raise SpecError(
                f"{setup.images}: the images here are others than trial {trial.id} is to be trained on "
                f"(fingerprint {found.fingerprint}, not {trial.data}); give this machine the same files"
            )
    return found


def initial_weights(setup: WorkSetup, trials: Sequence[Trial]) -> InitialWeights | None:
    """The weights that the trials start from; None where they start from random numbers.

    Raises:
        SpecError: there are none here, or they are others.
        WeightsError: they cannot be used.
    """
    if not setup.initial:
        return None
    found = InitialWeights(setup.initial)
    for trial in trials:
        identity = found.identities([_Start(trial.architecture, trial.id)], trial.in_channels)[network_key(trial.architecture)]
        if trial.recipe.init and trial.recipe.init != identity:
            raise SpecError(f"{setup.initial}: the weights here are others than trial {trial.id} starts from; copy the same")
    return found

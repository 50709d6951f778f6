"""Given weights in the form that a training starts from."""

from __future__ import annotations

import jax

from scaling.nets import Network
from scaling.study.initial import InitialWeights
from scaling.study.trial import Trial
from scaling.train.step import Weights, split


def body_of(network: Network) -> Weights:
    """The parameters and running statistics of a network as trees of arrays, its classifier's among them."""
    _, params, statistics, _ = split(network)
    return Weights(jax.device_get(params), jax.device_get(statistics))


def body_for(trial: Trial, initial: InitialWeights | None) -> Weights | None:
    """What a trial starts from; None where it starts from random numbers.

    Args:
        trial: to be trained.
        initial: weights, found for the networks of its study.

    Raises:
        LookupError: they are not those of its recipe.
    """
    if not trial.recipe.init:
        return None
    if initial is None:
        raise LookupError(f"nothing was given to start from, and the recipe names {trial.recipe.init}")
    return body_of(initial.of(trial))

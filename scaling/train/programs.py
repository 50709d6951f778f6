"""The two compiled programs of a network: one epoch of training, and evaluation of a set of pictures.

A whole epoch is one program (a loop over its steps on the device), so Python is out of the way while it trains and the
arrays of a step are allocated once. Pictures stay on the device as bytes; batches are gathered, mirrored and normalised
there.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import lax

from scaling.arch import Architecture
from scaling.nets import EfficientNet, Settings, abstract
from scaling.train.optimizer import optimizer
from scaling.train.recipe import Recipe

EVALUATION_BATCH = 250


class State(NamedTuple):
    """Everything that changes while a network trains."""

    params: Any
    """float32 parameters"""
    statistics: Any
    """batch-norm statistics and, with dropout or stochastic depth, random state"""
    optimizer: Any


class Pixels(NamedTuple):
    """Mean and standard deviation of the training pictures' bytes, (channels,) each: what pictures are normalised with."""

    mean: jax.Array
    deviation: jax.Array


def settings(recipe: Recipe, platform: str) -> Settings:
    """What a recipe asks of the network on a platform (`cpu`, `gpu`, `tpu`)."""
    narrow = recipe.precision == "bfloat16" or (recipe.precision == "auto" and platform != "cpu")
    return Settings(
        dropout=recipe.dropout,
        stochastic_depth=recipe.stochastic_depth,
        batch_norm_decay=recipe.batch_norm_decay,
        dtype=jnp.bfloat16 if narrow else jnp.float32,
    )


def steps_per_epoch(recipe: Recipe, pictures: int) -> int:
    """Whole batches in `pictures` training pictures."""
    return pictures // recipe.batch


def split(network: EfficientNet) -> tuple[Any, Any, Any]:
    """(definition, parameters, everything else) of a network, in its present mode."""
    return nnx.split(network, nnx.Param, ...)


def train_epoch(
    definition: Any,
    transform: optax.GradientTransformation,
    recipe: Recipe,
    state: State,
    images: jax.Array,
    labels: jax.Array,
    pixels: Pixels,
    order: jax.Array,
    mirrored: jax.Array,
) -> tuple[State, jax.Array]:
    """One epoch.

    Args:
        definition: of the network, in training mode.
        transform: the optimizer.
        recipe: gives the label smoothing.
        state: before the epoch.
        images: (pictures, height, width, channels), bytes.
        labels: (pictures,), class numbers.
        pixels: normalisation.
        order: (steps, batch), which pictures each step takes.
        mirrored: (steps, batch), which of them are mirrored.

    Returns:
        The state after it, and the mean loss.
    """

    def loss(params: Any, statistics: Any, batch: jax.Array, targets: jax.Array) -> tuple[jax.Array, Any]:
        network = nnx.merge(definition, params, statistics, copy=True)
        logits = network(batch)
        smoothed = optax.smooth_labels(jax.nn.one_hot(targets, logits.shape[-1]), recipe.label_smoothing)
        return optax.softmax_cross_entropy(logits, smoothed).mean(), split(network)[2]

    def step(state: State, chosen: tuple[jax.Array, jax.Array]) -> tuple[State, jax.Array]:
        index, mirror = chosen
        batch = images[index]
        batch = jnp.where(mirror[:, None, None, None], batch[:, :, ::-1], batch)
        (value, statistics), gradient = jax.value_and_grad(loss, has_aux=True)(
            state.params, state.statistics, _normalise(batch, pixels), labels[index]
        )
        updates, moments = transform.update(gradient, state.optimizer, state.params)
        return State(optax.apply_updates(state.params, updates), statistics, moments), value

    state, losses = lax.scan(step, state, (order, mirrored))
    return state, losses.mean()


def evaluate(
    definition: Any, params: Any, statistics: Any, images: jax.Array, pixels: Pixels
) -> jax.Array:
    """Logits of pictures, with running statistics and without regularisation.

    Args:
        definition: of the network, in evaluation mode.
        params: parameters.
        statistics: everything else.
        images: (batches, batch, height, width, channels), bytes.
        pixels: normalisation.

    Returns:
        float32 (batches, batch, classes).
    """

    def logits(batch: jax.Array) -> jax.Array:
        return nnx.merge(definition, params, statistics, copy=True)(_normalise(batch, pixels))

    return lax.map(logits, images)


def _normalise(images: jax.Array, pixels: Pixels) -> jax.Array:
    return (images.astype(jnp.float32) - pixels.mean) / pixels.deviation


class Programs(NamedTuple):
    """A network's programs, ready to run on pictures of the sizes they were made for."""

    train_epoch: Any
    evaluate: Any


def jitted(
    architecture: Architecture, recipe: Recipe, num_classes: int, in_channels: int, steps: int, platform: str
) -> Programs:
    """The programs of a network, traced and compiled when they are first called or lowered.

    Args:
        architecture: the network.
        recipe: how it is trained.
        num_classes: of the pictures.
        in_channels: of the pictures.
        steps: of the whole training; sets the schedule.
        platform: for which the precision is chosen.
    """
    network = abstract(architecture, num_classes, in_channels, settings(recipe, platform))
    training = split(network)[0]
    network.eval()
    evaluation = split(network)[0]
    return Programs(
        jax.jit(partial(train_epoch, training, optimizer(recipe, steps), recipe), donate_argnums=0),
        jax.jit(partial(evaluate, evaluation)),
    )

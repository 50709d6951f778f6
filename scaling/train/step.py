"""The two programs of a network: a segment of training steps, and the evaluation of a batch of images.

A segment is up to 64 steps in one loop on the device, so Python is out of the way while it trains and the
arrays of a step are allocated once. Images stay on the device as bytes; batches are gathered, mirrored and normalised
there.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import lax

from scaling.nets import ModelConfig, Network, abstract
from scaling.recipe.augment import Augment
from scaling.recipe.recipe import Recipe
from scaling.train.augment import augmented, erased, mixed
from scaling.train.crop import centre_boxes, cropped
from scaling.train.optimizer import Packed, abstract_pack, apply_updates, averaged, optimizer, pack, schedule, unpack
from scaling.train.parts import Frozen, rates
from scaling.train.task import Task

EVALUATION_BATCH = 250


class State(NamedTuple):
    """Everything that changes while a network trains."""

    params: Packed
    """float32 parameters"""
    statistics: Packed
    """running means and variances of batch norm"""
    random: Any
    """counters of dropout and stochastic depth, if any"""
    optimizer: Any
    """momenta"""
    step: Any
    """steps taken"""
    average: Any = None
    """running averages of parameters and statistics, where the recipe keeps them"""


class Weights(NamedTuple):
    """What a trained network is, as trees of arrays in the structure of the network."""

    params: Any
    """float32 parameters"""
    statistics: Any
    """running means and variances of batch norm"""


class Progress(NamedTuple):
    """How training goes, on the training images as they are seen."""

    loss: Any
    accuracy: Any


class Drawn(NamedTuple):
    """What random changes of images are drawn from, and where the images were cut: only recipes that ask for it have it."""

    key: Any
    """of the training"""
    epoch: Any
    """its number"""
    identity: Any
    """(steps, batch), numbers of the images in the training set"""
    aspect: Any
    """(images,), width over height of each before it was squeezed to a square"""


class Pixels(NamedTuple):
    """Mean and standard deviation of the training images' bytes, (channels,) each: what images are normalised with."""

    mean: Any
    deviation: Any


def settings(recipe: Recipe, platform: str) -> ModelConfig:
    """What a recipe asks of the network on a platform (`cpu`, `gpu`, `tpu`)."""
    narrow = recipe.precision == "bfloat16" or (recipe.precision == "auto" and platform != "cpu")
    return ModelConfig(
        dropout=recipe.dropout,
        stochastic_depth=recipe.stochastic_depth,
        batch_norm_decay=0.0,  # a step averages the statistics of all layers at once
        dtype=jnp.bfloat16 if narrow else jnp.float32,
        classifier_start=recipe.classifier_start,
    )


def split(network: Network) -> tuple[Any, Any, Any, Any]:
    """(definition, parameters, batch-norm statistics, random state) of a network, in its present mode."""
    parts: tuple[Any, Any, Any, Any] = nnx.split(network, nnx.Param, nnx.BatchStat, ...)  # type: ignore[assignment]
    return parts


def train_segment(
    task: Task,
    platform: str,
    state: State,
    images: jax.Array,
    labels: jax.Array,
    pixels: Pixels,
    order: jax.Array,
    mirrored: jax.Array,
    drawn: Drawn | None = None,
) -> tuple[State, Progress]:
    """Some steps of training.

    Args:
        task: network, recipe and number of steps in all.
        platform: `cpu`, `gpu` or `tpu`; decides the precision `auto`.
        state: before them.
        images: (images, height, width, channels), bytes, of the network's resolution or of any where `drawn` is given.
        labels: (images,), class numbers.
        pixels: normalisation.
        order: (steps, batch), which images each step takes.
        mirrored: (steps, batch), which of them are mirrored.
        drawn: where images are cropped or changed on the device.

    Returns:
        The state after them, and mean loss and share of images recognised on the way.
    """
    recipe = task.recipe
    definition, weights = _parts(task, platform)[0], abstract_weights(task, platform)
    transform, frozen = optimizer(recipe, weights.params), _frozen(task)
    # Only where asked: other recipes keep the programs that records were made by, to the letter.
    multiples = None if recipe.body_rate == 1 else rates(recipe, weights.params)
    steps = state.step + jnp.arange(len(order))

    def loss(
        params: Any, statistics: Any, random: Any, batch: jax.Array, targets: jax.Array, soft: jax.Array | None
    ) -> tuple[jax.Array, Any]:
        trained = params if frozen is None else frozen.stopped(params)
        network = nnx.merge(definition, trained, statistics, random, copy=True)
        logits = network(batch)
        smoothed = _smoothed(task, targets) if soft is None else soft
        value = optax.softmax_cross_entropy(logits, smoothed).mean()
        right = (logits.argmax(-1) == targets).mean()
        _, _, statistics, random = split(network)
        return value, (statistics, random, Progress(value, right))

    def step(state: State, chosen: tuple[Any, ...]) -> tuple[State, Progress]:
        index, mirror, rate, *numbers = chosen
        batch = images[index]
        batch = jnp.where(mirror[:, None, None, None], batch[:, :, ::-1], batch)
        params, statistics = unpack(state.params, weights.params), unpack(state.statistics, weights.statistics)
        if drawn is None:
            shown, soft = _normalise(batch, pixels), None
        else:
            shown, soft = _changed(task, drawn, numbers[0], drawn.aspect[index], batch, labels[index], pixels, state.step)
        gradient, (statistics, random, progress) = jax.grad(loss, has_aux=True)(
            params, statistics, state.random, shown, labels[index], soft
        )
        running = jax.tree.map(
            lambda old, new: recipe.batch_norm_decay * old + (1 - recipe.batch_norm_decay) * new,
            state.statistics,
            pack(statistics),
        )
        updates, moments = transform.update(pack(gradient), state.optimizer, state.params, rate=rate)
        moved, taken = apply_updates(recipe, state.params, updates, rate, multiples), state.step + 1
        if frozen is not None:
            moved = frozen.kept(weights.params, state.params, moved)
            running = frozen.kept(weights.statistics, state.statistics, running)
        average = averaged(recipe.average, taken, state.average, (moved, running)) if recipe.average else None
        if frozen is not None and average is not None:  # an average of equal numbers is rounded, these stay
            average = tuple(frozen.kept(*one) for one in zip(weights, state.average, average, strict=True))
        return State(moved, running, random, moments, taken, average), progress

    numbers = () if drawn is None else (drawn.identity,)
    state, progress = lax.scan(step, state, (order, mirrored, schedule(recipe, task.steps)(steps), *numbers))
    return state, Progress(progress.loss.mean(), progress.accuracy.mean())


def _changed(
    task: Task,
    drawn: Drawn,
    identity: jax.Array,
    aspect: jax.Array,
    batch: jax.Array,
    targets: jax.Array,
    pixels: Pixels,
    step: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """A batch as the network is shown it, at its resolution, normalised, changed as the recipe asks; and its targets."""
    augment, key, epoch = task.recipe.augment, drawn.key, drawn.epoch
    seen = augmented(augment, key, epoch, identity, batch, aspect, task.architecture.resolution)
    whole = erased(augment, key, epoch, identity, _normalise(seen, pixels))
    return mixed(augment, key, step, whole, _smoothed(task, targets))


def _smoothed(task: Task, targets: jax.Array) -> jax.Array:
    return optax.smooth_labels(jax.nn.one_hot(targets, task.num_classes), task.recipe.label_smoothing)


def needs_draws(recipe: Recipe, whole: bool) -> bool:
    """Whether a training program takes `Drawn`: it changes its images, or is given `whole` ones to cut."""
    return whole or recipe.augment != Augment()


def evaluate(
    definition: Any,
    random: Any,
    side: int,
    weights: Weights,
    images: jax.Array,
    pixels: Pixels,
    aspect: jax.Array | None = None,
) -> jax.Array:
    """Logits of images, with running statistics and without regularisation.

    Args:
        definition: of the network, in evaluation mode.
        random: random state, which evaluation does not use.
        side: px that the network is judged at.
        weights: parameters and running statistics.
        images: (batch, height, width, channels), bytes.
        pixels: normalisation.
        aspect: (batch,), width over height of images that were squeezed to squares: their middle is cut out and resized.

    Returns:
        float32 (batch, classes).
    """
    network = nnx.merge(definition, weights.params, weights.statistics, random, copy=True)
    seen = images if aspect is None else cropped(images, centre_boxes(aspect), side)
    return network(_normalise(seen, pixels))


def _normalise(images: jax.Array, pixels: Pixels) -> jax.Array:
    return (images.astype(jnp.float32) - pixels.mean) / pixels.deviation


def training_program(task: Task, platform: str) -> Any:
    """`train_segment` of a task, jitted: (state, images, labels, pixels, order, mirrored[, drawn]) -> (state, progress)."""
    return jax.jit(partial(train_segment, task, platform), donate_argnums=0)


def evaluation_program(task: Task, platform: str) -> Any:
    """`evaluate` of a task, jitted: (weights, images, pixels[, aspect]) -> logits."""
    definition, _, _, random = _parts(task, platform, training=False)
    return jax.jit(partial(evaluate, definition, random, task.architecture.resolution))


def abstract_weights(task: Task, platform: str) -> Weights:
    """The shapes of a task's parameters and running statistics."""
    _, params, statistics, _ = _parts(task, platform)
    return Weights(params, statistics)


def abstract_state(task: Task, platform: str) -> State:
    """The shapes of a task's state."""
    _, params, statistics, random = _parts(task, platform)
    packed = abstract_pack(params)
    moments = jax.eval_shape(optimizer(task.recipe, params).init, packed)
    running = abstract_pack(statistics)
    average = (packed, running) if task.recipe.average else None
    return State(packed, running, random, moments, jax.ShapeDtypeStruct((), jnp.int32), average)


@lru_cache(maxsize=16)
def _parts(task: Task, platform: str, training: bool = True) -> tuple[Any, Any, Any, Any]:
    network = abstract(task.architecture, task.num_classes, task.in_channels, settings(task.recipe, platform))
    network.train() if training else network.eval()
    if (frozen := _frozen(task)) is not None:
        frozen.in_evaluation(network)
    return split(network)


def _frozen(task: Task) -> Frozen | None:
    return Frozen(task.architecture, task.recipe.frozen_stages) if task.recipe.frozen_stages else None

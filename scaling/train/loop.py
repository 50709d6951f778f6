"""One network on one recipe: compile it, train it from a seed, evaluate it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from scaling.core.plain import to_plain
from scaling.data import Split
from scaling.data.per_image import PerImage, per_image
from scaling.nets import build
from scaling.train.compile import Program, compiled
from scaling.train.input import DeviceDataset, batches
from scaling.train.optimizer import initial_moments, pack, unpack
from scaling.train.step import (
    EVALUATION_BATCH,
    Pixels,
    Progress,
    State,
    Weights,
    abstract_state,
    abstract_weights,
    evaluation_program,
    settings,
    split,
    training_program,
)
from scaling.train.task import Task

Bytes = NDArray[np.uint8]


class Segment(NamedTuple):
    """How a segment of a training went.

    Attributes:
        epoch: that it belongs to, from 0.
        last: of its epoch.
        loss: mean over its images as they were seen.
        accuracy: share of them recognised.
    """

    epoch: int
    last: bool
    loss: float
    accuracy: float


Report = Callable[[Segment], None]
"""Called after each segment."""


class Diverged(ArithmeticError):
    """Training left the finite numbers; the message says when."""


class Stopped(Exception):
    """The caller asked to stop."""


def compile_training(task: Task, resident: bool = True) -> Program:
    """A task's training program, compiled for the default device: `train_segment` without task and platform.

    Args:
        task: what is trained.
        resident: whether all training images lie on the device, or one segment's at a time.
    """
    steps, batch = task.segments[1], task.recipe.batch
    images = task.images if resident else steps * batch
    platform = jax.default_backend()
    state = abstract_state(task, platform)
    arguments = (
        state,
        _abstract_images(task, images),
        jax.ShapeDtypeStruct((images,), jnp.int32),
        _abstract_pixels(task),
        jax.ShapeDtypeStruct((steps, batch), jnp.int32),
        jax.ShapeDtypeStruct((steps, batch), jnp.bool_),
    )
    result = (state, Progress(0, 0))
    return compiled("training", _inputs(task), lambda: training_program(task, platform), arguments, result, donated=state)


def compile_evaluation(task: Task) -> Program:
    """A task's evaluation program, compiled for the default device: (weights, images, pixels) -> logits."""
    platform = jax.default_backend()
    arguments = (abstract_weights(task, platform), _abstract_images(task, EVALUATION_BATCH), _abstract_pixels(task))
    return compiled("evaluation", _inputs(task), lambda: evaluation_program(task, platform), arguments, 0)


def initial_state(task: Task, seed: int) -> State:
    """Freshly drawn parameters, batch-norm statistics and momenta of a seed."""
    platform = jax.default_backend()
    network = build(task.architecture, task.num_classes, task.in_channels, nnx.Rngs(seed), settings(task.recipe, platform))
    _, params, statistics, random = split(network)
    # Packed by NumPy: JAX would compile a program for every shape.
    host = [pack(jax.device_get(tree), np) for tree in (params, statistics)]
    packed, running = map(jax.device_put, host)
    moments = initial_moments(task.recipe, packed, params)
    # Arrays of its own: the first step gives both away.
    average = tuple(jax.device_put(jax.tree.map(np.copy, one)) for one in host) if task.recipe.average else None
    return State(packed, running, random, moments, jax.device_put(np.int32(0)), average)


def train(
    task: Task,
    program: Any,
    data: DeviceDataset,
    seed: int,
    report: Report = lambda segment: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Weights:
    """Train a task from a seed.

    Args:
        task: what is trained.
        program: its compiled training program.
        prepared: images at the architecture's resolution.
        seed: draws the parameters, the order of the images and their mirroring.
        report: told how it goes.
        stopped: asked after each segment whether to give up.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: `stopped` said so.
    """
    state = initial_state(task, seed)
    count, steps = task.segments
    for epoch in range(task.recipe.epochs):
        order, mirrored = epoch_order(task, seed, epoch)
        for segment in range(count):
            chosen = slice(segment * steps, (segment + 1) * steps)
            images, labels, index = _segment(data, order[chosen])
            state, progress = program(state, images, labels, data.pixels, index, mirrored[chosen])
            if not np.isfinite(loss := float(progress.loss)):
                raise Diverged(f"the training loss became {loss} in epoch {epoch + 1} of {task.recipe.epochs}")
            report(Segment(epoch, segment + 1 == count, loss, float(progress.accuracy)))
            if stopped():
                raise Stopped
    return unpacked(task, state)


def unpacked(task: Task, state: State) -> Weights:
    """The weights of a state, in the structure of the network."""
    wanted = abstract_weights(task, jax.default_backend())
    packed = jax.device_get(Weights(state.params, state.statistics))
    return jax.device_put(Weights(*(unpack(*pair) for pair in zip(packed, wanted, strict=True))))


def predict(program: Any, weights: Weights, images: Bytes, pixels: Pixels) -> NDArray[np.float32]:
    """Logits (images, classes) of images (images, side, side, channels) by a compiled evaluation program."""
    logits = [np.asarray(program(weights, batch, pixels)) for batch in batches(images)]
    return np.concatenate(logits)[: len(images)]


def evaluate_per_image(program: Any, weights: Weights, images: Split, pixels: Pixels) -> PerImage:
    """For each image whether the most probable class is its own, and the probability of its own class.

    Raises:
        Diverged: a logit is not finite.
    """
    logits = predict(program, weights, images.images, pixels)
    if not np.isfinite(logits).all():
        raise Diverged("the trained network's logits are not finite")
    return per_image(logits, images.labels)


def epoch_order(task: Task, seed: int, epoch: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Which images each step of an epoch takes, and which of them are mirrored: (steps, batch) each."""
    random = np.random.default_rng((seed, epoch))
    count, steps = task.segments
    shape = (count * steps, task.recipe.batch)
    order = random.permutation(task.images)[: shape[0] * shape[1]].reshape(shape).astype(np.int32)
    return order, (random.random(shape) < 0.5) & task.recipe.flip


def _segment(data: DeviceDataset, order: NDArray[np.int32]) -> tuple[Any, Any, NDArray[np.int32]]:
    if data.resident:
        return data.images, data.labels, order
    chosen = order.ravel()
    index = np.arange(chosen.size, dtype=np.int32).reshape(order.shape)
    return data.images[chosen], data.labels[chosen], index


def _inputs(task: Task) -> dict[str, Any]:
    return {**task._asdict(), "architecture": task.architecture.to_dict(), "recipe": to_plain(task.recipe)}


def _abstract_images(task: Task, count: int) -> jax.ShapeDtypeStruct:
    side = task.architecture.resolution
    return jax.ShapeDtypeStruct((count, side, side, task.in_channels), jnp.uint8)


def _abstract_pixels(task: Task) -> Pixels:
    channels = jax.ShapeDtypeStruct((task.in_channels,), jnp.float32)
    return Pixels(channels, channels)

"""One network on one recipe: compile it, train it from a seed, evaluate it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from scaling.data import Split
from scaling.nets import build
from scaling.train.device import Prepared, batches
from scaling.train.optimizer import optimizer
from scaling.train.programs import (
    EVALUATION_BATCH,
    Pixels,
    State,
    abstract_state,
    evaluation_program,
    settings,
    split,
    training_program,
)
from scaling.train.task import Task

Bytes = NDArray[np.uint8]

Report = Callable[[int, float], None]
"""Called after each segment with the epochs done, rounded down, and the accuracy on the training pictures just seen."""


class Diverged(ArithmeticError):
    """Training left the finite numbers; the message says when."""


class Stopped(Exception):
    """The caller asked to stop."""


def compile_training(task: Task, resident: bool = True) -> Any:
    """A task's training program, traced and compiled for the default device.

    Args:
        task: what is trained.
        resident: whether all training pictures lie on the device, or one segment's at a time.
    """
    steps, batch = task.segments[1], task.recipe.batch
    pictures = task.pictures if resident else steps * batch
    platform = jax.default_backend()
    return (
        training_program(task, platform)
        .lower(
            abstract_state(task, platform),
            _abstract_images(task, pictures),
            jax.ShapeDtypeStruct((pictures,), jnp.int32),
            _abstract_pixels(task),
            jax.ShapeDtypeStruct((steps, batch), jnp.int32),
            jax.ShapeDtypeStruct((steps, batch), jnp.bool_),
        )
        .compile()
    )


def compile_evaluation(task: Task) -> Any:
    """A task's evaluation program, traced and compiled for the default device."""
    platform = jax.default_backend()
    state = abstract_state(task, platform)
    images = _abstract_images(task, EVALUATION_BATCH)
    lowered = evaluation_program(task, platform).lower(state.params, state.statistics, images, _abstract_pixels(task))
    return lowered.compile()


def initial_state(task: Task, seed: int) -> State:
    """Freshly drawn parameters, batch-norm statistics and optimizer state of a seed."""
    chosen = settings(task.recipe, jax.default_backend())
    network = build(task.architecture, task.num_classes, task.in_channels, nnx.Rngs(seed), chosen)
    _, params, statistics, random = split(network)
    # The optimizer's state starts at zero; `init` itself would compile a program for every shape.
    moments = jax.eval_shape(optimizer(task.recipe, task.steps).init, params)
    zeros = jax.tree.map(lambda leaf: jax.device_put(np.zeros(leaf.shape, leaf.dtype)), moments)
    return State(params, statistics, random, zeros)


def train(
    task: Task,
    program: Any,
    prepared: Prepared,
    seed: int,
    report: Report = lambda epoch, accuracy: None,
    stopped: Callable[[], bool] = lambda: False,
) -> State:
    """Train a task from a seed.

    Args:
        task: what is trained.
        program: its compiled training program.
        prepared: pictures at the architecture's resolution.
        seed: draws the parameters, the order of the pictures and their mirroring.
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
            images, labels, index = _segment(prepared, order[chosen])
            state, progress = program(state, images, labels, prepared.pixels, index, mirrored[chosen])
            if not np.isfinite(loss := float(progress.loss)):
                raise Diverged(f"the training loss became {loss} in epoch {epoch + 1} of {task.recipe.epochs}")
            report(epoch + (segment + 1) // count, float(progress.accuracy))
            if stopped():
                raise Stopped
    return state


def predict(program: Any, params: Any, statistics: Any, images: Bytes, pixels: Pixels) -> NDArray[np.float32]:
    """Logits (pictures, classes) of pictures (pictures, side, side, channels) by a compiled evaluation program."""
    logits = [np.asarray(program(params, statistics, batch, pixels)) for batch in batches(images)]
    return np.concatenate(logits)[: len(images)]


def right_or_wrong(program: Any, params: Any, statistics: Any, pictures: Split, pixels: Pixels) -> NDArray[np.bool_]:
    """For each picture whether the likeliest class is its own.

    Raises:
        Diverged: a logit is not finite.
    """
    logits = predict(program, params, statistics, pictures.images, pixels)
    if not np.isfinite(logits).all():
        raise Diverged("the trained network's logits are not finite")
    return logits.argmax(-1) == pictures.labels


def epoch_order(task: Task, seed: int, epoch: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Which pictures each step of an epoch takes, and which of them are mirrored: (steps, batch) each."""
    random = np.random.default_rng((seed, epoch))
    count, steps = task.segments
    shape = (count * steps, task.recipe.batch)
    order = random.permutation(task.pictures)[: shape[0] * shape[1]].reshape(shape).astype(np.int32)
    return order, (random.random(shape) < 0.5) & task.recipe.flip


def _segment(prepared: Prepared, order: NDArray[np.int32]) -> tuple[Any, Any, NDArray[np.int32]]:
    if prepared.resident:
        return prepared.images, prepared.labels, order
    chosen = order.ravel()
    index = np.arange(chosen.size, dtype=np.int32).reshape(order.shape)
    return prepared.images[chosen], prepared.labels[chosen], index


def _abstract_images(task: Task, count: int) -> jax.ShapeDtypeStruct:
    side = task.architecture.resolution
    return jax.ShapeDtypeStruct((count, side, side, task.in_channels), jnp.uint8)


def _abstract_pixels(task: Task) -> Pixels:
    channels = jax.ShapeDtypeStruct((task.in_channels,), jnp.float32)
    return Pixels(channels, channels)

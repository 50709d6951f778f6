"""One network on one recipe: compile it, train it from a seed, evaluate it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
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
from scaling.train.checkpoint import Checkpoint, Restored
from scaling.train.compile import Program, compiled
from scaling.train.input import TrainingImages, batches
from scaling.train.optimizer import initial_moments, pack, unpack
from scaling.train.stages import stages
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
    data: TrainingImages,
    seed: int,
    report: Report = lambda segment: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Weights:
    """Train a task of one stage from a seed.

    Args:
        task: what is trained.
        program: its compiled training program.
        data: images at the architecture's resolution.
        seed: draws the parameters, the order of the images and their mirroring.
        report: told how it goes.
        stopped: asked after each segment whether to give up.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: `stopped` said so.
    """
    return unpacked(task, train_stages(task, lambda stage: (program, data), seed, report, stopped))


def train_stages(
    task: Task,
    of_stage: Callable[[Task], tuple[Any, TrainingImages]],
    seed: int,
    report: Report = lambda segment: None,
    stopped: Callable[[], bool] = lambda: False,
    checkpoint: Checkpoint | None = None,
    restored: Restored | None = None,
) -> State:
    """Train a task from a seed, stage after stage.

    Args:
        task: what is trained.
        of_stage: for the task of a stage its compiled training program and the images at its resolution; asked when its turn
            comes.
        seed: draws the parameters, the order of the images, their mirroring and changes, and sizes in random order.
        report: told how it goes, of restored segments too.
        stopped: asked after each segment whether to give up.
        checkpoint: where the state is kept every so often, and at a stop.
        restored: from where to go on.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: `stopped` said so.
        OSError: a checkpoint cannot be written.
    """
    going = restored or Restored(initial_state(task, seed), 0, [], [], 0.0)
    state, loss, accuracy = going.state, list(going.loss), list(going.accuracy)
    count, start = task.segments[0], time.perf_counter()

    def tell(number: int) -> None:
        report(Segment(number // count, (number + 1) % count == 0, loss[number], accuracy[number]))

    for number in range(going.segments):
        tell(number)
    for number, run in enumerate(_segments(task, seed, of_stage, going.segments), going.segments):
        state, progress = run(state)
        loss.append(float(progress.loss))
        accuracy.append(float(progress.accuracy))
        if not np.isfinite(loss[-1]):
            raise Diverged(f"the training loss became {loss[-1]} in epoch {number // count + 1} of {task.recipe.epochs}")
        tell(number)
        stop = stopped()
        if checkpoint is not None and (stop or checkpoint.due()):
            checkpoint.write(Restored(state, number + 1, loss, accuracy, going.seconds + time.perf_counter() - start))
        if stop:
            raise Stopped
    return state


def _segments(
    task: Task, seed: int, of_stage: Callable[[Task], tuple[Any, TrainingImages]], done: int
) -> Iterator[Callable[[State], tuple[State, Progress]]]:
    """What trains each segment of a training, those that are done left out."""
    count, steps = task.segments
    for stage in stages(task, seed):
        if stage.epochs.stop * count <= done:
            continue
        program, data = of_stage(stage.task)
        for epoch in stage.epochs:
            if (epoch + 1) * count <= done:
                continue
            order, mirrored = epoch_order(task, seed, epoch)
            for segment in range(max(0, done - epoch * count), count):
                chosen = slice(segment * steps, (segment + 1) * steps)
                images, labels, index = _segment(data, order[chosen])
                yield partial(_run, program, (images, labels, data.pixels, index, mirrored[chosen]))


def _run(program: Any, arguments: tuple[Any, ...], state: State) -> tuple[State, Progress]:
    trained: tuple[State, Progress] = program(state, *arguments)
    return trained


def unpacked(task: Task, state: State, *, averaged: bool = True) -> Weights:
    """The weights of a state, in the structure of the network.

    Args:
        task: what was trained.
        state: after it.
        averaged: the running averages where the recipe keeps them, else the weights of the last step.
    """
    wanted = abstract_weights(task, jax.default_backend())
    last = (state.params, state.statistics)
    packed = jax.device_get(state.average if averaged and state.average is not None else last)
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


def _segment(data: TrainingImages, order: NDArray[np.int32]) -> tuple[Any, Any, NDArray[np.int32]]:
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

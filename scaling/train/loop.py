"""One network on one recipe: compile it, train it from a seed, evaluate it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

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
from scaling.train.feed import calls, training_key
from scaling.train.input import DeviceDataset, batches
from scaling.train.optimizer import initial_moments, pack, unpack
from scaling.train.parts import with_body
from scaling.train.step import (
    EVALUATION_BATCH,
    Drawn,
    Pixels,
    Progress,
    State,
    Weights,
    abstract_state,
    abstract_weights,
    evaluation_program,
    needs_draws,
    settings,
    split,
    training_program,
)
from scaling.train.task import Given, Segment, Task

WORTH_KEEPING_SECONDS = 10.0
"""Of training since the last checkpoint, from which on a finished training is kept until it is judged."""

Report = Callable[[Segment], None]
"""Called after each call of the training program."""


class Diverged(ArithmeticError):
    """Training left the finite numbers; the message says when."""


class Stopped(Exception):
    """The caller asked to stop."""


def compile_training(task: Task, form: Given | None = None) -> Program:
    """A task's training program, compiled for the default device: `train_segment` without task and platform.

    Args:
        task: what is trained.
        form: how it is given the images; None for all of them, on the device, at the network's resolution.
    """
    batch, platform = task.recipe.batch, jax.default_backend()
    count, side, steps, whole = form or Given(task.images, task.architecture.resolution, task.segments[1])
    state = abstract_state(task, platform)
    arguments: tuple[Any, ...] = (
        state,
        _abstract_images(task, count, side),
        jax.ShapeDtypeStruct((count,), jnp.int32),
        _abstract_pixels(task),
        jax.ShapeDtypeStruct((steps, batch), jnp.int32),
        jax.ShapeDtypeStruct((steps, batch), jnp.bool_),
    )
    if needs_draws(task.recipe, whole):
        arguments += (_abstract_draws(count, steps, batch),)
    result = (state, Progress(0, 0))
    return compiled("training", _inputs(task), lambda: training_program(task, platform), arguments, result, donated=state)


def compile_evaluation(task: Task, stored_side: int | None = None) -> Program:
    """A task's evaluation program, compiled for the default device: (weights, images, pixels[, aspect]) -> logits.

    Args:
        task: what was trained.
        stored_side: px of the images where the device cuts them; None for images of the network's resolution.
    """
    platform = jax.default_backend()
    side = stored_side or task.architecture.resolution
    arguments = (abstract_weights(task, platform), _abstract_images(task, EVALUATION_BATCH, side), _abstract_pixels(task))
    if stored_side is not None:
        arguments += (jax.ShapeDtypeStruct((EVALUATION_BATCH,), jnp.float32),)  # type: ignore[assignment]
    return compiled("evaluation", _inputs(task), lambda: evaluation_program(task, platform), arguments, 0)


def initial_state(task: Task, seed: int, body: Weights | None = None) -> State:
    """Freshly drawn parameters, batch-norm statistics and momenta of a seed.

    Args:
        task: what is trained.
        seed: draws the parameters.
        body: given weights, in the structure of the network, that all but the classifier starts from instead.
    """
    platform = jax.default_backend()
    network = build(task.architecture, task.num_classes, task.in_channels, nnx.Rngs(seed), settings(task.recipe, platform))
    _, params, statistics, random = split(network)
    if body is not None:
        params, statistics = with_body(params, body.params), with_body(statistics, body.statistics)
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
    body: Weights | None = None,
) -> Weights:
    """Train a task of one stage from a seed.

    Args:
        task: what is trained.
        program: its compiled training program.
        data: images at the architecture's resolution.
        seed: draws the parameters, the order of the images and their mirroring.
        report: told how it goes.
        stopped: asked after each call whether to give up.
        body: as `initial_state` takes it.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: `stopped` said so.
    """
    return unpacked(task, train_stages(task, lambda stage: (program, data), seed, report, stopped, body=body))


def train_stages(
    task: Task,
    of_stage: Callable[[Task], tuple[Any, DeviceDataset]],
    seed: int,
    report: Report = lambda segment: None,
    stopped: Callable[[], bool] = lambda: False,
    checkpoint: Checkpoint | None = None,
    restored: Restored | None = None,
    body: Weights | None = None,
    seconds: Callable[[], float] | None = None,
) -> State:
    """Train a task from a seed, stage after stage.

    Args:
        task: what is trained.
        of_stage: for the task of a stage its compiled training program and the images at its resolution; asked when its turn
            comes. It may raise `Stopped`: the training is kept where it is.
        seed: draws the parameters, the order of the images, their mirroring and changes, and sizes in random order.
        report: told how it goes, of restored calls too.
        stopped: asked after each call whether to give up.
        checkpoint: where the state is kept every so often, and at a stop.
        restored: from where to go on.
        body: as `initial_state` takes it.
        seconds: spent training so far, before it was restored too; None counts them here.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: `stopped` or `of_stage` said so.
        OSError: a checkpoint cannot be written.
    """
    going = restored or Restored(initial_state(task, seed, body), [], 0.0)
    state, seen, start = going.state, list(going.seen), time.perf_counter()
    spent = seconds or (lambda: going.seconds + time.perf_counter() - start)

    def keep() -> None:
        if checkpoint is not None:
            checkpoint.write(Restored(state, seen, spent()))

    def asked(stage: Task) -> tuple[Any, DeviceDataset]:
        try:
            return of_stage(stage)
        except Stopped:
            keep()
            raise

    for segment in seen:
        report(segment)
    with closing(calls(task, seed, asked, len(seen))) as ordered:
        for call in ordered:
            state, progress = call.program(state, *call.arguments)
            seen.append(Segment(call.epoch, call.last, float(progress.loss), float(progress.accuracy)))
            if not np.isfinite(seen[-1].loss):
                raise Diverged(f"the training loss became {seen[-1].loss} in epoch {call.epoch + 1} of {task.recipe.epochs}")
            report(seen[-1])
            stop = stopped()
            if stop or (checkpoint is not None and checkpoint.due()):
                keep()
            if stop:
                raise Stopped
    if int(state.step) != task.steps:
        raise RuntimeError(f"a training of {task.steps} steps ended after {int(state.step)}")
    if checkpoint is not None and checkpoint.age() > WORTH_KEEPING_SECONDS:
        keep()  # what is left to do, judging it, may be stopped too
    return state


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


def predict(program: Any, weights: Weights, split: Split, pixels: Pixels) -> NDArray[np.float32]:
    """Logits (images, classes) of the images of a split by a compiled evaluation program."""
    logits = [np.asarray(program(weights, images, pixels, *aspect)) for images, *aspect in batches(split)]
    return np.concatenate(logits)[: len(split)]


def evaluate_per_image(program: Any, weights: Weights, split: Split, pixels: Pixels) -> PerImage:
    """For each image whether the most probable class is its own, and the probability of its own class.

    Raises:
        Diverged: a logit is not finite.
    """
    logits = predict(program, weights, split, pixels)
    if not np.isfinite(logits).all():
        raise Diverged("the trained network's logits are not finite")
    return per_image(logits, split.labels)


def _inputs(task: Task) -> dict[str, Any]:
    # What a training starts from is given to its program, not compiled into it.
    recipe = {key: value for key, value in to_plain(task.recipe).items() if key != "init"}
    return {**task._asdict(), "architecture": task.architecture.to_dict(), "recipe": recipe}


def _abstract_images(task: Task, count: int, side: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((count, side, side, task.in_channels), jnp.uint8)


def _abstract_pixels(task: Task) -> Pixels:
    channels = jax.ShapeDtypeStruct((task.in_channels,), jnp.float32)
    return Pixels(channels, channels)


def _abstract_draws(count: int, steps: int, batch: int) -> Drawn:
    epoch, numbers = (jax.ShapeDtypeStruct(shape, jnp.int32) for shape in ((), (steps, batch)))
    return Drawn(jax.eval_shape(training_key, 0), epoch, numbers, jax.ShapeDtypeStruct((count,), jnp.float32))

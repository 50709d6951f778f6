"""What a training program is called with, call after call: which images each step takes, what becomes of them, who is next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from scaling.train.compile import default_device
from scaling.train.gather import Gather
from scaling.train.input import DeviceDataset, given
from scaling.train.stages import stages
from scaling.train.step import Drawn, needs_draws
from scaling.train.task import Task

AHEAD = 1
"""Calls whose images wait on the device while one is trained; the next ones are being gathered meanwhile."""

_POLL_SECONDS = 0.1

Item = TypeVar("Item")


class Call(NamedTuple):
    """One call of a training program.

    Attributes:
        program: compiled.
        arguments: after the state.
        epoch: that it belongs to, from 0.
        last: of its epoch.
    """

    program: Any
    arguments: tuple[Any, ...]
    epoch: int
    last: bool


def calls(task: Task, seed: int, of_stage: Callable[[Task], tuple[Any, DeviceDataset]], done: int) -> Generator[Call]:
    """The calls of a training, in order.

    Args:
        task: the whole training.
        seed: draws the order of the images and what becomes of them.
        of_stage: for the task of a stage its compiled program and its images; asked when its turn comes.
        done: calls at the start that are left out.
    """
    left = done
    for stage in stages(task, seed):
        program, data = of_stage(stage.task)
        steps = given(stage.task, data).steps
        count = task.segments[0] * task.segments[1] // steps  # of an epoch
        skipped = min(left, count * len(stage.epochs))
        left -= skipped
        made = _of_stage(stage.task, seed, program, data, _positions(stage.epochs, count, skipped))
        yield from made if data.resident else ahead(made)


def _of_stage(
    task: Task, seed: int, program: Any, data: DeviceDataset, positions: Iterator[tuple[int, int, bool]]
) -> Iterator[Call]:
    gather, steps = Gather(), given(task, data).steps
    for epoch, number, last in positions:
        part = slice(number * steps, (number + 1) * steps)
        order, mirrored = epoch_order(task, seed, epoch)
        yield Call(program, _arguments(task, seed, epoch, data, gather, order[part], mirrored[part]), epoch, last)


def _positions(epochs: range, count: int, skipped: int) -> Iterator[tuple[int, int, bool]]:
    """(epoch, number of the call in it, whether it is the last) of each call of a stage but the first ones."""
    for position in range(skipped, count * len(epochs)):
        epoch, number = divmod(position, count)
        yield epochs[epoch], number, number + 1 == count


@lru_cache(maxsize=8)
def epoch_order(task: Task, seed: int, epoch: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Which images each step of an epoch takes, and which of them are mirrored: (steps, batch) each."""
    random = np.random.default_rng((seed, epoch))
    count, steps = task.segments
    shape = (count * steps, task.recipe.batch)
    order = random.permutation(task.images)[: shape[0] * shape[1]].reshape(shape).astype(np.int32)
    return order, (random.random(shape) < 0.5) & task.recipe.flip


def ahead(items: Iterator[Item], count: int = AHEAD) -> Generator[Item]:
    """The same items, made by a thread of its own, a few before they are asked for."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(count)
    over = threading.Event()

    def offer(whole: bool, item: Any) -> None:
        while not over.is_set():
            try:
                return waiting.put((whole, item), timeout=_POLL_SECONDS)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                offer(True, item)
                if over.is_set():
                    return
            offer(False, None)
        except BaseException as error:
            offer(False, error)

    device = default_device()

    def on_device() -> None:
        with jax.default_device(device):  # a thread's own
            work()

    threading.Thread(target=on_device, name="scaling-worker-feed", daemon=True).start()
    try:
        while True:
            whole, item = waiting.get()
            if whole:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        over.set()


def _arguments(
    task: Task,
    seed: int,
    epoch: int,
    data: DeviceDataset,
    gather: Gather,
    order: NDArray[np.int32],
    mirrored: NDArray[np.bool_],
) -> tuple[Any, ...]:
    images, labels, aspect, index = data.images, data.labels, data.aspect, order
    if not isinstance(data.images, jax.Array):
        chosen = order.ravel()
        index = np.arange(chosen.size, dtype=np.int32).reshape(order.shape)
        images, labels = jax.device_put(gather(data.images, chosen)), jax.device_put(data.labels[chosen])
        aspect = None if aspect is None else aspect[chosen]
    plain = (images, labels, data.pixels, index, mirrored)
    if not needs_draws(task.recipe, aspect is not None):
        return plain
    shape = np.ones(len(images), np.float32) if aspect is None else aspect
    return (*plain, Drawn(training_key(seed), np.int32(epoch), order, shape))


def training_key(seed: int) -> jax.Array:
    """What the changes of a training's images are drawn from; dropout's numbers come from another key."""
    return jax.random.fold_in(jax.random.key(seed), 1)

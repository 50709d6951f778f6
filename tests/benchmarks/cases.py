"""The networks that the benchmarks train: EfficientNet-B0 and one of half its width and depth, as tasks of ours."""

import dataclasses
from typing import NamedTuple

import numpy as np

from scaling import Factors, architecture, scale
from scaling.recipe.recipe import Recipe

CLASSES, CHANNELS = 10, 3


class Case(NamedTuple):
    """B0 with `factor` times its width and depth, on images of `resolution` px, `batch` at a time."""

    factor: float
    resolution: int
    batch: int


CASES = {"b0-64": Case(1.0, 64, 32), "b0-224": Case(1.0, 224, 8), "half-32": Case(0.5, 32, 64)}


def task(case, steps, precision="float32"):
    """Our task of a case: an epoch is one program call of `steps` steps; nothing is dropped, as on the other side."""
    from scaling.train.task import Task

    scaled = scale(architecture("efficientnet_b0"), Factors(case.factor, case.factor, 1))
    recipe = Recipe(epochs=1, batch=case.batch, flip=False, dropout=0, stochastic_depth=0, precision=precision)
    network = dataclasses.replace(scaled, resolution=case.resolution)
    return Task(network, recipe, CLASSES, CHANNELS, steps * case.batch)


def random_images(task):
    """(bytes, labels, pixels) of as many random images as a task has, on the device."""
    import jax

    from scaling.train.step import Pixels

    random, side = np.random.default_rng(0), task.architecture.resolution
    images = random.integers(0, 256, (task.images, side, side, task.in_channels), np.uint8)
    labels = random.integers(0, task.num_classes, task.images, np.int32)
    pixels = Pixels(np.full(task.in_channels, 127.5, np.float32), np.full(task.in_channels, 73.9, np.float32))
    return jax.device_put((images, labels, pixels))

"""Images as a training takes them: resized once for one resolution, or whole, to be cut and resized on the device.

They lie on the device where they fit; larger sets are sent a few steps' images at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from scaling.data import Dataset, Split, resize
from scaling.recipe.recipe import Recipe
from scaling.train.compile import default_device
from scaling.train.step import EVALUATION_BATCH, Pixels
from scaling.train.task import Given, Task

RESIDENT_BYTES = 8 * 2**30
"""Training images up to this size stay on a device that does not say how much memory it has."""

PIECE_BYTES = 256 * 2**20
"""Images of one call, where they do not stay on the device."""

FEW_STEPS = 8
"""Of a call, at least, in a larger piece if need be: on a CPU a call costs as much time as a step of a small network."""


class DeviceDataset(NamedTuple):
    """An image set as networks of one resolution need it, bytes throughout."""

    images: jax.Array | NDArray[np.uint8]
    """training images (images, side, side, channels): on the device, or in host memory where they are too many"""
    labels: jax.Array | NDArray[np.int32]
    pixels: Pixels
    validation: Split
    test: Split
    aspect: jax.Array | NDArray[np.float32] | None = None
    """(images,), width over height before they were squeezed, where they are whole; None where they have the resolution"""

    @property
    def side(self) -> int:
        """Px of the training images."""
        return int(self.images.shape[1])

    @property
    def resident(self) -> bool:
        """Whether the training images are on the device."""
        return isinstance(self.images, jax.Array)


def is_cut_on_device(dataset: Dataset, recipe: Recipe) -> bool:
    """Whether a training takes whole images: where it crops them at random, and where nobody has resized them before."""
    return recipe.augment.crop > 0 or dataset.stored is not None


def to_device(dataset: Dataset, side: int, whole: bool = False) -> DeviceDataset:
    """A set for networks of a resolution.

    Mean and deviation of its training bytes, per channel, normalise every split. Held-out images are resized here, except
    those of a stored set, which are cut and resized on the device when they are judged.

    Args:
        dataset: the set.
        side: px.
        whole: leave the training images as they are stored, as `is_cut_on_device` says.
    """
    train = dataset.train if whole or dataset.stored is not None else _resized(dataset.train, side)
    images, labels, aspect = _placed(train, on_disk=dataset.stored is not None)
    given_aspect = aspect if whole or dataset.stored is not None else None
    return DeviceDataset(images, labels, _pixels_of(dataset, train), *held_out(dataset, side), given_aspect)


def held_out(dataset: Dataset, side: int) -> tuple[Split, Split]:
    """Validation and test images for networks of a resolution; those of a stored set are cut on the device."""
    if dataset.stored is not None:
        return dataset.validation, dataset.test
    return _resized(dataset.validation, side), _resized(dataset.test, side)


def normalisation(dataset: Dataset, side: int, recipe: Recipe) -> Pixels:
    """What a training of a network of a resolution normalises its images with; nothing is put on the device for it."""
    whole = is_cut_on_device(dataset, recipe)
    return _pixels_of(dataset, dataset.train if whole else _resized(dataset.train, side))


def _pixels_of(dataset: Dataset, train: Split) -> Pixels:
    if dataset.stored is None:
        return _pixels(train.images)
    mean, deviation = (jnp.asarray(known, jnp.float32) for known in (dataset.stored.mean, dataset.stored.deviation))
    return Pixels(mean, deviation)


def at_stage(dataset: Dataset, side: int, judged: DeviceDataset) -> DeviceDataset:
    """The same with training images for a stage of another size, normalised as all others are."""
    if judged.aspect is not None or side == judged.side:
        return judged
    # Resident or not as the judged images are: the programs of all stages are given theirs in one way.
    images, labels, _ = _put(_resized(dataset.train, side), judged.resident)
    return judged._replace(images=images, labels=labels)


def given(task: Task, data: DeviceDataset) -> Given:
    """How the training program of a task, or of one of its stages, is given the images of a set."""
    whole, steps = data.aspect is not None, task.segments[1]
    side = data.side if whole else task.architecture.resolution
    if data.resident:
        return Given(task.images, side, steps, whole)
    of_step = task.recipe.batch * side**2 * task.in_channels
    lengths = [length for length in range(1, steps + 1) if steps % length == 0]
    most = max(length for length in lengths if length * of_step <= PIECE_BYTES or length == 1)
    if most < FEW_STEPS:  # a segment of 61 steps has no other part
        most = max(length for length in lengths if length * of_step <= 2 * PIECE_BYTES or length == most)
    return Given(most * task.recipe.batch, side, most, whole)


def batches(split: Split) -> Iterator[tuple[Any, ...]]:
    """Images, and their aspect where they have one, in batches of the evaluation's size, the last filled up with black."""
    for start in range(0, len(split.images), EVALUATION_BATCH):
        chosen = slice(start, start + EVALUATION_BATCH)
        missing = EVALUATION_BATCH - len(split.images[chosen])
        images = np.pad(split.images[chosen], ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else split.images[chosen]
        if split.aspect is None:
            yield (images,)
        else:
            yield images, np.pad(split.aspect[chosen], (0, missing), constant_values=1)


def _resized(split: Split, side: int) -> Split:
    return Split(resize(split.images, side), split.labels)


def _placed(train: Split, on_disk: bool = False) -> tuple[Any, Any, Any]:
    """Training images, labels and aspects, on the device if they fit."""
    device = default_device()
    # A CPU would copy what is mapped from the disk into memory for nothing.
    return _put(train, train.images.nbytes <= _resident_bytes(device) and not (on_disk and device.platform == "cpu"))


def _put(train: Split, stays: bool) -> tuple[Any, Any, Any]:
    aspect = np.ones(len(train), np.float32) if train.aspect is None else train.aspect
    return tuple(map(jax.device_put if stays else np.asarray, (train.images, train.labels, aspect)))


def _resident_bytes(device: Any) -> float:
    limit = (device.memory_stats() or {}).get("bytes_limit")
    return RESIDENT_BYTES if limit is None else max(RESIDENT_BYTES, limit / 2)


def _pixels(images: NDArray[np.uint8]) -> Pixels:
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in np.moveaxis(images, -1, 0)])
    levels = np.arange(256)
    mean = counts @ levels / counts.sum(1)
    variance = (counts * (levels - mean[:, None]) ** 2).sum(1) / counts.sum(1)
    deviation = np.maximum(np.sqrt(variance), 1.0)  # a constant channel must not divide by 0
    return Pixels(jnp.asarray(mean, jnp.float32), jnp.asarray(deviation, jnp.float32))

"""Images of one resolution, resized once and kept on the device where they fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from scaling.data import Dataset, Split, resize
from scaling.train.step import EVALUATION_BATCH, Pixels

RESIDENT_BYTES = 8 * 2**30
"""Training images up to this size stay on the device; larger sets are sent segment by segment."""


class TrainingImages(Protocol):
    """What a training takes: images of one side, their labels, and what they are normalised with."""

    @property
    def images(self) -> jax.Array | NDArray[np.uint8]:
        """(images, side, side, channels): on the device, or in host memory where they are too many."""

    @property
    def labels(self) -> jax.Array | NDArray[np.int32]:
        """(images,), where the images are."""

    @property
    def pixels(self) -> Pixels:
        """Normalisation."""

    @property
    def resident(self) -> bool:
        """Whether the images are on the device."""


class StageImages(NamedTuple):
    """Training images at the side of one stage; the attributes are those of `TrainingImages`."""

    images: jax.Array | NDArray[np.uint8]
    labels: jax.Array | NDArray[np.int32]
    pixels: Pixels

    @property
    def resident(self) -> bool:
        """Whether the images are on the device."""
        return isinstance(self.images, jax.Array)


class DeviceDataset(NamedTuple):
    """An image set at one resolution, bytes throughout."""

    images: jax.Array | NDArray[np.uint8]
    """training images (images, side, side, channels): on the device, or in host memory where they are too many"""
    labels: jax.Array | NDArray[np.int32]
    pixels: Pixels
    validation: Split
    test: Split

    @property
    def side(self) -> int:
        """Px of the images."""
        return int(self.images.shape[1])

    @property
    def resident(self) -> bool:
        """Whether the training images are on the device."""
        return isinstance(self.images, jax.Array)


def to_device(dataset: Dataset, side: int) -> DeviceDataset:
    """Resize a set to `side` px; mean and deviation of its training bytes, per channel, normalise every split."""
    train, validation, test = (
        Split(resize(split.images, side), split.labels) for split in (dataset.train, dataset.validation, dataset.test)
    )
    images, labels = _placed(train)
    return DeviceDataset(images, labels, _pixels(train.images), validation, test)


def stage_images(dataset: Dataset, side: int, pixels: Pixels) -> StageImages:
    """The training images of a set at the side of a stage, normalised as all others are."""
    return StageImages(*_placed(Split(resize(dataset.train.images, side), dataset.train.labels)), pixels)


def _placed(train: Split) -> tuple[jax.Array | NDArray[np.uint8], jax.Array | NDArray[np.int32]]:
    place = jax.device_put if train.images.nbytes <= RESIDENT_BYTES else np.asarray
    return place(train.images), place(train.labels)


def batches(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Images in batches of the evaluation's fixed size, the last one filled up with black."""
    for start in range(0, len(images), EVALUATION_BATCH):
        batch = images[start : start + EVALUATION_BATCH]
        missing = EVALUATION_BATCH - len(batch)
        yield np.pad(batch, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else batch


def _pixels(images: NDArray[np.uint8]) -> Pixels:
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in np.moveaxis(images, -1, 0)])
    levels = np.arange(256)
    mean = counts @ levels / counts.sum(1)
    variance = (counts * (levels - mean[:, None]) ** 2).sum(1) / counts.sum(1)
    deviation = np.maximum(np.sqrt(variance), 1.0)  # a constant channel must not divide by 0
    return Pixels(jnp.asarray(mean, jnp.float32), jnp.asarray(deviation, jnp.float32))

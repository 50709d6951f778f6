"""What the loaders return, as frozen data: `Split` and `Dataset`; and the error they raise.

Images are uint8 in NHWC order, square, with one channel (grey) or three (red, green, blue).
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError
from scaling.core.text import printable


class DataError(UserError):
    """Images that cannot be used as they are; the message is one line and says what to do."""

    def __init__(self, message: str) -> None:
        # File names may hold line breaks and undecodable bytes; neither may tear or break what is printed.
        super().__init__(printable(message))


class Stored(NamedTuple):
    """What is known of a set whose images lie in a file, so that nobody needs to read all of them.

    Attributes:
        fingerprint: of the listing that they were made from.
        mean: of each channel of the training images, from 0 to 255.
        deviation: of the same, at least 1.
        folder: of the files.
    """

    fingerprint: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images with their classes. The arrays are read-only from here on; none is copied or read.

    Args:
        images: uint8 (n, side, side, channels), channels 1 or 3, n at least 1.
        labels: int32 (n,), each an index into `Dataset.classes`.
        groups: int32 (n,), the group of images that each belongs to, from 0, where images of one group depend on each other;
            None where each stands for itself.
        names: of the images' files, as people find them; None where they have none.
        aspect: float32 (n,), width over height of each image before it was squeezed to a square; None where squares were cut
            out of the images.

    Raises:
        DataError: an array has another type or shape.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    groups: NDArray[np.int32] | None = None
    names: Sequence[str] | None = None
    aspect: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != images.shape[2] or 0 in images.shape:
            raise DataError(f"Split.images must be uint8 (n, side, side, channels), got {_described(images)}")
        if images.shape[3] not in (1, 3):
            raise DataError(f"Split.images must have 1 or 3 channels, got {images.shape[3]}")
        if labels.dtype != np.int32 or labels.shape != images.shape[:1]:
            raise DataError(f"Split.labels must be int32 ({len(images)},), got {_described(labels)}")
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels))
        if self.aspect is not None:
            if self.aspect.dtype != np.float32 or self.aspect.shape != labels.shape:
                raise DataError(f"Split.aspect must be float32 ({len(images)},), got {_described(self.aspect)}")
            object.__setattr__(self, "aspect", _read_only(self.aspect))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named set in three disjoint splits: learn from `train`, choose on `validation`, report on `test`.

    Args:
        name: what people call it.
        classes: names, in the order of the labels; at least two, all different.
        train: images to learn from.
        validation: images to rank candidates by.
        test: images to touch after the choice.
        notes: what people should know of how it was read, a sentence each.
        unreadable: files that were passed over, each with its reason.
        stored: where the images lie in a file, whole images squeezed to squares, what is known of them; None in memory.

    Raises:
        DataError: the class names repeat or are too few, a label is out of their range, or the splits differ in shape.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    notes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    stored: Stored | None = None

    def __post_init__(self) -> None:
        require_two_classes(self.name, self.classes)
        for field, split in self._splits():
            if split.images.shape[1:] != self.train.images.shape[1:]:
                raise DataError(
                    f"Dataset.{field} must hold images of the same shape as train, {self.train.images.shape[1:]}, "
                    f"got {split.images.shape[1:]}"
                )
            low, high = split.labels.min(), split.labels.max()
            if low < 0 or high >= self.num_classes:
                raise DataError(f"Dataset.{field} must have labels from 0 to {self.num_classes - 1}, got {low} to {high}")

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def chance(self) -> float:
        """Accuracy on validation of always naming its commonest class."""
        return float(np.bincount(self.validation.labels).max() / len(self.validation.labels))

    @property
    def in_channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return int(self.train.images.shape[3])

    @property
    def side(self) -> int:
        """Stored side of the images in px."""
        return int(self.train.images.shape[1])

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of a SHA-256 over class names, images, labels and the split; the name is left out.

        Of a stored set that of its listing: hundreds of gigabytes are not read for it.
        """
        if self.stored is not None:
            return self.stored.fingerprint
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for _, split in self._splits():
            digest.update(json.dumps(split.images.shape).encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i4").data)
        return digest.hexdigest()[:16]

    def _splits(self) -> tuple[tuple[str, Split], ...]:
        return ("train", self.train), ("validation", self.validation), ("test", self.test)


def make_dataset(
    name: str,
    classes: tuple[str, ...],
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    codes: NDArray[np.uint8],
    groups: NDArray[np.int32] | None = None,
    *,
    names: tuple[str, ...] | None = None,
    notes: tuple[str, ...] = (),
    unreadable: tuple[str, ...] = (),
) -> Dataset:
    """Part images into a set; within a split they keep their order.

    Args:
        name: what people call it.
        classes: names, in the order of the labels.
        images: uint8 (n, side, side, channels).
        labels: int32 (n,).
        codes: uint8 (n,), the split of each image: 0 train, 1 validation, 2 test.
        groups: int32 (n,), the group of each image; None where each stands for itself.
        names: of the images' files, n of them; None where they have none.
        notes: as `Dataset` takes them.
        unreadable: as `Dataset` takes it.

    Raises:
        DataError: as `Split` and `Dataset` do.
    """

    def split(code: int) -> Split:
        own = codes == code
        numbered = None if groups is None else np.unique(groups[own], return_inverse=True)[1].astype(np.int32)
        files = None if names is None else tuple(names[index] for index in np.flatnonzero(own))
        return Split(images[own], labels[own], numbered, files)

    return Dataset(name, classes, split(0), split(1), split(2), notes, unreadable)


def require_two_classes(name: str, classes: tuple[str, ...]) -> None:
    """Refuse class names that are fewer than two or repeat.

    Args:
        name: the set, for the message.
        classes: names.

    Raises:
        DataError: with the class that is alone or repeats.
    """
    if len(classes) < 2:
        found = "".join(f": {one!r}" for one in classes)
        raise DataError(f"{name}: needs at least two classes, found {len(classes)}{found}")
    if len(set(classes)) < len(classes):
        repeated = next(one for one in classes if classes.count(one) > 1)
        raise DataError(f"{name}: class names must differ, got {repeated!r} more than once")


def _described(array: NDArray[np.generic]) -> str:
    return f"{array.dtype} {array.shape}"


def _read_only(array: NDArray[np.generic]) -> NDArray[np.generic]:
    view = array.view()
    view.flags.writeable = False
    return view

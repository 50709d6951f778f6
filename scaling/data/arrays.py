"""Sets in one .npz file of decoded arrays, as Keras and MedMNIST give them out.

| form | keys |
|---|---|
| Keras | x_train, y_train, x_test, y_test |
| MedMNIST | train_images, train_labels, val_images, val_labels, test_images, test_labels |

Without validation images the last sixth of each class of train, in file order, is validation. Classes are the numbers that
occur. Nothing pickled is ever loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.mnist import numbered
from scaling.data.splits import TEST, TRAIN, VALIDATION, last_sixth, require_filled

_FORMS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("x_train", "y_train"), ("x_test", "y_test")),
    (("train_images", "train_labels"), ("val_images", "val_labels"), ("test_images", "test_labels")),
    (("train_images", "train_labels"), ("test_images", "test_labels")),
)
"""Pairs of images and labels: train, validation where there is one, test."""

Array = NDArray[Any]


def array_form(keys: Collection[str]) -> tuple[tuple[str, str], ...] | None:
    """The form that a file with these keys has; None if it is another."""
    return next((form for form in _FORMS if all(key in keys for pair in form for key in pair)), None)


def from_arrays(
    file: Path,
    arrays: Mapping[str, Array],
    form: tuple[tuple[str, str], ...],
    held_out: HeldOut = AS_THE_FORM_HAS_IT,
) -> Dataset:
    """A set of decoded arrays.

    Args:
        file: that holds them, for messages and the set's name.
        arrays: images uint8 (n, side, side) or (n, side, side, 1 or 3), labels whole numbers (n,) or (n, 1).
        form: of `array_form`.
        held_out: how much of train is validation where the file holds no validation images.

    Raises:
        DataError: an array is of another type or shape, or a split has nothing of a class.
    """
    images = [_images(file, key, arrays[key]) for key, _ in form]
    labels = [_labels(file, key, arrays[key], len(own)) for (_, key), own in zip(form, images, strict=True)]
    if len({own.shape[1:] for own in images}) > 1:
        raise DataError(f"{file}: images must all have one shape, got {', '.join(str(own.shape[1:]) for own in images)}")
    held_out.require_use(str(file), len(form) == 2)
    if len(form) == 2:
        train = held_out.of_train(numbered(labels[0])[1], last_sixth)
    else:
        train = np.full(len(labels[0]), TRAIN, np.uint8)
    others = (TEST,) if len(form) == 2 else (VALIDATION, TEST)
    codes = [train, *(np.full(len(own), code, np.uint8) for own, code in zip(labels[1:], others, strict=True))]
    classes, indices = numbered(np.concatenate(labels))
    require_filled(str(file), classes, indices, np.concatenate(codes))
    return make_dataset(file.stem, classes, np.concatenate(images), indices, np.concatenate(codes))


def _images(file: Path, key: str, array: Array) -> NDArray[np.uint8]:
    if array.dtype != np.uint8:
        raise DataError(f"{file}: {key} must be uint8 from 0 to 255, got {array.dtype}; convert it and save it again")
    stacked = array[..., None] if array.ndim == 3 else array
    if stacked.ndim != 4 or stacked.shape[1] != stacked.shape[2] or stacked.shape[3] not in (1, 3) or 0 in stacked.shape:
        raise DataError(f"{file}: {key} must be square images, (n, side, side) or (n, side, side, 1 or 3), got {array.shape}")
    return stacked


def _labels(file: Path, key: str, array: Array, count: int) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu" or array.shape not in ((count,), (count, 1)):
        found = f"{array.dtype} {array.shape}"
        raise DataError(f"{file}: {key} must be one whole number for each of {count} images, one class each, got {found}")
    if count and not 0 <= int(array.min()) <= int(array.max()) < 2**31:
        raise DataError(f"{file}: {key} must be from 0 to 2^31, got {array.min()} to {array.max()}")
    return array.reshape(-1).astype(np.int64)

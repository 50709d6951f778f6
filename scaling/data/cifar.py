"""CIFAR-10 and CIFAR-100 as they are given out: the binary files, and the pickles, which are read without being run.

Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.splits import TEST, last_sixth, require_filled

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_TRAIN_10, _TEST_10 = tuple(f"data_batch_{number}.bin" for number in range(1, 6)), ("test_batch.bin",)
_FORMS = {
    # train files, test files, labels before each image, which of them is the class, file of names
    "cifar-10": (_TRAIN_10, _TEST_10, 1, 0, "batches.meta.txt"),
    "cifar-100": (("train.bin",), ("test.bin",), 2, 1, "fine_label_names.txt"),
}


def cifar_form(folder: Path) -> str | None:
    """Which of the two sets a folder holds in binary files, all or some of them; None if it holds neither."""
    for name, (train, test, *_, names) in _FORMS.items():
        present = [(folder / one).is_file() for one in (*train, *test)]
        if any(present) and (len(train) > 1 or all(present) or (folder / names).is_file()):
            return name
    return None


def from_cifar_folder(folder: Path) -> Dataset:
    """CIFAR-10, or CIFAR-100 by its fine labels.

    Of the train files the last sixth of each class, in file order, is validation; the test file is test.

    Args:
        folder: one of which `cifar_form` says what it holds.

    Raises:
        DataError: a file is missing, cut off or of another form.
    """
    name = cifar_form(folder)
    if name is None:
        raise DataError(f"{folder}: holds neither CIFAR-10 nor CIFAR-100")
    train, test, before, which, names = _FORMS[name]
    if absent := [one for one in (*train, *test) if not (folder / one).is_file()]:
        raise DataError(f"{folder}: {' and '.join(absent)} missing; all files of {name} are needed")
    parts = [_records(folder / one, before, which) for one in (*train, *test)]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    held_out = sum(len(own) for _, own in parts[len(train) :])
    codes = np.concatenate([last_sixth(labels[:-held_out]), np.full(held_out, TEST, np.uint8)])
    classes = _class_names(folder / names, int(labels.max()) + 1)
    require_filled(str(folder), classes, labels, codes)
    return make_dataset(name, classes, images, labels, codes)


def _records(file: Path, before: int, which: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images uint8 (n, 32, 32, 3) and labels int32 (n,): `before` bytes of labels, then red, green and blue, row by row."""
    content = np.frombuffer(file.read_bytes(), np.uint8)
    if len(content) == 0 or len(content) % (before + _PIXELS):
        raise DataError(f"{file}: must hold records of {before + _PIXELS:,} bytes, got {len(content):,} bytes; fetch it again")
    rows = content.reshape(-1, before + _PIXELS)
    images = rows[:, before:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), rows[:, which].astype(np.int32)


def _class_names(file: Path, count: int) -> tuple[str, ...]:
    """One name a line; numbers where there is no such file, or it names fewer."""
    lines = file.read_text("utf-8", "replace").split("\n") if file.is_file() else []
    names = tuple(line.strip() for line in lines if line.strip())
    return names if len(names) >= count and len(set(names)) == len(names) else tuple(map(str, range(count)))

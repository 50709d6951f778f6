"""CIFAR-10 and CIFAR-100 as they are given out: the binary files, and the pickles, which are read without being run.

Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.pickled import read_pickle
from scaling.data.splits import TEST, last_sixth, require_filled

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_MOST_CLASSES = 256
_PICKLE = b"\x80"  # what a pickle of protocol 2 or later begins with
_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))


class _Form(NamedTuple):
    """A form that a set is given out in.

    Attributes:
        name: of the set.
        train: its files.
        test: its files.
        names: the file of class names, which may be missing.
        before: of binary files, bytes of labels before each image.
        which: of these, the class.
        labels: of pickles, the key of the labels.
        names_key: of pickles, the key of the class names.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    before: int = 0
    which: int = 0
    labels: str = ""
    names_key: str = ""


_FORMS = (
    _Form("cifar-10", tuple(f"{one}.bin" for one in _BATCHES), ("test_batch.bin",), "batches.meta.txt", 1, 0),
    _Form("cifar-100", ("train.bin",), ("test.bin",), "fine_label_names.txt", 2, 1),
    _Form("cifar-10", _BATCHES, ("test_batch",), "batches.meta", labels="labels", names_key="label_names"),
    _Form("cifar-100", ("train",), ("test",), "meta", labels="fine_labels", names_key="fine_label_names"),
)


def cifar_form(folder: Path) -> _Form | None:
    """Which of the two sets a folder holds, and in which files, all or some of them; None if it holds neither."""
    for form in _FORMS:
        present = [_is_part(folder / one, form) for one in (*form.train, *form.test)]
        if any(present) and (len(form.train) > 1 or all(present) or os.path.isfile(folder / form.names)):
            return form
    return None


def _is_part(file: Path, form: _Form) -> bool:
    """Whether a file is there and may be one of a form's: a list of names may well be called train or test."""
    try:
        with file.open("rb") as stream:
            return not form.labels or len(form.train) > 1 or stream.read(1) == _PICKLE
    except OSError:
        return False


def from_cifar_folder(folder: Path, held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Dataset:
    """CIFAR-10, or CIFAR-100 by its fine labels.

    Of the train files the last sixth of each class, in file order, is validation; the test file is test.

    Args:
        folder: one of which `cifar_form` says what it holds.
        held_out: how much of train is validation.

    Raises:
        DataError: a file is missing, cut off or of another form.
    """
    form = cifar_form(folder)
    if form is None:
        raise DataError(f"{folder}: holds neither CIFAR-10 nor CIFAR-100")
    if absent := [one for one in (*form.train, *form.test) if not (folder / one).is_file()]:
        raise DataError(f"{folder}: {' and '.join(absent)} missing; all files of {form.name} are needed")
    read = _pickled if form.labels else _records
    parts = [read(folder / one, form) for one in (*form.train, *form.test)]
    images = np.concatenate([rows.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1) for rows, _ in parts])
    labels = np.concatenate([own for _, own in parts])
    tests = len(parts[-1][1])
    codes = np.concatenate([held_out.of_train(labels[:-tests], last_sixth), np.full(tests, TEST, np.uint8)])
    classes = _class_names(folder, form, int(labels.max()) + 1)
    require_filled(str(folder), classes, labels, codes)
    return make_dataset(form.name, classes, np.ascontiguousarray(images), labels, codes)


def _records(file: Path, form: _Form) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images uint8 (n, 3072), red, green and blue, row by row, and labels int32 (n,), of a binary file."""
    content, length = np.frombuffer(_bytes(file), np.uint8), form.before + _PIXELS
    if len(content) == 0 or len(content) % length:
        raise DataError(f"{file}: must hold records of {length:,} bytes, got {len(content):,} bytes; fetch it again")
    rows = content.reshape(-1, length)
    return rows[:, form.before :], rows[:, form.which].astype(np.int32)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error


def _pickled(file: Path, form: _Form) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The same of a pickle: a dictionary with `data` and labels."""
    found = _by_text(read_pickle(file))
    rows, labels = found.get("data"), found.get(form.labels)
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != _PIXELS or not len(rows):
        raise DataError(f"{file}: must hold 'data', uint8 (n, {_PIXELS}); it is none of {form.name}'s files")
    if not isinstance(labels, list) or len(labels) != len(rows) or not all(_is_label(one) for one in labels):
        raise DataError(f"{file}: must hold {form.labels!r}, a whole number for each of {len(rows)} images")
    return rows, np.array(labels, np.int32)


def _is_label(found: Any) -> bool:
    return type(found) is int and 0 <= found < _MOST_CLASSES


def _class_names(folder: Path, form: _Form, count: int) -> tuple[str, ...]:
    """As the file of names has them; numbers where there is no such file, or it names fewer."""
    file, names = folder / form.names, []
    if file.is_file() and form.names_key:
        found = _by_text(read_pickle(file)).get(form.names_key)
        names = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
    elif file.is_file():
        names = [line.strip() for line in _bytes(file).decode("utf-8", "replace").split("\n") if line.strip()]
    return tuple(names) if len(names) >= count and len(set(names)) == len(names) else tuple(map(str, range(count)))


def _by_text(found: Any) -> dict[str, Any]:
    """A dictionary whose keys and lists are texts, whichever Python wrote it."""
    if not isinstance(found, dict):
        return {}
    texts = {key.decode("latin1") if isinstance(key, bytes) else key: value for key, value in found.items()}
    return {key: [_text(one) for one in value] if isinstance(value, list) else value for key, value in texts.items()}


def _text(found: Any) -> Any:
    return found.decode("latin1") if isinstance(found, bytes) else found

"""The packed form: a data set in one .npz file, its images still encoded as PNG, JPEG, WebP, BMP or GIF.

| key | holds |
|---|---|
| data | uint8: the image files, one after another |
| offsets | whole numbers (n + 1,): image i is data[offsets[i]:offsets[i + 1]] |
| labels | whole numbers (n,): indices into names |
| split | whole numbers (n,): 0 train, 1 held out, 2 test |
| names | strings: the classes |

With 0 and 1 there is one held-out split: it becomes test, and every fifth image of each class of train becomes
validation. With 2 as well, 0, 1 and 2 are train, validation and test. With 0 alone each class is shared out 60 / 25 /
15 %. These are the rules of `scaling.data.folder`. Nothing pickled is ever loaded.
"""

from __future__ import annotations

import itertools
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset, require_two_classes
from scaling.data.decode import LARGEST_DEFAULT_SIDE, decode, decode_readable
from scaling.data.folder import Listing, encoded, listing
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.notes import depth_note, unreadable_note
from scaling.data.pillow import Encoded, in_memory
from scaling.data.splits import TEST, TRAIN, every_fifth, require_filled, split_60_25_15

KEYS = ("data", "offsets", "labels", "split", "names")

_KINDS = {"data": "u", "offsets": "iu", "labels": "iu", "split": "iu", "names": "U"}
_WORDS = {"u": "uint8", "iu": "whole numbers", "U": "strings"}
_ARRAY_FORMS = "or the arrays of Keras (x_train, y_train, ...) or MedMNIST (train_images, train_labels, ...)"

Array = NDArray[Any]


def from_packed(
    file: Path,
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    *,
    skip_unreadable: bool = False,
    held_out: HeldOut = AS_THE_FORM_HAS_IT,
) -> Dataset:
    """Load a packed file.

    Args:
        file: see the top of this module.
        side: px; without it as `decode` chooses.
        largest: px that `decode` chooses at most.
        skip_unreadable: take the set as if images that cannot be read were not there.
        held_out: how much of train is validation where one other split is there.

    Raises:
        DataError: the file is damaged, lacks a key, holds something pickled or of the wrong kind, or as `decode` does.
    """
    arrays = _arrays(file)
    classes = tuple(arrays["names"].tolist())
    labels, split = arrays["labels"].astype(np.int32), arrays["split"].astype(np.uint8)
    held_out.require_use(str(file), TEST not in split and bool(split.any()))
    require_filled(str(file), classes, labels, _codes(labels, split, held_out))
    sources = _images(arrays, classes)
    made = decode_readable(str(file), sources, side, largest, skip=skip_unreadable)
    kept = np.delete(np.arange(len(labels)), list(made.unreadable))
    labels, codes = labels[kept], _codes(labels[kept], split[kept], held_out)
    require_filled(str(file), classes, labels, codes)
    unreadable = tuple(f"{sources[index].name}: {reason}" for index, reason in made.unreadable.items())
    return make_dataset(
        file.stem,
        classes,
        made.images,
        labels,
        codes,
        names=tuple(sources[index].name for index in kept),
        notes=(*depth_note(made.bits), *unreadable_note(unreadable, len(sources))),
        unreadable=unreadable,
    )


def pack(folder: str | os.PathLike[str], file: str | os.PathLike[str]) -> Path:
    """Write a folder of class folders as one packed file, which loads as the same images in the same splits.

    The image files go in as they are; each is decoded once to see that it can be.

    Args:
        folder: see `scaling.data.folder`.
        file: what to write, ending in .npz; an existing one is replaced at the end, at once.

    Returns:
        The file's path.

    Raises:
        DataError: the file has another ending or cannot be written, or as loading the folder does.
    """
    source, target = (Path(os.path.expanduser(path)) for path in (folder, file))
    if target.suffix != ".npz":
        raise DataError(f"pack: the file must end in .npz, got {target}")
    found = listing(source)
    images = encoded(found)
    decode(str(source), images, side=1)
    try:
        _write(target, found)
    except OSError as error:
        raise DataError(f"pack: {target} cannot be written: {error.strerror or error}") from error
    return target


def _write(file: Path, found: Listing) -> None:
    contents = [path.read_bytes() for path in found.paths]
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            data=np.frombuffer(b"".join(contents), np.uint8),
            offsets=np.cumsum([0, *map(len, contents)], dtype=np.int64),
            labels=found.labels,
            split=found.codes,
            names=np.array(found.classes),
        )
    partial.replace(file)


def _codes(labels: NDArray[np.int32], split: NDArray[np.uint8], held_out: HeldOut) -> NDArray[np.uint8]:
    if TEST in split:
        return split
    if not split.any():
        return split_60_25_15(labels)
    codes = np.full(len(split), TEST, np.uint8)
    codes[split == TRAIN] = held_out.of_train(labels[split == TRAIN], every_fifth)
    return codes


def _images(arrays: dict[str, Array], classes: tuple[str, ...]) -> list[Encoded]:
    content, offsets = arrays["data"].data, arrays["offsets"].tolist()
    names = [f"image {index} of {classes[label]!r}" for index, label in enumerate(arrays["labels"].tolist())]
    spans = itertools.pairwise(offsets)
    return [in_memory(name, content[start:stop]) for name, (start, stop) in zip(names, spans, strict=True)]


def npz_keys(file: Path) -> tuple[str, ...]:
    """What the arrays of an .npz file are called.

    Raises:
        DataError: it is none, or is damaged.
    """
    try:
        with file.open("rb") as stream:
            whole = zipfile.is_zipfile(stream)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    if not whole:
        raise DataError(f"{file}: not an .npz file, or cut off")
    try:
        with np.load(file, allow_pickle=False) as content:
            return tuple(content.files)
    except Exception as error:  # damage shows as anything from zlib.error to MemoryError
        raise DataError(f"{file}: cannot be read, it is damaged: {error}") from error


def npz_arrays(file: Path, keys: Sequence[str]) -> dict[str, Array]:
    """Arrays of an .npz file, as far as it has them.

    Raises:
        DataError: one is damaged, pickled, or no array.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = {key: content[key] for key in keys if key in content}
    except MemoryError:
        raise
    except Exception as error:  # damage shows as anything from zlib.error to struct.error; pickles as ValueError
        raise DataError(f"{file}: cannot be read; damaged, or pickled, which is never loaded: {error}") from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):  # a member of the archive that is no array comes back as bytes
            raise DataError(f"{file}: {key} must be an array, got no array")
    return arrays


def _arrays(file: Path) -> dict[str, Array]:
    absent = [key for key in KEYS if key not in npz_keys(file)]
    if absent:
        raise DataError(f"{file}: not a packed file, it has no {', '.join(absent)}; needs {', '.join(KEYS)}, {_ARRAY_FORMS}")
    arrays = npz_arrays(file, KEYS)
    _require_kinds(file, arrays)
    return arrays


def _require_kinds(file: Path, arrays: dict[str, Array]) -> None:
    for key, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in _KINDS[key]:
            got = f"{array.dtype} {array.shape}"
            raise DataError(f"{file}: {key} must be one row of {_WORDS[_KINDS[key]]}, got {got}")
    if arrays["data"].dtype != np.uint8:
        raise DataError(f"{file}: data must be one row of uint8, got {arrays['data'].dtype} {arrays['data'].shape}")
    try:
        names = tuple(arrays["names"].tolist())
    except Exception:  # NumPy raises SystemError at a character that there is not
        raise DataError(f"{file}: names must be strings of Unicode characters") from None
    require_two_classes(str(file), names)
    _require_consistent(file, *(arrays[key] for key in KEYS))


def _require_consistent(file: Path, data: Array, offsets: Array, labels: Array, split: Array, names: Array) -> None:
    lengths = np.diff(offsets.astype(np.int64))
    if len(lengths) == 0 or offsets[0] != 0 or offsets[-1] != len(data) or (lengths < 0).any():
        raise DataError(f"{file}: offsets must rise from 0 to the {len(data)} bytes of data")
    if not len(labels) == len(split) == len(lengths):
        demand = f"a label and a split for each of {len(lengths)} images"
        raise DataError(f"{file}: needs {demand}, got {len(labels)} and {len(split)}")
    for key, codes, last in (("labels", labels, len(names) - 1), ("split", split, TEST)):
        if codes.min() < 0 or codes.max() > last:
            raise DataError(f"{file}: {key} must be from 0 to {last}, got {codes.min()} to {codes.max()}")

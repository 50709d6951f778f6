"""A folder of class folders, the form that people keep images in: FOLDER/CLASS/IMAGE or FOLDER/train/CLASS/IMAGE.

* Class folders directly in the folder, or in `train/` alone: each class is shared out 60 / 25 / 15 % to train,
  validation and test, by a fixed pattern over its files sorted by name.
* `train/` with one of `val/`, `valid/`, `validation/` or `test/`: that one is test, and every fifth image of each
  class of train is validation.
* `train/` with a validation folder and `test/`: as they stand.

A class folder is one that holds at least one image, however deep. Hidden files and files without an image's ending
(.png, .jpg, .jpeg, .webp, .bmp, .gif) are passed over, but an image of another format (.tif, .heic) is an error. Links are
followed; a link back up is not walked again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset, require_two_classes
from scaling.data.decode import LARGEST_DEFAULT_SIDE, NOT_READ, SUFFIXES, Encoded, decode, on_disk
from scaling.data.splits import TEST, TRAIN, VALIDATION, every_fifth, require_filled, split_60_25_15

_VALIDATION_NAMES = ("val", "valid", "validation")

Classes = dict[str, list[Path]]


class Listing(NamedTuple):
    """The files of a folder, not yet decoded.

    Args:
        classes: names, sorted.
        paths: n files, split by split as the folder has them, class by class, sorted.
        labels: int32 (n,).
        codes: uint8 (n,), 0 train, 1 validation, 2 test.
        groups: int32 (n,), where asked for: files of one sub-folder of a class folder are one group.
    """

    classes: tuple[str, ...]
    paths: list[Path]
    labels: NDArray[np.int32]
    codes: NDArray[np.uint8]
    groups: NDArray[np.int32] | None = None


def from_class_folders(
    folder: Path, side: int | None = None, largest: int = LARGEST_DEFAULT_SIDE, grouped: bool = False
) -> Dataset:
    """Load a folder of class folders.

    Args:
        folder: see the top of this module.
        side: px; without it as `decode` chooses.
        largest: px that `decode` chooses at most.
        grouped: as `listing` takes it.

    Raises:
        DataError: as `listing` and `decode` do.
    """
    found = listing(folder, grouped)
    images = decode(str(folder), encoded(folder, found), side, largest)
    return make_dataset(folder.resolve().name, found.classes, images, found.labels, found.codes, found.groups)


def listing(folder: Path, grouped: bool = False) -> Listing:
    """Find the images of a folder, their classes and their splits, without opening them.

    Args:
        folder: see the top of this module.
        grouped: images of one sub-folder of a class folder belong together (CLASS/GROUP/IMAGE): a group is never shared out
        over
            splits. An image directly in its class folder is a group of its own.

    Raises:
        DataError: the folder cannot be read, has an image of another format, fewer than two class folders, several
            validation folders, other classes in one split than in another, or a class with too few images to fill every
            split.
    """
    parts = _parts(folder)
    classes = tuple(parts[0])
    require_two_classes(str(folder), classes)
    paths = [path for part in parts for one in classes for path in part[one]]
    labels = [np.repeat(np.arange(len(classes), dtype=np.int32), [len(part[one]) for one in classes]) for part in parts]
    groups = _groups(folder, parts, classes) if grouped else None
    codes = _codes(labels) if groups is None else _codes_by_group(labels, groups)
    found = Listing(classes, paths, np.concatenate(labels), codes, None if groups is None else np.concatenate(groups))
    require_filled(str(folder), classes, found.labels, found.codes)
    return found


def encoded(folder: Path, found: Listing) -> list[Encoded]:
    """The files of a listing as `decode` takes them, named from the folder on."""
    return [on_disk(path.relative_to(folder).as_posix(), path) for path in found.paths]


def _codes(labels: list[NDArray[np.int32]]) -> NDArray[np.uint8]:
    train, *held_out = labels
    if not held_out:
        return split_60_25_15(train)
    if len(held_out) == 1:
        return np.concatenate([every_fifth(train), np.full(len(held_out[0]), TEST, np.uint8)])
    return np.repeat(np.array([TRAIN, VALIDATION, TEST], np.uint8), [len(part) for part in labels])


def _codes_by_group(labels: list[NDArray[np.int32]], groups: list[NDArray[np.int32]]) -> NDArray[np.uint8]:
    """As `_codes`, whole groups being shared out."""
    found = []
    for own_labels, own_groups in zip(labels, groups, strict=True):
        _, first, inverse = np.unique(own_groups, return_index=True, return_inverse=True)
        found.append((own_labels[first], inverse))
    codes = np.split(_codes([of_groups for of_groups, _ in found]), np.cumsum([len(of_groups) for of_groups, _ in found])[:-1])
    return np.concatenate([own[inverse] for own, (_, inverse) in zip(codes, found, strict=True)])


def _groups(folder: Path, parts: list[Classes], classes: tuple[str, ...]) -> list[NDArray[np.int32]]:
    """Each file's group, numbered through all parts in the files' order."""
    numbers: dict[tuple[int, str, str], int] = {}
    found = []
    for part, of_classes in enumerate(parts):
        files = [(name, path) for name in classes for path in of_classes[name]]
        keys = [(part, name, _group_of(folder, name, path)) for name, path in files]
        found.append(np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32))
    return found


def _group_of(folder: Path, name: str, path: Path) -> str:
    """The sub-folder of the class folder that a file lies in, or the file itself."""
    parts = path.relative_to(folder).parts
    return parts[parts.index(name) + 1]


def _parts(folder: Path) -> list[Classes]:
    """The classes of train (or of the whole folder), then those of the held-out folders, validation first."""
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: no such folder")
    train = _classes(folder / "train") if os.path.isdir(folder / "train") else {}
    if not train:
        return [_classes_directly(folder)]
    validation = [name for name in _VALIDATION_NAMES if os.path.isdir(folder / name)]
    if len(validation) > 1:
        raise DataError(f"{folder}: needs one validation folder, found {' and '.join(validation)}; remove or rename one")
    names = [*validation, *(["test"] if os.path.isdir(folder / "test") else [])]
    held_out = [_classes(folder / name) for name in names]
    for name, part in zip(names, held_out, strict=True):
        _require_same_classes(folder, train, name, part)
    return [train, *held_out]


def _classes_directly(folder: Path) -> Classes:
    classes = _classes(folder)
    if not classes:
        raise DataError(f"{folder}: no class folders: needs one folder per class with {', '.join(SUFFIXES)} files in it")
    if set(classes) <= {*_VALIDATION_NAMES, "test"}:
        raise DataError(f"{folder}: has {' and '.join(classes)} but no train folder with class folders in it")
    return classes


def _require_same_classes(folder: Path, train: Classes, name: str, part: Classes) -> None:
    if train.keys() != part.keys():
        sides = (("train", train.keys() - part.keys()), (name, part.keys() - train.keys()))
        told = "; ".join(f"only in {where}: {', '.join(map(repr, sorted(only)))}" for where, only in sides if only)
        raise DataError(f"{folder}: train and {name} must have the same classes; {told}")


def _classes(folder: Path) -> Classes:
    found = {name: list(_images(folder / name, set())) for name in _visible(folder) if os.path.isdir(folder / name)}
    return {name: sorted(paths, key=lambda path: path.as_posix()) for name, paths in found.items() if paths}


def _visible(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error


def _images(folder: Path, walked: set[str]) -> Iterator[Path]:
    """Every image under a folder; `walked` holds the real places of folders, against rings and doubles by links."""
    place = os.path.realpath(folder)
    if place in walked:
        return
    walked.add(place)
    for name in _visible(folder):
        path = folder / name
        if os.path.isdir(path):
            yield from _images(path, walked)
        elif path.suffix.lower() in NOT_READ:
            raise DataError(f"{path}: needs to be one of {', '.join(SUFFIXES)}; convert such images, or move them away")
        # A dangling link is listed, and counted later as an image that cannot be read; a pipe or device is not.
        elif path.suffix.lower() in SUFFIXES and (os.path.isfile(path) or not os.path.exists(path)):
            yield path

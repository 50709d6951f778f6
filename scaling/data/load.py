"""One door to every kind of image set: `load`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from scaling.core.names import did_you_mean
from scaling.data.bicubic import require_side, resize
from scaling.data.dataset import DataError, Dataset, Split
from scaling.data.decode import LARGEST_DEFAULT_SIDE
from scaling.data.fashion import STEMS, from_idx_folder, missing, shipped, whole
from scaling.data.folder import from_class_folders
from scaling.data.packed import from_packed

NAMED: dict[str, Callable[[], Dataset]] = {"fashion-mnist-10k": shipped, "fashion-mnist": whole}
"""The sets that are known by name. A folder of such a name is reached by ./NAME."""


def load(
    name_or_path: str | os.PathLike[str],
    *,
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    grouped: bool = False,
) -> Dataset:
    """Load a set of images, by name or from disk.

    Args:
        name_or_path: `fashion-mnist-10k` (shipped), `fashion-mnist` (the whole set, if it is on this machine), a folder
            of class folders, a folder with the four files of MNIST or a relative of it, or an .npz file that `pack`
            wrote.
        side: px to store the images at; without it their own, or for image files the median of the shorter sides,
            at most `largest`.
        largest: px.
        grouped: of a folder of class folders, images of one sub-folder of a class depend on each other and stay in one split.

    Raises:
        DataError: there is nothing of that name, it cannot be used, or side is not a whole number of at least 1.
    """
    if side is not None:
        require_side("load", side)
    if grouped and not _class_folders(name_or_path):
        raise DataError(
            f"{os.fspath(name_or_path)}: images have no groups; they are the sub-folders of a folder of class folders, "
            "as CLASS/GROUP/IMAGE"
        )
    if name_or_path in NAMED:
        return _at_side(NAMED[str(name_or_path)](), side)
    path = Path(os.path.expanduser(name_or_path))
    if path.suffix == ".npz" and not os.path.isdir(path):
        if not os.path.isfile(path):
            raise DataError(f"{path}: no such file")
        return from_packed(path, side, largest)
    if not os.fspath(name_or_path) or not os.path.isdir(path):
        raise DataError(
            f"no images called {os.fspath(name_or_path)!r}; allowed: {', '.join(NAMED)}, "
            "a folder of class folders, a folder with the four files of an MNIST-like set, or an .npz file of pack"
            f"{did_you_mean(os.fspath(name_or_path), NAMED)}"
        )
    if len(missing(path)) < len(STEMS):
        return _at_side(from_idx_folder(path), side)
    return from_class_folders(path, side, largest, grouped)


def _class_folders(name_or_path: str | os.PathLike[str]) -> bool:
    path = Path(os.path.expanduser(name_or_path))
    return name_or_path not in NAMED and os.path.isdir(path) and len(missing(path)) == len(STEMS)


def _at_side(dataset: Dataset, side: int | None) -> Dataset:
    if side is None or side == dataset.side:
        return dataset
    train, validation, test = (
        Split(resize(split.images, side), split.labels) for split in (dataset.train, dataset.validation, dataset.test)
    )
    return Dataset(dataset.name, dataset.classes, train, validation, test)

"""One door to every kind of image set: `load`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from scaling.core.names import did_you_mean
from scaling.data.arrays import array_form, from_arrays
from scaling.data.bicubic import require_side, resize
from scaling.data.cifar import cifar_form, from_cifar_folder
from scaling.data.dataset import DataError, Dataset, Split
from scaling.data.decode import LARGEST_DEFAULT_SIDE
from scaling.data.fashion import shipped, whole
from scaling.data.folder import from_class_folders, listing
from scaling.data.foreign import foreign_format
from scaling.data.mnist import from_idx_folder, idx_sets
from scaling.data.packed import from_packed, npz_arrays, npz_keys
from scaling.data.walk import visible

NAMED: dict[str, Callable[[], Dataset]] = {"fashion-mnist-10k": shipped, "fashion-mnist": whole}
"""The sets that are known by name. A folder of such a name is reached by ./NAME."""


def load(
    name_or_path: str | os.PathLike[str],
    *,
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    grouped: bool = False,
    top_classes: bool = False,
    skip_unreadable: bool = False,
) -> Dataset:
    """Load a set of images, by name or from disk.

    Args:
        name_or_path: `fashion-mnist-10k` (shipped), `fashion-mnist` (the whole set, if it is on this machine), a folder
            of class folders, a folder with the files of MNIST or a relative of it or of CIFAR-10 or CIFAR-100, or an .npz
            file that `pack` wrote or in the form of Keras or MedMNIST.
        side: px to store the images at; without it their own, or for image files the median of the shorter sides,
            at most `largest`.
        largest: px.
        grouped: of a folder of class folders, images of one sub-folder of a class depend on each other and stay in one split.
        top_classes: the sub-folders of the folder are its classes, whatever they are called and hold.
        skip_unreadable: image files that cannot be read are taken as if they were not there; `Dataset.unreadable` lists them.

    Raises:
        DataError: there is nothing of that name, it cannot be used, or side is not a whole number of at least 1.
    """
    if side is not None:
        require_side("load", side)
    name = os.fspath(name_or_path)
    path = Path(os.path.expanduser(name))
    is_folder = bool(name) and name not in NAMED and os.path.isdir(path)
    is_file = not is_folder and path.suffix.lower() == ".npz" and os.path.isfile(path)
    if not (is_folder or is_file or name in NAMED):
        raise DataError(_nothing(name, path))
    reader = _reader(path) if is_folder else None
    if grouped and (not is_folder or reader is not None):
        raise DataError(
            f"{name}: images have no groups; they are the sub-folders of a folder of class folders, as CLASS/GROUP/IMAGE"
        )
    if top_classes and (not is_folder or reader is not None):
        raise DataError(f"{name}: holds no folders that could be classes; leave out --classes top")
    if name in NAMED:
        return _at_side(NAMED[name](), side)
    if reader is not None:
        return _at_side(reader(path), side)
    if is_folder:
        return from_class_folders(listing(path, grouped, top_classes), side, largest, skip_unreadable=skip_unreadable)
    form = array_form(npz_keys(path))
    if form is None:
        return from_packed(path, side, largest, skip_unreadable=skip_unreadable)
    return _at_side(from_arrays(path, npz_arrays(path, [key for pair in form for key in pair]), form), side)


def _reader(folder: Path) -> Callable[[Path], Dataset] | None:
    """What reads a folder that holds a known set; None where it has class folders, or nothing that is known."""
    visible(folder)  # a folder that must not be read is refused as that
    if idx_sets(folder):
        return from_idx_folder
    return from_cifar_folder if cifar_form(folder) else None


def _nothing(name: str, path: Path) -> str:
    if name and os.path.exists(path):
        return f"{path}: {foreign_format(path.name) or 'is no folder and no .npz file, so it holds no images that are read'}"
    if path.suffix == ".npz":
        return f"{path}: no such file"
    return (
        f"no images called {name!r}; allowed: {', '.join(NAMED)}, a folder of class folders, a folder with the files of an "
        "MNIST-like set or of CIFAR, or an .npz file of pack, Keras or MedMNIST"
        f"{did_you_mean(name, NAMED)}"
    )


def _at_side(dataset: Dataset, side: int | None) -> Dataset:
    if side is None or side == dataset.side:
        return dataset
    train, validation, test = (
        Split(resize(split.images, side), split.labels) for split in (dataset.train, dataset.validation, dataset.test)
    )
    return dataclasses.replace(dataset, train=train, validation=validation, test=test)

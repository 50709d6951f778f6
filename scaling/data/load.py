"""One door to every kind of image set: `load`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scaling.core.names import did_you_mean
from scaling.data.arrays import array_form, from_arrays
from scaling.data.bicubic import require_side, resize
from scaling.data.cifar import cifar_form, from_cifar_folder
from scaling.data.dataset import DataError, Dataset, Split
from scaling.data.decode import LARGEST_DEFAULT_SIDE
from scaling.data.fashion import shipped, whole
from scaling.data.flowers import flowers, holds_flowers
from scaling.data.folder import Listing, from_class_folders, listing
from scaling.data.foreign import foreign_format
from scaling.data.held_out import HeldOut, require_held_out
from scaling.data.listed import IN_MEMORY_BYTES, ListedDataset, listed
from scaling.data.mnist import from_idx_folder, idx_sets
from scaling.data.packed import from_packed, npz_arrays, npz_keys
from scaling.data.record_files import record_source, records_in
from scaling.data.source import folder_source
from scaling.data.thin import thinned
from scaling.data.walk import visible

Known = Callable[[Path, HeldOut], Dataset]

NAMED: dict[str, Callable[[HeldOut], Dataset]] = {"fashion-mnist-10k": shipped, "fashion-mnist": whole}
"""The sets that are known by name. A folder of such a name is reached by ./NAME."""


def load(
    name_or_path: str | os.PathLike[str],
    *,
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    grouped: bool = False,
    top_classes: bool = False,
    skip_unreadable: bool = False,
    validation_share: float | None = None,
    minival: int | None = None,
    train_share: float | None = None,
    stored: bool | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Dataset | ListedDataset:
    """Load a set of images, by name or from disk.

    Args:
        name_or_path: `fashion-mnist-10k` (shipped), `fashion-mnist` (the whole set, if it is on this machine), a folder
            of class folders, a folder with the files of MNIST or a relative of it, of CIFAR-10 or CIFAR-100 or of Oxford's 102
            flowers, an .npz file that `pack` wrote or in the form of Keras or MedMNIST, or shards or records, a file of them
            or a folder.
        side: px to store the images at; without it their own, or for image files the median of the shorter sides,
            at most `largest`.
        largest: px.
        grouped: of a folder of class folders, images of one sub-folder of a class depend on each other and stay in one split.
        top_classes: the sub-folders of the folder are its classes, whatever they are called and hold.
        skip_unreadable: image files that cannot be read are taken as if they were not there; `Dataset.unreadable` lists them.
        validation_share: of each class's train images, held out as validation where a set has train and one other split.
        minival: as many images of train, spread evenly over the classes, instead of a share.
        train_share: of each class's train images, after validation is held out; the others are left alone.
        stored: list the images of class folders and decode them later, once, to the disk; None does so where they would take
            more than 1 GiB of memory. Shards and records always are.
        store: folder for that; without it `$SCALING_STORE`, or the user's cache folder.

    Returns:
        A set with its images; or a `ListedDataset`, whose `open` gives it.

    Raises:
        DataError: there is nothing of that name, it cannot be used, or side is not a whole number of at least 1.
        UserError: validation_share, minival or train_share can be of no set, or a package is missing.
    """
    if side is not None:
        require_side("load", side)
    require_held_out(validation_share, minival, train_share)
    asked = _Asked(side, largest, HeldOut(validation_share, minival), skip_unreadable, stored, store)
    found = _load(os.fspath(name_or_path), asked, grouped, top_classes)
    return found if train_share is None else thinned(found, train_share)


class _Asked(NamedTuple):
    """How images are to be read."""

    side: int | None
    largest: int
    held_out: HeldOut
    skip_unreadable: bool
    stored: bool | None
    store: str | os.PathLike[str] | None


def _load(name: str, asked: _Asked, grouped: bool, top_classes: bool) -> Dataset | ListedDataset:
    side, largest, held_out, skip_unreadable, stored, store = asked
    path = Path(os.path.expanduser(name))
    is_folder = bool(name) and name not in NAMED and os.path.isdir(path)
    is_file = not is_folder and bool(name) and os.path.isfile(path)
    reader = _reader(path) if is_folder else None
    records = records_in(path) if reader is None and (is_folder or is_file) else None
    is_npz = is_file and path.suffix.lower() == ".npz"
    if not (is_folder or is_npz or records or name in NAMED):
        raise DataError(_nothing(name, path))
    is_listed = is_folder and reader is None and records is None
    is_flowers = is_listed and holds_flowers(path)
    _require_classes(name, is_listed and not is_flowers, grouped, top_classes)
    if records is not None:
        if stored is False:
            raise DataError(f"{name}: shards and records are always stored; leave out stored=False")
        source = record_source(records, held_out)
        return listed(source, side, largest, skip_unreadable=skip_unreadable, store=store)
    if is_listed:
        found = flowers(path, held_out) if is_flowers else listing(path, grouped, top_classes, held_out)
        if stored is not False and (large := _listed_if_large(found, side, largest, skip_unreadable, store, bool(stored))):
            return large
        return from_class_folders(found, side, largest, skip_unreadable=skip_unreadable)
    if stored:
        raise DataError(f"{name}: holds no image files that could be decoded later; leave out stored=True")
    return _in_memory(name, path, reader, side, largest, skip_unreadable, held_out)


def _in_memory(
    name: str, path: Path, reader: Known | None, side: int | None, largest: int, skip_unreadable: bool, held_out: HeldOut
) -> Dataset:
    if name in NAMED:
        return _at_side(NAMED[name](held_out), side)
    if reader is not None:
        return _at_side(reader(path, held_out), side)
    form = array_form(npz_keys(path))
    if form is None:
        return from_packed(path, side, largest, skip_unreadable=skip_unreadable, held_out=held_out)
    arrays = npz_arrays(path, [key for pair in form for key in pair])
    return _at_side(from_arrays(path, arrays, form, held_out), side)


def _listed_if_large(
    found: Listing,
    side: int | None,
    largest: int,
    skip_unreadable: bool,
    store: str | os.PathLike[str] | None,
    asked: bool,
) -> ListedDataset | None:
    """The files of a listing as a set to be stored, where that is asked for or they are too large to hold in memory."""
    if not asked and len(found.files) * (side or largest) ** 2 * 3 <= IN_MEMORY_BYTES:
        return None  # whatever their sides are
    made = listed(folder_source(found), side, largest, skip_unreadable=skip_unreadable, store=store)
    is_large = len(found.files) * made.side**2 * made.in_channels > IN_MEMORY_BYTES
    return made if asked or is_large else None


def _require_classes(name: str, is_classes: bool, grouped: bool, top_classes: bool) -> None:
    if grouped and not is_classes:
        raise DataError(
            f"{name}: images have no groups; they are the sub-folders of a folder of class folders, as CLASS/GROUP/IMAGE"
        )
    if top_classes and not is_classes:
        raise DataError(f"{name}: holds no folders that could be classes; leave out --classes top")


def _reader(folder: Path) -> Known | None:
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
        "MNIST-like set, of CIFAR or of Flowers-102, shards or records of images, or an .npz file of pack, Keras or MedMNIST"
        f"{did_you_mean(name, NAMED)}"
    )


def _at_side(dataset: Dataset, side: int | None) -> Dataset:
    if side is None or side == dataset.side:
        return dataset
    train, validation, test = (
        Split(resize(split.images, side), split.labels) for split in (dataset.train, dataset.validation, dataset.test)
    )
    return dataclasses.replace(dataset, train=train, validation=validation, test=test)

"""Sets in the four files of MNIST: MNIST itself, Fashion-MNIST, KMNIST, EMNIST, under the names that they are given out by.

With a set's name before (`emnist-letters-train-images-idx3-ubyte`) or a dot in the middle (`train-images.idx3-ubyte`), with
`test` for `t10k`, each plain or with .gz, in the folder itself or in the `raw` folder that torchvision makes.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.idx import read
from scaling.data.splits import TEST, last_sixth, require_filled

FASHION_CLASSES: tuple[str, ...] = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
STEMS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""Names of the four files."""
SHIPPED_FASHION = files("scaling.data") / "fashion-mnist-10k"

_NAME = re.compile(r"(?:(.+)[-_])?(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")

IdxFiles = dict[str, Path]
"""The files of one set, by their names among STEMS."""


def idx_sets(folder: Path) -> dict[str, IdxFiles]:
    """The sets in a folder, or in a `raw` folder at most two below it, by what stands before their files' names; none, empty.

    Args:
        folder: may not exist, or not be readable: then it has none.

    Raises:
        DataError: a file is there twice, under two names.
    """
    for place in (folder, folder / "raw", *sorted(_readable(folder, "*/raw"))):
        found: dict[str, IdxFiles] = {}
        # Sorted, a packed file comes after the plain one and takes its place.
        for path in sorted(_readable(place, "*ubyte*")):
            match = _NAME.fullmatch(path.name)
            if match and path.is_file():
                part = "train" if match[2] == "train" else "t10k"
                stem = next(one for one in STEMS if one.startswith(f"{part}-{match[3]}"))
                files = found.setdefault(match[1] or "", {})
                if stem in files and files[stem].name != path.name.removesuffix(".gz"):
                    raise DataError(f"{place}: holds {files[stem].name} and {path.name}; remove one of them")
                files[stem] = path
        if found:
            return found
    return {}


def from_idx_folder(folder: Path, held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Dataset:
    """A set in the four files of MNIST.

    With the test labels of Fashion-MNIST it is that set; otherwise it has the folder's name and its classes are the numbers
    that occur. Of the train files the last sixth of each class, in file order, is validation; the others are test.

    Args:
        folder: as `idx_sets` takes it.
        held_out: how much of train is validation.

    Raises:
        DataError: a file is missing or damaged, several sets lie there, or images and labels do not go together.
    """
    found = idx_sets(folder)
    if len(found) > 1:
        raise DataError(
            f"{folder}: holds several sets, {', '.join(sorted(found))}; move the four files of one to their own folder"
        )
    paths = next(iter(found.values()), {})
    if absent := [stem for stem in STEMS if stem not in paths]:
        raise DataError(f"{folder}: {' and '.join(absent)} missing, each plain or with .gz; all four files are needed")
    images, labels = images_and_labels(*(paths[stem] for stem in STEMS[:2]))
    test_images, test_labels = images_and_labels(*(paths[stem] for stem in STEMS[2:]))
    if images.shape[1:] != test_images.shape[1:]:
        raise DataError(f"{folder}: train and t10k images differ in size, {images.shape[1:3]} and {test_images.shape[1:3]}")
    shipped = read(SHIPPED_FASHION / f"{STEMS[3]}.gz")
    is_fashion = np.array_equal(test_labels, shipped) and labels.max() < len(FASHION_CLASSES)
    codes = np.concatenate([held_out.of_train(labels, last_sixth), np.full(len(test_labels), TEST, np.uint8)])
    labels = np.concatenate([labels, test_labels])
    name, classes = "fashion-mnist", FASHION_CLASSES
    if not is_fashion:
        name, (classes, labels) = folder.resolve().name, numbered(labels)
    require_filled(str(folder), classes, labels, codes)
    return make_dataset(name, classes, np.concatenate([images, test_images]), labels, codes)


def images_and_labels(image_file: Traversable, label_file: Traversable) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Two files that go together: uint8 (n, side, side, 1) and int32 (n,).

    Raises:
        DataError: as `read`, or they do not go together.
    """
    images, labels = read(image_file), read(label_file)
    if images.ndim != 3 or images.shape[1] != images.shape[2] or 0 in images.shape:
        raise DataError(f"{image_file}: must hold square images, (n, side, side), got {images.shape}")
    if labels.shape != images.shape[:1]:
        raise DataError(f"{label_file}: must hold {len(images)} labels, one per image, got {labels.shape}")
    return images[..., None], labels.astype(np.int32)


def numbered(labels: NDArray[np.integer]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Classes that are called by their numbers: those that occur, and the labels as indices into them, int32 (n,)."""
    occurring, indices = np.unique(labels, return_inverse=True)
    return tuple(str(number) for number in occurring.tolist()), indices.reshape(-1).astype(np.int32)


def _readable(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:  # a folder that must not be entered
        return []

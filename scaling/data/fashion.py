"""Fashion-MNIST, the part that is shipped and the whole; and other sets in the same four files, such as MNIST.

Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms".
"""

from __future__ import annotations

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset
from scaling.data.idx import read
from scaling.data.splits import TEST, by_count, last_sixth, require_filled

CLASSES = (
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
SHIPPED = files("scaling.data") / "fashion-mnist-10k"

_DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def shipped() -> Dataset:
    """`fashion-mnist-10k`: the published test set of Fashion-MNIST, split anew; not comparable with published figures.

    Of each class, in file order, the first 600 images are train, the next 250 validation, the last 150 test.
    """
    images, labels = _pair(SHIPPED, "t10k")
    return make_dataset("fashion-mnist-10k", CLASSES, images, labels, by_count(labels, 600, 250))


def whole() -> Dataset:
    """`fashion-mnist`: 50,000 train, 10,000 validation, and the published test set of 10,000.

    It is looked for in $SCALING_DATA/fashion-mnist, ./data/fashion-mnist and where Debian puts it. Of the 60,000
    published train images the last sixth of each class, in file order, is validation.

    Raises:
        DataError: no place has all four files (the message says how to get them), or they are another set's or damaged.
    """
    places = _places()
    for place in places:
        if not missing(place):
            found = from_idx_folder(place)
            if found.classes != CLASSES:
                raise DataError(f"{place}: these four files are not Fashion-MNIST; load them by this path instead")
            return found
    raise DataError(
        f"fashion-mnist: not found in {', '.join(map(str, places))}; install the Debian package dataset-fashion-mnist, "
        f"or put {', '.join(f'{stem}.gz' for stem in STEMS)} from github.com/zalandoresearch/fashion-mnist into one"
    )


def from_idx_folder(folder: Path) -> Dataset:
    """A set in the four files of MNIST, each plain or with .gz.

    With the test labels of Fashion-MNIST it is that set; otherwise it has the folder's name and its classes are
    numbers. Of the train files the last sixth of each class, in file order, is validation; the t10k files are test.

    Args:
        folder: holds the four files.

    Raises:
        DataError: a file is missing or damaged, or images and labels do not go together.
    """
    if absent := missing(folder):
        raise DataError(f"{folder}: {' and '.join(absent)} missing, each plain or with .gz; all four files are needed")
    images, labels = _pair(folder, "train")
    test_images, test_labels = _pair(folder, "t10k")
    if images.shape[1:] != test_images.shape[1:]:
        raise DataError(f"{folder}: train and t10k images differ in size, {images.shape[1:3]} and {test_images.shape[1:3]}")
    is_fashion = np.array_equal(test_labels, _pair(SHIPPED, "t10k")[1]) and labels.max() < len(CLASSES)
    name, classes = ("fashion-mnist", CLASSES) if is_fashion else (folder.resolve().name, _numbered(labels, test_labels))
    codes = np.concatenate([last_sixth(labels), np.full(len(test_labels), TEST, np.uint8)])
    labels = np.concatenate([labels, test_labels])
    require_filled(str(folder), classes, labels, codes)
    return make_dataset(name, classes, np.concatenate([images, test_images]), labels, codes)


def missing(folder: Path) -> list[str]:
    """Those of the four files that a folder lacks, both plain and with .gz."""
    return [stem for stem in STEMS if _find(folder, stem) is None]


def _places() -> list[Path]:
    named = os.environ.get("SCALING_DATA")
    return [*([Path(named) / "fashion-mnist"] if named else []), Path("data/fashion-mnist"), _DEBIAN]


def _find(folder: Traversable, stem: str) -> Traversable | None:
    found = (folder / name for name in (f"{stem}.gz", stem))
    return next((file for file in found if _is_file(file)), None)


def _is_file(file: Traversable) -> bool:
    try:
        return file.is_file()
    except OSError:  # a folder that must not be entered
        return False


def _pair(folder: Traversable, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    image_file, label_file = (_find(folder, stem) for stem in STEMS if stem.startswith(part))
    if image_file is None or label_file is None:
        raise DataError(f"{folder}: the {part} files are missing; install the package anew")
    images, labels = read(image_file), read(label_file)
    if images.ndim != 3 or images.shape[1] != images.shape[2] or 0 in images.shape:
        raise DataError(f"{image_file}: must hold square images, (n, side, side), got {images.shape}")
    if labels.shape != images.shape[:1]:
        raise DataError(f"{label_file}: must hold {len(images)} labels, one per image, got {labels.shape}")
    return images[..., None], labels.astype(np.int32)


def _numbered(*labels: NDArray[np.int32]) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1 + max(int(part.max()) for part in labels)))

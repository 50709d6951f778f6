"""Oxford's 102 Category Flower Dataset as it is given out: `jpg/`, `imagelabels.mat` and `setid.mat`.

Source: Nilsback and Zisserman 2008, "Automated Flower Classification over a Large Number of Classes".
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, require_two_classes
from scaling.data.folder import Listing
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.matlab import table
from scaling.data.splits import require_filled

IMAGES = "jpg"
LABELS = "imagelabels.mat"
SPLITS = "setid.mat"

_PARTS = ("trnid", "valid", "tstid")
"""Of `SPLITS`: numbers of the images to train, to validate and to test."""


def holds_flowers(folder: Path) -> bool:
    """Whether a folder has the set's tables: no other set has files of these names."""
    return os.path.isfile(folder / LABELS) and os.path.isfile(folder / SPLITS)


def flowers(folder: Path, held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Listing:
    """The images of the set in its own three splits, 1,020, 1,020 and 6,149 of them; classes are called by their numbers.

    Args:
        folder: with the two tables, and the images in `jpg/`, as `image_00001.jpg`.
        held_out: must be as the form has it.

    Raises:
        DataError: a table cannot be read, they do not fit together, or `jpg/` is missing.
    """
    held_out.require_use(str(folder), False)
    if not os.path.isdir(folder / IMAGES):
        raise DataError(f"{folder}: {IMAGES}/ is missing; it holds the images of {LABELS}: unpack 102flowers.tgz here")
    labels = _numbers(folder / LABELS, "labels")
    parts = [_numbers(folder / SPLITS, name) for name in _PARTS]
    chosen = np.concatenate(parts)
    if chosen.max() > len(labels) or len(np.unique(chosen)) != len(chosen):
        raise DataError(
            f"{folder}: {SPLITS} must name each of the {len(labels):,} images of {LABELS} once at most, and no other; both must"
            " be of one release"
        )
    numbers, own = np.unique(labels[chosen - 1], return_inverse=True)
    classes = tuple(str(number) for number in numbers)
    require_two_classes(str(folder), classes)
    found = Listing(
        folder,
        classes,
        [f"{IMAGES}/image_{number:05d}.jpg" for number in chosen],
        own.astype(np.int32),
        np.repeat(np.arange(len(parts), dtype=np.uint8), [len(part) for part in parts]),
    )
    require_filled(str(folder), classes, found.labels, found.codes)
    return found


def _numbers(file: Path, name: str) -> NDArray[np.int64]:
    """Whole numbers from 1 on, (n,), that a table holds under a name."""
    found = table(file, name)
    if found is None or found.size == 0 or not (found == np.floor(found)).all() or not 1 <= found.min() <= found.max() < 2**31:
        raise DataError(f"{file}: must hold {name!r}, whole numbers from 1 on; it is none of the set's files")
    return found.astype(np.int64)

"""Which image belongs to which split: fixed rules, balanced by class, without random numbers.

Every rule gives each image one code (0 train, 1 validation, 2 test), so that no image is in two splits. A rule
looks at an image's position in its class only: 0 for the first of the class in file order, 1 for the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError

TRAIN, VALIDATION, TEST = range(3)
NAMES = ("train", "validation", "test")

# 12 train, 5 validation, 3 test of 20. Interleaved, so that files named by their content or time are spread over the
# splits; the first three differ, so that three images fill every split.
_PATTERN = np.array(["tve".index(letter) for letter in "tvettvtttvtetvttetvt"], np.uint8)


def positions(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The position of each image in its class, (n,), counted from 0 in file order."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    firsts = np.cumsum(counts) - counts
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels)) - np.repeat(firsts, counts)
    return ranks


def by_count(labels: NDArray[np.integer], train: int, validation: int) -> NDArray[np.uint8]:
    """Of each class the first `train` are train, the next `validation` validation, the rest test.

    Args:
        labels: (n,), 0 or more.
        train: images per class.
        validation: images per class.

    Returns:
        Codes, uint8 (n,).
    """
    return np.digitize(positions(labels), (train, train + validation)).astype(np.uint8)


def last_sixth(labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Of each class the last sixth, floor(n / 6), are validation and the others train; codes as uint8 (n,)."""
    counts = np.bincount(labels)
    return (positions(labels) >= (counts - counts // 6)[labels]).astype(np.uint8)


def every_fifth(labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Of each class every fifth image, from the second on, is validation, the others train; codes as uint8 (n,)."""
    return (positions(labels) % 5 == 1).astype(np.uint8)


def split_60_25_15(labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Of each class 60 % are train, 25 % validation, 15 % test, by a fixed pattern of 20; codes as uint8 (n,)."""
    return _PATTERN[positions(labels) % len(_PATTERN)]


def require_filled(origin: str, classes: tuple[str, ...], labels: NDArray[np.integer], codes: NDArray[np.uint8]) -> None:
    """Refuse a set in which a split has nothing of a class.

    Args:
        origin: the file or folder, for the message.
        classes: names, in the order of the labels.
        labels: (n,).
        codes: (n,), as the rules give them.

    Raises:
        DataError: naming the class, how many images it has, and the split that stays empty.
    """
    counts = np.zeros((len(classes), len(NAMES)), np.int64)
    np.add.at(counts, (labels, codes), 1)
    for name, row in zip(classes, counts, strict=True):
        if not row.all():
            empty = NAMES[int(np.argmin(row))]
            total = f"{row.sum()} image{'s' if row.sum() != 1 else ''}"
            raise DataError(f"{origin}: class {name!r} has {total}, too few to fill every split: none is left for {empty}")

"""What a network made of each image it was judged on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVELS = 255
"""A recorded probability is one byte: a whole number of 255ths."""


class PerImage(NamedTuple):
    """One network's result on each image of a split, in the split's order.

    Attributes:
        correct: bool, shape (images,): whether the most probable class is the image's own.
        probability: uint8, shape (images,): the probability of the image's own class in 255ths, to the nearest; None in
            records made before it was kept.
    """

    correct: NDArray[np.bool_]
    probability: NDArray[np.uint8] | None = None


def per_image(logits: NDArray[np.float32], labels: NDArray[np.int32]) -> PerImage:
    """Whether each image's own class is the most probable, and its probability: softmax of the logits.

    Args:
        logits: finite, shape (images, classes).
        labels: each image's own class, shape (images,).
    """
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    own = np.take_along_axis(exponents, labels[:, None], axis=-1)[:, 0] / exponents.sum(axis=-1)
    return PerImage(logits.argmax(-1) == labels, np.rint(LEVELS * own).astype(np.uint8))

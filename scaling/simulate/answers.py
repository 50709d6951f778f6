"""Right and wrong answers of networks with known accuracies, made unlike anything that the analysis assumes.

Difficulty of images has heavy tails (Student's t with 3 degrees of freedom), what a network makes of an image and what one
training adds are logistic, and a training's own shift of accuracy may differ from network to network. The analysis assumes
none of it: it takes accuracies as normal, and the networks' spreads as alike until a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DIFFICULTY, NETWORK, TRAINING = 2.2, 0.45, 0.8
"""Scales of an image's difficulty, of what a network makes of it, and of one training: about 8 % of images flip between two
trainings of a network at 87 %, as in the recorded studies."""

_SAMPLE = 200_000
_ALIKE = 0.8  # of the copies of an image, how many are right or wrong together


def answers(
    accuracies: Sequence[float],
    seeds: int,
    images: int,
    generator: np.random.Generator,
    *,
    seed_sd: float | Sequence[float] = 0.0,
    copies: int = 1,
    heavy: bool = False,
) -> list[NDArray[np.bool_]]:
    """Right and wrong of every training on every image.

    An image n of difficulty d_n is solved by network i with probability q_in = sigmoid((t_i - d_n - g_in) / s); t_i gives the
    true accuracy. Training k shifts it to q_in + u_ik q_in (1 - q_in) / mean q (1 - q), which leaves the mean over trainings
    as it is, and moves the training's accuracy by u_ik.

    Args:
        accuracies: true, over infinitely many images and trainings, of each network.
        seeds: trainings of each.
        images: number of them.
        generator: of the randomness.
        seed_sd: standard deviation of u, of all networks or of each.
        copies: images of one group, which are nearly the same: so many share difficulty, what a network makes of them, and
            mostly whether a training gets them right.
        heavy: shifts of the trainings have heavy tails, Student's t with 3 degrees of freedom, instead of being normal.

    Returns:
        For each network bool, shape (seeds, images).
    """
    groups = -(-images // copies)
    difficulty = np.repeat(DIFFICULTY * generator.standard_t(3, groups), copies)[:images]
    spreads = np.broadcast_to(np.asarray(seed_sd, dtype=float), len(accuracies))
    found = []
    for accuracy, spread in zip(accuracies, spreads, strict=True):
        own = np.repeat(NETWORK * generator.logistic(size=groups), copies)[:images]
        q = _sigmoid((_threshold(accuracy) - difficulty - own) / TRAINING)
        weight = q * (1 - q) / (q * (1 - q)).mean()
        size = (seeds, 1)
        shift = spread * (generator.standard_t(3, size) / np.sqrt(3) if heavy else generator.standard_normal(size))
        chances = generator.random((seeds, images))
        if copies > 1:
            shared = np.repeat(generator.random((seeds, groups)), copies, axis=1)[:, :images]
            chances = np.where(generator.random((seeds, images)) < _ALIKE, shared, chances)
        found.append(chances < q + shift * weight)
    return found


def group_numbers(images: int, copies: int) -> NDArray[np.int_]:
    """Which group of near copies each image belongs to."""
    return np.arange(images) // copies


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _threshold(accuracy: float) -> float:
    """t of a true accuracy."""
    thresholds, reached = _table()
    return float(np.interp(accuracy, reached, thresholds))


@lru_cache(maxsize=1)
def _table() -> tuple[Floats, Floats]:
    """Thresholds and the true accuracy of each, over one large fixed sample of images."""
    generator = np.random.default_rng(20_190_528)
    difficulty = DIFFICULTY * generator.standard_t(3, _SAMPLE) + NETWORK * generator.logistic(size=_SAMPLE)
    thresholds = np.concatenate([np.linspace(-4, 20, 241), [40.0]])
    return thresholds, np.array([_sigmoid((t - difficulty) / TRAINING).mean() for t in thresholds])

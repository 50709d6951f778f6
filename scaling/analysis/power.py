"""What a study will be able to tell apart, before it is trained: the power of the very test that will be run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import Errors, Floats, errors, flip_variance
from scaling.analysis.mcb import compare_with_best, look_confidence
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import far_from_baseline, own_curve

_DRAWS = 2_000


class Spread(NamedTuple):
    """Variances of what a study measures.

    Attributes:
        seed: of the true accuracy from training to training, on infinitely many images.
        flips: mean q (1 - q): what flips give the answer on one image.
        between: of the per-image difference of two networks, on infinitely many seeds.
        trainings: these were estimated from; 0 for the stated proxy's.
    """

    seed: float
    flips: float
    between: float
    trainings: int


TRUE_SEED_SD = 0.00149
"""Between trainings of one network, on infinitely many images."""


IMAGE_VARIANCE = 0.0036
"""Of the per-image difference of two networks, on infinitely many seeds."""


FLIP_RATE = 0.0741
"""Share of the images on which two trainings of one network disagree."""

PROXY = Spread(TRUE_SEED_SD**2, FLIP_RATE / 2, IMAGE_VARIANCE, 0)
"""Measured on a short proxy: an MBConv network of 595k MACs on 6,000 images of 20 px, 8 epochs, at about 87 % accuracy. Another
dataset or a longer training has other variances."""


def spread_of(networks: Sequence[Measured]) -> Spread | None:
    """The variances that trained networks show; None where no network has two seeds or there is only one network."""
    flips = [rate for one in networks if (rate := flip_variance(one.correct)) is not None]
    if not flips or len(networks) < 2:
        return None
    found, images = errors(networks), networks[0].images
    flip = sum(flips) / len(flips)
    own = np.diag(found.image)
    pairs = own[:, None] + own - 2 * found.image
    between = float(pairs[np.triu_indices(len(networks), 1)].mean()) * images
    seed = max(0.0, found.seed_variance - flip / images)
    return Spread(seed, flip, max(0.0, between), sum(one.seeds for one in networks))


def detectable_gap(ratios: Sequence[float], target: float, seeds: int, images: int, spread: Spread, look: int = 1) -> float:
    """How far behind one rival an eligible network is dropped about as often as not, as a fraction: the median over them.

    It is the critical value of the test at this look times the standard error of a difference at the target cost, both as they
    would be with these variances: what a study of equal networks can be expected to find, give or take.

    Args:
        ratios: of the eligible networks' MACs over the baseline's; the baseline is trained beside them.
        target: ratio to compare at.
        seeds: of each network, 2 or more.
        images: each training is judged on.
        spread: variances.
        look: at the study, from 1.

    Raises:
        ValueError: fewer than two networks are eligible, or seeds is below 2.
    """
    if len(ratios) < 2 or seeds < 2:
        raise ValueError(f"detectable_gap: two eligible networks and two seeds are needed, got {len(ratios)} and {seeds}")
    networks = len(ratios) + 1
    freedom = networks * (seeds - 1)
    variance = spread.seed + spread.flips / images
    measured = Errors(
        accuracy=np.zeros(networks),
        seed=np.full(networks, variance / seeds),
        image=np.eye(networks) * spread.between / 2 / images,
        freedom=np.full(networks, float(freedom)),
        pooled=True,
        seed_variance=variance,
        degrees_of_freedom=freedom,
        spread_p=None,
        units=images,
    )
    rows: Floats = np.array([_row(index, ratio, target, networks) for index, ratio in enumerate(ratios, 1)])
    compared = compare_with_best(rows, measured, confidence=look_confidence(look), draws=_DRAWS)
    return float(np.median(compared.error * compared.critical))


def _row(index: int, ratio: float, target: float, networks: int) -> Floats:
    return own_curve(index, 0 if far_from_baseline(target) else None, ratio, target, networks)

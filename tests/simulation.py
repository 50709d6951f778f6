"""Simulated studies whose truth is known: what the statistics are tested on, and what a study's power is tried with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from scaling.analysis.power import FLIP_RATE, IMAGE_VARIANCE, TRUE_SEED_SD

_TYPICAL = 0.87  # the accuracy at which the rates of `planning` were measured


def simulate(accuracies: Sequence[float], seeds: int, images: int, generator: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Right and wrong answers of networks with known accuracies, as noisy as `planning` says.

    Training s of network i is right on image p if a z_p + b g_ip + c e_isp < t_i + u_is: z is the difficulty of the
    image, g what this network makes of it, e what this training does, all standard normal with a^2 + b^2 + c^2 = 1;
    t_i gives the accuracy, u_is the true spread of seeds. a and b make two trainings disagree on `FLIP_RATE` of
    the images if they are of one network, on `FLIP_RATE + IMAGE_VARIANCE` if of two.

    Args:
        accuracies: true accuracy of each of k networks, between 0 and 1.
        seeds: trainings of each.
        images: on which all are judged.
        generator: of the randomness.

    Returns:
        k arrays of bool, each of shape (seeds, images).
    """
    shared, own = _correlation(FLIP_RATE + IMAGE_VARIANCE), _correlation(FLIP_RATE)
    difficulty = np.sqrt(shared) * generator.standard_normal(images)
    answers = []
    for threshold in stats.norm.ppf(accuracies):
        network = difficulty + np.sqrt(own - shared) * generator.standard_normal(images)
        training = np.sqrt(1 - own) * generator.standard_normal((seeds, images))
        shift = TRUE_SEED_SD / stats.norm.pdf(threshold) * generator.standard_normal((seeds, 1))
        answers.append(network + training < threshold + shift)
    return answers


def _correlation(disagreement: float) -> float:
    """Correlation of two standard normals that fall on different sides of the typical threshold at this rate.

    P(different sides) = 4 T(t, sqrt((1 - r) / (1 + r))) with Owen's T.
    """
    threshold = stats.norm.ppf(_TYPICAL)

    def excess(r: float) -> float:
        return float(4 * special.owens_t(threshold, np.sqrt((1 - r) / (1 + r)))) - disagreement

    return float(optimize.brentq(excess, 0.0, 1.0))

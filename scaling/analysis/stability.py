"""Rank stability: would other seeds have chosen another network, and what would that cost?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scaling.analysis.correlation import kendall
from scaling.analysis.errors import CONFIDENCE, Floats, errors, flip_variance
from scaling.analysis.measured import Measured, by_name, require
from scaling.analysis.ranking import adjustment, may_be_chosen
from scaling.analysis.shrinkage import DRAWS, sample_true_accuracies

_SEED = 20_190_529  # the noise of fresh seeds is not that of `plausible` once more


class Stability(NamedTuple):
    """What studies with as many seeds, on the same images, would do; accuracies at the target cost, as fractions.

    Attributes:
        best: the network that this study chooses.
        again: probability that another one chooses it too.
        loss_mean: expected true accuracy of the best network minus that of the chosen one.
        loss_90: its 90th percentile.
        tau: Kendall's, expected between two such studies; None where nothing differs.
        signal_sd: of the true accuracies: sqrt(max(0, variance between the networks - noise)).
        noise_sd: that the seeds give a network's mean.
        luck: by how much the seeds that were chosen with the network favour it on images that the choice has not seen.
        networks: number eligible.
    """

    best: str
    again: float
    loss_mean: float
    loss_90: float
    tau: float | None
    signal_sd: float
    noise_sd: float
    luck: float
    networks: int


def rank_stability(networks: Sequence[Measured], target: float) -> Stability:
    """Simulate studies that repeat this one with other seeds.

    True values are drawn around the adjusted accuracies shrunk towards their mean (`plausible`), fresh noise of variance
    s^2 / n_i is added to every network, and the adjustment for cost is made anew; eligible and adjusted as in `rank`.
    Images are held fixed: true is what infinitely many seeds would show on them. Where true accuracies are all alike,
    the loss is overstated: a study cannot show that nothing differs. All holds under a normal spread of the true accuracies;
    where two are exactly alike and ahead of the rest, `again` is stated as .7 and is .5.

    `luck` is the mean seed noise of the network chosen in these repeats, times the share of a training's variance that it
    takes along to other images: 1 - mean q (1 - q) / N / s^2. The rest of its seed noise is flips, which are drawn anew there.

    Args:
        networks: every network measured, the baseline and the references among them.
        target: ratio of MACs over the baseline's to compare at.

    Raises:
        ValueError: no network has two seeds, fewer than two are eligible, target is not positive, or the networks are
            not comparable.
    """
    require("rank_stability", target, CONFIDENCE)
    ordered = sorted(by_name(networks), key=lambda network: network.macs)  # the first of equals is the ranking's
    eligible = np.array([may_be_chosen(network, target) for network in ordered])
    measured = errors(ordered)
    if eligible.sum() < 2:
        raise ValueError(f"rank_stability: at least 2 networks must be eligible at x{target:g}, got {eligible.sum()}")
    if not measured.degrees_of_freedom:
        raise ValueError("rank_stability: a network must have two seeds to show how far seeds move it, got one each")
    rows = adjustment(ordered, target)[0][eligible]
    values, noise = rows @ measured.accuracy, rows**2 @ measured.seed
    true = _true(values, noise, measured.degrees_of_freedom)
    one, other = _repeats(true, rows, measured.seed)
    chosen = one.argmax(axis=1)
    loss = true.max(axis=1) - np.take_along_axis(true, chosen[:, None], axis=1)[:, 0]
    tau = kendall(one, other)
    return Stability(
        [network.name for network, counts in zip(ordered, eligible, strict=True) if counts][int(values.argmax())],
        float((chosen == values.argmax()).mean()),
        float(loss.mean()),
        float(np.quantile(loss, 0.9)),
        None if np.isnan(tau).any() else float(tau.mean()),
        math.sqrt(max(0.0, float(values.var(ddof=1) - noise.mean()))),
        math.sqrt(float(noise.mean())),
        float((np.take_along_axis(one - true, chosen[:, None], axis=1)).mean()) * _carried(ordered, measured.seed_variance),
        len(values),
    )


def _carried(networks: Sequence[Measured], seed_variance: float) -> float:
    """Share of the variance of one training's accuracy that it has on any images, not on these alone."""
    flips = [rate for network in networks if (rate := flip_variance(network.correct)) is not None]
    if not flips or seed_variance <= 0:
        return 0.0
    return max(0.0, 1 - sum(flips) / len(flips) / networks[0].images / seed_variance)


def _true(values: Floats, noise: Floats, degrees_of_freedom: int) -> Floats:
    """Shape (draws, m); all alike where the values differ less than seeds alone make them."""
    drawn = sample_true_accuracies(values[None], noise[None], [degrees_of_freedom])
    return np.full((DRAWS, len(values)), values.mean()) if drawn is None else drawn[:, 0]


def _repeats(true: Floats, rows: Floats, seed: Floats) -> tuple[Floats, Floats]:
    """Adjusted accuracies, shape (draws, m), of two studies with fresh seeds."""
    noise = np.random.default_rng(_SEED).standard_normal((2, len(true), len(seed))) * np.sqrt(seed)
    return true + noise[0] @ rows.T, true + noise[1] @ rows.T

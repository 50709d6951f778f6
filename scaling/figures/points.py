"""What the figures draw of a study: every network once, in percent, with its part in the story."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from scaling.analysis.intervals import Interval
from scaling.analysis.measured import ROLES, Measured
from scaling.analysis.ranking import Ranking, Standing


class State(Enum):
    """What a study found of a network; the words are the legend's."""

    TIED = "ties with the best"
    WORSE = "shown to be worse"
    UNTESTED = "eligible, not tested: one seed"
    NOT_ELIGIBLE = "not eligible"


class Percent(NamedTuple):
    """A mean with its interval, in percent."""

    mean: float
    low: float
    high: float


class Point(NamedTuple):
    """One network on a figure.

    Attributes:
        name: its label in the study.
        macs: multiply-adds.
        ratio: MACs over the baseline's.
        accuracy: in percent.
        adjusted: in percent at the target cost; None where the network's own cost is too far from it.
        shares: of depth, width, resolution; None for the baseline.
        roles: the references it stands for, in the order of `ROLES`.
        standing: whether it may be chosen, or why not.
        tied: not shown to be worse than the best; None where that was not tested.
        best: the highest adjusted accuracy.
    """

    name: str
    macs: int
    ratio: float
    accuracy: Percent
    adjusted: Percent | None
    shares: tuple[float, float, float] | None
    roles: tuple[str, ...]
    standing: Standing
    tied: bool | None
    best: bool

    @property
    def state(self) -> State:
        """What was found of it."""
        if self.standing is not Standing.ELIGIBLE:
            return State.NOT_ELIGIBLE
        if self.tied is None:
            return State.UNTESTED
        return State.TIED if self.tied else State.WORSE

    @property
    def label(self) -> str:
        """Words that name it directly; empty for a lattice network that did not win."""
        return " = ".join((("best",) if self.best else ()) + self.roles)


def points(networks: Sequence[Measured], ranking: Ranking) -> tuple[Point, ...]:
    """Join a study with its ranking.

    Args:
        networks: as they were ranked, in the same order.
        ranking: of them.

    Raises:
        ValueError: the ranking is of other networks.
    """
    if [network.name for network in networks] != [entry.name for entry in ranking.networks]:
        raise ValueError("points: the ranking must be of the same networks in the same order")
    return tuple(_point(network, ranking, index) for index, network in enumerate(networks))


def seeds_text(seeds: Sequence[int]) -> str:
    """How many trainings each network had: "2 seeds", "1 to 3 seeds"."""
    low, high = min(seeds), max(seeds)
    return f"{low} to {high} seeds" if low < high else f"{high} seed{'s' if high > 1 else ''}"


def _point(network: Measured, ranking: Ranking, index: int) -> Point:
    entry = ranking.networks[index]
    return Point(
        network.name,
        network.macs,
        network.ratio,
        _percent(entry.accuracy),
        _percent(entry.adjusted) if entry.adjusted else None,
        network.shares,
        tuple(role for role in ROLES if role in network.origin),
        entry.standing,
        entry.tied,
        index == ranking.best,
    )


def _percent(interval: Interval) -> Percent:
    return Percent(100 * interval.mean, 100 * interval.low, 100 * interval.high)

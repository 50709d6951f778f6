"""Numbers as tables and sentences write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Between(Protocol):
    """A mean with its interval, as fractions."""

    @property
    def mean(self) -> float:
        """Its middle, or nearly."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""

    @property
    def high(self) -> float:
        """Upper end of the interval."""


def plus_minus(one: Between) -> str:
    """A mean and the longer half of its interval, in percent: 88.68 ±0.91."""
    return f"{100 * one.mean:.2f} ±{100 * max(one.high - one.mean, one.mean - one.low):.2f}"


def low_to_high(one: Between) -> str:
    """An interval of a difference, in points: -0.35 to +1.20."""
    return f"{100 * one.low:+.2f} to {100 * one.high:+.2f}"


def interval_title(confidence: float) -> str:
    """Head of a column of intervals: 90 % interval."""
    return f"{100 * confidence:g} % interval"


def share_sentence(shares: Sequence[float]) -> str:
    """Shares of depth, width and resolution in a sentence: depth 28 %, width 29 %, resolution 43 %."""
    depth, width, resolution = (round(100 * share) for share in shares)
    return f"depth {depth} %, width {width} %, resolution {resolution} %"


def share_cell(shares: Sequence[float] | None) -> str:
    """Shares of depth, width and resolution in a table: 0.28 0.29 0.43."""
    return "-" if shares is None else " ".join(f"{share:.2f}" for share in shares)

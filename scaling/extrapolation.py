"""Step 2: the members of a family, by formula from coefficients or as released, each with its exact cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scaling.arch import Architecture
from scaling.counting import cost
from scaling.rules import RELEASED, Factors, Rounding, scale
from scaling.space import BUDGET, Coefficients

PHIS = range(1, 8)
"""B1 to B7."""


class Member(NamedTuple):
    """One network of a family.

    Attributes:
        baseline: what is scaled.
        rule: `winner`, `paper` or `released`.
        phi: budget exponent; for a released member its number.
        alpha: depth base; None as released.
        beta: width base; None as released.
        gamma: resolution base; None as released.
        depth: factor on the layers.
        width: factor on the channels.
        resolution: side of the input in px.
        params: trained numbers.
        macs: multiply-adds.
        activations: outputs of convolutions and classifier.
        ratio: macs over the baseline's.
        expected_ratio: 2^phi; None as released.
    """

    baseline: str
    rule: str
    phi: float
    alpha: float | None
    beta: float | None
    gamma: float | None
    depth: float
    width: float
    resolution: int
    params: int
    macs: int
    activations: int
    ratio: float
    expected_ratio: float | None


def by_formula(
    baseline: Architecture,
    rule: str,
    coefficients: Coefficients,
    num_classes: int = 1000,
    in_channels: int = 3,
    *,
    phis: Iterable[float] = PHIS,
    rounding: Rounding = "released",
) -> tuple[Member, ...]:
    """The members alpha^phi, beta^phi, gamma^phi of a baseline (EfficientNet, equation 3)."""
    alpha, beta, gamma = coefficients.decimals
    members = []
    for phi in phis:
        factors = coefficients.factors(phi)
        counted, ratio, side = _counted(baseline, factors, rounding, num_classes, in_channels)
        members.append(
            Member(
                baseline.name, rule, phi, alpha, beta, gamma, factors.depth, factors.width, side, *counted, ratio,
                float(BUDGET**phi),
            )
        )  # fmt: skip
    return tuple(members)


def as_released(baseline: Architecture, num_classes: int = 1000, in_channels: int = 3) -> tuple[Member, ...]:
    """The baseline scaled by the released factors of B1 to B7, which no phi reproduces."""
    members = []
    for number in PHIS:
        factors = RELEASED[f"efficientnet_b{number}"]
        counted, ratio, side = _counted(baseline, factors, "released", num_classes, in_channels)
        members.append(
            Member(
                baseline.name, "released", number, None, None, None, factors.depth, factors.width, side, *counted, ratio,
                None,
            )
        )  # fmt: skip
    return tuple(members)


def _counted(
    baseline: Architecture, factors: Factors, rounding: Rounding, num_classes: int, in_channels: int
) -> tuple[tuple[int, int, int], float, int]:
    scaled = scale(baseline, factors, rounding=rounding)
    counted = cost(scaled, num_classes, in_channels)
    return counted, counted.macs / cost(baseline, num_classes, in_channels).macs, scaled.resolution

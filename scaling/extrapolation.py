"""Step 2: the members of a family, by formula from coefficients or as released, each with its exact cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scaling.arch import Architecture
from scaling.counting import cost
from scaling.lattice import BUDGET, PAPER, Coefficients
from scaling.rules import RELEASED, Factors, Rounding, scale

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
    num_classes: int,
    in_channels: int,
    rounding: Rounding,
    phis: Iterable[float] = PHIS,
) -> tuple[Member, ...]:
    """The members alpha^phi, beta^phi, gamma^phi of a baseline (EfficientNet, equation 3)."""
    alpha, beta, gamma = coefficients.decimals
    return tuple(
        _member(baseline, coefficients.factors(phi), num_classes, in_channels, rounding)._replace(
            rule=rule, phi=phi, alpha=alpha, beta=beta, gamma=gamma, expected_ratio=float(BUDGET**phi)
        )
        for phi in phis
    )


def as_released(baseline: Architecture, num_classes: int, in_channels: int) -> tuple[Member, ...]:
    """The baseline scaled by the released factors of B1 to B7, which no phi reproduces."""
    return tuple(
        _member(baseline, RELEASED[f"efficientnet_b{number}"], num_classes, in_channels, "released")._replace(
            rule="released", phi=number
        )
        for number in PHIS
    )


def family(
    baseline: Architecture, num_classes: int, in_channels: int, winner: Coefficients | None, rounding: Rounding
) -> tuple[Member, ...]:
    """B1 to B7 of a baseline: by formula with the winner, by formula with the paper's coefficients, and as released."""
    counted = (num_classes, in_channels, rounding)
    found = by_formula(baseline, "winner", winner, *counted) if winner is not None else ()
    return (*found, *by_formula(baseline, "paper", PAPER, *counted), *as_released(baseline, num_classes, in_channels))


def _member(baseline: Architecture, factors: Factors, num_classes: int, in_channels: int, rounding: Rounding) -> Member:
    """A member with what its factors decide; the caller names its rule."""
    scaled = scale(baseline, factors, rounding=rounding)
    counted = cost(scaled, num_classes, in_channels)
    return Member(
        baseline=baseline.name,
        rule="",
        phi=0,
        alpha=None,
        beta=None,
        gamma=None,
        depth=factors.depth,
        width=factors.width,
        resolution=scaled.resolution,
        params=counted.params,
        macs=counted.macs,
        activations=counted.activations,
        ratio=counted.macs / cost(baseline, num_classes, in_channels).macs,
        expected_ratio=None,
    )

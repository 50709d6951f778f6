"""Step 2: the members of a family, by a rule or as released, each with its exact cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.count.cost import cost
from scaling.rules.coefficients import BUDGET, PAPER, Coefficients
from scaling.rules.releases import RELEASES
from scaling.rules.rounding import MINIMUM_RESOLUTION, Rounding, scale
from scaling.rules.rules import RULES, Factors, Rule, intended_shares, realised_shares
from scaling.rules.solve import HIGHEST, nearest_phi

PHIS = range(1, 8)
"""B1 to B7."""

RELEASED_PHIS = range(9)
"""B0 to B8, the released networks that have a number."""


MEMBER_WITHIN = 0.15
"""How far a network's realised shares may be from a rule's own, as a distance, for it to stand for the rule."""


class Member(NamedTuple):
    """One network of a family.

    Attributes:
        baseline: what is scaled.
        rule: how: the name of a rule, `winner`, `paper` or `released`.
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
        expected_ratio: 2^phi, or the ratio that phi was solved for; None as released.
        architecture: the network itself.
        shares: realised shares of depth, width and resolution; None where they were not asked for or nothing was scaled.
        distance: of `shares` from the rule's own; None where either is.
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
    architecture: Architecture
    shares: tuple[float, float, float] | None = None
    distance: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the architecture, as plain data."""
        return {name: value for name, value in self._asdict().items() if name != "architecture"}


def member(
    baseline: Architecture, rule: Rule, phi: float, num_classes: int, in_channels: int, rounding: Rounding = "released"
) -> Member:
    """A baseline scaled by a rule at phi (EfficientNet, equation 3).

    Args:
        baseline: what is scaled.
        rule: how.
        phi: budget exponent, any real number.
        num_classes: of the images it is counted for.
        in_channels: of them.
        rounding: a name that `scale` knows.

    Raises:
        UserError: phi shrinks the images below 12 px.
    """
    factors, (alpha, beta, gamma) = rule.factors(phi), rule.factors(1)
    if not large_enough(baseline, rule, phi):
        side = baseline.resolution * factors.resolution
        raise UserError(
            f"{rule.name} at phi {phi:g} shrinks the images of {baseline.name} to {side:.3g} px, under "
            f"{MINIMUM_RESOLUTION}: take a larger phi or a baseline for larger images"
        )
    return _member(baseline, factors, num_classes, in_channels, rounding)._replace(
        rule=rule.name, phi=phi, alpha=alpha, beta=beta, gamma=gamma, expected_ratio=float(BUDGET**phi)
    )


def placed(
    baseline: Architecture, rule: Rule, member: Member, num_classes: int, in_channels: int, rounding: Rounding = "released"
) -> Member:
    """A member with its place on the triangle of shares, and how far that is from its rule's.

    Rounding to whole layers, channels and pixels moves a small network far from where its rule points: on a baseline of 14 px
    the rule .28, .29, .43 is realised at twice the cost as .51, .41, .09. The realised share of a factor is the log of the
    ratio of MACs that it alone makes, over the sum of the three; the distance is the Euclidean one, from 0 to sqrt(2).

    Args:
        baseline: what was scaled.
        rule: how.
        member: of that rule.
        num_classes: of the images it is counted for.
        in_channels: of them.
        rounding: a name that `scale` knows.
    """
    base = cost(baseline, num_classes, in_channels).macs
    alone = Factors(member.depth, 1, 1), Factors(1, member.width, 1), Factors(1, 1, member.resolution / baseline.resolution)
    costs = [cost(scale(baseline, factors, rounding=rounding), num_classes, in_channels).macs for factors in alone]
    realised = realised_shares([math.log(macs / base) for macs in costs])
    intended = intended_shares(rule.factors(member.phi))
    distance = None if realised is None or intended is None else math.dist(realised, intended)
    return member._replace(shares=realised, distance=distance)


def large_enough(baseline: Architecture, rule: Rule, phi: float) -> bool:
    """Whether phi leaves images of 12 px or more, or the baseline's own."""
    factor = rule.factors(phi).resolution
    return factor >= 1 or round(baseline.resolution * factor) >= MINIMUM_RESOLUTION


def released_member(baseline: Architecture, phi: float, num_classes: int, in_channels: int) -> Member:
    """The baseline scaled by the released factors of B0 to B8, which no phi reproduces.

    Channels are rounded as the baseline's own family was released: those of EfficientNetV2-B without the 10 % guard.

    Raises:
        UserError: phi is not one of their numbers.
    """
    factors, own = RULES["released"].factors(phi), RELEASES.get(f"{baseline.name.removesuffix('_b0')}_b{phi:g}")
    rounding = own.rounding if own is not None and own.baseline == baseline.name else "released"
    return _member(baseline, factors, num_classes, in_channels, rounding)._replace(rule="released", phi=phi)


def realised_phi(
    baseline: Architecture, rule: Rule, phi: float, num_classes: int, in_channels: int, rounding: Rounding = "released"
) -> float:
    """The phi, in thousandths, at which a rule's real cost is nearest to 2^phi times the baseline's.

    Raises:
        UserError: phi is negative, or the rule never costs that much.
    """
    if phi < 0:
        raise UserError(f"{rule.name}: costs are solved for from the baseline's upward, phi must be 0 or more, got {phi:g}")

    def ratio(tried: float) -> float:
        return member(baseline, rule, tried, num_classes, in_channels, rounding).ratio

    if ratio(HIGHEST) < BUDGET**phi:
        raise UserError(f"{rule.name}: no phi up to {HIGHEST:g} costs x{BUDGET**phi:g} or more: its bases are too near to 1")
    return nearest_phi(ratio, BUDGET**phi, phi)


def transfer_coefficients(
    baseline: Architecture,
    choice: Coefficients,
    phi: float,
    num_classes: int,
    in_channels: int,
    rounding: Rounding = "released",
) -> Coefficients:
    """Where a choice of coefficients leads at another phi: those of the same rule whose real cost is nearest to 2^phi.

    The rule's factors at q are alpha^q, beta^q, gamma^q; as coefficients at phi they are alpha^(q/phi), beta^(q/phi),
    gamma^(q/phi), in whole hundredths. Of the q within 15 % of its `realised_phi` it is the one whose coefficients, so rounded,
    make the network whose real cost is nearest.

    Raises:
        UserError: phi is not above 0, or the choice never costs that much.
    """
    if not phi > 0:
        raise UserError(f"phi must be above 0, got {phi:g}")
    reached = realised_phi(baseline, Rule("the extrapolated choice", choice.factors), phi, num_classes, in_channels, rounding)

    def rounded(q: float) -> Coefficients:
        return Coefficients(*(round(100 * base ** (q / phi)) for base in choice.decimals))

    def miss(q: float) -> tuple[float, float]:
        there = member(baseline, Rule("rounded", rounded(q).factors), phi, num_classes, in_channels, rounding)
        return abs(math.log(there.ratio / BUDGET**phi)), abs(q - reached)

    return rounded(min((reached * (1 + step / 200) for step in range(-30, 31)), key=miss))


def phi_range(text: str) -> tuple[float, ...]:
    """Phis from `2`, `0:7` (both ends included), `0:3:0.5`, or several of these with commas between; ascending.

    Raises:
        UserError: the text is none of these, or a range is empty or has more than 1,000 members.

    >>> phi_range("0:1:0.25,3")
    (0.0, 0.25, 0.5, 0.75, 1.0, 3.0)
    """
    return tuple(sorted({float(phi) for part in text.split(",") for phi in _steps(text, part)}))


def _steps(text: str, part: str) -> list[Decimal]:
    """In decimals, so that .1 three times is .3."""
    try:
        numbers = [Decimal(number) for number in part.split(":")]
    except InvalidOperation:
        numbers = []
    if not 1 <= len(numbers) <= 3 or not all(number.is_finite() for number in numbers):
        raise UserError(f"phi must be a number, FIRST:LAST or FIRST:LAST:STEP, got {text!r}")
    first, last, step = (
        numbers[0],
        numbers[1] if len(numbers) > 1 else numbers[0],
        numbers[2] if len(numbers) > 2 else Decimal(1),
    )
    if abs(first) > HIGHEST or abs(last) > HIGHEST:
        raise UserError(f"phi must be from {-HIGHEST:g} to {HIGHEST:g}, got {text!r}")
    if step <= 0 or last < first or (last - first) / step > 1000:
        raise UserError(f"phi must rise from FIRST to LAST in at most 1,000 steps above 0, got {text!r}")
    return [first + step * index for index in range(int((last - first) / step) + 1)]


def family(
    baseline: Architecture, num_classes: int, in_channels: int, winner: Coefficients | None, rounding: Rounding
) -> tuple[Member, ...]:
    """B1 to B7 of a baseline: by formula with the winner, by formula with the paper's coefficients, and as released."""
    rules = [Rule(name, point.factors) for name, point in (("winner", winner), ("paper", PAPER)) if point is not None]
    by_formula = [member(baseline, rule, phi, num_classes, in_channels, rounding) for rule in rules for phi in PHIS]
    return (*by_formula, *as_released(baseline, num_classes, in_channels))


def as_released(baseline: Architecture, num_classes: int, in_channels: int, phis: Iterable[float] = PHIS) -> tuple[Member, ...]:
    """The released members of a baseline."""
    return tuple(released_member(baseline, phi, num_classes, in_channels) for phi in phis)


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
        architecture=scaled,
    )

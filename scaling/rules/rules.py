"""Scaling rules: from a budget exponent phi to factors of depth, width and resolution, and from factors to a network.

The MACs of a ConvNet grow as depth * width^2 * resolution^2, so a rule that multiplies them by `budget` per unit of phi
keeps d * w^2 * r^2 = budget^phi. Rounding to whole layers, channels and pixels makes that product a label only; what a
scaled network really costs is `scaling.cost`.

Source: Tan and Le 2019 (EfficientNet), equations 2 and 3; Dollar, Singh and Girshick 2021 ("Fast and Accurate Model
Scaling") for shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean

Dimension = Literal["depth", "width", "resolution"]


class Factors(NamedTuple):
    """What a baseline's layers, channels and input side are multiplied by."""

    depth: float
    width: float
    resolution: float


def compound(phi: float, *, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15) -> Factors:
    """Compound scaling: depth alpha^phi, width beta^phi, resolution gamma^phi (EfficientNet, equation 3).

    Args:
        phi: budget exponent, any real number; MACs grow as (alpha * beta^2 * gamma^2)^phi.
        alpha: depth base, at least 1.
        beta: width base, at least 1.
        gamma: resolution base, at least 1.

    Raises:
        UserError: a base is below 1, an argument is not finite, or phi so large that a factor is not.
    """
    for name, base in (("alpha", alpha), ("beta", beta), ("gamma", gamma)):
        if not (math.isfinite(base) and base >= 1):
            raise UserError(f"compound: {name} must be finite and at least 1, got {base}")
    return Factors(*(_power("compound", base, phi) for base in (alpha, beta, gamma)))


def shares(phi: float, *, depth: float, width: float, resolution: float, budget: float = 2.0) -> Factors:
    """Split a budget's growth by shares: depth budget^(phi e_d), width budget^(phi e_w / 2), resolution budget^(phi e_r / 2).

    Args:
        phi: budget exponent; MACs grow as budget^phi.
        depth: share e_d of depth, 0 or more.
        width: share e_w of width, 0 or more.
        resolution: share e_r of resolution, 0 or more; the three sum to 1.
        budget: growth of the MACs per unit of phi, above 1.

    Raises:
        UserError: a share is negative, they do not sum to 1 (within 1e-6), or budget is not above 1.

    Source: Dollar, Singh and Girshick 2021; (1/3, 1/3, 1/3) is uniform scaling, (.1, .8, .1) fast compound scaling.
    """
    given = (depth, width, resolution)
    if not all(math.isfinite(share) and share >= 0 for share in given):
        raise UserError(f"shares: depth, width and resolution must be 0 or more, got {given}")
    if abs(sum(given) - 1) > 1e-6:
        raise UserError(f"shares: depth + width + resolution must be 1, got {given} with sum {sum(given)}")
    if not (math.isfinite(budget) and budget > 1):
        raise UserError(f"shares: budget must be above 1, got {budget}")
    return Factors(*(_power("shares", budget, phi, share) for share in (depth, width / 2, resolution / 2)))


def single(dimension: Dimension, phi: float, *, budget: float = 2.0) -> Factors:
    """Scale one dimension only: a corner of `shares`.

    Args:
        dimension: "depth", "width" or "resolution".
        phi: budget exponent; MACs grow as budget^phi.
        budget: growth of the MACs per unit of phi, above 1.

    Raises:
        UserError: the dimension has another name, or as `shares` does.
    """
    known = get_args(Dimension)
    if dimension not in known:
        raise UserError(
            f"single: dimension must be one of {', '.join(known)}, got {dimension!r}{did_you_mean(dimension, known)}"
        )
    depth, width, resolution = (float(name == dimension) for name in known)
    return shares(phi, depth=depth, width=width, resolution=resolution, budget=budget)


class Rule(NamedTuple):
    """A way to spend a growing budget.

    Attributes:
        name: what it is called.
        factors: what it gives at phi; it also takes alpha, beta and gamma where `has_bases`.
        says: what it does, in a few words.
        colour: of its line in figures.
        marker: of its points, as Matplotlib names them; no two rules share one.
        split: shares of depth, width and resolution, where it is defined by them.
        has_bases: whether alpha, beta and gamma can be chosen.
        compared: whether it is among the rules that a trained family compares unless told otherwise.
    """

    name: str
    factors: Callable[..., Factors]
    says: str = ""
    colour: str = "#222222"
    marker: str = "o"
    split: tuple[float, float, float] | None = None
    has_bases: bool = False
    compared: bool = False


def rule(name: str, *, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15) -> Rule:
    """A rule by its name.

    Args:
        name: a key of `RULES`.
        alpha: depth base of `compound`, at least 1; rules without bases have no use for it.
        beta: width base.
        gamma: resolution base.

    Raises:
        UserError: there is no rule of that name, or as `compound` does.

    >>> rule("fast").factors(2)
    Factors(depth=1.148698354997035, width=1.7411011265922482, resolution=1.0717734625362931)
    """
    if name not in RULES:
        raise UserError(f"no rule is called {name!r}; known: {', '.join(RULES)}{did_you_mean(name, RULES)}")
    found = RULES[name]
    if not found.has_bases:
        return found
    bases = {"alpha": alpha, "beta": beta, "gamma": gamma}
    found.factors(1, **bases)  # refuses bases that are none
    return found._replace(factors=partial(found.factors, **bases))


def realised_shares(alone: Sequence[float]) -> tuple[float, float, float] | None:
    """log of the MACs ratio of each factor applied alone, normalised to sum 1: a network's place on the triangle.

    Args:
        alone: the logs, of depth, width and resolution.

    Returns:
        Shares of depth, width and resolution, or None where no factor alone costs anything.
    """
    total = sum(alone)
    if total <= 0:
        return None
    depth, width, resolution = (log / total for log in alone)
    return depth, width, resolution


def intended_shares(factors: Factors) -> tuple[float, float, float] | None:
    """Shares of depth, width and resolution that factors stand for before rounding: log d, 2 log w, 2 log r, normalised.

    Args:
        factors: each above 0.

    Returns:
        Shares that sum to 1, or None where nothing is scaled.
    """
    return realised_shares([math.log(factors.depth), 2 * math.log(factors.width), 2 * math.log(factors.resolution)])


RELEASED: dict[str, Factors] = {
    "efficientnet_b0": Factors(1.0, 1.0, 224 / 224),
    "efficientnet_b1": Factors(1.1, 1.0, 240 / 224),
    "efficientnet_b2": Factors(1.2, 1.1, 260 / 224),
    "efficientnet_b3": Factors(1.4, 1.2, 300 / 224),
    "efficientnet_b4": Factors(1.8, 1.4, 380 / 224),
    "efficientnet_b5": Factors(2.2, 1.6, 456 / 224),
    "efficientnet_b6": Factors(2.6, 1.8, 528 / 224),
    "efficientnet_b7": Factors(3.1, 2.0, 600 / 224),
    "efficientnet_b8": Factors(3.6, 2.2, 672 / 224),
    "efficientnet_l2": Factors(5.3, 4.3, 800 / 224),
}
"""The factors over B0 as released (tensorflow/tpu, efficientnet_builder.py), which no phi reproduces."""


def _released(number: float) -> Factors:
    name = f"efficientnet_b{number:g}"
    if name not in RELEASED:
        raise UserError(f"released: B0 to B8 were released, phi must be one of their numbers, got {number:g}")
    return RELEASED[name]


def _by_shares(
    name: str, split: tuple[float, float, float], says: str, colour: str, marker: str, *, compared: bool = False
) -> Rule:
    depth, width, resolution = split
    factors = partial(shares, depth=depth, width=width, resolution=resolution)
    return Rule(name, factors, says, colour, marker, split, compared=compared)


RULES: dict[str, Rule] = {
    one.name: one
    for one in (
        Rule(
            "compound",
            compound,
            "depth alpha^phi, width beta^phi, resolution gamma^phi",
            "#d55e00",
            "o",
            has_bases=True,
            compared=True,
        ),
        Rule("paper", compound, "compound with the paper's bases 1.2, 1.1, 1.15", "#e69f00", "D"),
        _by_shares("depth", (1, 0, 0), "all of the budget to depth", "#009e73", "v", compared=True),
        _by_shares("width", (0, 1, 0), "all of the budget to width", "#cc79a7", ">", compared=True),
        _by_shares("resolution", (0, 0, 1), "all of the budget to resolution", "#56b4e9", "^", compared=True),
        _by_shares("uniform", (1 / 3, 1 / 3, 1 / 3), "a third of the budget to each", "#0072b2", "h"),
        _by_shares("fast", (0.1, 0.8, 0.1), ".1 of the budget to depth, .8 to width, .1 to resolution", "#8a8a8a", "P"),
        Rule("released", _released, "the factors of EfficientNet B0 to B8, phi their number", "#000000", "X"),
    )
}
"""Every rule by its name; commands, their help and the figures of trained families read it."""

SHARES: dict[str, tuple[float, float, float]] = {name: one.split for name, one in RULES.items() if one.split is not None}
"""Rules that are shares of depth, width and resolution: the single dimensions, uniform scaling and fast compound scaling."""


def _power(function: str, base: float, phi: float, share: float = 1.0) -> float:
    """base^(phi share)."""
    if not math.isfinite(phi):
        raise UserError(f"{function}: phi must be finite, got {phi}")
    try:
        return float(base ** (phi * share))
    except OverflowError:
        raise UserError(f"{function}: phi is too large, {base:g}^{phi * share:g} is no number") from None

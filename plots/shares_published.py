"""Where the published rules spend their budget

Shares of the growth in MACs that go to depth, width and resolution: the corners are single dimensions, the centre is uniform
scaling. EfficientNet's formula leans to resolution, fast compound scaling to width; the released networks begin at depth and
resolution (B1 is no wider than B0) and end at the formula.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.arch import EFFICIENTNET_B0
from scaling.count.cost import cost
from scaling.figures import style
from scaling.figures.ternary import corners, frame, panel, place
from scaling.rules.coefficients import PAPER
from scaling.rules.rounding import scale
from scaling.rules.rules import RELEASED, SHARES, Factors, realised_shares

_APART = 3  # released networks with a name of their own; the others lie close together
CAPTION = (
    "Diamonds: the exponents of a rule (uniform and fast compound scaling: Dollar et al. 2021; EfficientNet: Tan and Le 2019). "
    "Squares: B1 to B8 as released, each by the exact cost of its three factors applied to B0 one at a time."
)

Shares = tuple[float, float, float]


class SharesNumbers(NamedTuple):
    """Everything the drawing shows: shares of depth, width and resolution.

    Attributes:
        rules: by the exponents of each rule: its name and shares.
        released: B1 to B8 as released: name and realised shares.
    """

    rules: tuple[tuple[str, Shares], ...]
    released: tuple[tuple[str, Shares], ...]


def shares_published_numbers() -> SharesNumbers:
    """The numbers of `shares_published`."""
    rules = (
        ("uniform scaling", SHARES["uniform"]),
        ("fast compound scaling", SHARES["fast"]),
        ("EfficientNet", _of_formula(Factors(*PAPER.decimals))),
    )
    released = ((f"B{number}", _realised(RELEASED[f"efficientnet_b{number}"])) for number in range(1, 9))
    return SharesNumbers(rules, tuple((name, shares) for name, shares in released if shares is not None))


def shares_published(numbers: SharesNumbers) -> Figure:
    """Draw the triangle with the rules and, joined in order, the released networks.

    Args:
        numbers: from `shares_published_numbers`.
    """
    figure = style.new_figure(7.4)
    axes = panel(figure, (0.045, 0.09, 0.91, 0.84))
    frame(axes, style.FAINT)
    corners(axes)
    _rules(axes, numbers)
    _released(axes, numbers)
    style.heading(figure, "Where the published rules spend their budget")
    style.caption(figure, CAPTION)
    return figure


def _of_formula(factors: Factors) -> Shares:
    """log d, log w^2 and log r^2 over log(d w^2 r^2)."""
    depth, width, resolution = map(math.log, factors)
    total = depth + 2 * width + 2 * resolution
    return depth / total, 2 * width / total, 2 * resolution / total


def _realised(factors: Factors) -> Shares | None:
    base = cost(EFFICIENTNET_B0).macs
    alone = (Factors(1, 1, 1)._replace(**{name: value}) for name, value in factors._asdict().items())
    return realised_shares([math.log(cost(scale(EFFICIENTNET_B0, one)).macs / base) for one in alone])


def _rules(axes: Axes, numbers: SharesNumbers) -> None:
    for name, shares in numbers.rules:
        x, y = place(shares)
        left = shares[1] > 0.5  # its name would run over the edge on the other side
        axes.plot([x], [y], marker="D", markersize=13, color="none", markeredgecolor=style.BEST, markeredgewidth=2, zorder=4)
        _name(axes, name, (x, y), (-13 if left else 13, 0), "right" if left else "left")


def _released(axes: Axes, numbers: SharesNumbers) -> None:
    ends = [place(shares) for _, shares in numbers.released]
    axes.plot(*zip(*ends, strict=True), color=style.TIED, marker="s", markersize=6, markeredgecolor="white", zorder=3)
    names = [name for name, _ in numbers.released]
    for name, end in zip(names[:_APART], ends, strict=False):
        _name(axes, name, end, (6, -11), "center")
    _name(axes, f"{names[_APART]} to {names[-1]}", max(ends[_APART:], key=lambda end: end[1]), (0, 12), "center")


def _name(axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], side: str) -> None:
    axes.annotate(
        text, place, offset, textcoords="offset points", ha=side, va="center", fontsize=style.TEXT_SIZE, color=style.INK
    )


def draw() -> Figure:
    """The figure."""
    return shares_published(shares_published_numbers())

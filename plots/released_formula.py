"""Released against formula

What B1 to B8 were released with, beside the formula α^φ, β^φ, γ^φ with the paper's 1.2, 1.1 and 1.15: no φ gives a released
network, all of them cost less than their numbers promise, B2 to B4 least of what the formula gives, and depth stays under the
formula all along. Exact counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.arch import EFFICIENTNET_B0
from scaling.count.cost import cost
from scaling.figures import style
from scaling.figures.curves import labels, line, log_scale, panel
from scaling.rules.coefficients import BUDGET, PAPER
from scaling.rules.rounding import scale
from scaling.rules.rules import RELEASED, Factors


class _Panel(NamedTuple):
    """Where a panel stands and how it reads."""

    corner: tuple[float, float]
    title: str
    unit: str
    ticks: tuple[float, ...]
    formula: str
    below: str = ""


_BELOW = "φ; of a released network its number"
_PANELS = (
    _Panel((0.075, 0.585), "cost: MACs over B0's", "×{:g}", (1, 4, 16, 64), "formula"),
    _Panel((0.58, 0.585), "depth: factor on layers", "×{:g}", (1, 1.5, 2, 3, 4), "αᵠ"),
    _Panel((0.075, 0.19), "width: factor on channels", "×{:g}", (1, 1.25, 1.5, 2), "βᵠ", _BELOW),
    _Panel((0.58, 0.19), "resolution: side of the input, px", "{:g}", (224, 300, 400, 500, 600), "γᵠ", _BELOW),
)


class Scaled(NamedTuple):
    """B0 scaled by factors.

    Attributes:
        factors: of depth, width and resolution.
        resolution_px: side of the input after rounding.
        ratio: MACs over B0's.
    """

    factors: Factors
    resolution_px: int
    ratio: float


class FormulaNumbers(NamedTuple):
    """Everything the drawing shows, at phi 0, 1, 2 and so on.

    Attributes:
        phis: budget exponents; a released network stands at its number.
        formula: by alpha^phi, beta^phi, gamma^phi with the paper's bases.
        released: as released.
        promised: 2^phi.
        implied: the phi at which the formula would give each of a released network's factors.
    """

    phis: tuple[int, ...]
    formula: tuple[Scaled, ...]
    released: tuple[Scaled, ...]
    promised: tuple[int, ...]
    implied: tuple[Factors, ...]


def released_formula_numbers() -> FormulaNumbers:
    """The numbers of `released_formula`."""
    phis = tuple(range(9))
    released = tuple(_scaled(RELEASED[f"efficientnet_b{number}"]) for number in phis)
    implied = tuple(Factors(*map(math.log, one.factors, PAPER.decimals)) for one in released)
    return FormulaNumbers(
        phis, tuple(_scaled(PAPER.factors(phi)) for phi in phis), released, tuple(BUDGET**phi for phi in phis), implied
    )


def released_formula(numbers: FormulaNumbers) -> Figure:
    """Draw cost, depth, width and resolution over phi, the formula's and the released.

    Args:
        numbers: from `released_formula_numbers`.
    """
    figure = style.new_figure(7.4)
    pairs = list(zip(_values(numbers.formula), _values(numbers.released), strict=True))
    for look, pair in zip(_PANELS, pairs, strict=True):
        axes = panel(figure, (*look.corner, 0.4, 0.295), look.title)
        _draw(axes, look, numbers.phis, *pair)
        if look is _PANELS[0]:
            _aim(axes, numbers)
    style.heading(figure, "As released, B1 to B8 follow no φ of the formula")
    style.caption(figure, _caption(numbers))
    return figure


def _scaled(factors: Factors) -> Scaled:
    network = scale(EFFICIENTNET_B0, factors)
    return Scaled(factors, network.resolution, cost(network).macs / cost(EFFICIENTNET_B0).macs)


def _values(networks: Sequence[Scaled]) -> list[list[float]]:
    """Ratios, depths, widths and sides."""
    return [
        [one.ratio for one in networks],
        [one.factors.depth for one in networks],
        [one.factors.width for one in networks],
        [float(one.resolution_px) for one in networks],
    ]


def _draw(axes: Axes, look: _Panel, phis: Sequence[int], formula: Sequence[float], released: Sequence[float]) -> None:
    values = [*formula, *released]
    margin = (max(values) / min(values)) ** 0.05
    log_scale(axes, "y", (min(values) / margin, max(values) * margin), look.ticks, look.unit)
    axes.set_xlim(-0.3, 8.3)
    axes.set_xticks(phis)
    line(axes, phis, formula, style.TIED, "o")
    line(axes, phis, released, style.BEST, "D", markersize=6)
    labels(axes, look.below, "")
    _name(axes, look.formula, (2, formula[2]), (-9, 7), "right")
    _name(axes, "released", (3, released[3]), (9, -8), "left")


def _aim(axes: Axes, numbers: FormulaNumbers) -> None:
    """What the paper's constraint promises: a product of 2 per unit of phi."""
    axes.plot(numbers.phis, numbers.promised, color=style.INK, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    _name(axes, f"{BUDGET}ᵠ", (7, numbers.promised[7]), (-9, 7), "right")


def _name(axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], side: str) -> None:
    looks: dict[str, Any] = {"fontsize": style.TEXT_SIZE, "color": style.INK, "ha": side, "va": "center"}
    axes.annotate(text, point, offset, textcoords="offset points", **looks)


def _caption(numbers: FormulaNumbers) -> str:
    implied = "; ".join(
        f"B{number} {', '.join(f'{phi:.1f}' for phi in numbers.implied[number])}" for number in numbers.phis[1::2]
    )
    alpha, beta, gamma = PAPER.decimals
    return (
        f"Formula: α {alpha:g}, β {beta:g}, γ {gamma:g} (Tan and Le 2019), rounded as the release rounds. Released factors: "
        "tensorflow/tpu. Costs counted exactly. Dotted: what a product of 2 per unit of φ promises.\n"
        f"The φ at which the formula gives the released depth, width and resolution: {implied}."
    )


def draw() -> Figure:
    """The figure."""
    return released_formula(released_formula_numbers())

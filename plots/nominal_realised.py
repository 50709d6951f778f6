"""α β² γ² is a label, the realised cost is not

Every point (α, β, γ) of the lattice around EfficientNet-B0 at φ = 1, by what its product α β² γ² promises and by what the
network costs once layers, channels and pixels are rounded to whole ones. The paper asks for a product near 2; the networks
that meet it cost more, the paper's own choice among them; the figure says how much. Counted exactly, nothing is measured.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scaling.arch import EFFICIENTNET_B0
from scaling.count.cost import cost
from scaling.figures import style
from scaling.figures.curves import labels, log_scale, panel
from scaling.grid.enumerate import enumerate_lattice
from scaling.grid.lattice import Lattice
from scaling.rules.coefficients import BUDGET, PAPER, UNIT, Coefficients, distance

_ON_TARGET = 0.05


class NominalNumbers(NamedTuple):
    """Everything the drawing shows.

    Attributes:
        nominal: (points,) products.
        realised: (points,) MACs over B0's.
        candidate: (points,) whether the product is within the tolerance of 2.
        tolerance: of the product.
        step: of the lattice.
        candidates: how many points that is.
        networks: distinct ones among the candidates.
        costs: lowest and highest realised cost of these.
        on_target: how many of them are within 5 % of twice B0's MACs.
        paper: nominal and realised at the paper's coefficients.
    """

    nominal: NDArray[np.float64]
    realised: NDArray[np.float64]
    candidate: NDArray[np.bool_]
    tolerance: float
    step: float
    candidates: int
    networks: int
    costs: tuple[float, float]
    on_target: int
    paper: tuple[float, float]


def nominal_realised_numbers() -> NominalNumbers:
    """The numbers of `nominal_realised`: alpha 1 to 2, beta and gamma 1 to 1.5, step .05, tolerance .1."""
    lattice = Lattice()
    found = enumerate_lattice(EFFICIENTNET_B0, lattice)
    ratios = found.macs / cost(EFFICIENTNET_B0).macs
    candidate = distance(*found.points.T) <= round(lattice.tolerance * UNIT)
    distinct = ratios[np.unique(found.networks[candidate])]
    (paper,) = np.flatnonzero((found.points == PAPER).all(axis=1))
    return NominalNumbers(
        np.array([Coefficients(*point).nominal for point in found.points.tolist()]),
        ratios[found.networks],
        candidate,
        lattice.tolerance,
        lattice.step,
        int(candidate.sum()),
        len(distinct),
        (float(distinct.min()), float(distinct.max())),
        int((abs(distinct / BUDGET - 1) <= _ON_TARGET).sum()),
        (PAPER.nominal, float(ratios[found.networks[paper]])),
    )


def nominal_realised(numbers: NominalNumbers) -> Figure:
    """Draw realised over nominal cost: all points of the lattice, and the candidates of Step 1 among them.

    Args:
        numbers: from `nominal_realised_numbers`.
    """
    figure = style.new_figure(5.2)
    _everything(panel(figure, (0.075, 0.21, 0.4, 0.65), f"all {len(numbers.nominal):,} points of the lattice"), numbers)
    title = f"product within {numbers.tolerance:g} of {BUDGET}: {numbers.candidates} points"
    _candidates(panel(figure, (0.575, 0.21, 0.4, 0.65), title), numbers)
    style.heading(figure, "α β² γ² is a label: what scaled networks promise and what they cost")
    style.caption(figure, _caption(numbers))
    return figure


def _everything(axes: Axes, numbers: NominalNumbers) -> None:
    ticks = (1, 2, 3, 4, 6, 8, 10)
    for which in "xy":
        log_scale(axes, which, (0.93, 13.5), ticks, "×{:g}")
    labels(axes, "nominal: α β² γ²", "realised: MACs over B0's")
    axes.plot([0.93, 13.5], [0.93, 13.5], color=style.INK, linewidth=1)
    axes.axvspan(BUDGET - numbers.tolerance, BUDGET + numbers.tolerance, color=style.BAND, zorder=0)
    _dots(axes, numbers.nominal, numbers.realised, style.WORSE, 2.5)
    _dots(axes, numbers.nominal[numbers.candidate], numbers.realised[numbers.candidate], style.TIED, 3)
    _paper(axes, numbers, (0.46, 0.2))
    _words(axes, "as promised", (4.4, 4.0), "left")


def _candidates(axes: Axes, numbers: NominalNumbers) -> None:
    axes.set_xlim(BUDGET - 1.2 * numbers.tolerance, BUDGET + 1.2 * numbers.tolerance)
    labels(axes, "nominal: α β² γ²", "realised: MACs over B0's")
    low, high = BUDGET * (1 - _ON_TARGET), BUDGET * (1 + _ON_TARGET)
    axes.axhspan(low, high, color=style.BAND, zorder=0)
    axes.plot(axes.get_xlim(), axes.get_xlim(), color=style.INK, linewidth=1)
    _dots(axes, numbers.nominal[numbers.candidate], numbers.realised[numbers.candidate], style.TIED, 5)
    axes.set_ylim(1.8, 3.7)
    axes.xaxis.set_major_formatter("×{x:.2f}")
    axes.yaxis.set_major_formatter("×{x:g}")
    _paper(axes, numbers, (0.02, 0.93))
    _words(axes, "as promised", (BUDGET + 1.15 * numbers.tolerance, 2.03), "right")
    _words(
        axes, f"within {_ON_TARGET:.0%} of ×{BUDGET}".replace("%", " %"), (BUDGET + 1.15 * numbers.tolerance, 1.925), "right"
    )


def _dots(axes: Axes, x: Any, y: Any, colour: str, size: float) -> None:
    axes.plot(x, y, marker="o", linestyle="none", color=colour, markersize=size, markeredgewidth=0, alpha=0.8)


def _paper(axes: Axes, numbers: NominalNumbers, place: tuple[float, float]) -> None:
    """The paper's point, with its name at a place from (0, 0) lower left to (1, 1)."""
    nominal, realised = numbers.paper
    marks: dict[str, Any] = {"color": style.COLOURS["paper"], "markeredgecolor": style.INK, "markersize": 9}
    axes.plot([nominal], [realised], marker=style.MARKERS["paper"], linestyle="none", **marks)
    axes.annotate(
        f"the paper's point:\nlabel ×{nominal:.2f}, cost ×{realised:.2f}",
        (nominal, realised),
        xytext=place,
        textcoords="axes fraction",
        va="center",
        fontsize=style.TEXT_SIZE,
        color=style.INK,
        arrowprops={"arrowstyle": "-", "color": style.INK, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 6},
    )


def _words(axes: Axes, text: str, place: tuple[float, float], side: str) -> None:
    axes.text(*place, text, ha=side, va="center", fontsize=style.SMALL_SIZE, color=style.INK)


def _caption(numbers: NominalNumbers) -> str:
    low, high = numbers.costs
    return (
        f"EfficientNet-B0, φ = 1, α 1 to 2, β and γ 1 to 1.5, step {numbers.step:g}, rounded as the release rounds; MACs "
        f"counted exactly. The {numbers.candidates} points are {numbers.networks} distinct networks; they cost "
        f"×{low:.2f} to ×{high:.2f}, and {numbers.on_target} of them are within {_ON_TARGET:.0%} of ×{BUDGET}."
    ).replace("%", " %")


def draw() -> Figure:
    """The figure."""
    return nominal_realised(nominal_realised_numbers())

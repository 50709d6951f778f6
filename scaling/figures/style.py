"""How every figure looks and how it is written: colours, sizes, byte-stable files.

The colours are Okabe and Ito's, told apart by the colour-blind, and differ in lightness and marker as well, so a grey
print reads the same. Nothing here touches Matplotlib's global state: figures are built from `Figure` itself.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

from scaling.core.files import atomic_write, make_folder
from scaling.core.text import printable
from scaling.rules.rules import RULES

INK = "#222222"
FAINT = "#8a8a8a"
GRID = "#e3e3e3"
BAND = "#eef3f7"
BEST = "#d55e00"
TIED = "#0072b2"
WORSE = "#9fb7c8"
BASELINE = "#000000"
SURFACE_COLOURS = "cividis"  # lightness rises evenly, so grey keeps the order

COLOURS = {
    "baseline": "#000000",
    **{rule.name: rule.colour for rule in RULES.values()},
    "extrapolated": "#8c510a",
}
MARKERS = {
    "baseline": "s",
    **{rule.name: rule.marker for rule in RULES.values()},
    "extrapolated": "P",
    "lattice": "o",
    "not eligible": "x",
    "best": "*",
}

TITLE_SIZE, LABEL_SIZE, TEXT_SIZE, SMALL_SIZE = 12.5, 11, 10.5, 9  # points; the figure is 9 inches wide
WIDTH_INCHES = 9.0
_CAPTION_LETTERS = 125  # of the caption's size on one line of that width
PNG_DPI = 200  # 1,800 px wide; legible at half that


def new_figure(height_inches: float) -> Figure:
    """An empty white figure of the standard width."""
    return Figure(figsize=(WIDTH_INCHES, height_inches), facecolor="white")


def plain(axes: Axes) -> None:
    """Bring axes to the house style: two spines, quiet ticks."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.tick_params(which="both", colors=INK, labelsize=SMALL_SIZE + 0.5, color=FAINT)
    axes.set_axisbelow(True)


def paler(name: str, strength: float = 0.55) -> ListedColormap:
    """A colour map mixed with white, for what lies behind points in the same colours."""
    colours = colormaps[name](range(256))
    return ListedColormap(strength * colours + (1 - strength))


def heading(figure: Figure, text: str) -> None:
    """The figure's first line."""
    figure.text(0.012, 0.985, text, fontsize=TITLE_SIZE, color=INK, weight="bold", ha="left", va="top")


def caption(figure: Figure, text: str) -> None:
    """Quiet lines at the figure's foot, broken where they would run past its edge."""
    lines = [textwrap.fill(line, _CAPTION_LETTERS) for line in text.splitlines()]
    figure.text(0.012, 0.012, "\n".join(lines), fontsize=SMALL_SIZE, color="#555555", ha="left", va="bottom", linespacing=1.35)


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, at least `gap` apart, in the same order, inside low to high where they fit.

    Args:
        wanted: positions along an axis, in any order.
        gap: smallest distance between two.
        low: lower end.
        high: upper end; the stack may pass `low` if there are too many.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    placed = [0.0] * len(wanted)
    floor = low
    for i in order:
        placed[i] = max(wanted[i], floor)
        floor = placed[i] + gap
    ceiling = high
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed


def save(figure: Figure, folder: Path | str, stem: str) -> tuple[Path, Path]:
    """Write STEM.svg and STEM.png, each whole or not at all; the same figure gives the same bytes.

    Args:
        figure: what to write.
        folder: made if missing.
        stem: file name without its ending.

    Returns:
        The two paths.
    """
    folder = Path(folder)
    make_folder(folder)
    svg, png = folder / f"{stem}.svg", folder / f"{stem}.png"
    # Names of files and folders are words, not formulas, whatever dollars they hold; some hold what no font can draw.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
    settings: dict[Any, Any] = {"svg.hashsalt": "compound-scaling", "svg.fonttype": "path", "text.parse_math": False}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box is drawn in its place
        _write(figure, svg, {"Date": None, "Creator": None})
        _write(figure, png, {"Software": None})
    return svg, png


def _write(figure: Figure, path: Path, metadata: dict[str, None]) -> None:
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:], dpi=PNG_DPI, metadata=metadata)
    atomic_write(path, content.getvalue())

"""From numbers to Matplotlib figures; every drawing has a function that gives its numbers."""

from scaling.figures.frontier import FrontierNumbers, frontier, frontier_numbers
from scaling.figures.points import Percent, Point, points
from scaling.figures.rule_curves import RuleCurvesNumbers, rule_curves, rule_curves_numbers
from scaling.figures.style import save
from scaling.figures.triangle import TriangleNumbers, triangle, triangle_numbers

__all__ = [
    "FrontierNumbers",
    "Percent",
    "Point",
    "RuleCurvesNumbers",
    "TriangleNumbers",
    "frontier",
    "frontier_numbers",
    "points",
    "rule_curves",
    "rule_curves_numbers",
    "save",
    "triangle",
    "triangle_numbers",
]

"""From numbers to Matplotlib figures; every drawing has a function that gives its numbers."""

from scaling.figures.frontier import FrontierNumbers, frontier, frontier_numbers
from scaling.figures.nominal_realised import NominalNumbers, nominal_realised, nominal_realised_numbers
from scaling.figures.points import Percent, Point, points
from scaling.figures.profiled import ProfiledNumbers, profiled, profiled_numbers
from scaling.figures.published_dimensions import DimensionsNumbers, published_dimensions, published_dimensions_numbers
from scaling.figures.published_families import FamiliesNumbers, published_families, published_families_numbers
from scaling.figures.published_single_dimensions import (
    SingleDimensionsNumbers,
    published_single_dimensions,
    published_single_dimensions_numbers,
)
from scaling.figures.published_widths import WidthsNumbers, published_widths, published_widths_numbers
from scaling.figures.released_formula import FormulaNumbers, released_formula, released_formula_numbers
from scaling.figures.rule_curves import RuleCurvesNumbers, rule_curves, rule_curves_numbers
from scaling.figures.shares_published import SharesNumbers, shares_published, shares_published_numbers
from scaling.figures.style import save
from scaling.figures.trained_costs import TrainedCostsNumbers, trained_costs, trained_costs_numbers
from scaling.figures.triangle import TriangleNumbers, triangle, triangle_numbers

__all__ = [
    "DimensionsNumbers",
    "FamiliesNumbers",
    "FormulaNumbers",
    "FrontierNumbers",
    "NominalNumbers",
    "Percent",
    "Point",
    "ProfiledNumbers",
    "RuleCurvesNumbers",
    "SharesNumbers",
    "SingleDimensionsNumbers",
    "TrainedCostsNumbers",
    "TriangleNumbers",
    "WidthsNumbers",
    "frontier",
    "frontier_numbers",
    "nominal_realised",
    "nominal_realised_numbers",
    "points",
    "profiled",
    "profiled_numbers",
    "published_dimensions",
    "published_dimensions_numbers",
    "published_families",
    "published_families_numbers",
    "published_single_dimensions",
    "published_single_dimensions_numbers",
    "published_widths",
    "published_widths_numbers",
    "released_formula",
    "released_formula_numbers",
    "rule_curves",
    "rule_curves_numbers",
    "save",
    "shares_published",
    "shares_published_numbers",
    "trained_costs",
    "trained_costs_numbers",
    "triangle",
    "triangle_numbers",
]

"""Compound scaling of ConvNets: rules, exact cost, and the search that finds the coefficients.

Everything importable from here needs the standard library only.
"""

from scaling.arch import ARCHITECTURES, Architecture, Stage
from scaling.count.cost import Cost, cost
from scaling.rules.releases import architecture
from scaling.rules.rounding import scale, scale_v2
from scaling.rules.rules import RELEASED, RULES, Factors, Rule, compound, rule, shares, single

__version__ = "0.1.0"

__all__ = [
    "ARCHITECTURES",
    "RELEASED",
    "RULES",
    "Architecture",
    "Cost",
    "Factors",
    "Rule",
    "Stage",
    "__version__",
    "architecture",
    "compound",
    "cost",
    "rule",
    "scale",
    "scale_v2",
    "shares",
    "single",
]

"""Compound scaling of ConvNets: rules, exact cost, and the search that finds the coefficients.

Everything importable from here needs the standard library only.
"""

from scaling.arch import ARCHITECTURES, Architecture, Stage, architecture
from scaling.count.cost import Cost, cost
from scaling.rules.rules import RELEASED, Factors, compound, scale, scale_v2, shares, single

__all__ = [
    "ARCHITECTURES",
    "RELEASED",
    "Architecture",
    "Cost",
    "Factors",
    "Stage",
    "architecture",
    "compound",
    "cost",
    "scale",
    "scale_v2",
    "shares",
    "single",
]

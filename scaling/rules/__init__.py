"""Scaling rules: factors from phi, the rounding of scaled networks, released coefficients, the members of a family."""

from scaling.rules.releases import RELEASES, architecture
from scaling.rules.rounding import scale, scale_v2
from scaling.rules.rules import RELEASED, RULES, Factors, Rule, compound, rule, shares, single

__all__ = [
    "RELEASED",
    "RELEASES",
    "RULES",
    "Factors",
    "Rule",
    "architecture",
    "compound",
    "rule",
    "scale",
    "scale_v2",
    "shares",
    "single",
]

"""From right and wrong answers to numbers with intervals: rankings, gaps, curves, and how far each can be trusted."""

from scaling.analysis.agreement import Agreement, agreement
from scaling.analysis.changes import Change, Difference, Lead, changes, difference, leads
from scaling.analysis.equal_cost import Absence, Gap, Gaps, Missing, gaps, holm
from scaling.analysis.errors import CONFIDENCE, Estimate, Interval
from scaling.analysis.measured import ORIGINS, Measured
from scaling.analysis.power_law import Band, Extrapolated, HeldOut, PowerLaw, extrapolated, fit_power_law, held_out
from scaling.analysis.ranking import Adjustment, Ranked, Ranking, Standing, rank
from scaling.analysis.simulation import simulate
from scaling.analysis.stability import Stability, rank_stability
from scaling.analysis.surface import Coefficients, Fitted, NoOptimum, NoSurface, Surface, response_surface
from scaling.family.result import TARGETS, FamilyResult, RuleCurve, by_rule, family_of, family_result

__all__ = [
    "CONFIDENCE",
    "ORIGINS",
    "TARGETS",
    "Absence",
    "Adjustment",
    "Agreement",
    "Band",
    "Change",
    "Coefficients",
    "Difference",
    "Estimate",
    "Extrapolated",
    "FamilyResult",
    "Fitted",
    "Gap",
    "Gaps",
    "HeldOut",
    "Interval",
    "Lead",
    "Measured",
    "Missing",
    "NoOptimum",
    "NoSurface",
    "PowerLaw",
    "Ranked",
    "Ranking",
    "RuleCurve",
    "Stability",
    "Standing",
    "Surface",
    "agreement",
    "by_rule",
    "changes",
    "difference",
    "extrapolated",
    "family_of",
    "family_result",
    "fit_power_law",
    "gaps",
    "held_out",
    "holm",
    "leads",
    "rank",
    "rank_stability",
    "response_surface",
    "simulate",
]

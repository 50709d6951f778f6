"""From right and wrong answers to numbers with intervals: rankings, gaps, curves, and how far each can be trusted."""

from scaling.analysis.agreement import Agreement, agreement
from scaling.analysis.changes import Change, Difference, changes, difference
from scaling.analysis.equal_cost import Gap, Gaps, gaps, holm
from scaling.analysis.errors import CONFIDENCE, Estimate, Interval, interval
from scaling.analysis.families import TARGETS, FamilyResult, RuleCurve, by_rule, family_result
from scaling.analysis.measured import ORIGINS, Measured
from scaling.analysis.power_law import Band, Extrapolated, HeldOut, PowerLaw, extrapolated, fit_power_law, held_out
from scaling.analysis.ranking import Ranked, Ranking, is_eligible, rank
from scaling.analysis.simulation import simulate
from scaling.analysis.stability import Stability, rank_stability
from scaling.analysis.surface import Coefficients, Fitted, Surface, response_surface

__all__ = [
    "CONFIDENCE",
    "ORIGINS",
    "TARGETS",
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
    "Measured",
    "PowerLaw",
    "Ranked",
    "Ranking",
    "RuleCurve",
    "Stability",
    "Surface",
    "agreement",
    "by_rule",
    "changes",
    "difference",
    "extrapolated",
    "family_result",
    "fit_power_law",
    "gaps",
    "held_out",
    "holm",
    "interval",
    "is_eligible",
    "rank",
    "rank_stability",
    "response_surface",
    "simulate",
]

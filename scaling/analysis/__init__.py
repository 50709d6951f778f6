"""From right and wrong answers to numbers with intervals: ranking, ties, response surface, power law, gaps at equal cost."""

from scaling.analysis.equal_cost import Gap, Gaps, gaps, holm
from scaling.analysis.errors import CONFIDENCE, Estimate, Interval, interval
from scaling.analysis.families import TARGETS, FamilyResult, RuleCurve, family_result
from scaling.analysis.measured import ORIGINS, Measured
from scaling.analysis.planning import expected_standard_error
from scaling.analysis.power_law import Band, Extrapolated, HeldOut, PowerLaw, extrapolated, fit_power_law, held_out
from scaling.analysis.ranking import Ranked, Ranking, is_eligible, rank
from scaling.analysis.simulation import simulate
from scaling.analysis.surface import Coefficients, Fitted, Surface, response_surface

__all__ = [
    "CONFIDENCE",
    "ORIGINS",
    "TARGETS",
    "Band",
    "Coefficients",
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
    "Surface",
    "expected_standard_error",
    "extrapolated",
    "family_result",
    "fit_power_law",
    "gaps",
    "held_out",
    "holm",
    "interval",
    "is_eligible",
    "rank",
    "response_surface",
    "simulate",
]

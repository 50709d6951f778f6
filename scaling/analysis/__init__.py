"""From right and wrong answers to numbers with intervals: ranking, ties, response surface."""

from scaling.analysis.errors import CONFIDENCE, Interval, interval
from scaling.analysis.measured import ORIGINS, Measured
from scaling.analysis.planning import expected_standard_error
from scaling.analysis.ranking import Ranked, Ranking, is_eligible, rank
from scaling.analysis.simulation import simulate
from scaling.analysis.surface import Coefficients, Fitted, Surface, response_surface

__all__ = [
    "CONFIDENCE",
    "ORIGINS",
    "Coefficients",
    "Fitted",
    "Interval",
    "Measured",
    "Ranked",
    "Ranking",
    "Surface",
    "expected_standard_error",
    "interval",
    "is_eligible",
    "rank",
    "response_surface",
    "simulate",
]

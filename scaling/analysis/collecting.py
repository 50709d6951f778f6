"""From a study's records to what the analysis is fed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import Interval, errors, interval
from scaling.analysis.measured import Measured
from scaling.space import Candidate
from scaling.study.run import Run
from scaling.study.study import Study, complete_trials


class Collected(NamedTuple):
    """The networks that have a complete trial, and why others have none."""

    candidates: tuple[Candidate, ...]
    measured: tuple[Measured, ...]
    missing: tuple[str, ...]
    """one sentence for each network without a complete trial"""


def collect(study: Study, run: Run) -> Collected:
    """Right and wrong on validation of every network of a study."""
    candidates, measured, missing = [], [], []
    for candidate in study.space.candidates:
        trials = complete_trials(study, run, candidate)
        correct = [outcome.correct for trial in trials if (outcome := run.outcome(trial)) is not None]
        if not trials:
            missing.append(f"{candidate.label}: {_reasons(study, run, candidate)}")
            continue
        candidates.append(candidate)
        bits = np.stack([one for one in correct if one is not None])
        measured.append(
            Measured(candidate.label, candidate.cost.macs, candidate.realised, bits, candidate.shares, candidate.origin)
        )
    return Collected(tuple(candidates), tuple(measured), tuple(missing))


def tested(study: Study, run: Run, collected: Collected) -> dict[str, Interval]:
    """Accuracy on the test pictures, by label, of the networks that were shown them.

    The seed variance is pooled over all of them, as the ranking pools it on validation.
    """
    shown = {}
    for candidate in collected.candidates:
        bits = [run.test_correct(trial) for trial in complete_trials(study, run, candidate)]
        seen = [one for one in bits if one is not None]
        if seen:
            shown[candidate.label] = Measured(
                candidate.label, candidate.cost.macs, candidate.realised, np.stack(seen), None, candidate.origin
            )
    if not shown:
        return {}
    pooled = errors(list(shown.values()))
    return {label: interval(one.correct, pooled.seed_variance, pooled.degrees_of_freedom) for label, one in shown.items()}


def _reasons(study: Study, run: Run, candidate: Candidate) -> str:
    outcomes = [run.outcome(trial) for trial in study.trials(candidate)]
    reasons = {f"{outcome.status} ({outcome.reason})" for outcome in outcomes if outcome is not None}
    return "; ".join(sorted(reasons)) or "not trained"

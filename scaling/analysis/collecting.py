"""From a study's records to what the analysis is fed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scaling.analysis.errors import Interval, errors, interval
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking
from scaling.lattice import REFERENCES
from scaling.space import Candidate
from scaling.study.run import Run
from scaling.study.study import Study, complete_trials


class Collected(NamedTuple):
    """The networks that have a complete trial, and what became of the trials that are not."""

    candidates: tuple[Candidate, ...]
    measured: tuple[Measured, ...]
    incomplete: tuple[str, ...]
    """one sentence for each network that lacks a trial"""

    def winner(self, ranking: Ranking | None) -> Candidate | None:
        """The best of a ranking of these networks."""
        return None if ranking is None or ranking.best is None else self.candidates[ranking.best]

    def shown(self, ranking: Ranking | None) -> list[Candidate]:
        """Who is shown the test pictures after the choice: the best and the references."""
        winner = self.winner(ranking)
        return [one for one in self.candidates if one is winner or any(name in REFERENCES for name in one.origin)]


def collect(study: Study, run: Run) -> Collected:
    """Right and wrong on validation of every network of a study."""
    candidates, measured, incomplete = [], [], []
    for candidate in study.space.candidates:
        trials = complete_trials(study, run, candidate)
        correct = [outcome.correct for trial in trials if (outcome := run.outcome(trial)) is not None]
        if len(trials) < study.spec.seeds:
            incomplete.append(_incomplete(study, run, candidate, len(trials)))
        if not trials:
            continue
        candidates.append(candidate)
        bits = np.stack([one for one in correct if one is not None])
        measured.append(
            Measured(candidate.label, candidate.cost.macs, candidate.realised, bits, candidate.shares, candidate.origin)
        )
    return Collected(tuple(candidates), tuple(measured), tuple(incomplete))


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


def _incomplete(study: Study, run: Run, candidate: Candidate, complete: int) -> str:
    outcomes = [run.outcome(trial) for trial in study.trials(candidate)]
    reasons = {
        f"{outcome.status}: {outcome.reason}" for outcome in outcomes if outcome is not None and outcome.status != "complete"
    }
    return (
        f"{candidate.label}: {complete} of {study.spec.seeds} trainings complete "
        f"({'; '.join(sorted(reasons)) or 'the others not trained'})"
    )

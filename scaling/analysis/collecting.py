"""From a study's records to what the analysis is fed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.changes import Difference, difference
from scaling.analysis.errors import Interval, errors, interval
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.stability import Stability, rank_stability
from scaling.lattice import EXTRAPOLATED, ROLES
from scaling.space import Candidate
from scaling.study.run import Run
from scaling.study.study import Study
from scaling.study.trial import Trial
from scaling.study.trials import Network, Trials, complete_trials


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
        return [one for one in self.candidates if one is winner or any(name in ROLES for name in one.origin)]


class DirectLead(NamedTuple):
    """A search's choice against that of a search at another phi, carried to this one."""

    winner: Candidate
    carried: Candidate
    gap: Difference | None
    """on the test pictures, the winner's accuracy minus the other's; None where both chose one network"""


def collect(study: Study, run: Run) -> Collected:
    """Right and wrong on validation of every network of a study."""
    judged = [(candidate, _measured(study, run, candidate, False)) for candidate in study.space.candidates]
    found = [(candidate, measured) for candidate, measured in judged if measured is not None]
    candidates, measured = tuple(one for one, _ in found), tuple(replace(one, admitted=not of.over) for of, one in found)
    return Collected(candidates, measured, tuple(incomplete(study, run)))


def incomplete(study: Trials, run: Run) -> list[str]:
    """One sentence for each network that lacks a trial."""
    counts = [(network, len(complete_trials(study, run, network))) for network in study.networks]
    return [_incomplete(study, run, network, count) for network, count in counts if count < study.spec.seeds]


def direct_lead(study: Study, run: Run, winner: Candidate | None) -> DirectLead | None:
    """What searching at this phi gained over carrying the choice of another; None where no choice was carried here.

    Judged on the test pictures, which neither choice has seen.
    """
    carried = next((one for one in study.networks if EXTRAPOLATED in one.origin), None)
    if winner is None or carried is None:
        return None
    if carried is winner:
        return DirectLead(winner, carried, None)
    shown = on_test_pictures(study, run)
    if not {winner.label, carried.label} <= shown.keys():
        return None
    return DirectLead(winner, carried, difference(list(shown.values()), winner.label, carried.label))


def on_test_pictures(study: Trials, run: Run) -> dict[str, Measured]:
    """By label, right and wrong on the test pictures of every network that was shown them."""
    found = {network.label: _measured(study, run, network, True) for network in study.networks}
    return {label: one for label, one in found.items() if one is not None}


def _measured(study: Trials, run: Run, network: Network, test: bool) -> Measured | None:
    """A network on the test pictures or on those of validation, if it was judged there."""
    trials = complete_trials(study, run, network)
    answers = [_test(run, one) if test else _validation(run, one) for one in trials]
    seen = [one for one in answers if one is not None]
    if not seen:
        return None
    return Measured(network.label, network.cost.macs, network.realised, np.stack(seen), network.shares, network.origin)


def _test(run: Run, trial: Trial) -> NDArray[np.bool_] | None:
    judged = run.test(trial)
    return None if judged is None else judged.correct


def _validation(run: Run, trial: Trial) -> NDArray[np.bool_] | None:
    outcome = run.outcome(trial)
    return None if outcome is None else outcome.correct


def tested(study: Trials, run: Run) -> dict[str, Interval]:
    """Accuracy on the test pictures, by label, of the networks that were shown them.

    The seed variance is pooled over all of them, as the ranking pools it on validation.
    """
    shown = on_test_pictures(study, run)
    if not shown:
        return {}
    pooled = errors(list(shown.values()))
    return {label: interval(one.correct, pooled.seed_variance, pooled.degrees_of_freedom) for label, one in shown.items()}


def stability_of(collected: Collected, ranking: Ranking | None) -> Stability | None:
    """Whether other seeds would choose as these did; None where one seed or one eligible network cannot tell."""
    if ranking is None or not ranking.degrees_of_freedom or sum(one.eligible for one in ranking.networks) < 2:
        return None
    return rank_stability(collected.measured, ranking.target)


def _incomplete(study: Trials, run: Run, network: Network, complete: int) -> str:
    outcomes = [run.outcome(trial) for trial in study.trials(network)]
    reasons = {
        f"{outcome.status}: {outcome.reason}" for outcome in outcomes if outcome is not None and outcome.status != "complete"
    }
    return (
        f"{network.label}: {complete} of {study.spec.seeds} trainings complete "
        f"({'; '.join(sorted(reasons)) or 'the others not trained'})"
    )

"""From a study's records to what the analysis is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.changes import Difference, Lead, difference, leads
from scaling.analysis.collapse import collapsed
from scaling.analysis.errors import Interval, accuracy_interval, errors
from scaling.analysis.measured import Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.stability import Stability, rank_stability
from scaling.grid.lattice import EXTRAPOLATED, ROLES
from scaling.grid.space import Candidate
from scaling.grid.study import Study
from scaling.study.run import Run
from scaling.study.study import Network, Trials, complete_trials
from scaling.study.trial import Trial


class Trainings(NamedTuple):
    """What became of a network's trainings, in numbers.

    Attributes:
        complete: ended, and counted in its accuracy.
        failed: ended in an error; tried again by the next start.
        diverged: left the finite numbers.
        collapsed: ended near chance or far below its siblings; not counted in its accuracy.
        reasons: of those that failed or diverged.
    """

    complete: int
    failed: int
    diverged: int
    collapsed: int
    reasons: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Those that ended and are not counted."""
        return self.diverged + self.collapsed

    def counts(self) -> dict[str, int]:
        """By status."""
        return {name: getattr(self, name) for name in ("complete", "failed", "diverged", "collapsed")}


class Collected(NamedTuple):
    """The networks of a search that have a training that counts, and what became of all trainings.

    Attributes:
        candidates: with one or more trainings that count.
        measured: of each, right and wrong on validation.
        trainings: of every candidate, by its label.
        seeds: asked for.
    """

    candidates: tuple[Candidate, ...]
    measured: tuple[Measured, ...]
    trainings: dict[str, Trainings]
    seeds: int

    @property
    def untrained(self) -> int:
        """Trainings that were asked for and not tried yet."""
        return sum(max(0, self.seeds - sum(one.counts().values())) for one in self.trainings.values())

    def winner(self, ranking: Ranking | None) -> Candidate | None:
        """The best of a ranking of these networks."""
        return None if ranking is None or ranking.best is None else self.candidates[ranking.best]

    def shown(self, ranking: Ranking | None) -> list[Candidate]:
        """Who is shown the test images after the choice: the best and the references."""
        winner = self.winner(ranking)
        return [one for one in self.candidates if one is winner or any(name in ROLES for name in one.origin)]


class DirectLead(NamedTuple):
    """A search's choice against that of a search at another phi, carried to this one."""

    winner: Candidate
    carried: Candidate
    gap: Difference | None
    """on the test images, the winner's accuracy minus the other's; None where both chose one network"""


class _Answers(NamedTuple):
    """A network's complete trainings: trials, validation answers of each, and which of them collapsed."""

    trials: list[Trial]
    correct: list[NDArray[np.bool_]]
    collapsed: NDArray[np.bool_]

    @property
    def counted(self) -> list[Trial]:
        return [trial for trial, lost in zip(self.trials, self.collapsed, strict=True) if not lost]


def collect(study: Study, run: Run) -> Collected:
    """Right and wrong on validation of every network of a study."""
    answers, found = _answers(study, run), trainings(study, run)
    candidates, measured = [], []
    for one in study.networks:
        kept = _kept(answers[one.label])
        if kept:
            candidates.append(one)
            groups = study.pictures.validation.groups
            measured.append(_measured(one, kept, found[one.label].lost, groups, admitted=not one.over))
    return Collected(tuple(candidates), tuple(measured), found, study.spec.seeds)


def trainings(study: Trials, run: Run) -> dict[str, Trainings]:
    """What became of the trainings of every network of a study, by label."""
    answers = _answers(study, run)
    found = {}
    for network in study.networks:
        outcomes = [run.outcome(trial) for trial in study.trials(network)]
        ended = run.statuses(study.trials(network))
        reasons = {f"{one.status}: {one.reason}" for one in outcomes if one is not None and one.status != "complete"}
        lost = int(answers[network.label].collapsed.sum())
        found[network.label] = Trainings(ended.complete - lost, ended.failed, ended.diverged, lost, tuple(sorted(reasons)))
    return found


def direct_lead(study: Study, run: Run, winner: Candidate | None) -> DirectLead | None:
    """What searching at this phi gained over carrying the choice of another; None where no choice was carried here.

    Judged on the test images, by the networks that were chosen.
    """
    carried = next((one for one in study.networks if EXTRAPOLATED in one.origin), None)
    if winner is None or carried is None:
        return None
    if carried is winner:
        return DirectLead(winner, carried, None)
    shown = on_test_images(study, run)
    if not {winner.label, carried.label} <= shown.keys():
        return None
    return DirectLead(winner, carried, difference(list(shown.values()), winner.label, carried.label))


def test_leads(study: Study, run: Run, winner: Candidate | None) -> tuple[Lead, ...]:
    """The winner's accuracy on the test images minus that of each other reference that was shown them."""
    shown = on_test_images(study, run)
    if winner is None or winner.label not in shown:
        return ()
    references = [one for one in study.networks if one is not winner and one.label in shown and _is_reference(one)]
    references.sort(key=lambda one: min(ROLES.index(name) for name in one.origin if name in ROLES))
    return leads(list(shown.values()), winner.label, [one.label for one in references])


def on_test_images(study: Trials, run: Run) -> dict[str, Measured]:
    """By label, right and wrong on the test images of every network that was shown them.

    Trainings that collapsed on validation are left out here too.
    """
    answers, counts = _answers(study, run), trainings(study, run)
    found = {}
    for network in study.networks:
        judged = [run.test(trial) for trial in answers[network.label].counted]
        seen = [one.correct for one in judged if one is not None]
        if seen:
            found[network.label] = _measured(network, seen, counts[network.label].lost, study.pictures.test.groups)
    return found


def tested(study: Trials, run: Run) -> dict[str, Interval]:
    """Accuracy on the test images, by label, of the networks that were shown them.

    The seed variance is that over all of them, as the ranking takes it on validation.
    """
    shown = on_test_images(study, run)
    if not shown:
        return {}
    measured = errors(list(shown.values()))
    return {label: accuracy_interval(measured, index, one.seeds) for index, (label, one) in enumerate(shown.items())}


def stability_of(collected: Collected, ranking: Ranking | None) -> Stability | None:
    """Whether other seeds would choose as these did; None where one seed or one eligible network cannot tell."""
    if ranking is None or not ranking.degrees_of_freedom or ranking.eligible < 2:
        return None
    return rank_stability(collected.measured, ranking.target)


def _answers(study: Trials, run: Run) -> dict[str, _Answers]:
    trials = {network.label: complete_trials(study, run, network) for network in study.networks}
    correct = {label: [_validation(run, trial) for trial in own] for label, own in trials.items()}
    lost = collapsed(
        [np.array([one.mean() for one in own]) for own in correct.values()],
        study.pictures.chance,
        len(study.pictures.validation),
    )
    return {label: _Answers(own, correct[label], gone) for (label, own), gone in zip(trials.items(), lost, strict=True)}


def _validation(run: Run, trial: Trial) -> NDArray[np.bool_]:
    outcome = run.outcome(trial)
    if outcome is None or outcome.correct is None:
        raise ValueError(f"{trial.id}: a complete trial has answers")
    return outcome.correct


def _kept(answers: _Answers) -> list[NDArray[np.bool_]]:
    return [one for one, lost in zip(answers.correct, answers.collapsed, strict=True) if not lost]


def _measured(
    network: Network,
    correct: Sequence[NDArray[np.bool_]],
    lost: int,
    groups: NDArray[np.int32] | None,
    *,
    admitted: bool = True,
) -> Measured:
    return Measured(
        network.label,
        network.cost.macs,
        network.realised,
        np.stack(correct),
        network.shares,
        network.origin,
        admitted=admitted,
        lost=lost,
        groups=groups,
    )


def _is_reference(network: Network) -> bool:
    return any(name in ROLES for name in network.origin)

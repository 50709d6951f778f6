"""From a study's records to what the analysis is fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.analysis.collapse import collapsed
from scaling.analysis.errors import errors
from scaling.analysis.intervals import Interval, accuracy_interval
from scaling.analysis.measured import Measured
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


class Answers(NamedTuple):
    """A network's complete trainings: trials, validation answers of each, and which of them collapsed."""

    trials: list[Trial]
    correct: list[NDArray[np.bool_]]
    collapsed: NDArray[np.bool_]

    @property
    def counted(self) -> list[Trial]:
        """Those that did not collapse."""
        return [trial for trial, lost in zip(self.trials, self.collapsed, strict=True) if not lost]


def trainings(study: Trials, run: Run) -> dict[str, Trainings]:
    """What became of the trainings of every network of a study, by label."""
    answers = answers_of(study, run)
    found = {}
    for network in study.networks:
        outcomes = [run.outcome(trial) for trial in study.trials(network)]
        ended = run.statuses(study.trials(network))
        reasons = {f"{one.status}: {one.reason}" for one in outcomes if one is not None and one.status != "complete"}
        lost = int(answers[network.label].collapsed.sum())
        found[network.label] = Trainings(ended.complete - lost, ended.failed, ended.diverged, lost, tuple(sorted(reasons)))
    return found


def nothing_counts(found: Mapping[str, Trainings]) -> str | None:
    """A sentence where no training of a study counts: what became of them, how often, and the first reason in full."""
    totals = {
        name: sum(one.counts()[name] for one in found.values()) for name in ("complete", "failed", "diverged", "collapsed")
    }
    if totals["complete"]:
        return None
    ended = ", ".join(f"{number} {name}" for name, number in totals.items() if number) or "none was tried"
    first = next((f" The first reason, of {label}: {one.reasons[0]}" for label, one in found.items() if one.reasons), "")
    return f"Nothing was measured: of {sum(totals.values())} trainings {ended}.{first}"


def on_test_images(study: Trials, run: Run) -> dict[str, Measured]:
    """By label, right and wrong on the test images of every network that was shown them.

    Trainings that collapsed on validation are left out here too.
    """
    answers, counts = answers_of(study, run), trainings(study, run)
    found = {}
    for network in study.networks:
        judged = [run.test(trial) for trial in answers[network.label].counted]
        seen = [one.correct for one in judged if one is not None]
        if seen:
            found[network.label] = as_measured(network, seen, counts[network.label].lost, study.dataset.test.groups)
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


def answers_of(study: Trials, run: Run) -> dict[str, Answers]:
    """What the complete trainings of every network of a study made of the validation images, by label."""
    trials = {network.label: complete_trials(study, run, network) for network in study.networks}
    correct = {label: [_validation(run, trial) for trial in own] for label, own in trials.items()}
    lost = collapsed(
        [np.array([one.mean() for one in own]) for own in correct.values()],
        study.dataset.chance,
        len(study.dataset.validation),
    )
    return {label: Answers(own, correct[label], gone) for (label, own), gone in zip(trials.items(), lost, strict=True)}


def _validation(run: Run, trial: Trial) -> NDArray[np.bool_]:
    outcome = run.outcome(trial)
    if outcome is None or outcome.correct is None:
        raise ValueError(f"{trial.id}: a complete trial has answers")
    return outcome.correct


def counted_answers(answers: Answers) -> list[NDArray[np.bool_]]:
    """Right or wrong on the validation images, of each training that did not collapse."""
    return [one for one, lost in zip(answers.correct, answers.collapsed, strict=True) if not lost]


def as_measured(
    network: Network,
    correct: Sequence[NDArray[np.bool_]],
    lost: int,
    groups: NDArray[np.int32] | None,
    *,
    within_limits: bool = True,
) -> Measured:
    """A network as the analysis takes it.

    Args:
        network: of a study.
        correct: right or wrong on the same images, of each training that counts.
        lost: trainings that do not count.
        groups: of the images; None where each stands for itself.
        admitted: whether it may be chosen.
    """
    return Measured(
        network.label,
        network.cost.macs,
        network.realised,
        np.stack(correct),
        network.shares,
        network.origin,
        within_limits=within_limits,
        lost=lost,
        groups=groups,
    )

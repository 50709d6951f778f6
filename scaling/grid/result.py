"""What a search found, from its records: networks measured, the leads of the best, its stability."""

from __future__ import annotations

from typing import NamedTuple

from scaling.analysis.changes import Difference, Lead, difference, leads
from scaling.analysis.measured import EXTRAPOLATED, ROLES, Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.stability import Stability, rank_stability
from scaling.grid.space import Candidate
from scaling.grid.study import Study
from scaling.study.collect import Trainings, _answers, _kept, _measured, on_test_images, trainings
from scaling.study.run import Run
from scaling.study.study import Network


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


def stability_of(collected: Collected, ranking: Ranking | None) -> Stability | None:
    """Whether other seeds would choose as these did; None where one seed or one eligible network cannot tell."""
    if ranking is None or not ranking.degrees_of_freedom or ranking.eligible < 2:
        return None
    return rank_stability(collected.measured, ranking.target)


def _is_reference(network: Network) -> bool:
    return any(name in ROLES for name in network.origin)

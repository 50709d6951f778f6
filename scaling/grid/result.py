"""What a search found, from its records: networks measured, the leads of the best, its stability."""

from __future__ import annotations

from typing import NamedTuple

from scaling.analysis.changes import Difference, Lead, difference, leads
from scaling.analysis.intervals import Interval
from scaling.analysis.measured import EXTRAPOLATED, ROLES, Measured
from scaling.analysis.ranking import Ranking
from scaling.analysis.stability import Stability, rank_stability
from scaling.analysis.surface import Fitted, response_surface
from scaling.arch import EFFICIENTNET_B0
from scaling.grid.space import Candidate
from scaling.grid.study import Study
from scaling.rules.members import Member, family
from scaling.study.collect import Trainings, answers_of, as_measured, counted_answers, on_test_images, tested, trainings
from scaling.study.provenance import mixed_origins
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
    answers, found = answers_of(study, run), trainings(study, run)
    candidates, measured = [], []
    for one in study.networks:
        kept = counted_answers(answers[one.label])
        if kept:
            candidates.append(one)
            groups = study.dataset.validation.groups
            measured.append(as_measured(one, kept, found[one.label].lost, groups, within_limits=not one.over))
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


class SearchResult(NamedTuple):
    """What a search found.

    Attributes:
        study: as it was asked.
        run: its records.
        collected: its networks, measured on validation.
        ranking: of them; None where no training counts.
        stability: of the choice.
        fitted: the response surface over the triangle of shares.
        tests: accuracy on the test images, by label, of the networks that were shown them.
        leads: the best minus each reference on the test images.
        direct: the choice against that of another phi.
        mixed_origins: a sentence where the trainings come from several machines or codes.
    """

    study: Study
    run: Run
    collected: Collected
    ranking: Ranking | None
    stability: Stability | None
    fitted: Fitted | None
    tests: dict[str, Interval]
    leads: tuple[Lead, ...]
    direct: DirectLead | None
    mixed_origins: str | None

    @property
    def winner(self) -> Candidate | None:
        """The best network."""
        return self.collected.winner(self.ranking)

    @property
    def extrapolates(self) -> bool:
        """Whether larger networks did better here, or nothing is known of it; else there is nothing to extrapolate."""
        return self.ranking is None or self.ranking.grows


def search_result(study: Study, run: Run, collected: Collected, ranking: Ranking | None) -> SearchResult:
    """Everything that follows from a search's records and its ranking, test images included where they were looked at."""
    winner = collected.winner(ranking)
    return SearchResult(
        study=study,
        run=run,
        collected=collected,
        ranking=ranking,
        stability=stability_of(collected, ranking),
        fitted=None if ranking is None else response_surface(collected.measured, study.space.target),
        tests=tested(study, run),
        leads=test_leads(study, run, winner),
        direct=direct_lead(study, run, winner),
        mixed_origins=mixed_origins(run.origins(study.all_trials())),
    )


def families(result: SearchResult) -> list[Member]:
    """Step 2 for a study's baseline and, if that is another network, for EfficientNet-B0."""
    study, winner = result.study, result.winner
    coefficients = None if winner is None else winner.coefficients
    rounding = study.spec.lattice.rounding
    counts = (study.dataset.num_classes, study.dataset.in_channels)
    members = family(study.spec.baseline, *counts, coefficients, rounding)
    if study.spec.baseline != EFFICIENTNET_B0:
        members += family(EFFICIENTNET_B0, 1000, 3, coefficients, rounding)
    return list(members)

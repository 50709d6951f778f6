"""What an ablation found: each recipe's accuracy on each network, its difference from the reference, and its price in time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import NamedTuple

from scaling.ablation.comparison import Comparison, Key, compare
from scaling.ablation.study import AblationStudy, Pair
from scaling.analysis.intervals import Interval
from scaling.core.errors import SpecError
from scaling.study.collect import Answers, Trainings, answers_of, as_measured, counted_answers, tested, trainings
from scaling.study.provenance import mixed_origins
from scaling.study.run import Run
from scaling.study.trial import Outcome

LITTLE = 0.03
"""Of the seconds of a training, that compiling takes beside it without being told in them."""


class Times(NamedTuple):
    """Seconds of one training of a pair.

    Attributes:
        train: mean over the trainings that compiled little, or over all where each of them did more.
        compile: of the training that compiled longest.
        evaluate: mean.
        n: trainings that `train` is the mean of.
        beside_compiling: they are those that compiled more: while they trained, later stages' programs may have been compiled.
    """

    train: float
    compile: float
    evaluate: float
    n: int
    beside_compiling: bool


class Ratio(NamedTuple):
    """Training seconds over the reference's.

    Attributes:
        value: median over n seeds, each with its own of the reference; of the mean over networks their geometric mean.
        low: smallest.
        high: largest.
        n: number of seeds, or networks.
    """

    value: float
    low: float
    high: float
    n: int


class Judged(NamedTuple):
    """One network with one recipe, trained.

    Attributes:
        pair: which.
        accuracy: on the validation images; None where no training counts.
        test: on the test images; None where they were not looked at.
        times: of one training; None where none counts.
        mean_area: pixels of a training image over those at the network's resolution, a mean over the stages.
        last_weights: mean accuracy on validation of the last step's weights, where running averages are judged instead.
        trainings: what became of them.
    """

    pair: Pair
    accuracy: Interval | None
    test: Interval | None
    times: Times | None
    mean_area: float
    last_weights: float | None
    trainings: Trainings


class Ablation(NamedTuple):
    """What an ablation's training found.

    Attributes:
        study: as it was asked.
        run: its records.
        judged: every pair, in the specification's order.
        comparison: of the recipes with the reference.
        ratios: of training seconds, by network, None for the mean over all, and recipe.
        mixed_origins: a sentence where the trainings come from several machines or codes.
        one_machine: they come from one machine and device.
    """

    study: AblationStudy
    run: Run
    judged: tuple[Judged, ...]
    comparison: Comparison
    ratios: Mapping[tuple[str | None, str], Ratio]
    mixed_origins: str | None
    one_machine: bool


def ablation_found(study: AblationStudy, run: Run) -> Ablation:
    """Compare an ablation's recipes by what is recorded of them.

    Raises:
        SpecError: no training counts.
    """
    answers, ended, shown = answers_of(study, run), trainings(study, run), tested(study, run)
    pairs = {}
    for one in study.networks:
        if counted := counted_answers(answers[one.label]):
            lost = ended[one.label].lost
            pairs[one.network, one.recipe] = as_measured(one, counted, lost, study.dataset.validation.groups)
    if not pairs:
        raise SpecError(f"{run.folder}: no training that it was asked for counts; go on with the command that made it")
    comparison = compare(pairs, list(study.spec.networks), list(study.spec.recipes), study.spec.reference)
    outcomes = {(one.network, one.recipe): _outcomes(run, answers[one.label]) for one in study.networks}
    judged, origins = [], run.origins(study.all_trials())
    for one in study.networks:
        key = (one.network, one.recipe)
        accuracy, own = comparison.accuracies.get(key), outcomes[key]
        last = _last_weights(own)
        area = one.training.progressive.mean_area()
        judged.append(Judged(one, accuracy, shown.get(one.label), times(own), area, last, ended[one.label]))
    return Ablation(
        study=study,
        run=run,
        judged=tuple(judged),
        comparison=comparison,
        ratios=_ratios(outcomes, comparison),
        mixed_origins=mixed_origins(origins),
        one_machine=len(origins.hosts) == len(origins.devices) == 1,
    )


def times(outcomes: Mapping[int, Outcome]) -> Times | None:
    """Seconds of a pair's trainings, by seed; None of none."""
    if not outcomes:
        return None
    used = _timed(outcomes)
    seconds = [one.seconds for one in outcomes.values()]
    return Times(
        fmean(outcomes[seed].seconds.train for seed in used),
        max(one.compile for one in seconds),
        fmean(one.evaluate for one in seconds),
        len(used),
        not all(_compiled_little(outcomes[seed]) for seed in used),
    )


def time_ratio(outcomes: Mapping[int, Outcome], reference: Mapping[int, Outcome]) -> Ratio | None:
    """Training seconds over the reference's, seed by seed; None where they share no seed, or nothing was timed.

    Of the seeds that they share only those count, where there are any, in which both compiled little: beside a training that
    compiles, later stages are compiled too.
    """
    shared = [seed for seed in sorted(outcomes.keys() & reference.keys()) if reference[seed].seconds.train > 0]
    free = [seed for seed in shared if _compiled_little(outcomes[seed]) and _compiled_little(reference[seed])]
    ratios = [outcomes[seed].seconds.train / reference[seed].seconds.train for seed in free or shared]
    return Ratio(median(ratios), min(ratios), max(ratios), len(ratios)) if ratios else None


def _compiled_little(outcome: Outcome) -> bool:
    return outcome.seconds.compile <= LITTLE * outcome.seconds.train


def _timed(outcomes: Mapping[int, Outcome]) -> list[int]:
    """Seeds that compiled little, or all."""
    return [seed for seed, one in outcomes.items() if _compiled_little(one)] or list(outcomes)


def _ratios(outcomes: Mapping[Key, Mapping[int, Outcome]], comparison: Comparison) -> dict[tuple[str | None, str], Ratio]:
    found: dict[tuple[str | None, str], Ratio] = {}
    for (network, recipe), own in outcomes.items():
        ratio = time_ratio(own, outcomes[network, comparison.reference])
        if recipe != comparison.reference and ratio is not None:
            found[network, recipe] = ratio
    for mean in comparison.means:
        of_networks = [one.value for (_, recipe), one in found.items() if recipe == mean.recipe]
        if of_networks:
            found[None, mean.recipe] = _geometric(of_networks)
    return found


def _geometric(values: Sequence[float]) -> Ratio:
    return Ratio(math.exp(fmean(map(math.log, values))), min(values), max(values), len(values))


def _outcomes(run: Run, answers: Answers) -> dict[int, Outcome]:
    """Those of a pair's trainings that count, by seed."""
    found = {trial.seed: run.outcome(trial) for trial in answers.counted}
    return {seed: one for seed, one in found.items() if one is not None}


def _last_weights(outcomes: Mapping[int, Outcome]) -> float | None:
    known = [one.last_weights for one in outcomes.values() if one.last_weights is not None]
    return fmean(known) if known else None

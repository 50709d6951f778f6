import dataclasses
import time

import numpy as np
import pytest

from scaling.analysis import Measured, is_eligible, rank, simulate
from scaling.analysis.best import shortfalls
from scaling.analysis.errors import Errors
from scaling.analysis.measured import by_name
from scaling.analysis.ranking import adjustment

TARGET = 2.0


def study(answers, ratios):
    return [
        Measured(f"n{i:02d}", round(600_000 * ratio), ratio, bits, None, ("lattice",))
        for i, (bits, ratio) in enumerate(zip(answers, ratios, strict=True))
    ]


def bits(accuracy, seeds=2, pictures=1000, seed=0):
    return np.random.default_rng(seed).random((seeds, pictures)) < accuracy


def draw(generator, accuracies, seeds=2, pictures=2_500):
    """A baseline and candidates around twice its cost."""
    ratios = [1.0, *generator.uniform(1.8, 2.2, len(accuracies) - 1)]
    return study(simulate(accuracies, seeds, pictures, generator), ratios)


def true_best(networks, accuracies):
    """Index of the best by true adjusted accuracy, with the ranking's own A."""
    assert networks == by_name(networks)
    adjusted = adjustment(networks, TARGET) @ np.array(accuracies)
    return 1 + int(np.argmax(adjusted[1:]))


def coverage(studies, accuracies_of, seed):
    """Share of studies that keep the true best, and mean share of all candidates kept."""
    generator = np.random.default_rng(seed)
    kept, tied = [], []
    for _ in range(studies):
        accuracies = accuracies_of(generator)
        networks = draw(generator, accuracies)
        ranking = rank(networks, TARGET)
        kept.append(ranking.networks[true_best(networks, accuracies)].tied)
        tied.append(np.mean([entry.tied for entry in ranking.networks[1:]]))
    return np.mean(kept), np.mean(tied)


def equal(_):
    return [0.868] + [0.87] * 18


def spread(generator):
    return [0.868, *(0.87 + 0.004 * generator.standard_normal(18))]


def test_true_best_is_kept_quick():
    assert coverage(20, equal, 1)[0] >= 0.9
    assert coverage(20, spread, 2)[0] >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [equal, spread])
def test_true_best_is_kept(scenario):
    kept, tied = coverage(250, scenario, 3)
    assert kept >= 0.9
    assert tied < 1


@pytest.mark.parametrize("studies", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_bad_networks_are_dropped(studies):
    generator, dropped = np.random.default_rng(4), []
    for _ in range(studies):
        ranking = rank(draw(generator, [0.868] + [0.87] * 14 + [0.84] * 4), TARGET)
        dropped += [not entry.tied for entry in ranking.networks[-4:]]
    assert np.mean(dropped) >= 0.97


def test_adjusted_is_accuracy_along_the_least_squares_slope():
    networks = study([bits(p, seed=i) for i, p in enumerate((0.8, 0.85, 0.83, 0.9))], (1.0, 1.9, 2.0, 2.3))
    ranking = rank(networks, TARGET)
    accuracy = np.array([network.accuracy for network in networks])
    slope = np.polyfit(np.log([network.macs for network in networks]), accuracy, 1)[0]
    assert ranking.slope == pytest.approx(slope)
    expected = accuracy - slope * np.log(np.array([1.0, 1.9, 2.0, 2.3]) / TARGET)
    assert [entry.adjusted.mean for entry in ranking.networks] == pytest.approx(expected)
    assert [entry.accuracy.mean for entry in ranking.networks] == pytest.approx(accuracy)
    assert ranking.networks[2].adjusted == pytest.approx(ranking.networks[2].accuracy)  # stands at the target already


@pytest.mark.parametrize(("ratio", "inside"), [(1.6, True), (2.4, True), (1.599, False), (2.401, False), (2, True)])
def test_eligible_is_inclusive(ratio, inside):
    assert is_eligible(ratio, TARGET) == inside


def test_ranks_put_the_eligible_first():
    networks = study([bits(p, seed=i) for i, p in enumerate((0.99, 0.8, 0.9))], (1.0, 2.0, 2.1))
    ranking = rank(networks, TARGET)
    assert [entry.rank for entry in ranking.networks] == [3, 2, 1]
    assert [entry.tied for entry in ranking.networks] == [False, False, True]
    assert ranking.best == 2


def test_order_of_networks_does_not_matter():
    networks = draw(np.random.default_rng(5), spread(np.random.default_rng(5)))
    forward, backward = rank(networks, TARGET), rank(networks[::-1], TARGET)
    assert forward.networks == backward.networks[::-1]
    assert forward.best == len(networks) - 1 - backward.best
    assert dataclasses.replace(forward, networks=(), best=0) == dataclasses.replace(backward, networks=(), best=0)


def test_one_network():
    ranking = rank(study([bits(0.9)], [2.0]), TARGET)
    assert (ranking.best, ranking.slope, ranking.networks[0].tied, ranking.networks[0].rank) == (0, 0.0, True, 1)
    assert any("fewer than 3 networks" in note for note in ranking.notes)
    assert any("1 degrees of freedom" in note for note in ranking.notes)


def test_identical_predictions_tie_and_the_cheaper_is_best():
    same = bits(0.9)
    ranking = rank(study([same, same, bits(0.8)], [2.0, 2.0, 2.0]), TARGET)
    assert [entry.tied for entry in ranking.networks] == [True, True, False]
    assert any("all networks cost the same" in note for note in ranking.notes)
    cheaper = [Measured(name, macs, 2.0, same, None, ()) for name, macs in (("a", 12), ("b", 11))]
    assert rank(cheaper, TARGET).best == 1


def test_differences_without_any_variance():
    always, never = np.ones((2, 50), dtype=bool), np.zeros((2, 50), dtype=bool)
    ranking = rank(study([always, never, always], [2.0, 2.0, 2.0]), TARGET)
    assert [entry.tied for entry in ranking.networks] == [True, False, True]
    assert ranking.networks[0].accuracy == (1.0, pytest.approx(0.05 ** (1 / 50)), 1.0, 2)


def test_one_seed_everywhere_says_so():
    ranking = rank(draw(np.random.default_rng(6), equal(None), seeds=1), TARGET)
    assert (ranking.seed_sd, ranking.degrees_of_freedom) == (None, 0)
    assert any("pictures only" in note for note in ranking.notes)
    assert any("All 18 eligible networks tie" in note for note in ranking.notes)


def test_unequal_numbers_of_seeds():
    networks = study([bits(0.87, s, seed=s) for s in (1, 2, 3)], (1.9, 2.0, 2.1))
    ranking = rank(networks, TARGET)
    assert ranking.degrees_of_freedom == 3
    assert [entry.accuracy.n for entry in ranking.networks] == [1, 2, 3]


def test_nothing_eligible():
    ranking = rank(study([bits(0.9), bits(0.8, seed=1)], [1.0, 1.1]), TARGET)
    assert ranking.best is None
    assert not any(entry.tied for entry in ranking.networks)
    assert any("there is no best" in note for note in ranking.notes)


def test_few_degrees_of_freedom_widen_the_test():
    # The same data with a seed variance known well drop a network that a poorly known one keeps.
    common = (np.array([0.88, 0.87]), np.full(2, 1e-5), np.eye(2) * 1e-9, 2e-5)
    few, many = (shortfalls(np.eye(2), Errors(*common, degrees, 1000)) for degrees in (1, 1000))
    assert few[0] < 0
    assert many[0] < 0
    assert few[1] < 0 < many[1]


def test_sixty_networks_take_under_a_second():
    networks = draw(np.random.default_rng(7), [0.868] + [0.87] * 60)
    start = time.perf_counter()
    rank(networks, TARGET)
    assert time.perf_counter() - start < 3  # 0.3 s on one idle core


def test_refuses():
    with pytest.raises(ValueError, match="rank: target"):
        rank(study([bits(0.9)], [2.0]), -1)
    with pytest.raises(ValueError, match="rank: confidence"):
        rank(study([bits(0.9)], [2.0]), 2, confidence=90)


def test_what_a_search_does_not_admit_is_ranked_behind_and_never_chosen():
    networks = study([bits(accuracy, seed=i) for i, accuracy in enumerate((0.7, 0.95, 0.8))], [1.0, 2.0, 2.0])
    assert rank(networks, TARGET).best == 1
    barred = [networks[0], dataclasses.replace(networks[1], admitted=False), networks[2]]
    found = rank(barred, TARGET)
    assert (found.best, found.slope) == (2, rank(networks, TARGET).slope)
    assert [entry.eligible for entry in found.networks] == [False, False, True]
    assert not found.networks[1].tied

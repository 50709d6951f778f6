import dataclasses

import numpy as np
import pytest
from scipy import stats
from simulation import simulate

from scaling.analysis.eligibility import is_eligible
from scaling.analysis.errors import Errors
from scaling.analysis.mcb import ERROR, FIRST_LOOK, compare_with_best, look_confidence
from scaling.analysis.measured import Measured, by_name
from scaling.analysis.ranking import Adjustment, Standing, adjustment, rank

TARGET = 2.0


def study(answers, ratios):
    return [
        Measured(f"n{i:02d}", round(600_000 * ratio), ratio, bits, None, ("baseline" if ratio == 1 else "lattice",))
        for i, (bits, ratio) in enumerate(zip(answers, ratios, strict=True))
    ]


def bits(accuracy, seeds=2, images=1000, seed=0):
    return np.random.default_rng(seed).random((seeds, images)) < accuracy


def draw(generator, accuracies, seeds=2, images=2_500):
    """A baseline and candidates around twice its cost."""
    ratios = [1.0, *generator.uniform(1.8, 2.2, len(accuracies) - 1)]
    return study(simulate(accuracies, seeds, images, generator), ratios)


def true_best(networks, accuracies):
    """Index of the best by true adjusted accuracy, with the ranking's own A."""
    assert networks == by_name(networks)
    adjusted = adjustment(networks, TARGET)[0] @ np.array(accuracies)
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


def test_adjusted_is_accuracy_along_its_own_curve_from_the_baseline():
    networks = study([bits(p, seed=i) for i, p in enumerate((0.8, 0.85, 0.83, 0.9))], (1.0, 1.9, 2.0, 2.3))
    ranking = rank(networks, TARGET)
    accuracy = [network.accuracy for network in networks]
    gains = {i: (accuracy[i] - accuracy[0]) * (1 - 2**-0.25) / (1 - r**-0.25) for i, r in ((1, 1.9), (2, 2.0), (3, 2.3))}
    assert ranking.adjustment is Adjustment.OWN_CURVE
    assert ranking.networks[0].adjusted is None  # the baseline costs too little to be taken there
    assert [entry.adjusted.mean for entry in ranking.networks[1:]] == pytest.approx(
        [accuracy[0] + gain for gain in gains.values()]
    )
    assert [entry.accuracy.mean for entry in ranking.networks] == pytest.approx(accuracy)
    assert ranking.networks[2].adjusted == pytest.approx(ranking.networks[2].accuracy)  # stands at the target already
    assert ranking.slope == pytest.approx(np.mean(list(gains.values())) / np.log(2))


def test_adjusted_is_accuracy_along_one_slope_where_there_is_no_baseline():
    ratios = (1.7, 1.9, 2.0, 2.3)
    networks = study([bits(p, seed=i) for i, p in enumerate((0.8, 0.85, 0.83, 0.9))], ratios)
    ranking = rank(networks, TARGET)
    accuracy = np.array([network.accuracy for network in networks])
    slope = np.polyfit(np.log([network.macs for network in networks]), accuracy, 1)[0]
    assert ranking.adjustment is Adjustment.SHARED_SLOPE
    assert ranking.slope == pytest.approx(slope)
    expected = accuracy - slope * np.log(np.array(ratios) / TARGET)
    assert [entry.adjusted.mean for entry in ranking.networks] == pytest.approx(expected)


@pytest.mark.parametrize("steep", [1.4, 0.1, -0.5])
@pytest.mark.parametrize("ratio", [1.6, 1.74, 2.0, 2.35, 2.4])
@pytest.mark.parametrize("curve", [np.log, lambda x: 1 - x**-0.5, lambda x: 1 - x**-0.25])
def test_adjustment_is_right_for_networks_steeper_or_flatter_than_the_rest(steep, ratio, curve):
    # Points gained at the target; all others gain .5. On one slope for all it was .25 points wrong.
    ratios, gains = np.array([1.0, ratio, *np.linspace(1.6, 2.4, 16)]), np.array([0.0, steep, *[0.5] * 16]) / 100
    networks = study([bits(0.87, seed=i) for i in range(18)], ratios)
    adjusted = adjustment(networks, TARGET)[0] @ (0.87 + gains * curve(ratios) / curve(2.0))
    assert adjusted[1:] == pytest.approx(0.87 + gains[1:], abs=0.0004)  # .04 points


@pytest.mark.parametrize(("ratio", "inside"), [(1.6, True), (2.4, True), (1.599, False), (2.401, False), (2, True)])
def test_eligible_is_inclusive(ratio, inside):
    assert is_eligible(ratio, TARGET) == inside


def test_ranks_put_the_eligible_first():
    networks = study([bits(p, seed=i) for i, p in enumerate((0.99, 0.8, 0.9))], (1.0, 2.0, 2.1))
    ranking = rank(networks, TARGET)
    assert [entry.rank for entry in ranking.networks] == [3, 2, 1]
    assert [entry.tied for entry in ranking.networks] == [None, False, True]
    assert [entry.standing for entry in ranking.networks] == [Standing.COST, Standing.ELIGIBLE, Standing.ELIGIBLE]
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
    assert (ranking.adjustment, ranking.degrees_of_freedom) == (Adjustment.NONE, 1)
    assert (ranking.difference_error, ranking.detectable) == (None, None)


def test_identical_predictions_tie_and_the_cheaper_is_best():
    same = bits(0.9)
    ranking = rank(study([same, same, bits(0.8)], [2.0, 2.0, 2.0]), TARGET)
    assert [entry.tied for entry in ranking.networks] == [True, True, False]
    assert ranking.adjustment is Adjustment.NONE
    cheaper = [Measured(name, macs, 2.0, same, None, ()) for name, macs in (("a", 12), ("b", 11))]
    assert rank(cheaper, TARGET).best == 1


def test_differences_without_any_variance():
    always, never = np.ones((2, 50), dtype=bool), np.zeros((2, 50), dtype=bool)
    ranking = rank(study([always, never, always], [2.0, 2.0, 2.0]), TARGET)
    assert [entry.tied for entry in ranking.networks] == [True, False, True]
    assert ranking.networks[0].accuracy == pytest.approx((1.0, 50 / (50 + 1.6766**2), 1.0, 2), abs=1e-4)  # t of 49, .95


def test_one_seed_everywhere_says_so():
    ranking = rank(draw(np.random.default_rng(6), equal(None), seeds=1), TARGET)
    assert (ranking.seed_sd, ranking.degrees_of_freedom) == (None, 0)
    assert (ranking.tied, ranking.detectable, ranking.spread_p) == (None, None, None)
    assert [entry.tied for entry in ranking.networks] == [None] * 19
    assert ranking.best is not None


def test_unequal_numbers_of_seeds():
    networks = study([bits(0.87, s, seed=s) for s in (1, 2, 3)], (1.9, 2.0, 2.1))
    ranking = rank(networks, TARGET)
    assert ranking.degrees_of_freedom == 3
    assert [entry.accuracy.n for entry in ranking.networks] == [1, 2, 3]


def test_nothing_eligible():
    ranking = rank(study([bits(0.9), bits(0.8, seed=1)], [1.0, 1.1]), TARGET)
    assert ranking.best is None
    assert (ranking.eligible, ranking.tied) == (0, None)


def test_few_degrees_of_freedom_widen_the_test():
    # The same data with a seed variance known well drop a network that a poorly known one keeps.
    def compared(degrees):
        common = (np.array([0.88, 0.87]), np.full(2, 1e-5), np.eye(2) * 1e-9)
        return compare_with_best(
            np.eye(2), Errors(*common, np.full(2, degrees), True, 2e-5, degrees, None, 1000), confidence=0.9
        )

    few, many = compared(1.0).excess, compared(1000.0).excess
    assert few[0] < 0
    assert many[0] < 0
    assert few[1] < 0 < many[1]


def test_the_critical_value_of_two_is_students_t():
    # One rival, no error from images: the quantile of a t with the degrees of freedom of s^2.
    one = Errors(np.array([0.9, 0.8]), np.full(2, 1e-5), np.zeros((2, 2)), np.full(2, 7.0), True, 2e-5, 7, None, 1000)
    found = compare_with_best(np.eye(2), one, confidence=0.92, draws=200_000)
    assert found.critical == pytest.approx([stats.t.ppf(0.92, 7)] * 2, rel=0.02)
    assert found.error == pytest.approx([np.sqrt(2e-5)] * 2)


def test_looks_share_the_chance_of_error():
    spent = [1 - look_confidence(look) for look in range(1, 10_000)]
    assert spent[0] == pytest.approx(FIRST_LOOK * ERROR)
    assert spent == sorted(spent, reverse=True)
    assert ERROR - 1e-4 < sum(spent) < ERROR


def test_a_later_look_is_held_to_more():
    networks = draw(np.random.default_rng(8), [0.868] + [0.87] * 12)
    first, later = rank(networks, TARGET), rank(networks, TARGET, look=3)
    assert (first.look, first.tie_confidence) == (1, pytest.approx(0.92))
    assert (later.look, later.tie_confidence) == (3, pytest.approx(1 - 0.02 / 6))
    assert later.detectable > first.detectable
    assert all(not one.tied or other.tied for one, other in zip(first.networks, later.networks, strict=True))
    with pytest.raises(ValueError, match="look must be 1 or more, got 0"):
        rank(networks, TARGET, look=0)


def test_a_network_that_lost_a_training_is_not_chosen():
    networks = study([bits(p, seed=i) for i, p in enumerate((0.7, 0.95, 0.8))], [1.0, 2.0, 2.0])
    assert rank(networks, TARGET).best == 1
    lossy = [networks[0], dataclasses.replace(networks[1], lost=1), networks[2]]
    found = rank(lossy, TARGET)
    assert found.best == 2
    assert found.networks[1].standing is Standing.LOST
    assert found.networks[1].tied is None


def test_refuses():
    with pytest.raises(ValueError, match="rank: target"):
        rank(study([bits(0.9)], [2.0]), -1)
    with pytest.raises(ValueError, match="rank: confidence"):
        rank(study([bits(0.9)], [2.0]), 2, confidence=90)


def test_what_a_search_does_not_admit_is_ranked_behind_and_never_chosen():
    networks = study([bits(accuracy, seed=i) for i, accuracy in enumerate((0.7, 0.95, 0.8))], [1.0, 2.0, 2.0])
    assert rank(networks, TARGET).best == 1
    barred = [networks[0], dataclasses.replace(networks[1], within_limits=False), networks[2]]
    found = rank(barred, TARGET)
    assert found.best == 2
    assert [entry.eligible for entry in found.networks] == [False, False, True]
    assert found.networks[1].standing is Standing.LIMITS
    assert found.networks[1].tied is None

import numpy as np
import pytest

from scaling.analysis.measured import Measured
from scaling.analysis.ranking import rank
from scaling.analysis.stability import rank_stability

PICTURES = 2_000


def network(name, accuracies, ratio=2.0):
    right = np.round(np.multiply(accuracies, PICTURES))
    return Measured(name, round(600_000 * ratio), ratio, np.arange(PICTURES) < right[:, None], None, ())


def study(true, generator, seeds=2, seed_sd=0.01):
    return [network(f"n{i:02d}", p + seed_sd * generator.standard_normal(seeds)) for i, p in enumerate(true)]


def calibration(studies, networks, signal_sd, seed):
    """Means of what is stated (again, loss), and of what a second study did (again, loss, loss below `loss_90`)."""
    generator, stated, found = np.random.default_rng(seed), [], []
    for _ in range(studies):
        true = 0.8 + signal_sd * generator.standard_normal(networks)
        first = rank_stability(study(true, generator), 2.0)
        second = rank_stability(study(true, generator), 2.0)
        loss = true.max() - true[int(second.best[1:])]
        stated.append([first.again, first.loss_mean])
        found.append([first.best == second.best, loss, loss <= first.loss_90])
    return np.mean(stated, axis=0), np.mean(found, axis=0)


@pytest.mark.parametrize(("studies", "within"), [(50, 0.2), pytest.param(200, 0.08, marks=pytest.mark.slow)])
def test_stated_is_what_comes_true(studies, within):
    (again, loss), (came, lost, below) = calibration(studies, 10, 0.008, 1)
    assert again == pytest.approx(came, abs=within)
    assert loss == pytest.approx(lost, rel=2.5 * within)
    assert 0.9 - within <= below <= 0.9 + within


def test_luck_is_what_the_chosen_seeds_take_along_to_other_images():
    generator, said, true_luck = np.random.default_rng(8), [], []
    for _ in range(60):
        true = np.full(8, 0.8)
        shifts = 0.01 * generator.standard_normal((8, 2))
        networks = [network(f"n{i:02d}", p + shifts[i]) for i, p in enumerate(true)]  # every image is as hard to all: no flips
        found = rank_stability(networks, 2.0)
        said.append(found.luck)
        true_luck.append(shifts[int(found.best[1:])].mean())
    assert np.mean(said) == pytest.approx(np.mean(true_luck), rel=0.25)


def test_seeds_that_only_flip_images_take_no_luck_along():
    generator = np.random.default_rng(9)
    networks = [Measured(f"n{i}", 1_200_000, 2.0, generator.random((2, PICTURES)) < 0.8, None, ()) for i in range(12)]
    assert rank_stability(networks, 2.0).luck < 0.002


def test_clear_differences_are_stable():
    found = rank_stability(study([0.7, 0.75, 0.8, 0.85], np.random.default_rng(0), seed_sd=0.001), 2.0)
    assert (found.best, found.again, found.loss_mean, found.loss_90, found.tau) == ("n03", 1.0, 0.0, 0.0, 1.0)
    assert found.signal_sd == pytest.approx(np.std([0.7, 0.75, 0.8, 0.85], ddof=1), rel=0.02)
    assert found.noise_sd < 0.002


def test_less_spread_than_noise_is_chance():
    found = rank_stability([network(f"n{i}", [0.75, 0.85]) for i in range(5)], 2.0)
    assert found.again == pytest.approx(0.2, abs=0.06)
    assert (found.loss_mean, found.loss_90, found.signal_sd) == (0.0, 0.0, 0.0)
    assert found.tau == pytest.approx(0, abs=0.05)
    assert found.noise_sd == pytest.approx(0.05)


def test_more_seeds_are_more_stable():
    true = 0.8 + 0.01 * np.random.default_rng(1).standard_normal(12)
    few, many = (rank_stability(study(true, np.random.default_rng(2), seeds=n), 2.0) for n in (2, 40))
    assert few.again < many.again
    assert few.loss_mean > many.loss_mean
    assert few.tau < many.tau
    assert few.noise_sd > many.noise_sd


def test_eligible_and_best_are_the_ranking_s():
    generator = np.random.default_rng(3)
    networks = [network("base", 0.7 + 0.005 * generator.standard_normal(2), 1.0)]
    networks += [network(f"n{i}", 0.8 + 0.005 * generator.standard_normal(2), r) for i, r in enumerate((1.7, 2, 2.3))]
    networks += [network("far", 0.9 + 0.005 * generator.standard_normal(2), 4.0)]
    found, ranking = rank_stability(networks, 2.0), rank(networks, 2.0)
    assert found.networks == sum(entry.eligible for entry in ranking.networks) == 3
    assert found.best == ranking.networks[ranking.best].name
    assert rank_stability(networks[::-1], 2.0) == found


def test_of_equals_the_cheaper_is_best():
    same = [0.8, 0.8]
    networks = [Measured(name, macs, 2.0, network("", same).correct, None, ()) for name, macs in (("a", 12), ("b", 11))]
    found = rank_stability(networks, 2.0)
    assert (found.best, found.again, found.tau) == ("b", 1.0, None)


def test_refuses():
    networks = study([0.8, 0.81, 0.82], np.random.default_rng(4))
    with pytest.raises(ValueError, match="rank_stability: a network must have two seeds"):
        rank_stability(study([0.8, 0.81], np.random.default_rng(4), seeds=1), 2.0)
    with pytest.raises(ValueError, match="at least 2 networks must be eligible at x4, got 0"):
        rank_stability(networks, 4.0)
    with pytest.raises(ValueError, match="rank_stability: target must be"):
        rank_stability(networks, 0)

import numpy as np
import pytest
from scipy import stats

from scaling.analysis.correlation import kendall, spearman
from scaling.analysis.shrinkage import DRAWS, sample_true_accuracies


def test_one_study_shrinks_by_the_share_of_signal():
    # Many networks and degrees of freedom leave no doubt about the share: 1 - 1 / 4.
    values = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    values = 0.8 + 0.02 * values / values.std(ddof=1)
    drawn = sample_true_accuracies(values[None], np.full((1, 400), 1e-4), [10_000])[:, 0]
    expected = 0.8 + 0.75 * (values - 0.8)
    assert drawn.shape == (DRAWS, 400)
    assert drawn.mean(axis=0) == pytest.approx(expected, abs=5 * 0.01 / np.sqrt(DRAWS))
    assert (drawn - expected).std() == pytest.approx(np.sqrt(0.75) * 0.01, rel=0.05)
    assert drawn.std(axis=1).mean() == pytest.approx(np.sqrt(0.75) * 0.02, rel=0.02)


def test_more_seeds_shrink_less():
    values, noise = np.linspace(0.7, 0.9, 8)[None], np.full((1, 8), 2e-3)
    noise[0, 7] = 1e-6
    drawn = sample_true_accuracies(values, noise, [8])[:, 0].mean(axis=0)
    assert 0.7 < drawn[0] < 0.8
    assert drawn[7] == pytest.approx(0.9, abs=2e-3)


def test_two_studies_lend_each_other_strength():
    # The second study is exact and agrees, so the first needs no shrinking towards its mean.
    values = np.array([np.linspace(0.7, 0.9, 30), np.linspace(0.8, 1, 30)])
    values[0] += 0.02 * np.random.default_rng(0).standard_normal(30)
    noise = np.array([np.full(30, 4e-4), np.full(30, 1e-12)])
    drawn = sample_true_accuracies(values, noise, [30, 30])
    assert drawn.shape == (DRAWS, 2, 30)
    assert drawn[:, 1].mean(axis=0) == pytest.approx(values[1], abs=1e-5)
    left = drawn[:, 0].mean(axis=0) - np.linspace(0.7, 0.9, 30)
    assert np.abs(left).mean() < 0.4 * np.abs(values[0] - np.linspace(0.7, 0.9, 30)).mean()


def test_without_noise_the_values_are_true():
    values = np.array([[0.7, 0.8, 0.8]])
    assert (sample_true_accuracies(values, np.zeros((1, 3)), [3]) == values).all()


def test_less_spread_than_noise_is_not_possible():
    assert sample_true_accuracies(np.full((1, 5), 0.8), np.full((1, 5), 1e-4), [5]) is None


def test_draws_repeat():
    values, noise = np.linspace(0.7, 0.9, 5)[None], np.full((1, 5), 1e-3)
    assert (sample_true_accuracies(values, noise, [5]) == sample_true_accuracies(values, noise, [5])).all()


@pytest.mark.parametrize("levels", [3, 1_000])
def test_correlations_are_those_of_scipy(levels):
    x, y = np.random.default_rng(levels).integers(0, levels, (2, 20, 9)).astype(float)
    assert kendall(x, y) == pytest.approx([stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)])
    assert spearman(x, y) == pytest.approx([stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)])


def test_correlations_by_hand():
    x, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])
    assert kendall(x, y) == (5 - 1) / 6
    assert spearman(x, y) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert np.isnan(kendall(x, np.ones(4)))
    assert np.isnan(spearman(x, np.ones(4)))

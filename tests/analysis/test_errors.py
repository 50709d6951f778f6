import numpy as np
import pytest
from scipy import stats

from scaling.analysis import Measured, interval, simulate
from scaling.analysis.errors import bounds, errors, half_width, two_sided_p
from scaling.study.planning import expected_standard_error

# Standard error in points of a difference of two networks, by pictures and seeds.
TABLE = {
    1_500: {1: 0.75, 2: 0.54, 3: 0.45, 5: 0.36, 8: 0.30, 20: 0.23},
    2_000: {1: 0.66, 2: 0.47, 3: 0.40, 5: 0.32, 8: 0.26, 20: 0.20},
    4_000: {1: 0.49, 2: 0.35, 3: 0.29, 5: 0.23, 8: 0.19, 20: 0.14},
    20_000: {1: 0.29, 2: 0.21, 3: 0.17, 5: 0.13, 8: 0.11, 20: 0.08},
}


def measured(*answers):
    return [Measured(str(i), 100, 1.0, np.array(bits, dtype=bool), None, ()) for i, bits in enumerate(answers)]


@pytest.mark.parametrize(("pictures", "seeds"), [(n, s) for n, row in TABLE.items() for s in row])
def test_expected_standard_error_is_the_measured_table(pictures, seeds):
    assert round(100 * expected_standard_error(pictures, seeds), 2) == TABLE[pictures][seeds]


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_expected_standard_error_refuses(sizes):
    with pytest.raises(ValueError, match="at least 1, got"):
        expected_standard_error(*sizes)


def test_errors_by_hand():
    found = errors(measured([[1, 1, 0, 0], [1, 1, 1, 0]], [[0, 1, 0, 1]]))
    assert found.accuracy.tolist() == [0.625, 0.5]
    assert (found.degrees_of_freedom, found.pictures) == (1, 4)
    assert found.seed_variance == pytest.approx(0.03125)  # of .5 and .75
    assert found.seed == pytest.approx([0.03125 / 2, 0.03125])
    assert found.picture == pytest.approx(np.cov([[1, 1, 0.5, 0], [0, 1, 0, 1]]) / 4)


def test_errors_without_a_second_seed():
    found = errors(measured([[1, 1, 0, 0]]))
    assert (found.seed_variance, found.degrees_of_freedom, found.picture.shape) == (0.0, 0, (1, 1))


def test_half_width_is_student_t_in_both_limits():
    assert half_width(4e-4, 0.0, 5, 100) == pytest.approx(stats.t.ppf(0.95, 5) * 0.02)
    assert half_width(0.0, 4e-4, 5, 100) == pytest.approx(stats.t.ppf(0.95, 99) * 0.02)
    assert half_width(0.0, 0.0, 5, 100) == 0.0


def test_p_is_on_the_edge_where_the_interval_ends_at_0():
    for seed, picture, degrees in ((4e-4, 0.0, 5), (1e-4, 3e-4, 2), (0.0, 4e-4, 0)):
        assert two_sided_p(half_width(seed, picture, degrees, 100), seed, picture, degrees, 100) == pytest.approx(0.1)
    assert two_sided_p(0.0, 4e-4, 0.0, 5, 100) == 1.0


def test_p_without_variance():
    assert two_sided_p(1e-17, 0.0, -1e-20, 5, 100) == 1.0
    assert two_sided_p(0.25, 0.0, 0.0, 5, 100) == 0.0


def test_bounds_are_equal_tailed():
    low, high = bounds(np.arange(101.0)[:, None] * [1, 2], 0.9)
    assert low == pytest.approx([5, 10])
    assert high == pytest.approx([95, 190])


def test_interval_stays_inside_0_and_1_and_counts_seeds():
    found = interval(np.array([[True] * 9 + [False]] * 3), 0.01, 4)
    assert (found.mean, found.high, found.n) == (pytest.approx(0.9), 1.0, 3)
    assert 0 < found.low < 0.9


@pytest.mark.parametrize("right", [True, False])
def test_where_nothing_varies_the_interval_is_exact(right):
    found = interval(np.full((3, 40), right), 1e-5, 10, confidence=0.9)
    wanted = stats.binomtest(40 * right, 40).proportion_ci(0.9, "exact")
    assert (found.mean, found.low, found.high) == (right, pytest.approx(wanted.low), pytest.approx(wanted.high))


def test_interval_covers_the_truth():
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(150):
        networks = [Measured(str(i), 1, 1.0, bits, None, ()) for i, bits in enumerate(simulate([0.87] * 6, 2, 1000, generator))]
        pooled = errors(networks)
        found = interval(networks[0].correct, pooled.seed_variance, pooled.degrees_of_freedom)
        hits += found.low <= 0.87 <= found.high
    assert hits >= 0.88 * 150


def test_simulation_disagrees_as_measured():
    answers = simulate([0.87] * 8, 6, 10_000, np.random.default_rng(1))
    same = np.mean([(a[i] != a[j]).mean() for a in answers for i in range(6) for j in range(i)])
    other = np.mean([(answers[p] != answers[q]).mean() for p in range(8) for q in range(p)])
    assert same == pytest.approx(0.0741, abs=0.004)
    assert other - same == pytest.approx(0.0036, abs=0.0015)
    many = np.array([bits.mean(axis=1) for bits in simulate([0.87] * 300, 2, 2_000, np.random.default_rng(2))])
    assert np.sqrt(many.var(axis=1, ddof=1).mean()) == pytest.approx(np.sqrt(0.00149**2 + 0.0741 / 4000), rel=0.08)

"""Intervals that hold together, against Dunnett's published tables and against simulated studies."""

import numpy as np
import pytest
from scipy import stats

from scaling.analysis.errors import Errors
from scaling.analysis.simultaneous import simultaneous


def measured(k, freedom, variance=1e-4, image=0.0, accuracy=None, pooled=True):
    return Errors(
        accuracy=np.linspace(0.8, 0.9, k) if accuracy is None else np.asarray(accuracy),
        seed=np.full(k, variance),
        image=np.full((k, k), 0.0) + np.diag(np.full(k, image)),
        freedom=np.full(k, float(freedom)),
        pooled=pooled,
        seed_variance=variance,
        degrees_of_freedom=freedom,
        spread_p=None,
        units=1000,
    )


def against_the_first(k):
    return np.eye(k)[1:] - np.eye(k)[0]


@pytest.mark.parametrize(
    ("treatments", "freedom", "table"),
    # Dunnett 1964, two-sided, 5 %, equal sizes
    [(1, 10, 2.23), (2, 10, 2.57), (3, 10, 2.76), (5, 10, 2.99), (2, 20, 2.38), (3, 20, 2.54), (5, 20, 2.73)],
)
def test_the_critical_value_is_that_of_dunnetts_table(treatments, freedom, table):
    found = simultaneous(against_the_first(treatments + 1), measured(treatments + 1, freedom), confidence=0.95, draws=100_000)
    assert found.critical == pytest.approx(table, abs=0.03)


def test_one_difference_has_students_interval():
    found = simultaneous(against_the_first(2), measured(2, 4, accuracy=[0.8, 0.83]), draws=100_000)
    assert found.mean.tolist() == pytest.approx([0.03])
    assert found.critical == pytest.approx(stats.t.ppf(0.95, 4), rel=0.02)
    assert found.half[0] == pytest.approx(found.critical * np.sqrt(2e-4))


def test_images_alone_need_no_degrees_of_freedom():
    found = simultaneous(against_the_first(2), measured(2, 4, variance=0.0, image=1e-4), draws=100_000)
    assert found.critical == pytest.approx(stats.norm.ppf(0.95), rel=0.02)


def test_spreads_that_differ_have_their_own_degrees():
    few = simultaneous(against_the_first(3), measured(3, 1, pooled=False)).critical
    assert few > simultaneous(against_the_first(3), measured(3, 20, pooled=False)).critical


def spread_of_its_own(deviations, seeds, random):
    """A study of networks that are equally good, each with a spread of its own, as it would be measured."""
    answers = random.normal(0.8, np.array(deviations)[:, None], (len(deviations), seeds))
    found = measured(len(deviations), seeds - 1, accuracy=answers.mean(axis=1), pooled=False)
    return found._replace(seed=answers.var(axis=1, ddof=1) / seeds)


@pytest.mark.parametrize("deviations", [(0.005,) * 5, (0.002, 0.004, 0.008, 0.016, 0.03), (0.03, 0.002, 0.004, 0.008, 0.016)])
@pytest.mark.parametrize("seeds", [2, 3])
def test_they_hold_together_whatever_the_spreads(deviations, seeds):
    random, held = np.random.default_rng(1), []
    for _ in range(400):
        found = simultaneous(against_the_first(5), spread_of_its_own(deviations, seeds, random), draws=2_000)
        held.append((np.abs(found.mean) <= found.half).all())
    assert np.mean(held) > 0.85  # with a standard error of .015: few seeds tell little of spreads that differ by fifteen times


def test_what_has_no_error_has_no_interval():
    found = simultaneous(against_the_first(2), measured(2, 2, variance=0.0, accuracy=[0.5, 0.75]))
    assert (found.mean.tolist(), found.half.tolist(), found.critical) == ([0.25], [0.0], 0.0)


def test_confidence_is_a_share():
    with pytest.raises(ValueError, match="simultaneous: confidence must be between 0 and 1, got 90"):
        simultaneous(against_the_first(2), measured(2, 2), confidence=90)

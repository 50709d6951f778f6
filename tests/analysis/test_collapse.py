import numpy as np
import pytest

from scaling.analysis.collapse import collapsed

STUDY = [np.array([0.91, 0.912, 0.909]), np.array([0.905, 0.903, 0.907]), np.array([0.915, 0.911, 0.913])]


def found(*networks, chance=0.1, images=2_500):
    return [one.tolist() for one in collapsed([np.array(one) for one in networks], chance, images)]


def test_nothing_collapsed():
    assert found(*STUDY) == [[False] * 3] * 3
    assert found([0.9], [0.8], [0.7]) == [[False]] * 3
    assert found() == []


@pytest.mark.parametrize("accuracy", [0.1, 0.15, 0.17])
def test_near_chance_is_a_collapse_whoever_the_siblings(accuracy):
    assert found([accuracy] * 3, *STUDY)[0] == [True] * 3
    assert found([accuracy], *STUDY)[0] == [True]
    assert found([0.91, accuracy, 0.911], *STUDY) == [[False, True, False], *[[False] * 3] * 3]


@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.82])
def test_far_below_the_siblings_is_a_collapse(accuracy):
    assert found([0.91, accuracy, 0.911], *STUDY)[0] == [False, True, False]


def test_of_two_the_lower_one_collapsed():
    assert found([0.91, 0.5], [0.905, 0.903], [0.9, 0.91])[0] == [False, True]


def test_a_wide_spread_is_no_collapse():
    # Nine points below its sibling, where all networks spread like that.
    assert found([0.91, 0.8], [0.9, 0.82], [0.83, 0.91], [0.8, 0.88]) == [[False] * 2] * 4
    # Three points in a study that hardly spreads: an unlucky training, not another kind of thing.
    assert found([0.91, 0.88, 0.911], *STUDY)[0] == [False] * 3


def test_a_task_that_nothing_learns_has_no_collapse():
    assert found([0.1, 0.11], [0.09, 0.1], [0.1, 0.1]) == [[False] * 2] * 3


def test_chance_is_the_commonest_class():
    # 80 of 100 images of one class: naming it always is no learning, though .8 is far from .1.
    assert found([0.8, 0.8], [0.95, 0.94], [0.94, 0.95], [0.93, 0.95], chance=0.8)[0] == [True, True]
    # Where all gain little over it, noise is no collapse.
    random = np.random.default_rng(1)
    for _ in range(200):
        study = [random.binomial(500, 0.92, 2) / 500 for _ in range(18)]
        assert not any(one.any() for one in collapsed(study, 0.9, 500))


def test_a_weak_network_whose_trainings_agree_has_not_collapsed():
    assert found([0.30, 0.31], [0.30, 0.29], [0.07, 0.072], chance=0.001)[2] == [False, False]


@pytest.mark.parametrize(("images", "chance", "accuracy"), [(30, 0.5, 0.99), (30, 0.5, 0.97), (30, 0.1, 0.97), (40, 0.5, 0.95)])
def test_tiny_sets_are_no_collapses(images, chance, accuracy):
    random = np.random.default_rng(2)
    for _ in range(300):
        study = [random.binomial(images, accuracy, 2) / images for _ in range(8)]
        assert not any(one.any() for one in collapsed(study, chance, images))


def test_normal_spreads_are_never_taken_for_collapses():
    random = np.random.default_rng(0)
    for seeds in (2, 3, 5):
        for sd in (0.002, 0.01):
            for _ in range(200):
                study = [0.87 + sd * random.standard_normal(seeds) for _ in range(18)]
                study[0] = 0.87 + 0.012 * random.standard_normal(seeds)  # and one network wider than the rest
                assert not any(one.any() for one in collapsed(study, 0.1, 2_500))

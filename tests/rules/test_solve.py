import math

import pytest

from scaling.rules.solve import HIGHEST, largest_phi, lowest_phi, nearest_phi


def staircase(phi):
    return 10 * math.floor(4 * phi)


@pytest.mark.parametrize("budget", range(0, 130, 3))
def test_the_largest_phi_is_that_of_an_exhaustive_search(budget):
    tried = [phi / 1000 for phi in range(-2000, 6000)]
    fitting = [phi for phi in tried if staircase(phi) <= budget]
    assert largest_phi(staircase, budget, -2.0) == max(fitting)


def test_nothing_fits_and_everything_fits():
    assert largest_phi(staircase, -1000, -2.0) is None
    assert largest_phi(lambda phi: 5, 5, 0.0) == math.inf
    assert largest_phi(staircase, staircase(HIGHEST) - 1, 0.0) == HIGHEST - 0.001


@pytest.mark.parametrize("target", [1.0, 10, 14, 15, 17, 40, 44.6, 45, 100])
def test_the_nearest_phi_is_that_of_an_exhaustive_search(target):
    def size(phi):
        return 10 + staircase(phi)

    tried = [phi / 1000 for phi in range(6000)]
    wanted = target / 40
    least = min(abs(math.log(size(phi) / target)) for phi in tried)
    best = [phi for phi in tried if abs(abs(math.log(size(phi) / target)) - least) < 1e-12]
    assert nearest_phi(size, max(target, 10), wanted) in best
    chosen = size(nearest_phi(size, max(target, 10), wanted))
    same = [phi for phi in tried if size(phi) == chosen]
    assert nearest_phi(size, max(target, 10), wanted) == min(same, key=lambda phi: abs(phi - round(wanted, 3)))


def test_a_target_beyond_the_highest_phi():
    assert nearest_phi(staircase, 1e9, 50.0) == HIGHEST


def test_the_lowest_phi():
    assert lowest_phi(lambda phi: phi >= -1.2345) == -1.234
    assert lowest_phi(lambda phi: True) == -HIGHEST

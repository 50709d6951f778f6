import numpy as np
import pytest

from scaling.analysis.coverage import largest_hole

CORNERS = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]


def test_between_three_corners_the_centre_is_farthest():
    hole = largest_hole(CORNERS)
    assert hole.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert hole.radius == pytest.approx(np.sqrt(2 / 3))


def test_one_corner_leaves_the_opposite_edge():
    hole = largest_hole(CORNERS[:1])
    assert hole.shares[0] == 0
    assert hole.radius == pytest.approx(np.sqrt(2))

import numpy as np
import pytest

from scaling.data import DataError
from scaling.data.splits import by_count, every_fifth, last_sixth, positions, require_filled, split_60_25_15


def test_positions_count_within_each_class():
    assert positions(np.array([2, 0, 2, 2, 0, 1])).tolist() == [0, 0, 1, 2, 1, 0]


def test_by_count_takes_each_class_in_file_order():
    labels = np.array([0, 1] * 5)
    assert by_count(labels, 2, 1).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_last_sixth():
    labels = np.array([0] * 12 + [1] * 7)
    assert last_sixth(labels).tolist() == [0] * 10 + [1] * 2 + [0] * 6 + [1]


def test_every_fifth_of_each_class():
    assert every_fifth(np.zeros(12, int)).tolist() == [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert every_fifth(np.array([0, 1, 0, 1])).tolist() == [0, 0, 1, 1]


def test_shared_out_60_25_15_and_three_fill_every_split():
    assert np.bincount(split_60_25_15(np.zeros(2000, int))).tolist() == [1200, 500, 300]
    for count in range(3, 100):
        shares = np.bincount(split_60_25_15(np.zeros(count, int)), minlength=3)
        assert shares.min() >= 1
        assert np.abs(shares - count * np.array([0.6, 0.25, 0.15])).max() < 1.5


def test_refuses_a_class_that_leaves_a_split_empty():
    labels = np.array([0, 0, 0, 1, 1])
    with pytest.raises(DataError, match=r"set: class 'dogs' has 2 images, too few .* none is left for test"):
        require_filled("set", ("cats", "dogs"), labels, split_60_25_15(labels))
    with pytest.raises(DataError, match="class 'owls' has 0 images"):
        require_filled("set", ("cats", "dogs", "owls"), np.tile(labels, 3), split_60_25_15(np.tile(labels, 3)))

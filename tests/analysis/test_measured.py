import numpy as np
import pytest

from scaling.analysis.measured import Measured, by_name, require

BITS = np.ones((2, 10), dtype=bool)


def make(name="a", macs=100, ratio=1.0, correct=BITS, shares=None, origin=("lattice",)):
    return Measured(name, macs, ratio, correct, shares, origin)


def test_properties():
    network = make(correct=np.array([[True, False], [True, True]]))
    assert (network.seeds, network.images, network.accuracy) == (2, 2, 0.75)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"macs": 0}, "macs and ratio must be positive, got 0"),
        ({"ratio": float("nan")}, "macs and ratio must be positive"),
        ({"correct": np.ones((2, 10))}, "must be bool"),
        ({"correct": np.ones(10, dtype=bool)}, r"got bool of shape \(10,\)"),
        ({"correct": np.ones((0, 10), dtype=bool)}, r"got bool of shape \(0, 10\)"),
        ({"shares": (0.5, 0.5, 0.5)}, "shares must sum to 1"),
        ({"origin": ("corner",)}, "got corner"),
    ],
)
def test_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        make(**change)


def test_by_name_sorts_and_refuses():
    assert [network.name for network in by_name([make("b"), make("a")])] == ["a", "b"]
    with pytest.raises(ValueError, match="at least one network"):
        by_name([])
    with pytest.raises(ValueError, match="more than one of a"):
        by_name([make("a"), make("a")])
    with pytest.raises(ValueError, match=r"counts \[10, 11\]"):
        by_name([make("a"), make("b", correct=np.ones((1, 11), dtype=bool))])


@pytest.mark.parametrize(("target", "confidence"), [(0, 0.9), (float("inf"), 0.9), (2, 0), (2, 1)])
def test_require(target, confidence):
    with pytest.raises(ValueError, match=r"rank: (target|confidence) must be"):
        require("rank", target, confidence)

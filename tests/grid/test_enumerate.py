import dataclasses
import itertools

import numpy as np
import pytest

from scaling import Architecture, Stage, architecture, cost, scale
from scaling.grid.enumerate import enumerate_lattice
from scaling.grid.lattice import Lattice
from scaling.grid.space import search_space
from scaling.rules.coefficients import Coefficients

B0 = architecture("efficientnet_b0")
SMALL = architecture("small")
ODD = Architecture(
    name="odd",
    resolution=37,
    stem=5,
    stages=(
        Stage(repeats=2, kernel=5, stride=3, expansion=2, channels=7, squeeze_excite=0.0),
        Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=9, squeeze_excite=0.1),
    ),
    head=11,
    stem_stride=1,
    channel_divisor=3,
)
COARSE = Lattice(step=0.15, alpha=(1, 1.45), beta=(1, 1.45), gamma=(1, 1.6))
MILLION = Lattice(step=0.01, alpha=(1, 1.99), beta=(1, 1.99), gamma=(1, 1.99), constraint="realised")


def scaled(baseline, lattice, phi, point):
    return scale(baseline, Coefficients(*point).factors(phi), rounding=lattice.rounding)


def counted(found, point):
    """Cost of the network of a point, as plain numbers."""
    network = found.networks[point]
    return found.params[network], found.macs[network], found.activations[network]


@pytest.mark.parametrize("phi", [0.7, 1, 2.5, 3, 7])
@pytest.mark.parametrize("rounding", ["released", "unguarded", "nearest", "mobilenetv2"])
@pytest.mark.parametrize(("baseline", "classes", "channels"), [(B0, 1000, 3), (B0, 7, 1), (SMALL, 10, 1), (ODD, 1, 4)])
def test_every_point_has_the_network_that_scale_makes_and_its_cost(baseline, classes, channels, rounding, phi):
    lattice = dataclasses.replace(COARSE, rounding=rounding)
    found = enumerate_lattice(baseline, lattice, phi, num_classes=classes, in_channels=channels)
    assert found.points.tolist() == [list(point) for point in itertools.product(*lattice.axes())]
    networks = {}
    for row, point in enumerate(found.points.tolist()):
        made = scaled(baseline, lattice, phi, point)
        assert counted(found, row) == cost(made, classes, channels)
        assert networks.setdefault(made.structure, found.networks[row]) == found.networks[row]
    assert sorted(networks.values()) == list(range(len(found.macs)))


def test_a_million_points():
    found = enumerate_lattice(B0, MILLION)
    assert found.points.shape == (1_000_000, 3)
    assert found.networks.shape == (1_000_000,)
    assert found.params.shape == found.macs.shape == found.activations.shape == (70_000,)
    assert found.macs.dtype == np.int64
    for row in np.random.default_rng(0).integers(0, 1_000_000, 100).tolist():
        made = scaled(B0, MILLION, 1, found.points[row].tolist())
        assert counted(found, row) == cost(made)


def test_the_search_space_of_a_million_points():
    found = enumerate_lattice(B0, MILLION)
    near = np.abs(found.macs / cost(B0).macs / 2 - 1) <= 0.1
    space = search_space(B0, MILLION)
    assert (space.points, len(space.lattice)) == (near[found.networks].sum(), near.sum())
    for one in space.lattice[:: len(space.lattice) // 100]:
        assert one.cost == cost(one.architecture)


@pytest.mark.parametrize("phi", [6.5, 6.7, 6.8, 7, 10])
def test_counts_beyond_64_bits_are_exact(phi):
    corners = Lattice(step=0.99, alpha=(1, 1.99), beta=(1, 1.99), gamma=(1, 1.99))
    found = enumerate_lattice(B0, corners, phi)
    costs = [cost(scaled(B0, corners, phi, point)) for point in found.points.tolist()]
    assert [counted(found, row) for row in range(8)] == costs
    assert (found.macs.dtype == object) == (costs[-1].macs >= 2**63)


def test_the_largest_allowed_coefficients():
    found = enumerate_lattice(B0, Lattice(step=9, alpha=(1, 10), beta=(1, 10), gamma=(1, 10)), 10)
    for row, point in enumerate(found.points.tolist()):
        assert counted(found, row) == cost(scale(B0, Coefficients(*point).factors(10)))


def test_constraint_and_sample_leave_no_point_out():
    everything = enumerate_lattice(SMALL, COARSE)
    narrow = enumerate_lattice(SMALL, dataclasses.replace(COARSE, constraint="both", tolerance=0, sample=1))
    assert all(np.array_equal(one, other) for one, other in zip(everything, narrow, strict=True))


@pytest.mark.parametrize(
    ("baseline", "phi", "classes", "message"),
    [
        (B0, 0, 1000, "phi must be above 0 and at most 10, got 0"),
        (B0, 10.5, 1000, "phi must be above 0 and at most 10, got 10.5"),
        (dataclasses.replace(SMALL, resolution=11), 1, 10, "the baseline's resolution must be at least 12 px, got 11"),
        (B0, 1, 0, "num_classes and in_channels must be at least 1, got 0 and 3"),
    ],
)
def test_what_is_asked_is_checked(baseline, phi, classes, message):
    with pytest.raises(ValueError, match=message):
        enumerate_lattice(baseline, COARSE, phi, num_classes=classes)

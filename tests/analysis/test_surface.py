import dataclasses

import numpy as np
import pytest
from simulation import simulate

from scaling.analysis.measured import Measured
from scaling.analysis.mixture import leave_place_out, region_of, triangular_grid
from scaling.analysis.surface import NoOptimum, NoSurface, response_surface

PEAK = np.array([0.3, 0.2, 0.5])
SHARES = np.concatenate([triangular_grid(4), [[0.279, 0.292, 0.429], [0.1, 0.8, 0.1], [0.2, 0.4, 0.4]]])


def study(curvature, seed, shares=SHARES, ratios=None):
    """Accuracy falls with the squared distance from the peak."""
    generator = np.random.default_rng(seed)
    ratios = generator.uniform(1.85, 2.15, len(shares)) if ratios is None else ratios
    truth = 0.87 - curvature * ((shares - PEAK) ** 2).sum(axis=1) + 0.01 * np.log(ratios / 2)
    answers = simulate(truth, 2, 2_500, generator)
    return [
        Measured(f"n{i:02d}", round(600_000 * ratio), float(ratio), bits, tuple(share), ("lattice",))
        for i, (bits, share, ratio) in enumerate(zip(answers, shares, ratios, strict=True))
    ]


def inside(region, point):
    """Whether a point of the triangle is in a convex polygon of shares: every edge has it on the same side."""
    corners = region[:, 1:]
    edges, towards = np.roll(corners, -1, axis=0) - corners, point[1:] - corners
    cross = edges[:, 0] * towards[:, 1] - edges[:, 1] * towards[:, 0]
    return (cross >= -1e-9).all() or (cross <= 1e-9).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_optimum_is_located(seed):
    found = response_surface(study(0.06, seed), 2.0).surface
    assert found.region_share < 0.25
    assert inside(found.region, PEAK)
    assert inside(found.region, np.array(found.highest.shares))
    assert np.abs(np.array(found.highest.shares) - PEAK).max() < 0.15
    assert found.highest.predicted.value == pytest.approx(0.87, abs=0.02)  # images alone: sd .007
    assert found.left_out_error < 0.02
    assert found.supported.mean() > 0.9  # networks at all corners support nearly the whole triangle


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_flat_truth_is_not_located(seed):
    found = response_surface(study(0.0, seed), 2.0).surface
    assert found.optimum is None
    assert found.reason in (NoOptimum.NOT_LOCATED, NoOptimum.BELOW_BEST)
    assert found.region_share > 0.5


@pytest.mark.slow
def test_region_holds_the_truth():
    surfaces = [response_surface(study(0.03, seed), 2.0).surface for seed in range(100, 130)]
    assert np.mean([inside(found.region, PEAK) for found in surfaces]) >= 0.9
    flat = [response_surface(study(0.0, seed), 2.0).surface for seed in range(200, 230)]
    assert np.mean([found.optimum is not None for found in flat]) <= 0.1


# Where runs/fashion has networks: none with resolution between 10 and 80 % of the share.
LOW = [[0.9, 0.1, 0], [1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.7, 0.3, 0], [0.3, 0.7, 0], [0.6, 0.3, 0.1], [0.9, 0, 0.1]]
UNEVEN = np.array([*LOW, [0.1, 0.85, 0.05], [0, 0, 1], [0, 0.15, 0.85], [0, 0, 1], [0, 0.2, 0.8]])


def test_no_optimum_where_no_network_is_near():
    # A truth that gains a step and is then straight in resolution: the quadratic puts a peak where nothing was trained.
    generator = np.random.default_rng(0)
    truth = 0.897 + 0.003 * (UNEVEN[:, 0] < 0.95) + 0.012 * UNEVEN[:, 2]
    networks = [
        Measured(f"n{i:02d}", 1_200_000, 2.0, bits, tuple(share), ("lattice",))
        for i, (bits, share) in enumerate(zip(simulate(truth, 3, 10_000, generator), UNEVEN, strict=True))
    ]
    found = response_surface(networks, 2.0).surface
    assert found.unsupported.leverage > found.largest_leverage
    assert found.highest.leverage <= found.largest_leverage + 1e-9
    assert not found.supported.all()
    assert found.optimum is None
    assert found.reason is NoOptimum.BELOW_BEST
    assert found.highest.predicted.value <= found.best


def test_leaving_one_place_out_by_hand():
    networks, places = study(0.06, 13), {}
    design = np.column_stack([SHARES, SHARES[:, 0] * SHARES[:, 1], SHARES[:, 0] * SHARES[:, 2], SHARES[:, 1] * SHARES[:, 2]])
    design = np.concatenate([design, design[:1]])  # two networks at the first place go together
    accuracy = np.array([network.accuracy for network in networks] + [networks[0].accuracy + 0.01])
    for row, value in zip(design, accuracy, strict=True):
        places.setdefault(tuple(row[:3]), []).append((row, value))
    missed = []
    for out in places:
        rows, values = zip(*[pair for place, pairs in places.items() if place != out for pair in pairs], strict=True)
        fitted = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
        missed += [value - row @ fitted for row, value in places[out]]
    assert leave_place_out(design, accuracy) == pytest.approx(np.sqrt(np.mean(np.square(missed))))


def test_a_network_that_lost_a_training_is_not_fitted():
    networks = study(0.06, 14)
    bad = dataclasses.replace(networks[3], correct=np.zeros_like(networks[3].correct), lost=1)
    with_bad = response_surface([*networks[:3], bad, *networks[4:]], 2.0)
    assert with_bad.networks == len(networks) - 1
    assert with_bad.surface.highest.predicted.value > 0.8


def test_order_of_networks_does_not_matter():
    networks = study(0.03, 7)
    forward, backward = (response_surface(order, 2.0).surface for order in (networks, networks[::-1]))
    for one, other in zip(forward, backward, strict=True):
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


def test_surface_is_the_scheffe_quadratic():
    found = response_surface(study(0.06, 8), 2.0).surface
    d, w, r = found.highest.shares
    c = found.coefficients
    by_hand = (
        c.depth * d + c.width * w + c.resolution * r
        + c.depth_width * d * w + c.depth_resolution * d * r + c.width_resolution * w * r
    )  # fmt: skip
    assert found.highest.predicted.value == pytest.approx(by_hand)
    assert found.highest.predicted.value == found.surface.max()
    assert found.highest.predicted.low < by_hand < found.highest.predicted.high
    corner = int(np.argmax(found.grid[:, 0]))
    assert found.surface[corner] == pytest.approx(c.depth)


def test_no_slope_where_all_cost_the_same():
    found = response_surface(study(0.06, 9, ratios=np.full(len(SHARES), 2.0)), 2.0).surface
    assert found.coefficients.slope == 0.0
    assert found.region_share <= 0.5


def test_eight_networks_are_enough():
    found = response_surface(study(0.06, 10, shares=SHARES[[0, 2, 4, 6, 9, 11, 14, 15]]), 2.0)
    assert found.surface is not None
    assert found.reason is None


def test_reasons():
    networks = study(0.06, 11)
    assert response_surface(networks[:7], 2.0) == (None, NoSurface.FEW_NETWORKS, 7)
    line = np.column_stack([np.linspace(0, 1, 12), 1 - np.linspace(0, 1, 12), np.zeros(12)])
    assert response_surface(study(0.06, 12, shares=line), 2.0) == (None, NoSurface.NO_SPAN, 12)
    with pytest.raises(ValueError, match="response_surface: target"):
        response_surface(networks, 0.0)


def test_grid_andregion_of():
    grid = triangular_grid(10)
    assert grid.shape == (66, 3)
    assert grid.sum(axis=1) == pytest.approx(np.ones(66))
    corners, share = region_of(grid, 1.0, 1 / 66)
    assert len(corners) == 3
    assert share == pytest.approx(1.0)
    assert region_of(grid[:1], 1.0, 1 / 66)[0].shape == (1, 3)
    edge = grid[grid[:, 0] == 0]
    ends, share = region_of(edge, 1.0, 1 / 66)
    assert sorted(ends[:, 1].tolist()) == [0, 1]
    assert share == pytest.approx(11 / 66)

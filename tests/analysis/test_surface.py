import numpy as np
import pytest

from scaling.analysis import Measured, response_surface, simulate
from scaling.analysis.surface import _hull, triangular_grid

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
    assert found.located
    assert found.region_share < 0.25
    assert inside(found.region, PEAK)
    assert inside(found.region, np.array(found.optimum))
    assert np.abs(np.array(found.optimum) - PEAK).max() < 0.15
    assert found.predicted == pytest.approx(0.87, abs=0.02)  # pictures alone: sd .007
    assert found.residual_sd < 0.01


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_flat_truth_is_not_located(seed):
    found = response_surface(study(0.0, seed), 2.0).surface
    assert not found.located
    assert found.region_share > 0.5


@pytest.mark.slow
def test_region_holds_the_truth():
    surfaces = [response_surface(study(0.03, seed), 2.0).surface for seed in range(100, 130)]
    assert np.mean([inside(found.region, PEAK) for found in surfaces]) >= 0.9
    flat = [response_surface(study(0.0, seed), 2.0).surface for seed in range(200, 230)]
    assert np.mean([found.located for found in flat]) <= 0.1


def test_order_of_networks_does_not_matter():
    networks = study(0.03, 7)
    forward, backward = (response_surface(order, 2.0).surface for order in (networks, networks[::-1]))
    for one, other in zip(forward, backward, strict=True):
        assert np.array_equal(one, other)


def test_surface_is_the_scheffe_quadratic():
    found = response_surface(study(0.06, 8), 2.0).surface
    d, w, r = found.optimum
    c = found.coefficients
    by_hand = (
        c.depth * d + c.width * w + c.resolution * r
        + c.depth_width * d * w + c.depth_resolution * d * r + c.width_resolution * w * r
    )  # fmt: skip
    assert found.predicted == pytest.approx(by_hand)
    assert found.predicted == found.surface.max()
    corner = int(np.argmax(found.grid[:, 0]))
    assert found.surface[corner] == pytest.approx(c.depth)


def test_no_slope_where_all_cost_the_same():
    found = response_surface(study(0.06, 9, ratios=np.full(len(SHARES), 2.0)), 2.0).surface
    assert found.coefficients.slope == 0.0
    assert found.located


def test_eight_networks_are_enough():
    found = response_surface(study(0.06, 10, shares=SHARES[[0, 2, 4, 6, 9, 11, 14, 15]]), 2.0)
    assert found.surface is not None
    assert found.reason is None


def test_reasons():
    networks = study(0.06, 11)
    assert response_surface(networks[:7], 2.0) == (None, "7 networks with shares, at least 8 are needed")
    line = np.column_stack([np.linspace(0, 1, 12), 1 - np.linspace(0, 1, 12), np.zeros(12)])
    assert response_surface(study(0.06, 12, shares=line), 2.0) == (
        None,
        "the networks' shares do not span the triangle",
    )
    with pytest.raises(ValueError, match="response_surface: target"):
        response_surface(networks, 0.0)


def test_grid_and_hull():
    grid = triangular_grid(10)
    assert grid.shape == (66, 3)
    assert grid.sum(axis=1) == pytest.approx(np.ones(66))
    corners, share = _hull(grid, 1 / 66)
    assert len(corners) == 3
    assert share == pytest.approx(1.0)
    assert _hull(grid[:1], 1 / 66)[0].shape == (1, 3)
    edge = grid[grid[:, 0] == 0]
    ends, share = _hull(edge, 1 / 66)
    assert sorted(ends[:, 1].tolist()) == [0, 1]
    assert share == pytest.approx(11 / 66)

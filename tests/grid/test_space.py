import dataclasses
import itertools
import math

import numpy as np
import pytest

from scaling import Factors, architecture, cost, scale
from scaling.grid.lattice import REFERENCES, Lattice
from scaling.grid.space import eligible_only, search_space
from scaling.rules.coefficients import PAPER, Coefficients, representative

B0 = architecture("efficientnet_b0")
SMALL = architecture("small")


@pytest.mark.parametrize(
    ("step", "tolerance", "points", "networks", "low", "high"),
    [
        (0.10, 0.05, 10, 10, 1.93, 2.77),
        (0.10, 0.10, 21, 18, 1.93, 2.84),
        (0.05, 0.01, 16, 16, 2.03, 3.33),
        (0.05, 0.02, 29, 29, 2.03, 3.33),
        (0.05, 0.05, 54, 46, 1.93, 3.33),
        (0.05, 0.10, 109, 65, 1.93, 3.33),
        (0.05, 0.20, 217, 107, 1.80, 3.56),
        (0.02, 0.05, 681, 287, 1.89, 3.40),
    ],
)
def test_the_lattice_around_b0(step, tolerance, points, networks, low, high):
    space = search_space(B0, Lattice(step=step, tolerance=tolerance))
    realised = [one.realised for one in space.lattice]
    assert (space.points, len(space.lattice)) == (points, networks)
    assert (round(min(realised), 2), round(max(realised), 2)) == (low, high)


def test_the_papers_point_is_on_the_lattice_and_costs_more_than_twice():
    space = search_space(B0, Lattice())
    (paper,) = [one for one in space.candidates if "paper" in one.origin]
    assert paper.origin == ("lattice", "paper")
    assert Coefficients(125, 110, 115) in paper.aliases
    assert round(paper.realised, 2) == 2.57


def test_realised_constraint_on_the_small_baseline():
    space = search_space(SMALL, Lattice(step=0.1, constraint="realised"), num_classes=10, in_channels=1)
    assert space.points == 30
    assert all(abs(one.realised / 2 - 1) <= 0.1 for one in space.lattice)
    both = search_space(SMALL, Lattice(step=0.1, constraint="both"), num_classes=10, in_channels=1)
    nominal = search_space(SMALL, Lattice(step=0.1), num_classes=10, in_channels=1)

    def points(found):
        return {alias for one in found.lattice for alias in one.aliases}

    assert points(both) == points(space) & points(nominal)


def test_every_point_stands_for_its_network_and_no_network_twice():
    lattice = Lattice(step=0.1, tolerance=0.3)
    space = search_space(SMALL, lattice, num_classes=10, in_channels=1)
    aliases = [alias for one in space.lattice for alias in one.aliases]
    assert len(aliases) == len(set(aliases)) == space.points
    exhaustive = {
        Coefficients(*point)
        for point in itertools.product(*lattice.axes())
        if abs(point[0] * point[1] ** 2 * point[2] ** 2 - 2 * 100**5) <= 0.3 * 100**5
    }
    assert set(aliases) == exhaustive
    structures = [one.architecture.structure for one in space.candidates]
    assert len(structures) == len(set(structures))
    for one in space.candidates:
        assert one.cost == cost(one.architecture, 10, 1)


def test_references_are_always_there():
    for sample in (0, 1, 5):
        space = search_space(SMALL, Lattice(step=0.1, sample=sample), num_classes=10, in_channels=1)
        assert set(REFERENCES) == {name for one in space.candidates for name in one.origin} - {"lattice"}


def test_a_reference_beside_the_lattice_keeps_its_own_coefficients():
    space = search_space(B0, Lattice(step=0.1))
    (paper,) = [one for one in space.candidates if one.origin == ("paper",)]
    assert paper.coefficients == PAPER
    assert paper.aliases == (PAPER,)
    assert space.candidates.index(paper) >= len(space.lattice)


def test_an_extrapolated_choice_is_a_reference_of_its_own():
    space = search_space(architecture("small"), Lattice(extrapolated=(1.1, 1.1, 1.46)), 2)
    (found,) = [one for one in space.candidates if "extrapolated" in one.origin]
    assert found.coefficients == Coefficients(110, 110, 146)
    assert "lattice" not in found.origin


def test_a_larger_sample_contains_a_smaller_one():
    def sampled(count):
        space = search_space(B0, Lattice(sample=count))
        return {alias for one in space.lattice for alias in one.aliases}

    assert len(sampled(10)) == 10
    assert sampled(10) < sampled(40) < sampled(0)


def test_phi_raises_the_factors_and_the_target():
    space = search_space(SMALL, Lattice(step=0.1), phi=2, num_classes=10, in_channels=1)
    assert space.target == 4
    assert space.points == 21
    deep = next(one for one in space.candidates if "depth" in one.origin)
    assert [stage.repeats for stage in deep.architecture.stages] == [4, 8, 12]


def test_shares_place_corners_in_the_corners():
    space = search_space(SMALL, Lattice(step=0.1), num_classes=10, in_channels=1)
    corners = {name: one.shares for one in space.candidates for name in one.origin}
    assert corners["depth"] == (1, 0, 0)
    assert corners["width"] == (0, 1, 0)
    assert corners["resolution"] == (0, 0, 1)
    assert corners["baseline"] is None
    assert all(abs(sum(one.shares) - 1) < 1e-12 for one in space.candidates if one.shares)


@pytest.mark.parametrize("rounding", ["released", "unguarded", "nearest", "mobilenetv2"])
@pytest.mark.parametrize("phi", [1, 2.5])
def test_a_candidate_is_what_scale_and_cost_make_of_its_coefficients(rounding, phi):
    space = search_space(SMALL, Lattice(step=0.1, tolerance=0.3, rounding=rounding), phi, num_classes=10, in_channels=1)
    base_macs = cost(SMALL, 10, 1).macs
    for one in space.candidates:
        factors = one.coefficients.factors(phi)
        assert one.architecture == scale(SMALL, factors, rounding=rounding)
        assert one.realised == one.cost.macs / base_macs
        alone = [Factors(*(f if i == j else 1 for j, f in enumerate(factors))) for i in range(3)]
        logs = [math.log(cost(scale(SMALL, each, rounding=rounding), 10, 1).macs / base_macs) for each in alone]
        assert one.shares == (tuple(log / sum(logs) for log in logs) if sum(logs) else None)


def test_the_representative_is_nearest_to_two_then_small():
    assert representative([Coefficients(110, 110, 120), Coefficients(120, 110, 120)]) == Coefficients(110, 110, 120)
    assert representative([Coefficients(200, 100, 100), Coefficients(190, 100, 100)]) == Coefficients(200, 100, 100)
    even = [Coefficients(198, 100, 100), Coefficients(202, 100, 100)]
    assert representative(even) == representative(even[::-1]) == Coefficients(198, 100, 100)


def test_nominal_products_are_exact():
    assert PAPER.nominal == 1.92027
    for alpha, beta, gamma in itertools.product(range(100, 201, 5), range(100, 151, 5), range(100, 151, 5)):
        exact = alpha * beta**2 * gamma**2
        assert np.isclose(Coefficients(alpha, beta, gamma).nominal, exact / 1e10, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("lattice", "phi", "message"),
    [
        (Lattice(alpha=(1, 1.1), tolerance=0.001, step=0.1), 1, "take a tolerance of 0.0[0-9]+ or more, or a finer step"),
        (Lattice(step=0.5, tolerance=0.001, constraint="realised"), 1, "realised ratio .* of a target of 2"),
        (Lattice(), 0, "phi must be above 0 and at most 10, got 0"),
        (Lattice(), 11, "phi must be above 0 and at most 10, got 11"),
        (Lattice(), float("nan"), "phi must be above 0 and at most 10, got nan"),
    ],
)
def test_an_empty_lattice_says_how_to_widen_it(lattice, phi, message):
    with pytest.raises(ValueError, match=message):
        search_space(SMALL, lattice, phi)


def test_the_tolerance_that_an_empty_lattice_names_is_enough():
    narrow = Lattice(alpha=(1, 1.1), tolerance=0.0001, step=0.1)
    for constraint in ("nominal", "realised", "both"):
        asked = Lattice(narrow.step, narrow.tolerance, constraint, narrow.alpha)
        with pytest.raises(ValueError, match="take a tolerance of") as caught:
            search_space(SMALL, asked)
        named = float(str(caught.value).split("tolerance of ")[1].split()[0])
        assert search_space(SMALL, Lattice(narrow.step, named, constraint, narrow.alpha)).points >= 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": (0.9, 2)}, "alpha must not be below 1, got 0.9"),
        ({"beta": (1.5, 1)}, "beta must rise from lowest to highest, at most 10, got 1.5 to 1"),
        ({"step": 0}, "step must be from 0.01 to 10, got 0"),
        ({"step": 0.015}, "step must be a multiple of 0.01, got 0.015"),
        ({"tolerance": -1}, "tolerance must be from 0 to 1000, got -1"),
        ({"constraint": "exact"}, "constraint must be one of nominal, realised, both, got 'exact'"),
        ({"alpha": (1, 11)}, "at most 10, got 1 to 11"),
        ({"alpha": (float("nan"), 2)}, "alpha must not be below 1, got nan"),
        ({"step": float("inf")}, "step must be finite, got inf"),
        ({"step": 0.01, "alpha": (1, 10), "beta": (1, 10)}, "points, over 10,000,000: take a larger step"),
        ({"sample": -1}, "sample must be 1 or more points, or 0 for all, got -1"),
        ({"extrapolated": (1, 1, 0.9)}, "extrapolated coefficients must be from 1 to 10, got 0.9"),
    ],
)
def test_a_lattice_is_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        Lattice(**wrong)


def test_a_baseline_too_small_to_be_scaled_down_to():
    with pytest.raises(ValueError, match="the baseline's resolution must be at least 12 px, got 8"):
        search_space(dataclasses.replace(SMALL, resolution=8), Lattice())


def test_eligible_only_leaves_out_what_cannot_be_chosen_and_keeps_the_references():
    space = search_space(B0, Lattice(step=0.05, tolerance=0.1))
    left = eligible_only(space)
    near = [one for one in space.lattice if 1.6 <= one.realised <= 2.4]
    assert (len(space.lattice), len(near)) == (65, 24)
    assert left.lattice == tuple(near)
    assert left.points == sum(len(one.aliases) for one in near)
    roles = {name for one in left.candidates for name in one.origin} - {"lattice"}
    assert roles == set(REFERENCES)  # the paper's point too, which costs x2.57
    assert left.target == space.target


def test_eligible_only_of_a_lattice_without_any_says_what_it_costs():
    paper = Lattice(step=0.05, tolerance=0.1, alpha=(1.2, 1.2), beta=(1.1, 1.1), gamma=(1.15, 1.15))
    with pytest.raises(
        ValueError, match=r"no lattice network costs x2 within 20%: they cost x2\.57 to x2\.57; take --constraint"
    ):
        eligible_only(search_space(B0, paper))

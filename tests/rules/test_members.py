"""Step 2: members by rule and as released."""

import math

import pytest

from scaling import RELEASED, architecture, compound, cost, scale
from scaling.rules.coefficients import Coefficients
from scaling.rules.members import member, phi_range, realised_phi, released_member, transfer_coefficients
from scaling.rules.rules import SHARES, Rule, rule

B0, SMALL = architecture("efficientnet_b0"), architecture("small")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2", (2,)),
        ("0:7", tuple(range(8))),
        ("0:0.3:0.1", (0, 0.1, 0.2, 0.3)),
        ("-1:1:0.5", (-1, -0.5, 0, 0.5, 1)),
        ("0:2:0.75", (0, 0.75, 1.5)),
        ("0,3:4,0.5,3", (0, 0.5, 3, 4)),
        ("1e1", (10,)),
    ],
)
def test_ranges_of_phi(text, wanted):
    assert phi_range(text) == wanted


@pytest.mark.parametrize("text", ["", "a", "1:", "1:2:3:4", "nan", "0:inf"])
def test_no_range(text):
    with pytest.raises(ValueError, match="phi must be a number, FIRST:LAST or FIRST:LAST:STEP, got"):
        phi_range(text)


@pytest.mark.parametrize("text", ["2:1", "0:1:0", "0:1:-1", "0:1:0.0001"])
def test_no_rise(text):
    with pytest.raises(ValueError, match="phi must rise from FIRST to LAST in at most 1,000 steps above 0, got"):
        phi_range(text)


@pytest.mark.parametrize("phi", [-1, 0, 0.5, 1, 7])
@pytest.mark.parametrize("name", ["compound", "paper", *SHARES])
def test_a_member_is_the_scaled_baseline_with_its_cost(name, phi):
    found = member(B0, rule(name), phi, 1000, 3)
    scaled = scale(B0, rule(name).factors(phi))
    assert (found.architecture, found.resolution, found.phi, found.rule) == (scaled, scaled.resolution, phi, name)
    assert (found.params, found.macs, found.activations) == cost(scaled)
    assert found.ratio == cost(scaled).macs / cost(B0).macs
    assert found.expected_ratio == 2**phi
    assert "architecture" not in found.to_dict()


def test_compound_takes_its_bases():
    found = member(B0, rule("compound", alpha=1.3, beta=1.05, gamma=1.2), 2, 1000, 3)
    assert (found.alpha, found.beta, found.gamma) == (1.3, 1.05, 1.2)
    assert found.architecture == scale(B0, compound(2, alpha=1.3, beta=1.05, gamma=1.2))


def test_released_members_have_the_published_factors_and_no_phi_of_the_formula():
    for number in range(9):
        found = released_member(B0, number, 1000, 3)
        assert found.architecture == scale(B0, RELEASED[f"efficientnet_b{number}"])
        assert found.alpha is found.beta is found.gamma is found.expected_ratio is None
    for phi in (0.5, 9, -1):
        with pytest.raises(ValueError, match=f"B0 to B8 were released, phi must be one of their numbers, got {phi:g}"):
            released_member(B0, phi, 1000, 3)


def test_images_under_12_px_are_refused():
    assert member(SMALL, rule("resolution"), -1.4, 10, 1).resolution == 12
    with pytest.raises(ValueError, match="resolution at phi -2 shrinks the images of small to 10 px, under 12"):
        member(SMALL, rule("resolution"), -2, 10, 1)


@pytest.mark.parametrize("name", ["compound", "depth", "width", "resolution"])
@pytest.mark.parametrize("phi", [0, 0.5, 1, 2, 3])
def test_no_other_phi_comes_nearer_to_the_real_cost(name, phi):
    def distance(tried):
        return abs(math.log(member(SMALL, rule(name), tried, 10, 1).ratio / 2**phi))

    solved = realised_phi(SMALL, rule(name), phi, 10, 1)
    assert distance(solved) == min(distance(tried / 1000) for tried in range(0, 4500, 1))


def test_no_cost_below_the_baseline_is_solved_for():
    with pytest.raises(ValueError, match="depth: costs are solved for from the baseline's upward, phi must be 0 or more"):
        realised_phi(SMALL, rule("depth"), -1, 10, 1)


def test_no_rule_of_that_name():
    with pytest.raises(ValueError, match="no rule is called 'deep'; known: compound, paper, depth, width"):
        rule("deep")
    with pytest.raises(ValueError, match="compound: alpha must be finite and at least 1, got"):
        rule("compound", alpha=0.9)


@pytest.mark.parametrize("choice", [Coefficients(120, 110, 115), Coefficients(100, 100, 140), Coefficients(170, 110, 100)])
def test_a_carried_choice_costs_what_the_other_phi_asks(choice):
    for phi in (1, 2, 3):
        there = transfer_coefficients(B0, choice, phi, 1000, 3)
        assert abs(member(B0, Rule("there", there.factors), phi, 1000, 3).ratio / 2**phi - 1) < 0.08
        assert [one == 100 for one in there] == [one == 100 for one in choice]
    with pytest.raises(ValueError, match="phi must be above 0, got 0"):
        transfer_coefficients(B0, choice, 0, 1000, 3)
    with pytest.raises(ValueError, match="the extrapolated choice: no phi up to 40 costs x4 or more"):
        transfer_coefficients(B0, Coefficients(100, 100, 100), 2, 1000, 3)


@pytest.mark.parametrize(
    ("name", "choice", "phi", "within"),
    [("small", (100, 100, 140), 2, 0.1), ("small", (120, 110, 115), 1, 0.05), ("efficientnet_lite0", (120, 110, 115), 1, 0.06)],
)
def test_rounding_to_hundredths_does_not_spoil_the_cost(name, choice, phi, within):
    baseline = architecture(name)
    there = transfer_coefficients(baseline, Coefficients(*choice), phi, 10, 1)
    assert abs(member(baseline, Rule("there", there.factors), phi, 10, 1).ratio / 2**phi - 1) < within


def test_v2s_released_members_are_rounded_as_v2_was_released():
    """google/automl's totals of parameters, which its guard-free rounding gives."""
    v2 = architecture("efficientnetv2_b0")
    assert [released_member(v2, phi, 1000, 3).params for phi in range(4)] == [7_139_704, 8_141_052, 10_096_086, 14_358_406]
    assert released_member(architecture("efficientnet_b0"), 3, 1000, 3).params == 12_233_232

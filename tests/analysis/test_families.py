"""A trained family's result, on made-up families with a known law."""

import math

import numpy as np
import pytest

from scaling.analysis import Measured, family_result, interval
from scaling.analysis.errors import errors

RATIOS = [1, 1.41, 2, 2.83, 4, 5.66, 8, 11.3]


def network(name, ratio, accuracy, seeds=2, pictures=2_000, seed=0):
    correct = np.random.default_rng([seed, round(1000 * ratio)]).random((seeds, pictures)) < accuracy
    return Measured(name, round(1e5 * ratio), ratio, correct, None, ())


def rule(name, b, ratios=RATIOS, **more):
    baseline = network("baseline", 1, 0.8, **more)
    seed = sum(map(ord, name))
    rest = [network(f"{name} {ratio}", ratio, 1 - 0.15 * ratio**-b - 0.05, seed=seed, **more) for ratio in ratios[1:]]
    return [baseline, *rest]


def family(**more):
    return {"compound": rule("compound", 0.8, **more), "depth": rule("depth", 0.2, **more)}


def test_every_network_once_with_the_pooled_seed_variance():
    rules = family()
    found = family_result(rules)
    networks = list({one.name: one for own in rules.values() for one in own}.values())
    pooled = errors(networks)
    assert len(found.accuracies) == len(networks) == 15
    for one in networks:
        assert found.accuracies[one.name] == interval(one.correct, pooled.seed_variance, pooled.degrees_of_freedom)
    assert (found.seed_sd, found.degrees_of_freedom, found.pictures) == (math.sqrt(pooled.seed_variance), 15, 2000)
    assert found.notes == ()


def test_the_better_rule_is_shown_to_be_better_at_every_target():
    found = family_result(family())
    assert [(gap.rule, gap.target) for gap in found.gaps.entries] == [("depth", 2), ("depth", 4), ("depth", 8)]
    assert all(gap.difference.low > 0 and gap.adjusted_p < 0.1 for gap in found.gaps.entries)


def test_laws_and_checks_where_there_are_costs_enough():
    found = family_result({**family(), "width": rule("width", 0.5, RATIOS[:7]), "fast": rule("fast", 0.5, RATIOS[:3])})
    compound, depth, width, fast = found.curves
    for curve in (compound, depth):
        assert curve.reason is None
        assert curve.check.ratio == RATIOS[-1]
        assert [one.ratio for one in curve.networks] == RATIOS
    assert [point.ratio for point in compound.extrapolated] == [16, 32, 64, 128]
    assert compound.extrapolated[0].beyond == pytest.approx(16 / 11.3)
    assert fast.extrapolated == ()
    assert (width.law is None, width.check) == (False, None)
    assert width.reason == "width: 7 distinct costs trained, all fitted; holding one out to check the fit takes 8."
    assert (fast.law, fast.check) == (None, None)
    assert fast.reason == "fast: 3 distinct cost(s) trained, no power law under 7."


def test_one_seed_has_intervals_of_pictures_only_and_says_so():
    found = family_result(family(seeds=1))
    assert found.seed_sd is None
    assert found.notes == ("One seed per network: intervals and tests cover the choice of pictures only.",)
    assert found.gaps.pictures_only
    assert found.curves[0].law.a.low is None


def test_the_first_rule_stands_in_for_compound_and_one_alone_is_not_compared():
    found = family_result({"depth": rule("depth", 0.3), "width": rule("width", 0.3)}).gaps
    assert (found.reference, {gap.rule for gap in found.entries}) == ("depth", {"width"})
    assert family_result({"compound": rule("compound", 0.3)}).gaps is None


def test_laws_know_the_seed_variance_of_the_whole_study():
    alone, together = (family_result(rules).curves[0].law for rules in ({"compound": rule("compound", 0.8)}, family()))
    assert alone.a.value == together.a.value
    assert alone.a.low != together.a.low


def test_a_family_whose_largest_networks_are_the_worst_is_a_warning():
    def measured(name, ratio, right):
        return Measured(name, round(1e6 * ratio), ratio, np.arange(200) < np.array([[right], [right + 1]]), None, ())

    small, wide, deep = measured("baseline", 1, 180), measured("wide", 4, 160), measured("deep", 4, 170)
    found = family_result({"width": [small, wide], "depth": [small, deep]})
    assert any(note.startswith("Warning: by every rule the largest network did worse") for note in found.notes)
    better = measured("better", 4, 190)
    assert not family_result({"width": [small, wide], "depth": [small, better]}).notes


def test_nothing_measured():
    with pytest.raises(ValueError, match="family_result: no network has a finished training"):
        family_result({"compound": [], "depth": []})

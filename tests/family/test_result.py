"""A trained family's result, on made-up families with a known law."""

import math

import numpy as np
import pytest

from scaling.analysis.errors import errors
from scaling.analysis.intervals import accuracy_interval
from scaling.analysis.measured import Measured
from scaling.family.result import family_result

RATIOS = [1, 1.41, 2, 2.83, 4, 5.66, 8, 11.3]


def network(name, ratio, accuracy, seeds=2, images=2_000, seed=0):
    correct = np.random.default_rng([seed, round(1000 * ratio)]).random((seeds, images)) < accuracy
    return Measured(name, round(1e5 * ratio), ratio, correct, None, ("baseline",) if ratio == 1 else ())


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
    for index, one in enumerate(networks):
        assert found.accuracies[one.name] == accuracy_interval(pooled, index, one.seeds)
    assert (found.seed_sd, found.degrees_of_freedom, found.images) == (math.sqrt(pooled.seed_variance), 15, 2000)
    assert (found.pooled, found.shrinking) == (True, False)


def test_the_better_rule_is_shown_to_be_better_at_every_target():
    found = family_result(family())
    assert [(gap.rule, gap.target) for gap in found.gaps.entries] == [("depth", 2), ("depth", 4), ("depth", 8)]
    assert all(gap.difference.low > 0 and gap.adjusted_p < 0.1 for gap in found.gaps.entries)


def test_laws_and_checks_where_there_are_costs_enough():
    found = family_result({**family(), "width": rule("width", 0.5, RATIOS[:7]), "fast": rule("fast", 0.5, RATIOS[:3])})
    compound, depth, width, fast = found.curves
    for curve in (compound, depth):
        assert curve.costs == 8
        assert curve.check.ratio == RATIOS[-1]
        assert [one.ratio for one in curve.networks] == RATIOS
    assert [point.ratio for point in compound.extrapolated] == [16, 32]  # up to four times what was trained
    assert compound.extrapolated[0].beyond == pytest.approx(16 / 11.3)
    assert fast.extrapolated == ()
    assert (width.law is None, width.check) == (False, None)
    assert (width.costs, width.extrapolated) == (7, ())  # nothing is predicted that could not be checked
    assert (fast.law, fast.check) == (None, None)
    assert fast.costs == 3


def test_one_seed_has_intervals_of_images_only_and_says_so():
    found = family_result(family(seeds=1))
    assert found.seed_sd is None
    assert found.gaps.images_only
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
    assert found.shrinking
    better = measured("better", 4, 190)
    assert not family_result({"width": [small, wide], "depth": [small, better]}).shrinking


def test_nothing_measured():
    with pytest.raises(ValueError, match="family_result: no network has a finished training"):
        family_result({"compound": [], "depth": []})


def test_nothing_is_predicted_by_a_law_that_misses_its_own_largest_network():
    kept, broken = family(), family()
    last = broken["depth"][-1]
    broken["depth"][-1] = network(last.name, last.ratio, 0.6)
    good, bad = (family_result(rules).curves[1] for rules in (kept, broken))
    assert good.check.inside
    assert good.extrapolated
    assert not bad.check.inside
    assert bad.extrapolated == ()


def test_others_give_the_seed_variance_but_are_of_no_rule():
    rules, other = family(), network("other", 3, 0.5)
    found = family_result(rules, [other])
    assert found.accuracies["other"].mean == other.accuracy
    assert found.degrees_of_freedom == family_result(rules).degrees_of_freedom + 1
    assert all(one.name != "other" for curve in found.curves for one in curve.networks)


def test_rules_that_no_network_stands_for_are_compared_with_nothing():
    found = family_result({"compound": [], "depth": []}, others=rule("width", 0.3))
    assert found.gaps is None
    assert [len(one.networks) for one in found.curves] == [0, 0]

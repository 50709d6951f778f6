"""Recipes against one of them, on made-up answers with a known truth."""

import numpy as np
import pytest
from simulation import simulate

from scaling.ablation.comparison import Absence, Missing, Verdict, compare
from scaling.analysis.equal_cost import holm
from scaling.analysis.errors import errors
from scaling.analysis.intervals import accuracy_interval, difference_interval
from scaling.analysis.measured import Measured


def study(accuracies, seed=0, seeds=2, images=2_000):
    """accuracies[network][recipe] -> what `compare` takes; recipe r0 is the reference."""
    networks = [f"n{i}" for i in range(len(accuracies))]
    recipes = [f"r{i}" for i in range(len(accuracies[0]))]
    keys = [(network, recipe) for network in networks for recipe in recipes]
    flat = [accuracy for row in accuracies for accuracy in row]
    answers = simulate(flat, seeds, images, np.random.default_rng(seed))
    pairs = {key: Measured(" ".join(key), 1000, 1.0, bits, None, ()) for key, bits in zip(keys, answers, strict=True)}
    return pairs, networks, recipes, "r0"


def bits(right, images=100):
    """Answers of seeds that get so many of the images right, the first ones."""
    return np.arange(images) < np.array(right)[:, None]


def pair(name, right, **more):
    return Measured(name, 1000, 1.0, bits(right), None, (), **more)


def test_by_hand():
    pairs = {("n", "a"): pair("n a", [80, 84]), ("n", "b"): pair("n b", [90, 94])}
    found = compare(pairs, ["n"], ["a", "b"], "a")
    (entry,) = found.entries
    assert (entry.network, entry.recipe, entry.difference.n) == ("n", "b", 2)
    assert entry.difference.mean == pytest.approx(0.10)
    assert found.seed_sd == pytest.approx(np.sqrt(0.0008))  # of 80 % and 84 %
    assert (found.degrees_of_freedom, found.images, found.units, found.means) == (2, 100, 100, ())
    # Seeds: 2 s^2 / 2. Images: the means of b and a differ on 14 images, by half on 8 of them, by 1 on 6.
    pooled = errors(list(pairs.values()))
    gaps = bits([90, 94]).mean(axis=0) - bits([80, 84]).mean(axis=0)
    assert sorted(set(gaps.tolist())) == [0, 0.5, 1]
    flips = 4 * 0.5 / 100**2  # on 4 images of each the two seeds disagree
    variance = 0.0008 + gaps.var(ddof=1) / 100 - 2 * flips / 2
    assert (entry.difference.high - entry.difference.low) / 2 == pytest.approx(found.critical * np.sqrt(variance))
    _, p = difference_interval(np.array([-1.0, 1.0]), pooled, 2)
    assert entry.p == entry.adjusted_p == p
    assert found.accuracies["n", "b"] == accuracy_interval(pooled, 1, 2)


def test_every_recipe_on_every_network_and_their_means():
    pairs, *asked = study([[0.8, 0.85, 0.9]] * 3)
    found = compare(pairs, *asked)
    assert [(one.network, one.recipe) for one in found.entries] == [(f"n{i}", f"r{j}") for i in range(3) for j in (1, 2)]
    assert [(one.network, one.recipe) for one in found.means] == [(None, "r1"), (None, "r2")]
    for mean in found.means:
        own = [one.difference.mean for one in found.entries if one.recipe == mean.recipe]
        assert mean.difference.mean == pytest.approx(np.mean(own))
    for table in (found.entries, found.means):
        assert [one.adjusted_p for one in table] == holm([one.p for one in table])
        for one in table:
            assert one.difference.low < one.difference.mean < one.difference.high
    assert found.missing == ()


def test_a_mean_is_surer_than_its_parts():
    pairs, *asked = study([[0.85, 0.87]] * 3)
    found = compare(pairs, *asked)
    lengths = [one.difference.high - one.difference.low for one in (*found.means, *found.entries)]
    assert lengths[0] < min(lengths[1:])


def test_no_true_difference_is_seldom_told():
    told = [
        any(one.verdict is not Verdict.NOT_TOLD_APART for one in (*found.entries, *found.means))
        for found in (compare(*study([[0.88] * 4] * 2, seed)) for seed in range(120))
    ]
    assert np.mean(told) <= 0.12


def test_a_large_difference_is_told_and_its_sign():
    for seed in range(20):
        found = compare(*study([[0.88, 0.92, 0.84, 0.88]] * 2, seed))
        verdicts = {one.recipe: one.verdict for one in found.means}
        assert (verdicts["r1"], verdicts["r2"]) == (Verdict.BETTER, Verdict.WORSE)
        assert all(one.verdict is not Verdict.WORSE for one in found.entries if one.recipe == "r1")


def test_the_intervals_hold_the_truths_together():
    truths, held = {"r1": 0.02, "r2": -0.03}, []
    for seed in range(100):
        found = compare(*study([[0.86, 0.88, 0.83]] * 2, seed))
        all_of_them = (*found.entries, *found.means)
        held.append(all(one.difference.low <= truths[one.recipe] <= one.difference.high for one in all_of_them))
    assert np.mean(held) >= 0.87


def test_one_seed_claims_no_interval_and_no_verdict():
    pairs, *asked = study([[0.8, 0.9]] * 2, seeds=1)
    found = compare(pairs, *asked)
    assert (found.critical, found.seed_sd, found.degrees_of_freedom) == (None, None, 0)
    for one in (*found.entries, *found.means):
        assert (one.difference.low, one.difference.high, one.p, one.adjusted_p, one.verdict) == (None,) * 5
        assert one.difference.mean > 0.05
    assert all(one.low < one.mean < one.high for one in found.accuracies.values())  # of the images


def test_what_is_missing_or_lost_is_not_compared():
    pairs, *asked = study([[0.8, 0.9, 0.9]] * 3)
    del pairs["n0", "r1"]
    del pairs["n1", "r0"]
    lost = pairs["n2", "r2"]
    pairs["n2", "r2"] = Measured(lost.name, lost.macs, lost.ratio, lost.correct, None, (), lost=1)
    found = compare(pairs, *asked)
    assert [(one.network, one.recipe) for one in found.entries] == [("n0", "r2"), ("n2", "r1")]
    assert found.missing == (
        Missing("n0", "r1", Absence.NOT_TRAINED),
        Missing("n1", "r1", Absence.NO_REFERENCE),
        Missing("n1", "r2", Absence.NO_REFERENCE),
        Missing("n2", "r2", Absence.LOST),
    )
    assert found.means == ()  # of no recipe on every network
    assert ("n2", "r2") in found.accuracies


def test_equal_answers_are_not_told_apart_and_certain_ones_are():
    same = {("n", "a"): pair("n a", [80, 80]), ("n", "b"): pair("n b", [80, 80])}
    (one,) = compare(same, ["n"], ["a", "b"], "a").entries
    assert (one.difference.mean, one.verdict, one.p) == (0, Verdict.NOT_TOLD_APART, 1)


def test_nothing_to_compare():
    with pytest.raises(ValueError, match="compare: no network has a finished training, there is nothing to compare"):
        compare({}, ["n"], ["a", "b"], "a")
    found = compare({("n", "a"): pair("n a", [80, 82])}, ["n"], ["a", "b"], "a")
    assert (found.entries, found.critical) == ((), None)
    assert found.missing == (Missing("n", "b", Absence.NOT_TRAINED),)

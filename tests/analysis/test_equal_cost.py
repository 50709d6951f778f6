import math

import numpy as np
import pytest
from simulation import simulate

from scaling.analysis.equal_cost import Absence, Missing, gaps, holm
from scaling.analysis.errors import errors
from scaling.analysis.intervals import difference_interval
from scaling.analysis.measured import Measured


def network(name, ratio, correct):
    return Measured(
        name, round(600_000 * ratio), ratio, np.array(correct, dtype=bool), None, ("baseline",) if ratio == 1 else ()
    )


def bits(accuracy, seeds=2, images=400, seed=0):
    return np.random.default_rng(seed).random((seeds, images)) < accuracy


BASE = network("x1", 1.0, bits(0.80))
C2, C4, C8 = (network(f"c{r}", float(r), bits(p, seed=r)) for r, p in ((2, 0.85), (4, 0.88), (8, 0.9)))
D2, D8 = network("d2", 2.06, bits(0.84, seed=12)), network("d8", 8.0, bits(0.87, seed=18))
W2 = network("w2", 1.9, bits(0.83, seed=22))
RULES = {"compound": [BASE, C2, C4, C8], "depth": [BASE, D2, D8], "width": [BASE, W2]}


def entry(found, rule, target):
    return next(gap for gap in found.entries if (gap.rule, gap.target) == (rule, target))


def test_interpolation_by_hand():
    # x4 lies log(4 / 2.06) / log(8 / 2.06) of the way from x2.06 to x8.
    share = math.log(4 / 2.06) / math.log(8 / 2.06)
    gap = entry(gaps(RULES, targets=(4,), span=4), "depth", 4)
    networks = sorted([BASE, C2, C4, C8, D2, D8, W2], key=lambda one: one.name)
    row = np.array([{"c4": 1.0, "d2": share - 1, "d8": -share}.get(one.name, 0.0) for one in networks])
    measured = errors(networks)
    wanted, p = difference_interval(row, measured, 2)
    assert gap.difference.mean == pytest.approx(C4.accuracy - (1 - share) * D2.accuracy - share * D8.accuracy)
    assert gap.difference == pytest.approx(wanted)
    assert gap.p == pytest.approx(p)
    assert (gap.interpolated, gap.cost_ratio, gap.difference.n) == (True, 1.0, 2)


def test_a_halfway_network_weighs_half():
    low, high = network("l", 2.0, [[1, 1, 1, 0]] * 2), network("h", 8.0, [[1, 0, 0, 0]] * 2)
    found = gaps({"compound": [network("c", 4.0, [[1, 1, 1, 1]] * 2)], "depth": [low, high]}, targets=(4,), span=2)
    assert found.entries[0].difference.mean == 1 - (0.75 + 0.25) / 2


@pytest.mark.parametrize(("ratio", "interpolated"), [(1.8, False), (2.2, False), (1.799, True), (2.201, True)])
def test_within_is_inclusive(ratio, interpolated):
    own = [BASE, network("d", ratio, bits(0.84, seed=1)), network("e", 3.0, bits(0.86, seed=2))]
    gap = gaps({"compound": [C2], "depth": own}, targets=(2,), span=2).entries[0]
    assert gap.interpolated == interpolated
    assert gap.cost_ratio == pytest.approx(1.0 if interpolated else 2 / ratio)


def test_cost_is_taken_to_the_target_within():
    gap = entry(gaps(RULES), "depth", 2)
    share = (1 - 2**-0.25) / (1 - 2.06**-0.25)  # on the curve from the baseline, as in a ranking
    assert gap.difference.mean == pytest.approx(C2.accuracy - (share * D2.accuracy + (1 - share) * BASE.accuracy))
    assert (gap.interpolated, gap.cost_ratio) == (False, 2 / 2.06)


@pytest.mark.parametrize("curve", [np.log, lambda x: 1 - x**-0.5])
@pytest.mark.parametrize(("target", "ratio"), [(2, 1.82), (2, 2.133), (4, 4.331), (8, 7.679), (8, 8.7)])
def test_the_cost_of_a_member_near_a_target_makes_no_gap(curve, target, ratio):
    # Two rules of one law that gains 1.4 points at the target; one of them misses its cost.
    answers = np.arange(100_000) / 100_000

    def on_law(name, at):
        return network(name, at, np.tile(answers < 0.85 + 0.014 * curve(float(at)) / curve(float(target)), (2, 1)))

    rules = {"compound": [on_law("base", 1.0), on_law("c", target)], "depth": [on_law("base", 1.0), on_law("d", ratio)]}
    assert abs(gaps(rules, targets=(target,)).entries[0].difference.mean) < 0.0005  # .05 points


def test_order_and_what_is_missing():
    found = gaps(RULES)
    assert [(gap.rule, gap.target) for gap in found.entries] == [("depth", 2), ("depth", 8), ("width", 2)]
    assert found.missing == (
        Missing("depth", 4, Absence.NONE_NEAR, (1.0, 2.06, 8.0)),
        Missing("width", 4, Absence.NONE_NEAR, (1.0, 1.9)),
        Missing("width", 8, Absence.NONE_NEAR, (1.0, 1.9)),
    )
    assert (found.reference, found.images, found.images_only, found.confidence) == ("compound", 400, False, 0.9)
    assert [gap.adjusted_p for gap in found.entries] == holm([gap.p for gap in found.entries])


def test_a_missing_reference_is_said_once():
    found = gaps({"compound": [], "depth": [BASE, D2], "width": [BASE, W2]}, targets=(2,))
    assert found.entries == ()
    assert found.missing == (Missing("compound", 2, Absence.NONE_TRAINED, ()),)


def test_holm_by_hand():
    # 4 * .01, 3 * .02, 2 * .03 < .06, 1 * .04 < .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == [0.06, 0.04, 0.06, 0.06]
    assert holm([0.25, 0.75, 0.5]) == [0.75, 1.0, 1.0]
    assert holm([]) == []


def test_the_same_network_on_both_sides():
    gap = gaps({"compound": [BASE, C4], "depth": [BASE, C4]}, targets=(2,), span=2).entries[0]
    assert gap.difference == (0.0, 0.0, 0.0, 2)
    assert (gap.p, gap.adjusted_p, gap.interpolated, gap.cost_ratio) == (1.0, 1.0, True, 1.0)


def test_a_shared_baseline_is_subtracted():
    # Both ends stand at x2, halfway from the baseline at x1 to x4, so its error leaves the gap.
    d4 = network("d4", 4.0, bits(0.86, seed=31))
    gap = gaps({"compound": [BASE, C4], "depth": [BASE, d4]}, targets=(2,), span=2).entries[0]
    wanted, _ = difference_interval(np.array([0, 0.5, -0.5]), errors([BASE, C4, d4]), 2)
    assert gap.difference.mean == pytest.approx((C4.accuracy - d4.accuracy) / 2)
    assert gap.difference == pytest.approx(wanted)


def test_one_seed_says_so():
    one = {rule: [network(n.name, n.ratio, n.correct[:1]) for n in networks] for rule, networks in RULES.items()}
    found = gaps(one)
    assert found.images_only
    assert all(gap.difference.low < gap.difference.mean < gap.difference.high for gap in found.entries)
    assert {gap.difference.n for gap in found.entries} == {1}


def test_n_is_the_fewest_seeds():
    more = network("c2", 2.0, bits(0.85, seeds=5))
    assert gaps({"compound": [more], "depth": [D2]}, targets=(2,)).entries[0].difference.n == 2


def coverage(studies, noise, seed):
    """Share of studies whose interval holds the true gap, one end interpolated, and share of p <= .1 where it is 0."""
    generator, hits, rejected = np.random.default_rng(seed), [], []
    for _ in range(studies):
        answers = noise([0.86, 0.88, 0.87, 0.87], generator)
        ends = zip("abcd", (1.4, 2.857142857142857, 2.0, 2.0), answers, strict=True)
        a, b, c, d = (network(name, ratio, one) for name, ratio, one in ends)
        found = gaps({"compound": [c], "depth": [a, b], "width": [d]}, targets=(2,))
        difference = found.entries[0].difference
        hits.append(difference.low <= 0 <= difference.high)
        rejected.append(found.entries[1].p <= 0.1)
    return np.mean(hits), np.mean(rejected)


def seeds_only(accuracies, generator):
    """Trainings that differ in accuracy, hardly in which images they find hard."""
    difficulty = generator.permutation(1_000) / 1_000
    return [difficulty < p + 0.02 * generator.standard_normal((3, 1)) for p in accuracies]


def images_and_seeds(accuracies, generator):
    return simulate(accuracies, 3, 1_000, generator)


@pytest.mark.parametrize(("noise", "studies"), [(seeds_only, 600), (images_and_seeds, 400)])
def test_intervals_hold_the_truth(noise, studies):
    held, rejected = coverage(studies, noise, 1)
    assert 0.85 <= held <= 0.95
    assert 0.05 <= rejected <= 0.15


def test_refuses():
    with pytest.raises(ValueError, match="rules must hold the reference 'compound' and another, got depth, width"):
        gaps({"depth": [D2], "width": [W2]})
    with pytest.raises(ValueError, match="'compound' and another, got compound"):
        gaps({"compound": [C2]})
    with pytest.raises(ValueError, match="and another, got none"):
        gaps({})
    with pytest.raises(ValueError, match="gaps: at least one target is needed"):
        gaps(RULES, targets=())
    with pytest.raises(ValueError, match="gaps: target must be finite and above 0, got -2"):
        gaps(RULES, targets=(2, -2))
    with pytest.raises(ValueError, match=r"gaps: within must be 0 or more and span above 1, got -0\.1 and 1\.5"):
        gaps(RULES, within=-0.1)
    with pytest.raises(ValueError, match="gaps: confidence must be between 0 and 1"):
        gaps(RULES, confidence=1)
    with pytest.raises(ValueError, match="two different networks are called 'd2'"):
        gaps({"compound": [C2], "depth": [D2], "width": [network("d2", 2.0, bits(0.9))]})
    with pytest.raises(ValueError, match="at least one network"):
        gaps({"compound": [], "depth": []})

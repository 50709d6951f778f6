import dataclasses

import numpy as np
import pytest
from simulation import simulate

from scaling.analysis.changes import changes, difference, leads
from scaling.analysis.equal_cost import holm
from scaling.analysis.errors import errors
from scaling.analysis.intervals import difference_interval
from scaling.analysis.measured import Measured


def study(accuracies, seed, seeds=3, images=1_000):
    answers = simulate(accuracies, seeds, images, np.random.default_rng(seed))
    return [Measured(f"n{i}", 1000 * (i + 1), i + 1.0, bits, None, ()) for i, bits in enumerate(answers)]


def test_two_networks_by_hand():
    one, other = study([0.8], 0), study([0.85], 1)
    (found,) = changes(one, other)
    pooled = errors([one[0], Measured("other", 1000, 1.0, other[0].correct, None, ())])
    wanted, p = difference_interval(np.array([1.0, -1.0]), pooled, 3)
    assert found.difference.mean == pytest.approx(one[0].accuracy - other[0].accuracy)
    assert found.difference == pytest.approx(wanted)
    assert found.p == pytest.approx(p)
    assert (found.name, found.ratio, found.difference.n) == ("n0", 1.0, 3)


def test_holm_over_all_networks_the_cheapest_first():
    one, other = study([0.8, 0.85, 0.9], 0), study([0.8, 0.8, 0.9], 1)
    found = changes(one[::-1], other)
    assert [change.name for change in found] == ["n0", "n1", "n2"]
    assert [change.adjusted_p for change in found] == holm([change.p for change in found])


def test_one_training_in_both_studies_is_no_change():
    one, other = study([0.8, 0.85], 0), study([0.8, 0.8], 1)
    assert [change.name for change in changes(one, [one[0], other[1]])] == ["n1"]
    with pytest.raises(ValueError, match="no network was trained in both studies and came out differently"):
        changes(one, one)
    with pytest.raises(ValueError, match="no network was trained in both"):
        changes(one[:1], other[1:])


def test_one_name_for_two_networks_is_refused():
    one, other = study([0.8], 0), study([0.85], 1)
    with pytest.raises(ValueError, match="changes: 'n0' must be one architecture, got 1000 and 2000 MACs"):
        changes(one, [dataclasses.replace(other[0], macs=2000)])


def test_the_interval_holds_the_truth():
    held = 0
    for seed in range(200):
        one, other = study([0.85], 2 * seed), study([0.87], 2 * seed + 1)
        (found,) = changes(one, other)
        held += found.difference.low <= -0.02 <= found.difference.high
    assert 0.85 <= held / 200 <= 0.97


def test_a_difference_pools_the_seed_variance_of_its_study():
    networks = study([0.8, 0.85, 0.9, 0.7], 3)
    found = difference(networks[::-1], "n2", "n0")
    pooled = errors(networks)
    wanted, _ = difference_interval(np.array([-1.0, 0, 1, 0]), pooled, 3)
    assert found.difference.mean == pytest.approx(networks[2].accuracy - networks[0].accuracy)
    assert found.difference == pytest.approx(wanted)
    with pytest.raises(ValueError, match="no network 'n9' among n0, n1, n2, n3"):
        difference(networks, "n0", "n9")


def test_leads_are_differences_after_holm():
    networks = study([0.8, 0.85, 0.9, 0.7], 3)
    found = leads(networks, "n2", ["n0", "n1", "n3"])
    assert [lead.name for lead in found] == ["n0", "n1", "n3"]
    assert [tuple(lead[1:3]) for lead in found] == [tuple(difference(networks, "n2", name)) for name in ("n0", "n1", "n3")]
    assert [lead.adjusted_p for lead in found] == holm([lead.p for lead in found])

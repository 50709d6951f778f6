"""Families as data: members, distinct networks, specifications."""

import dataclasses
import json
import math
import shutil
from pathlib import Path

import pytest

from scaling import architecture, cost
from scaling.core.errors import SpecError
from scaling.data import load
from scaling.family.from_search import optimum_of, winner_of
from scaling.family.read_spec import read_family_spec
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.family.study import distinct, make_family_study, network_of
from scaling.grid.reopen import read_search

SMALL = architecture("small")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dataset():
    return load("fashion-mnist-10k")


def test_members_by_rule_and_phi():
    found = FamilyConfig(("compound", "depth", "released"), "0:2", alpha=1.3).members(SMALL, 10, 1)
    assert [(one.rule, one.phi) for one in found] == [(r, p) for r in ("compound", "depth", "released") for p in (0, 1, 2)]
    assert found[1].alpha == 1.3


def test_solved_members_keep_the_cost_they_were_solved_for():
    found = FamilyConfig(("width",), "0:2:0.5", realise=True).members(SMALL, 10, 1)
    assert [one.expected_ratio for one in found] == [2**phi for phi in (0, 0.5, 1, 1.5, 2)]
    assert all(abs(one.ratio / one.expected_ratio - 1) < 0.1 for one in found)


def test_distinct_networks_and_their_names():
    members = FamilyConfig(("depth", "width", "resolution"), "0:1").members(SMALL, 10, 1)
    networks = distinct(SMALL, members)
    assert [one.label for one in networks] == ["baseline", "resolution 1", "width 1", "depth 1"]
    assert [member.rule for member in networks[0].members] == ["depth", "width", "resolution"]
    assert [one.cost for one in networks] == sorted((one.cost for one in networks), key=lambda one: one.macs)
    for member in members:
        found = network_of(networks, member)
        assert member in found.members
        assert found.cost == cost(member.architecture, 10, 1)


def test_networks_of_one_cost_are_told_apart():
    small = dataclasses.replace(SMALL, resolution=15)  # 16 px cost the same at stride 2
    networks = distinct(small, FamilyConfig(("resolution", "depth"), "0:0.5:0.1").members(small, 10, 1))
    assert len({one.label for one in networks}) == len(networks)
    (baseline,) = [one for one in networks if one.label == "baseline"]
    assert baseline.architecture.structure == small.structure
    assert any(one.realised == 1 and one.label == "resolution 0.1" for one in networks)


def test_images_are_stored_as_large_as_the_largest_member_sees_them():
    family = FamilyConfig(("resolution", "depth"), "0:3", realise=True)
    largest = max(one.resolution for one in family.members(SMALL, 10, 1))
    assert largest <= family.largest_side(SMALL) <= 2 * largest


def test_every_network_is_trained_once_from_every_seed(dataset):
    study = make_family_study(FamilySpec("f", SMALL, seeds=2, family=FamilyConfig(phi="0:1:0.5")), dataset, "float32")
    assert len(study.members) == 12
    trials = study.all_trials()
    assert len(trials) == len({trial.id for trial in trials}) == 2 * len(study.networks)
    assert {study.label(trial) for trial in trials} >= {"baseline seed 0", "depth 1 seed 1"}


@pytest.mark.parametrize("family", [FamilyConfig(phi="1"), FamilyConfig(("depth",), "1", realise=True)])
def test_one_point_per_rule_compares_nothing(dataset, family):
    with pytest.raises(SpecError, match="f: one point per rule compares nothing: give phi a range"):
        make_family_study(FamilySpec("f", SMALL, family=family), dataset, "float32")


def test_one_point_per_rule_at_equal_cost_compares(dataset):
    study = make_family_study(FamilySpec("f", SMALL, family=FamilyConfig(phi="1", realise=True)), dataset, "float32")
    assert len(study.members) == 4


def test_dropout_rises_with_the_real_cost_and_names_another_trial(dataset):
    plain = FamilySpec("f", SMALL, seeds=1, family=FamilyConfig(("width",), "0:2"))
    scaled = dataclasses.replace(plain, family=dataclasses.replace(plain.family, dropout_per_doubling=0.05))
    one, other = (make_family_study(spec, dataset, "float32") for spec in (plain, scaled))
    rates = [other.recipe_of(network).dropout for network in other.networks]
    assert rates[0] == 0 < rates[1] < rates[2] < 0.1
    assert rates[2] == round(0.05 * math.log2(other.networks[2].realised), 6)
    assert [a.id == b.id for a, b in zip(one.all_trials(), other.all_trials(), strict=True)] == [True, False, False]


TOML = """
baseline = "small"
data = "fashion-mnist-10k"
seeds = 2
[family]
rules = ["compound", "fast"]
phi = "0:1"
{more}
[recipe]
epochs = 1
"""


def written(folder, more="", text=TOML):
    path = folder / "mine.toml"
    path.write_text(text.format(more=more))
    return str(path)


def test_a_specification(tmp_path):
    spec = read_family_spec(written(tmp_path, "alpha = 1.5"))
    assert (spec.name, spec.baseline, spec.seeds, spec.recipe.epochs) == ("mine", SMALL, 2, 1)
    assert spec.family == FamilyConfig(("compound", "fast"), "0:1", alpha=1.5)
    assert spec.to_dict()["family"]["rules"] == ["compound", "fast"]


def test_dropout_that_rises_is_said_in_one_place(tmp_path):
    rising = TOML + "dropout_per_doubling = 0.2\n"
    assert read_family_spec(written(tmp_path, text=rising)).dropout_per_doubling == 0.2
    assert read_family_spec(written(tmp_path, "dropout_per_doubling = 0.1")).dropout_per_doubling == 0.1
    with pytest.raises(SpecError, match=r"dropout_per_doubling is given twice, 0\.1 in family and 0\.2 in recipe; leave one"):
        read_family_spec(written(tmp_path, "dropout_per_doubling = 0.1", rising))


STEP1 = ROOT / "runs" / "step1"
SHORT = ROOT / "runs" / "fashion_short"


def test_a_specification_may_take_what_a_run_found(tmp_path):
    best = json.loads((STEP1 / "results.json").read_text())["best"]
    family = read_family_spec(written(tmp_path, f'run = "{STEP1}"')).family
    assert (family.alpha, family.beta, family.gamma) == (best["alpha"], best["beta"], best["gamma"])
    optimum = json.loads((SHORT / "results.json").read_text())["optimum"]
    small = TOML.replace('baseline = "small"', f'baseline = "{ROOT}/grid/fashion.toml"')
    family = read_family_spec(written(tmp_path, f'run = "{SHORT}"\nfitted = true', small)).family
    assert (family.alpha, family.beta, family.gamma) == (optimum["alpha"], optimum["beta"], optimum["gamma"])
    other = TOML.replace('baseline = "small"', 'baseline = "efficientnet_b0"')
    with pytest.raises(SpecError, match="scaled another baseline; its coefficients are not for this one"):
        read_family_spec(written(tmp_path, f'run = "{STEP1}"', other))


def test_a_search_without_what_a_family_takes():
    search = read_search(STEP1)
    few = search._replace(collected=search.collected._replace(measured=search.collected.measured[:7]))
    with pytest.raises(SpecError, match="no response surface could be fitted to this run; leave out --fitted for its winner"):
        optimum_of(STEP1, few)
    nobody = search._replace(ranking=dataclasses.replace(search.ranking, best=None))
    with pytest.raises(SpecError, match=r"has no best network; finish the run with python -m scaling.grid --run"):
        winner_of(STEP1, nobody)


def test_a_run_is_found_beside_the_specification(tmp_path, monkeypatch):
    shutil.copytree(STEP1, tmp_path / "runs" / "one")
    (tmp_path / "grid").mkdir()
    path = written(tmp_path / "grid", 'run = "runs/one"')
    monkeypatch.chdir("/")
    assert read_family_spec(path).family.alpha == winner_of(STEP1, read_search(STEP1))[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('run = "a"\nalpha = 1.2', "family: take run or alpha, not both"),
        ('run = "nowhere"', "nowhere: no such run folder here"),
        ("fitted = 1", "family.fitted must be true or false, got 1"),
        ("realise = 1", "family.realise must be true or false, got 1"),
        ("beta = 11.0", "beta must be at most 10, got 11"),
        ("beta = 0.9", "beta must be finite and at least 1, got 0.9"),
        ("depth = 1", "unknown key 'depth'; allowed: rules, .*, run, fitted"),
        ('rounding = "up"', "family.rounding must be one of released, unguarded, nearest, mobilenetv2, got 'up'"),
        ("dropout_per_doubling = 1.0", "dropout_per_doubling must be from 0 to below 1, got 1.0"),
    ],
)
def test_refused_specifications(tmp_path, more, said):
    with pytest.raises(SpecError, match=said):
        read_family_spec(written(tmp_path, more))


def test_rules_must_be_names(tmp_path):
    for rules, said in (
        ('"depth"', "rules must be a list of names"),
        ('["deep"]', "no rule is called 'deep'"),
        ("[]", "got none"),
    ):
        with pytest.raises(SpecError, match=said):
            read_family_spec(written(tmp_path, text=TOML.replace('["compound", "fast"]', rules)))


def test_searches_and_families_are_told_apart(tmp_path):
    with pytest.raises(SpecError, match=r"has no table \[family\]; a search is made by python -m scaling.grid"):
        read_family_spec("default")
    with pytest.raises(SpecError, match="seeds must be from 1 to 1000, got 0"):
        read_family_spec(written(tmp_path, text=TOML.replace("seeds = 2", "seeds = 0")))

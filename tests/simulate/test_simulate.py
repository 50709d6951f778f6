"""The studies with known truths, and whether what is stated of them holds."""

import json

import numpy as np
import pytest

from scaling.simulate.__main__ import coverage, main
from scaling.simulate.answers import answers, group_numbers
from scaling.simulate.curves import CURVES
from scaling.simulate.mishaps import MISHAPS
from scaling.simulate.surfaces import SURFACES
from scaling.simulate.truths import SIZES, TRUTHS

ALL = {**TRUTHS, **MISHAPS, **CURVES, **SURFACES}


def test_accuracies_are_true_whatever_the_spread_of_seeds():
    generator = np.random.default_rng(0)
    found = answers([0.7, 0.87, 0.87], 300, 4_000, generator, seed_sd=[0.0, 0.004, 0.012])
    assert [one.mean() for one in found] == pytest.approx([0.7, 0.87, 0.87], abs=0.012)  # one choice of images: sd .005
    spread = [one.mean(axis=1).std() for one in found]
    flips = [np.sqrt((m * (1 - m)).mean() / 4_000) for m in (one.mean(axis=0) for one in found)]
    assert np.sqrt(np.maximum(0, np.square(spread) - np.square(flips))) == pytest.approx([0, 0.004, 0.012], abs=0.0015)


def test_trainings_flip_as_recorded_ones_do():
    one, other = answers([0.87, 0.87], 2, 20_000, np.random.default_rng(1))
    assert (one[0] != one[1]).mean() == pytest.approx(0.09, abs=0.02)
    assert (one[0] != other[0]).mean() > (one[0] != one[1]).mean()


def test_copies_share_what_is_hard_about_them():
    (bits,) = answers([0.87], 1, 10_000, np.random.default_rng(2), copies=5)
    groups = group_numbers(10_000, 5)
    assert groups.max() == 1_999
    of_groups = bits[0].reshape(-1, 5).mean(axis=1)
    assert of_groups.var() > 3 * (0.87 * 0.13 / 5)  # independent ones would give the latter


@pytest.mark.parametrize("name", ALL)
def test_every_truth_states_something(name):
    rows = coverage(name, ALL[name], "default", 2, seed=0)
    assert rows
    assert all(row["statements"] <= 2 * 20 and 0 <= row["held"] <= 1 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["equal", "spread", "steep", "tiny", "grouped", "looks", "gap"])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_promised_holds(name, size):
    # With 60 studies a share of 90 % lies above 80 % but for one in a hundred.
    for row in coverage(name, ALL[name], size, 60, seed=1):
        assert row["held"] >= row["stated"] - 0.115, row


@pytest.mark.slow
@pytest.mark.parametrize("name", ["collapse", "collapse-all", "collapse-baseline"])
def test_one_collapse_changes_no_choice(name):
    for row in coverage(name, MISHAPS[name], "fashion", 40, seed=1):
        assert row["held"] >= 0.85, row


@pytest.mark.parametrize("name", ["collapse", "collapse-baseline"])
def test_the_checks_of_collapse_fail_where_none_is_found(name, monkeypatch):
    nothing = lambda accuracies, chance, images: tuple(np.zeros(len(one), dtype=bool) for one in accuracies)  # noqa: E731
    monkeypatch.setattr("scaling.simulate.mishaps.collapsed", nothing)
    rows = {row["quantity"]: row["held"] for row in coverage(name, MISHAPS[name], "default", 12, seed=0)}
    assert rows["what collapsed is found, and nothing else"] == 0
    if name == "collapse-baseline":
        assert rows["one collapse leaves the choice as it was"] < 0.7


def test_the_help_names_every_truth(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = " ".join(capsys.readouterr().out.split())
    assert all(name in listed for name in ALL)


def test_the_command(capsys):
    assert main(["equal", "--studies", "2", "--size", "default", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["quantity"] for row in rows} >= {"accuracy", "difference of two", "ties keep the truly best", "adjusted"}
    assert main(["tiny", "--studies", "1", "--size", "default"]) == 0
    said = capsys.readouterr()
    assert "tiny: 30 images at 97 %, two seeds." in said.out
    assert "tiny, default" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no truth is called nothing; known: equal, spread"),
        (["--studies", "0"], "--studies must be 1 or more, got 0"),
        (["--seed", "-1"], "--seed must be 0 or more, got -1"),
    ],
)
def test_bad_input_is_one_line(capsys, words, said):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1

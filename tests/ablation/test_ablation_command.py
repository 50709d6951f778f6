"""Ablations trained for real, in a process of their own: killed, gone on with, grown, shown again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from scaling.ablation.__main__ import main
from scaling.ablation.reopen import read_ablation
from scaling.ablation.result import Ratio, time_ratio, times
from scaling.core.errors import SpecError
from scaling.family.trained import open_trained
from scaling.grid.reopen import read_search
from scaling.results import __main__ as results
from scaling.study.engines.local import LocalEngine
from scaling.study.provenance import provenance
from scaling.study.trial import Outcome, Seconds

ROOT = Path(__file__).parents[2]
TINY = """
data = "{images}"
seeds = 2
[networks]
tiny = {{ resolution = 16, stem = 4, head = 8, channel_divisor = 2, stages = [
    {{ repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 4 }}] }}
[recipe]
epochs = 6
batch = 16
peak_rate = 0.2
[recipes.plain]
[recipes.averaged]
average = 0.9
progressive = {{ stages = 2, smallest = 0.75 }}
"""
WIDER = "[networks.wider]\nresolution = 12\nstem = 6\nhead = 0\n"
WIDER += "stages = [{ repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 8 }]\n"


def start(home, *words):
    command = [sys.executable, "-m", "scaling.ablation", "tiny.toml", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes)


@pytest.fixture(scope="module")
def home(tmp_path_factory, image_folder):
    """A folder with the specification, its run killed after the first record and then finished."""
    folder = tmp_path_factory.mktemp("ablation")
    (folder / "tiny.toml").write_text(TINY.format(images=image_folder))
    records = folder / "runs" / "tiny" / "trials.jsonl"
    process = start(folder)
    while process.poll() is None and not (records.exists() and records.read_bytes().count(b"\n")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = records.read_bytes()
    process = start(folder, "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return folder, before, json.loads(out)


@pytest.fixture
def copied(home, tmp_path, monkeypatch):
    """A copy of that folder, entered."""
    shutil.copytree(home[0], tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home" / "runs" / "tiny"


def shown(command, capsys, *words):
    assert command(list(map(str, words))) == 0
    return capsys.readouterr()


def test_a_killed_ablation_goes_on_where_it_was(home):
    folder, before, _ = home
    after = (folder / "runs" / "tiny" / "trials.jsonl").read_bytes()
    assert after.startswith(before.rpartition(b"\n")[0])
    trained = [json.loads(line)["id"] for line in after.splitlines()]
    assert len(trained) == len(set(trained)) == 4


def test_the_document(home):
    folder, _, found = home
    run = folder / "runs" / "tiny"
    assert found == json.loads((run / "results.json").read_text())
    keys = "trained differences run seeds reference networks recipes images confidence critical seed_sd degrees_of_freedom"
    assert found.keys() == {*keys.split(), "spread_p", "pooled", "means", "missing", "mixed_origins"}
    assert (found["run"], found["seeds"], found["reference"], found["confidence"]) == ("runs/tiny", 2, "plain", 0.9)
    assert (found["images"], found["degrees_of_freedom"], found["means"], found["missing"]) == (30, 2, [], [])
    (network,) = found["networks"]
    assert network.keys() == {"name", "resolution", "params", "macs", "activations", "ratio"}
    assert [(one["name"], one["epochs"], one["mean_area"]) for one in found["recipes"]] == [
        ("plain", 6, 1.0),
        ("averaged", 6, (0.75**2 + 1) / 2),
    ]
    plain, averaged = found["trained"]
    assert plain.keys() == {
        *("network", "recipe", "accuracy", "test", "last_weights", "mean_area", "seconds", "trainings"),
    }
    assert plain["seconds"].keys() == {"train", "compile", "evaluate", "n", "beside_compiling"}
    assert (plain["last_weights"], plain["test"], plain["trainings"]["complete"]) == (None, None, 2)
    assert 0 < averaged["last_weights"] <= 1
    assert plain["accuracy"]["low"] <= plain["accuracy"]["mean"] <= plain["accuracy"]["high"]
    (one,) = found["differences"]
    assert one.keys() == {"network", "recipe", "difference", "p", "adjusted_p", "time", "verdict"}
    assert one["difference"]["mean"] == pytest.approx(averaged["accuracy"]["mean"] - plain["accuracy"]["mean"])
    assert one["verdict"] in ("better", "worse", "not told apart")
    assert one["time"].keys() == {"value", "low", "high", "n"}
    assert (run / "ablation.png").stat().st_size > 10_000


def test_it_is_shown_again_from_its_folder_alone(home, copied, capsys):
    for name in ("weights", "results.json"):
        shutil.rmtree(copied / name) if (copied / name).is_dir() else (copied / name).unlink()
    assert json.loads(shown(results.main, capsys, "runs/tiny", "--json").out) == home[2]
    out = shown(results.main, capsys, "runs/tiny").out
    assert "Each recipe minus plain on the same network, in points" in out
    assert "All recipes train for 6 epochs: equal epochs, which is not equal time." in out
    assert "Seconds are of training alone, compiling apart." in out
    assert results.main(["runs/tiny", "--against", "runs/tiny"]) == 2
    assert "an ablation compares its own recipes; --against takes two searches or two families" in capsys.readouterr().err


def test_other_readers_refuse_it(copied):
    for read in (read_search, lambda folder: open_trained(folder, None)):
        with pytest.raises(SpecError, match="is the run folder of an ablation; a search is needed here"):
            read(copied)
    with pytest.raises(SpecError, match="step1: is the run folder of a search; an ablation is needed here"):
        read_ablation(ROOT / "runs" / "step1")


def test_a_dry_run_trains_and_writes_nothing(copied, capsys):
    before = sorted(path.name for path in copied.iterdir())
    found = json.loads(shown(main, capsys, "tiny.toml", "--dry-run", "--json").out)
    assert found["estimated_seconds"] == 0
    assert (found["trained"], found["differences"], found["seed_sd"]) == ([], [], None)
    out = shown(main, capsys, "tiny.toml", "--dry-run", "--run", "runs/new").out
    assert (
        "averaged: average 0.9 instead of 0, progressive.stages 2 instead of 1, progressive.smallest 0.75 instead of 1." in out
    )
    assert "4 of 4 trials are to be trained" in out
    assert sorted(path.name for path in copied.iterdir()) == before
    assert not Path("runs/new").exists()


def test_it_grows_by_a_recipe_and_a_network_and_refuses_another_recipe(copied, capsys):
    text = Path("tiny.toml").read_text()
    grown = text.replace("[recipe]", f"{WIDER}[recipe]") + "[recipes.unmirrored]\nflip = false\nepochs = 3\n"
    Path("tiny.toml").write_text(grown)
    said = shown(main, capsys, "tiny.toml", "--test")
    assert "recipes: plain, averaged, now plain, averaged, unmirrored" in said.err
    assert "8 of 12 trials to train" in said.err
    assert "The mean over the networks, which stand for themselves" in said.out
    assert "Epochs differ (plain 6, averaged 6, unmirrored 3)" in said.out
    assert "More than one thing differs from plain in averaged, unmirrored: which of them acts is not told." in said.out
    found = json.loads(shown(results.main, capsys, "runs/tiny", "--json").out)
    assert all(one["test"]["n"] == 2 for one in found["trained"])
    assert [one["recipe"] for one in found["means"]] == ["averaged", "unmirrored"]
    assert all(one["time"]["n"] == 2 for one in found["means"])
    Path("tiny.toml").write_text(text.replace("epochs = 6", "epochs = 7"))
    assert main(["tiny.toml"]) == 2
    assert "was made from another specification (recipes.averaged.epochs: 6, now 7" in capsys.readouterr().err


def test_one_seed_tells_nothing_apart(copied, capsys):
    shutil.rmtree(copied)
    out = shown(main, capsys, "tiny.toml", "--seeds", "1").out
    assert "One seed: intervals cover the choice of images only, and recipes are not told apart." in out
    assert "not tested" in out
    assert "hold together" not in out
    assert "With one seed, programs of later stages may be compiled while it trains" in out


def test_where_nothing_counts_the_status_says_so(copied, capsys, monkeypatch):
    def refused(self, trial, *rest):
        raise MemoryError("no room")

    monkeypatch.setattr(LocalEngine, "_train", refused)
    assert main(["tiny.toml", "--run", "runs/none"]) == 1
    err = capsys.readouterr().err
    assert "Nothing was measured: of 4 trainings 4 failed. The first reason, of tiny plain: failed: MemoryError: no room" in err


def test_lost_trainings_are_said(copied):
    study, run = read_ablation(copied)[:2]
    run.record(study.trials(study.pair("tiny", "averaged"))[1], Outcome("diverged", "the loss became nan"), provenance("here"))
    found = read_ablation(copied)
    assert [one.absence.value for one in found.comparison.missing] == ["lost trainings"]
    assert found.judged[1].trainings.diverged == 1


def outcome(train, compiled=0.0):
    return Outcome("complete", None, np.ones(2, bool), Seconds(compiled, train, 0.5))


def test_seconds_of_trainings_that_compiled_nothing():
    slow, fast = {0: outcome(9, 5), 1: outcome(4), 2: outcome(6)}, {0: outcome(5, 2), 1: outcome(2), 2: outcome(2)}
    found = times(slow)
    assert tuple(found) == (5, 5, 0.5, 2, False)
    assert time_ratio(fast, slow) == Ratio(pytest.approx((1 / 2 + 1 / 3) / 2), pytest.approx(1 / 3), 0.5, 2)
    assert time_ratio(slow, slow) == Ratio(1, 1, 1, 2)


def test_seconds_of_trainings_that_all_compiled():
    one, other = {0: outcome(9, 5)}, {0: outcome(3, 1), 1: outcome(2)}
    assert times(one).beside_compiling
    assert time_ratio(one, other) == Ratio(3, 3, 3, 1)
    assert time_ratio(one, {1: outcome(2)}) is None
    assert time_ratio(one, {0: outcome(0, 1)}) is None
    assert times({}) is None

"""What the commands answer in JSON about everything recorded and released: as it was, keys added aside.

The files beside this one are what the commands printed before the package was laid out anew or, of later runs, when they were
recorded. A number that is to change is
changed there, on purpose, by the command that its name says.
"""

import json
from pathlib import Path

import pytest
from kept import require_kept

from scaling.count.__main__ import main as count
from scaling.grid.__main__ import main as grid
from scaling.results.__main__ import main as results

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUNS = sorted(path.stem.removeprefix("results_") for path in HERE.glob("results_*.json"))
COUNTS = json.loads((HERE / "count.json").read_text("utf-8"))


def answer(main, capsys, *words):
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", RUNS)
def test_results_of_recorded_runs(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    before = json.loads((HERE / f"results_{name}.json").read_text("utf-8"))
    require_kept(before, answer(results, capsys, f"runs/{name}", "--json"))


def test_every_recorded_run_is_compared():
    assert set(RUNS) == {path.parent.name for path in ROOT.glob("runs/*/spec.json")}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_released_networks(name, capsys):
    require_kept(COUNTS[name], answer(count, capsys, name, "--json"))


def test_the_dry_run_of_the_default_study(capsys, tmp_path):
    before = json.loads((HERE / "dry_run.json").read_text("utf-8"))
    require_kept(before, answer(grid, capsys, "--dry-run", "--json", "--run", str(tmp_path / "new")))


def test_a_changed_value_and_a_dropped_key_are_noticed():
    before = {"networks": [{"macs": 3, "accuracy": 0.5}]}
    require_kept(before, {"networks": [{"macs": 3, "accuracy": 0.5, "added": 1}], "more": 2})
    for changed in ({"macs": 4, "accuracy": 0.5}, {"macs": 3, "accuracy": 0.5001}, {"macs": 3}):
        with pytest.raises(AssertionError):
            require_kept(before, {"networks": [changed]})

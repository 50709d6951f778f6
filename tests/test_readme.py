"""What the README says is run or compared with what is recorded."""

import doctest
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
STATISTICS = (ROOT / "docs" / "statistics.md").read_text("utf-8")
BASH = [line for block in re.findall(r"```bash\n(.*?)```", README + STATISTICS, re.DOTALL) for line in block.splitlines()]
COMMANDS = [line.split("#")[0].strip() for line in BASH if line.startswith("python -m scaling.")]
SHOWN = re.findall(r"<!-- output of: python -m (scaling.results .*?) -->\n```text\n(.*?)```", README, re.DOTALL)


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def command(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


def test_python_examples():
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=flags).failed == 0


@pytest.mark.parametrize("line", COMMANDS)
def test_commands(line, tmp_path):
    words = shlex.split(line)[2:]
    trains = "--train" in words or words[0] == "scaling.grid"
    dry = ["--dry-run"] if trains and "--dry-run" not in words else []
    for folder in ("runs", "plots"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("weights", "lock"))
    done = command(*words, *dry, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("words", "said"), SHOWN)
def test_what_recorded_runs_found(words, said):
    done = command(*words.split(), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    wanted, printed = _lines(said), _lines(done.stdout)
    start = printed.index(wanted[0])
    assert printed[start : start + len(wanted)] == wanted


def test_the_two_commands_install_run_and_test():
    first, second = (line for line in BASH if "pip install" in line)
    assert first.endswith("pip install . && .venv/bin/python -m scaling.grid --phi 1")
    assert second.endswith("pip install -e '.[test]' && .venv/bin/python -m pytest -n 2")


def test_the_baseline_example(tmp_path):
    (tmp_path / "mine.toml").write_text(blocks("toml")[0])
    done = command("scaling.grid", "--spec", "mine.toml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_family_example(tmp_path):
    (tmp_path / "mine.toml").write_text(blocks("toml")[1])
    done = command("scaling.family", "--train", "--spec", "mine.toml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "compound is 1.1 1.2 1.1" in done.stdout


def test_the_table_and_the_figures_are_those_of_the_recorded_run(tmp_path):
    recorded, copy = ROOT / "runs" / "step1", tmp_path / "runs" / "step1"
    shutil.copytree(recorded, copy)
    before = (copy / "trials.jsonl").read_bytes()
    done = command("scaling.grid", "--phi", "1", "--run", "runs/step1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing to train" in done.stderr
    assert (copy / "trials.jsonl").read_bytes() == before

    said, printed = _lines(blocks("text")[0]), _lines(done.stdout)
    start = printed.index(said[0])
    assert printed[start : start + len(said)] == said
    ours, theirs = (_leaves(json.loads((folder / "results.json").read_text())) for folder in (copy, recorded))
    assert ours.keys() == theirs.keys()
    for place, value in theirs.items():  # another processor may sum in another order
        assert ours[place] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value), place


def _lines(block):
    return [line.rstrip() for line in block.splitlines() if line.strip()]


def _leaves(data, place=""):
    """Every value of nested plain data by its place."""
    if isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{place}/{name}").items()}
    return {place: data}

"""A study by command lines, its workers real processes, beside the same study in one process."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scaling.study.engines.work_folder import WorkFolder, WorkSetup

pytestmark = pytest.mark.slow


def lines(folder):
    return (folder / "work" / "commands.txt").read_text().splitlines()


def outcomes(folder):
    records = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return {one["id"]: {**one["outcome"], "seconds": None} for one in records if "outcome" in one}


def test_what_workers_leave_is_what_one_process_records(tiny, grid, tmp_path):
    local, commands = tmp_path / "runs" / "local", tmp_path / "runs" / "commands"
    assert grid("--spec", tiny, "--run", local).returncode == 0
    asked = grid("--spec", tiny, "--run", commands, "--engine", "commands")
    assert asked.returncode == 3
    assert "12 trials are left to train" in asked.stderr
    assert len(lines(commands)) == 12
    for line in lines(commands)[:7]:
        subprocess.run(shlex.split(line), check=True, cwd=tmp_path, capture_output=True)
    again = subprocess.run(shlex.split(lines(commands)[0]), check=True, cwd=tmp_path, capture_output=True, text=True)
    assert "trained already, and waiting to be collected" in again.stderr
    half = grid("--spec", tiny, "--run", commands, "--engine", "commands")
    assert half.returncode == 3
    assert "5 trials are left to train" in half.stderr
    for line in lines(commands):
        subprocess.run(shlex.split(line), check=True, cwd=tmp_path, capture_output=True)
    done = grid("--spec", tiny, "--run", commands, "--engine", "commands")
    assert done.returncode == 0, done.stderr
    assert outcomes(commands) == outcomes(local)
    assert len(outcomes(commands)) == 12
    assert not list((commands / "work" / "attempts").iterdir())
    weights = sorted(path.name for path in (commands / "weights").glob("*.safetensors"))
    assert weights == sorted(path.name for path in (local / "weights").glob("*.safetensors"))
    for name in weights:
        assert (commands / "weights" / name).read_bytes() == (local / "weights" / name).read_bytes()


def test_a_worker_refuses_other_images(tiny, grid, tmp_path, image_folder):
    folder = tmp_path / "runs" / "commands"
    grid("--spec", tiny, "--run", folder, "--engine", "commands")
    setup = json.loads((folder / "work" / "setup.json").read_text())
    (folder / "work" / "setup.json").write_text(json.dumps({**setup, "images": "fashion-mnist-10k"}))
    command = shlex.split(lines(folder)[0])
    refused = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "fashion-mnist-10k: the images here are others than trial" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0123456789abcdef"], "no such file; the command that trains the run writes it"),
        (["../../spec"], "'../../spec' is no trial's id"),
    ],
)
def test_a_trial_that_nobody_asked_for_is_one_line(tmp_path, words, said):
    WorkFolder(tmp_path).prepare(WorkSetup("fashion-mnist-10k", {}))
    command = [sys.executable, "-m", "scaling.work", str(tmp_path), *words]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONPATH": root, "PATH": ""})
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr

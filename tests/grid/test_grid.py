"""The command as people run it: a process of its own in an empty folder."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


def result(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lines(folder):
    return [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]


def trained(folder):
    return [record["id"] for record in lines(folder) if "outcome" in record]


def answers(folder):
    """Everything in a run's records that does not depend on when and how fast it ran."""
    return {record["id"]: record["outcome"]["validation"] for record in lines(folder) if "outcome" in record}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_text):
    """The tiny study, trained once without interruption."""
    home = tmp_path_factory.mktemp("undisturbed")
    (home / "tiny.toml").write_text(tiny_text)
    done = subprocess.run(
        [sys.executable, "-m", "scaling.grid", "--spec", "tiny.toml", "--json"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return home, done


def test_a_run_from_nothing(undisturbed):
    home, done = undisturbed
    found = result(done)
    assert found["run"] == "runs/tiny"
    assert set(found) >= {"run", "points", "networks", "best", "family"}
    lattice = [one for one in found["networks"] if "lattice" in one["origin"]]
    assert found["points"] == sum(len(one["aliases"]) for one in lattice)
    for one in found["networks"]:
        assert one["accuracy"]["n"] == one["trainings"]["complete"]
        assert sum(one["trainings"].values()) == 2  # so small a network may end at chance
        assert one["accuracy"]["low"] <= one["accuracy"]["mean"] <= one["accuracy"]["high"]
        tested = one == found["best"] or set(one["origin"]) - {"lattice"}
        assert (one["test"] is not None) == bool(tested)
    eligible = [one for one in found["networks"] if one["eligible"]]
    assert all(abs(one["realised"] / 2 - 1) <= 0.2 for one in eligible)
    assert found["best"]["adjusted"]["mean"] == max(one["adjusted"]["mean"] for one in eligible)
    assert found["best"]["tied"]
    assert bool(found["family"]) == (found["slope"] > 0)
    folder = home / "runs" / "tiny"
    assert json.loads((folder / "results.json").read_text()) == found
    assert {"frontier.svg", "frontier.png", "triangle.svg", "triangle.png", "spec.json"} <= set(os.listdir(folder))
    assert "points behind the best will be detected about half of the time" in done.stderr
    assert json.loads((folder / "looks.json").read_text()) == {"seeds": [2]}
    assert "[12/12]" in done.stderr


def test_the_second_run_trains_nothing_and_says_the_same(undisturbed, grid):
    home, done = undisturbed
    folder = home / "runs" / "tiny"
    before = (folder / "trials.jsonl").read_bytes(), (folder / "frontier.svg").read_bytes()
    again = grid("--spec", "tiny.toml", "--json", cwd=home)
    assert result(again) == result(done)
    assert ((folder / "trials.jsonl").read_bytes(), (folder / "frontier.svg").read_bytes()) == before
    assert "nothing to train" in again.stderr
    assert "last asked" not in again.stderr
    table = grid("--spec", "tiny.toml", cwd=home)
    for heading in ("rank", "product", "realised", "params", "accuracy %", "adjusted %", "tied with best", "eligible"):
        assert heading in table.stdout
    if result(done)["slope"] > 0:
        assert "B7" in table.stdout
        assert "Step 2: B1-B7" in table.stdout
    else:
        assert "No Step 2: where cost gains nothing" in table.stdout


def test_step_2_follows_a_search_whose_cost_gains_something():
    found = json.loads((ROOT / "runs" / "step1" / "results.json").read_text())
    assert found["slope"] > 0
    released = [one for one in found["family"] if one["baseline"] == "efficientnet_b0" and one["rule"] == "released"]
    assert [one["params"] for one in released][-1] == 66347960
    assert {one["rule"] for one in found["family"]} == {"winner", "paper", "released"}


def test_repeated_from_nothing_the_numbers_are_the_same(undisturbed, grid):
    home, done = undisturbed
    again = result(grid("--spec", "tiny.toml", "--json", "--run", "again", cwd=home))
    assert {**again, "run": None} == {**result(done), "run": None}


def test_a_third_seed_trains_only_itself(tiny, grid, tmp_path, undisturbed):
    shutil.copytree(undisturbed[0] / "runs", tmp_path / "runs")
    two = trained(tmp_path / "runs" / "tiny")
    (tmp_path / "runs" / "tiny" / "looks.json").unlink()  # as a folder from before looks were kept
    found = result(grid("--spec", tiny, "--json", "--seeds", 3))
    three = trained(tmp_path / "runs" / "tiny")
    assert three[: len(two)] == two
    assert len(three) == len(set(three)) == len(two) * 3 // 2
    assert {sum(one["trainings"].values()) for one in found["networks"]} == {3}
    assert (found["look"], found["tie_confidence"]) == (2, pytest.approx(0.99))  # the second look at this folder
    assert f" 0 of {len(three)} trials are to be trained" in f" {grid('--spec', tiny, '--dry-run').stdout}".replace("\n", " ")
    grown = grid("--spec", tiny, "--json", "--phi", "0.9")
    assert "last used with other settings:\n  phi: 1.0, now 0.9\n" in grown.stderr
    kept = result(grid("--spec", tiny, "--json"))
    assert {sum(one["trainings"].values()) for one in kept["networks"]} == {3}
    assert kept["look"] == 2  # the same again is no new look


@pytest.mark.slow
def test_killed_ten_times_at_random_moments(undisturbed, tiny, tmp_path):
    home, done = undisturbed
    command = [sys.executable, "-m", "scaling.grid", "--spec", str(tiny), "--json"]
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "text": True}
    moments = random.Random(0)
    folder = tmp_path / "runs" / "tiny"
    seen: list[str] = []
    for kill in range(10):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        _wait_for_records(process, folder, len(seen) + (kill % 3 == 2))
        time.sleep(moments.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (folder / "trials.jsonl").exists():
            whole = (folder / "trials.jsonl").read_bytes().rpartition(b"\n")[0]
            found = [record["id"] for line in whole.splitlines() if "outcome" in (record := json.loads(line))]
            assert found[: len(seen)] == seen, "a finished trial was lost"
            seen = found
    last = subprocess.run(command, capture_output=True, check=False, **options)
    assert {**result(last), "run": None} == {**result(done), "run": None}
    assert len(trained(folder)) == len(set(trained(folder))) == 12
    assert answers(folder) == answers(home / "runs" / "tiny")


def _wait_for_records(process, folder, count):
    """Until the run folder holds that many lines, the process ends, or it has had time to start."""
    start = time.monotonic()
    path = folder / "trials.jsonl"
    while process.poll() is None and time.monotonic() - start < (30 if count else 2):
        if count and path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)


def test_two_processes_on_one_folder(tiny, grid, tmp_path):
    command = [sys.executable, "-m", "scaling.grid", "--spec", str(tiny), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as first:
        lock = tmp_path / "runs" / "tiny" / "spec.json"
        while not lock.exists():
            time.sleep(0.02)
        second = grid("--spec", tiny)
        assert second.returncode == 2
        assert "another process is working on this run" in second.stderr
        assert second.stderr.count("\n") == 1
        out, _ = first.communicate(timeout=120)
    assert first.returncode == 0
    assert len(json.loads(out)["networks"]) == 6


def test_ctrl_c_stops_cleanly_and_goes_on(tiny, grid, tmp_path):
    code = (  # a shell starts what runs in its background with the signal ignored
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from scaling.grid.__main__ import main; sys.exit(main(['--spec', {str(tiny)!r}]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    folder = tmp_path / "runs" / "tiny"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_for_records(process, folder, 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same command continues from here" in err
    assert "Traceback" not in err
    assert 1 <= len(trained(folder)) < 12
    result(grid("--spec", tiny, "--json"))
    assert len(trained(folder)) == len(set(trained(folder))) == 12


def test_the_dry_run_of_b0(grid, tmp_path):
    done = grid("--dry-run", "--baseline", "efficientnet_b0", "--step", "0.05", "--tolerance", "0.1", "--json")
    found = result(done)
    lattice = [one for one in found["networks"] if "lattice" in one["origin"]]
    realised = [one["realised"] for one in lattice]
    assert (found["points"], len(lattice)) == (109, 65)
    assert (round(min(realised), 2), round(max(realised), 2)) == (1.93, 3.33)
    assert {name for one in found["networks"] for name in one["origin"]} == {
        "lattice", "baseline", "depth", "width", "resolution", "paper",
    }  # fmt: skip
    assert all(one["accuracy"] is None and one["tied"] is None for one in found["networks"])
    assert os.listdir(tmp_path) == []


def test_a_dry_run_says_how_long_it_would_take(grid):
    done = grid("--dry-run")
    assert done.returncode == 0
    assert "21 lattice points make 18 distinct networks" in done.stdout
    assert "estimated from a built-in default, measured on two cores of an AMD EPYC and not on this machine" in done.stdout
    assert "of 20 networks are eligible (within 20% of x2)" in done.stdout
    assert "The largest part of the triangle of shares without an eligible network is around" in done.stdout
    assert "points behind the best will be detected about half of the time" in done.stdout


def test_a_diverged_network_is_a_result(tiny, grid, tmp_path):
    tiny.write_text(tiny.read_text().replace("peak_rate = 0.2", "peak_rate = 1e30\nmomentum = 0.0"))
    done = grid("--spec", tiny)
    assert done.returncode == 1, done.stderr  # nothing was measured
    assert "diverged: the training loss became nan" in done.stderr
    said = "1.00 1.00 1.00: 0 of 2 trainings count, 2 diverged (diverged: the training loss became nan in epoch 1 of 12)."
    assert said in done.stdout
    networks = json.loads(grid("--spec", tiny, "--json").stdout)["networks"]
    assert {one["trainings"]["diverged"] for one in networks} == {2}
    assert {record["outcome"]["status"] for record in lines(tmp_path / "runs" / "tiny")} == {"diverged"}
    assert "nothing to train" in grid("--spec", tiny).stderr


BAD_FLAGS = [
    (["--step", "0.4", "--tolerance", "0.001"], "take a tolerance of"),
    (["--step", "0.015"], "step must be a multiple of 0.01, got 0.015"),
    (["--phi", "-1"], "phi must be above 0 and at most 10, got -1"),
    (["--phi", "1000"], "phi must be above 0 and at most 10, got 1000"),
    (["--step", "inf"], "step must be finite, got inf"),
    (["--step", "1e308"], "step must be finite, got 1e+308"),
    (["--seeds", "1e30"], "argument --seeds: must be below 2^63, got '1e30'"),
    (["--tolerance", "1e300"], "tolerance must be from 0 to 1000"),
    (["--sample", "many"], "argument --sample: must be a whole number, as 3, 1e3 or 80k, got 'many'"),
    (["--seeds", "0"], "seeds must be from 1 to 1000, got 0"),
    (["--sample", "-3"], "sample must be 1 or more points, or 0 for all, got -3"),
    (["--phi", "one"], "argument --phi: invalid float value: 'one'"),
    (["--constraint", "exact"], "invalid choice: 'exact'"),
    (["--spec", "nope"], "no specification 'nope'"),
    (["--baseline", "b0"], "no network 'b0'; known: efficientnet_b0, efficientnet_b1"),
    (["--data", "nowhere"], "no images called 'nowhere'; allowed: fashion-mnist-10k"),
    (["--bogus"], "unrecognized arguments: --bogus"),
]


@pytest.mark.parametrize(("flags", "message"), BAD_FLAGS, ids=lambda value: str(value)[:30])
def test_bad_flags_get_one_line_and_status_two(flags, message, capsys, monkeypatch, tmp_path):
    from scaling.grid.__main__ import main

    monkeypatch.chdir(tmp_path)
    try:
        status = main(["--dry-run", *flags])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert os.listdir(tmp_path) == []


def test_alpha_below_one_in_a_specification(tiny, grid):
    tiny.write_text(tiny.read_text().replace("[lattice]", "[lattice]\nalpha = [0.9, 2.0]"))
    done = grid("--spec", tiny)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "tiny.toml: lattice: alpha must not be below 1, got 0.9" in done.stderr


def test_a_run_made_from_another_specification(tiny, grid, tmp_path, undisturbed):
    shutil.copytree(undisturbed[0] / "runs", tmp_path / "runs")
    before = (tmp_path / "runs" / "tiny" / "trials.jsonl").read_bytes()
    tiny.write_text(tiny.read_text().replace("epochs = 12", "epochs = 13"))
    done = grid("--spec", tiny)
    assert done.returncode == 2
    assert "recipe.epochs: 12, now 13" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "runs" / "tiny" / "trials.jsonl").read_bytes() == before


@pytest.mark.parametrize(("files", "message"), [(1, "found 1: 'only'"), (0, "cannot be read: b/broken.png")])
def test_bad_image_folders(files, message, tiny, grid, tmp_path):
    folder = tmp_path / "mine"
    for name in ("only",) if files else ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(np.full((12, 12), number, np.uint8)).save(folder / name / f"{number}.png")
    if not files:
        (folder / "b" / "broken.png").write_bytes((folder / "b" / "0.png").read_bytes()[:40])
    done = grid("--spec", tiny, "--data", folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("*/trials.jsonl"))


def test_a_folder_that_cannot_be_written(tiny, grid, tmp_path):
    (tmp_path / "runs").write_text("a file in the way")
    done = grid("--spec", tiny)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "runs" in done.stderr


def test_a_full_disk_stops_in_one_line_and_loses_nothing(tiny, grid, tmp_path):
    """The record file may not grow past two records: the next append fails as on a full disk."""
    code = (
        "import resource, sys, signal; from scaling.grid.__main__ import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        f"sys.exit(main(['--spec', {str(tiny)!r}]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("python -m scaling.grid: error:")
    assert "Traceback" not in done.stderr
    folder = tmp_path / "runs" / "tiny"
    assert {record["outcome"]["status"] for record in lines(folder)} == {"complete"}
    before = trained(folder)
    result(grid("--spec", tiny, "--json"))
    assert trained(folder)[: len(before)] == before
    assert len(trained(folder)) == len(set(trained(folder))) == 12


def test_a_dying_worker_does_not_wait_for_the_other_and_aborts_nothing(tiny, tmp_path):
    """One worker meets a full disk while the other is inside a long compilation."""
    code = (
        "import sys, threading, time\n"
        "from scaling.study.engines import jobs, local, programs\n"
        "compiled, first = programs.compile_training, threading.Lock()\n"
        "def compile_training(task, form):\n"
        "    if not first.acquire(blocking=False): time.sleep(60)\n"
        "    return compiled(task, form)\n"
        "def save_weights(path, state): raise OSError(28, 'No space left on device')\n"
        "programs.compile_training, local.save_weights = compile_training, save_weights\n"
        "jobs.cores = lambda: 2\n"
        "from scaling.grid.__main__ import main\n"
        f"sys.exit(main(['--spec', {str(tiny)!r}]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == "python -m scaling.grid: error: cannot write: No space left on device"


def test_a_reader_that_has_read_enough(undisturbed):
    home, _ = undisturbed
    command = f"{sys.executable} -m scaling.grid --dry-run --spec tiny.toml | head -1; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_renamed_specification_goes_on(undisturbed, grid, tmp_path, tiny_text):
    home, _ = undisturbed
    (tmp_path / "renamed.toml").write_text(tiny_text)
    done = grid("--spec", "renamed.toml", "--run", home / "runs" / "tiny", "--json")
    assert result(done)
    assert "nothing to train" in done.stderr

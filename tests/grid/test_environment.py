"""A small study in environments that shells, containers and clusters have: the same bits, or one line at the start."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scaling.grid.__main__ import main
from scaling.study.engines import programs


def answers(folder):
    """What a run's trainings made of the validation images, and their learning curves, to the last bit."""
    records = map(json.loads, (folder / "trials.jsonl").read_text().splitlines())
    found = {one["id"]: one["outcome"] for one in records if "outcome" in one}
    return {name: (outcome["validation"], outcome["curve"]) for name, outcome in found.items()}


@pytest.fixture(scope="module")
def small(tmp_path_factory, tiny_text, grid_in):
    """The specification, and what it gives undisturbed."""
    home = tmp_path_factory.mktemp("small")
    (home / "tiny.toml").write_text(tiny_text.replace("epochs = 12", "epochs = 3"))
    assert grid_in(home, "--spec", "tiny.toml", "--run", "plain").returncode == 0
    return home


@pytest.fixture(scope="module")
def grid_in():
    """Runs the command: grid_in(folder, "--flag", ..., NAME=value) -> the finished process; None unsets a variable."""

    def run(home, *words, **environment):
        merged = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        return subprocess.run(
            [sys.executable, "-m", "scaling.grid", *words],
            cwd=home,
            env={name: value for name, value in merged.items() if value is not None},
            capture_output=True,
            timeout=300,
            check=False,
        )

    return run


def test_settings_of_jax_change_no_bit(small, grid_in):
    done = grid_in(
        small,
        *("--spec", "tiny.toml", "--run", "settings"),
        JAX_ENABLE_X64="1",
        JAX_DISABLE_JIT="1",
        JAX_DEBUG_NANS="1",
        JAX_RANDOM_SEED_OFFSET="7",
        JAX_DEFAULT_PRNG_IMPL="rbg",
        JAX_THREEFRY_PARTITIONABLE="0",
        JAX_NUMPY_DTYPE_PROMOTION="strict",
        JAX_NUMPY_RANK_PROMOTION="raise",
        JAX_TRANSFER_GUARD="disallow",
        JAX_CHECK_TRACER_LEAKS="1",
        JAX_NO_TRACING="1",
        JAX_DEFAULT_MATMUL_PRECISION="bfloat16",
    )
    assert done.returncode == 0, done.stderr
    assert answers(small / "settings") == answers(small / "plain")


def test_no_home_an_ascii_terminal_and_no_room(small, grid_in):
    done = grid_in(
        small,
        *("--spec", "tiny.toml", "--run", "bare"),
        HOME=None,
        USER=None,
        XDG_CACHE_HOME="/proc/nothing",
        MPLCONFIGDIR="/proc/nothing",
        JAX_COMPILATION_CACHE_DIR="gs://bucket/cache",
        PYTHONIOENCODING="ascii",
        MPLBACKEND="nonsense",
        COLUMNS="0",
    )
    assert done.returncode == 0, done.stderr
    assert b"+-" in done.stdout
    assert answers(small / "bare") == answers(small / "plain")
    assert (small / "bare" / "frontier.png").is_file()
    assert b"Step 1 at phi 1: 3 lattice points" in done.stderr
    assert not (small / "gs:").exists()


def test_a_cache_folder_in_the_home(small, grid_in, tmp_path):
    done = grid_in(
        small,
        "--spec",
        "tiny.toml",
        "--seeds",
        "1",
        "--run",
        "home",
        HOME=str(tmp_path),
        JAX_COMPILATION_CACHE_DIR="~/compiled",
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "compiled" / "traced").glob("*.stablehlo"))
    assert not (small / "~").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become a user without a name")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_user_with_a_number_and_no_name(small, tmp_path):
    # The cache asks for the home of a user who is not in the table of users, as in a container with a number for a user.
    program = (
        "from scaling.train.compile import enable_cache\n"
        "import jax\n"
        "enable_cache()\n"
        "print(jax.config.jax_compilation_cache_dir)"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "JAX_COMPILATION_CACHE_DIR")
    }
    become = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    done = subprocess.run(
        [*become, sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JAX_PLATFORMS", "cuda"),
        ("JAX_PLATFORMS", "tpu"),
        ("JAX_ENABLE_X64", "maybe"),
        ("XLA_FLAGS", "--no=1"),
        ("JAX_COMPILATION_CACHE_DIR", "file:///nowhere"),
    ],
)
def test_what_cannot_be_had_is_one_line_at_the_start(small, grid_in, name, value):
    done = grid_in(small, "--spec", "tiny.toml", "--run", "refused", **{name: value})
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1].startswith("python -m scaling.grid: error: JAX")
    assert b"Traceback" not in done.stderr
    assert not (small / "refused" / "trials.jsonl").exists()


def test_a_study_in_which_every_training_ends_badly_is_not_done(small, grid_in):
    text = (small / "tiny.toml").read_text().replace("peak_rate = 0.2", "peak_rate = 1e30")
    (small / "wild.toml").write_text(text)
    done = grid_in(small, "--spec", "wild.toml", "--run", "wild")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == (
        "Nothing was measured: of 12 trainings 12 diverged. The first reason, of 1.00 1.00 1.50: diverged: the training loss "
        "became nan in epoch 1 of 3"
    )
    assert b"Best" not in done.stdout
    assert b"Step 2" not in done.stdout


def test_a_study_in_which_every_training_fails_says_why_in_full(small, tmp_path, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("this program cannot be compiled\nfor a reason of its own")

    monkeypatch.setattr(programs, "compile_training", broken)
    assert main(["--spec", str(small / "tiny.toml"), "--run", str(tmp_path / "failed")]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Nothing was measured: of 12 trainings 12 failed. The first reason, of 1.00 1.00 1.50: failed: RuntimeError: this "
        "program cannot be compiled for a reason of its own"
    )


def test_main_in_a_notebook_leaves_the_kernel_alive(small, monkeypatch, capsys):
    def end(status):
        raise AssertionError("a notebook's kernel would be gone")

    monkeypatch.setattr(os, "_exit", end)
    stop = threading.Event()
    worker = threading.Thread(target=stop.wait, name="scaling-worker", daemon=True)  # one that still compiles
    worker.start()
    try:
        assert main(["--spec", str(small / "tiny.toml"), "--run", str(small / "plain")]) == 0
    finally:
        stop.set()
        worker.join()
    assert "Best:" in capsys.readouterr().out

"""Programs come back from the disk without being traced, and from nothing where the disk does not help."""

import dataclasses
import gc
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

from scaling import Stage, architecture
from scaling.recipe.recipe import Recipe
from scaling.train import compile as compiling
from scaling.train import loop as training
from scaling.train.loop import compile_evaluation, initial_state
from scaling.train.step import Pixels
from scaling.train.task import Task

NET = dataclasses.replace(architecture("small"), resolution=12, stem=4, head=8, stages=(Stage(1, 3, 2, 1, 4),))
TASK = Task(NET, Recipe(epochs=1, batch=4), 2, 1, 8)


@pytest.fixture
def folder(tmp_path):
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    compilation_cache.reset_cache()
    yield tmp_path
    jax.config.update("jax_compilation_cache_dir", before)
    compilation_cache.reset_cache()


@pytest.fixture
def traced(monkeypatch):
    """How many evaluation programs have been traced."""
    tasks = []
    original = training.evaluation_program
    monkeypatch.setattr(training, "evaluation_program", lambda task, platform: tasks.append(task) or original(task, platform))
    return tasks


def logits(program):
    weights = training.unpacked(TASK, initial_state(TASK, 0))
    images = np.arange(250 * 144, dtype=np.uint32).astype(np.uint8).reshape(250, 12, 12, 1)
    return np.asarray(program(weights, images, Pixels(np.full(1, 120, np.float32), np.full(1, 70, np.float32))))


def stored(folder):
    return sorted((folder / "traced").glob("*"))


def test_the_second_time_nothing_is_traced_and_every_bit_is_the_same(folder, traced):
    first = logits(compile_evaluation(TASK))
    again = logits(compile_evaluation(TASK))
    assert traced == [TASK]
    assert np.array_equal(first, again)
    assert [path.suffix for path in stored(folder)] == [".stablehlo"]


def test_another_network_recipe_or_source_is_another_program(folder, traced, monkeypatch):
    compile_evaluation(TASK)
    compile_evaluation(TASK._replace(architecture=dataclasses.replace(NET, head=10)))
    compile_evaluation(TASK._replace(recipe=Recipe(epochs=1, batch=4, momentum=0.5)))
    with jax.default_matmul_precision("highest"):
        compile_evaluation(TASK)
    monkeypatch.setattr(compiling, "origin", lambda: ["another source"])
    compile_evaluation(TASK)
    assert len(traced) == len(stored(folder)) == 5


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_anew(folder, traced, damage):
    whole = logits(compile_evaluation(TASK))
    (path,) = stored(folder)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert np.array_equal(whole, logits(compile_evaluation(TASK)))
    assert len(traced) == 2
    assert stored(folder) == [path]


def test_without_a_folder_or_where_it_cannot_be_written_programs_still_compile(folder, traced):
    (folder / "traced").write_text("a file where the folder should be")
    compile_evaluation(TASK)
    jax.config.update("jax_compilation_cache_dir", None)
    compile_evaluation(TASK)
    assert len(traced) == 2


@pytest.mark.parametrize(
    ("environment", "used"),
    [
        ({}, "home/compound-scaling"),
        ({"JAX_COMPILATION_CACHE_DIR": "own"}, "own"),
        ({"JAX_ENABLE_COMPILATION_CACHE": "0"}, None),
    ],
)
def test_the_folder_is_the_users_unless_another_is_named(tmp_path, environment, used):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMP")}
    home = {"XDG_CACHE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path(__file__).parents[2])}
    code = (
        "from scaling.train.compile import enable_cache; enable_cache()\n"
        "import jax; print(jax.config.jax_compilation_cache_dir)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**kept, **home, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().removeprefix(f"{tmp_path}/") == str(used)
    if used and "home" in used and sys.platform == "linux":
        assert (tmp_path / used).stat().st_mode & 0o077 == 0


def test_pythons_collector_rests_while_a_program_is_traced_and_works_again_whatever_happens(folder, monkeypatch):
    seen = []

    def fails(task, platform):
        seen.append(gc.isenabled())
        raise ValueError("not today")

    monkeypatch.setattr(training, "evaluation_program", fails)
    with pytest.raises(ValueError, match="not today"):
        compile_evaluation(TASK)
    assert seen == [False]
    assert gc.isenabled()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much a process holds")
def test_what_compiling_took_is_given_back(folder):
    """A chunk that glibc would keep: freed, but below one that is not."""
    freed, kept = [bytearray(100_000) for _ in range(1000)], bytearray(100_000)
    freed.clear()
    before = resident_megabytes()
    compile_evaluation(TASK)
    assert resident_megabytes() < before, kept[0]


def resident_megabytes():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024

"""What tests share: programs that compile fast, and a study small enough to be killed ten times."""

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FAST_COMPILE = "--xla_backend_optimization_level=0"
if importlib.metadata.version("jaxlib").startswith("0.10."):  # later versions do not know the flag and end the process
    FAST_COMPILE += " --xla_cpu_use_fusion_emitters=false"
os.environ.setdefault("XLA_FLAGS", FAST_COMPILE)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:  # one for this run: the user's own is neither read nor filled
    CACHE = tempfile.TemporaryDirectory(prefix="compiled-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = CACHE.name

TINY_SPEC = """
data = "{images}"
phi = 1
seeds = 2

[baseline]
resolution = 12
stem = 4
head = 8
channel_divisor = 2
stages = [{{repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 4}}]

[lattice]
step = 0.5
tolerance = 0.3

[recipe]
epochs = 12
batch = 16
peak_rate = 0.2
"""


def pytest_addoption(parser):
    parser.addoption("--fuzz", type=int, metavar="N", help="cases that each test in tests/fuzz tries, from new seeds")


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory):
    """Two classes of 60 grey 12 px images that a tiny network can tell apart: bright above or bright below."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, rows in (("above", slice(0, 6)), ("below", slice(6, 12))):
        (folder / name).mkdir()
        for number in range(60):
            image = random.integers(0, 160, (12, 12), np.uint8)
            image[rows] += 60
            Image.fromarray(image).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_text(image_folder):
    """A specification of six small networks, two seeds each."""
    return TINY_SPEC.format(images=image_folder)


@pytest.fixture
def tiny(tmp_path, tiny_text):
    """It as a file."""
    path = tmp_path / "tiny.toml"
    path.write_text(tiny_text)
    return path


@pytest.fixture
def grid(tmp_path):
    """Runs the command in an empty folder: grid("--flag", ...) -> the finished process."""

    def run(*words, **options):
        return subprocess.run(
            [sys.executable, "-m", "scaling.grid", *map(str, words)],
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **options.pop("env", {})},
        )

    return run

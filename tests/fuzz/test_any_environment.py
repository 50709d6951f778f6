import os
import random
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.train.jax_start import SETTINGS

ROOT = Path(__file__).parents[2]
VALUES = (
    *("0", "1", "true", "x", "", "-1", "/nonexistent", "/proc/x", "~/x", "gs://bucket/x"),
    *("ascii", "latin-1", "cuda", "C", "default"),
)
NAMES = (
    *(name.upper() for name in SETTINGS),
    *("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE", "JAX_NUM_CPU_DEVICES"),
    *("JAX_DEFAULT_DEVICE", "JAX_LOG_COMPILES", "JAX_ENABLE_CHECKS", "JAX_TRACEBACK_FILTERING", "XLA_FLAGS"),
    *("HOME", "XDG_CACHE_HOME", "TMPDIR", "MPLBACKEND", "MPLCONFIGDIR", "MPLRC", "SCALING_DATA"),
    *("PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TZ"),
)

ENDS_PYTHON = {"PYTHONIOENCODING": ("ascii", "latin-1"), "PYTHONUTF8": ("0", "1")}
"""Where any other value ends Python itself, before anything of ours runs."""


def test_environment(cases, tiny_text, tmp_path):
    """A small study in a process of its own; every start costs seconds, so there are few of them."""
    (tmp_path / "tiny.toml").write_text(tiny_text.replace("seeds = 2", "seeds = 1").replace("epochs = 12", "epochs = 1"))

    @settings(cases, max_examples=max(2, cases.max_examples // 100))
    @given(st.integers(0, 2**32))
    def law(seed):
        chance = random.Random(seed)
        chosen = {name: chance.choice(VALUES) for name in chance.sample(NAMES, chance.randrange(1, 5))}
        for name, allowed in ENDS_PYTHON.items():
            if name in chosen:
                chosen[name] = chance.choice(allowed)
        done = subprocess.run(
            [sys.executable, "-m", "scaling.grid", "--spec", "tiny.toml", "--run", f"r{seed}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **chosen},
            capture_output=True,
            check=False,
            timeout=300,
        )
        told = done.stderr.decode("utf-8", "replace")
        assert done.returncode in (0, 2), (chosen, told)
        assert "Traceback" not in told, (chosen, told)
        if done.returncode == 2:
            assert sum(": error: " in line for line in told.splitlines()) == 1, (chosen, told)

    law()

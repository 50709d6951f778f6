"""Where a record comes from: an allow-list of facts, never the environment."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")


@functools.cache
def host() -> str:
    """The machine in words: processor and usable cores."""
    return f"{_processor()}, {cores()} core{'s' if cores() != 1 else ''}"


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def provenance(device: str) -> dict[str, Any]:
    """Commit, whether the checkout was changed, versions, device, host and time."""
    return {**_fixed(), "device": device, "host": host(), "time": datetime.now(UTC).isoformat(timespec="seconds")}


@functools.cache
def _fixed() -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    commit = _git("rev-parse", "HEAD")
    dirty = None if commit is None else bool(_git("status", "--porcelain", "--untracked-files=no"))
    return {"commit": commit, "dirty": dirty, "python": platform.python_version(), "versions": versions}


def _git(*words: str) -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

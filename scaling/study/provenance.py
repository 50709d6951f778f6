"""Where a record comes from: an allow-list of facts, never the environment."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from scaling.core.machine import cores

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")


class Origin(NamedTuple):
    """Where one record comes from, as far as it may have moved a result.

    Attributes:
        host: as `host` said.
        device: in words.
        jax: version.
        jaxlib: version.
        commit: of the code; None where that was no checkout.
        dirty: whether the code was not that of the commit; None where there was none.
    """

    host: str
    device: str
    jax: str
    jaxlib: str
    commit: str | None
    dirty: bool | None


class Origins(NamedTuple):
    """Where several records come from: what is distinct, in the records' order.

    Attributes:
        records: their number.
        hosts: machines in words.
        devices: in words.
        jax: versions.
        jaxlib: versions.
        commits: of the code; None stands for code that was no checkout.
        dirty: number of records from a checkout with uncommitted changes.
    """

    records: int
    hosts: tuple[str, ...]
    devices: tuple[str, ...]
    jax: tuple[str, ...]
    jaxlib: tuple[str, ...]
    commits: tuple[str | None, ...]
    dirty: int


def origin(recorded: dict[str, Any]) -> Origin:
    """The origin that a record's `provenance` states.

    Raises:
        KeyError, TypeError: it is none.
    """
    versions, commit = recorded["versions"], recorded["commit"]
    host, device, jax, jaxlib = map(str, (recorded["host"], recorded["device"], versions["jax"], versions["jaxlib"]))
    return Origin(host, device, jax, jaxlib, None if commit is None else str(commit), recorded["dirty"])


def origins(found: Sequence[Origin]) -> Origins:
    """Those of several records together."""
    hosts, devices, jax, jaxlib, commits = (
        tuple(dict.fromkeys(getattr(one, name) for one in found)) for name in ("host", "device", "jax", "jaxlib", "commit")
    )
    return Origins(len(found), hosts, devices, jax, jaxlib, commits, sum(bool(one.dirty) for one in found))


def mixed_origins(found: Origins) -> str | None:
    """One sentence on trainings that do not all come from one machine and one committed code; None where they do."""
    devices = () if found.devices == found.hosts else found.devices  # a CPU is its own device
    commits = ["no checkout" if commit is None else commit[:10] for commit in found.commits]
    several = [
        f"{len(names)} {what} ({'; '.join(names)})"
        for what, names in (
            ("hosts", found.hosts),
            ("devices", devices),
            ("versions of JAX", found.jax),
            ("versions of jaxlib", found.jaxlib),
            ("commits", commits),
        )
        if len(names) > 1
    ]
    if found.dirty:
        several.append(f"a checkout with uncommitted changes ({found.dirty} of {found.records})")
    if not several:
        return None
    *others, last = several
    return (
        f"Trainings come from {', '.join(others)}{' and ' if others else ''}{last}: "
        "a difference between networks may be due to that."
    )


@functools.cache
def host() -> str:
    """The machine in words: processor and usable cores."""
    return f"{_processor()}, {cores()} core{'s' if cores() != 1 else ''}"


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

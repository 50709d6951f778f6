"""What of this machine the process may use: processor cores and memory, within the limits of its container or batch job."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_ROOT = Path("/")


def cores(root: Path = _ROOT) -> int:
    """Processor cores that this process may use: those it may run on, or as many as its control groups give it time for.

    A share of a core counts as one.

    Args:
        root: where `proc` and `sys` lie.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([usable, *(math.ceil(given) for given in _processor_limits(root))]))


def memory_bytes(root: Path = _ROOT) -> float:
    """Bytes that this process may hold: the machine's, or what its control groups or its own limit allow.

    Args:
        root: where `proc` and `sys` lie.

    Returns:
        infinity where the system says nothing.
    """
    return float(min([_physical_memory(), _address_space(), *_memory_limits(root)]))


def _physical_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not every system says
        return math.inf


def _address_space() -> float:
    """The limit that `ulimit -v` sets."""
    try:
        import resource  # not on Windows
    except ImportError:
        return math.inf
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _memory_limits(root: Path) -> Iterator[int]:
    """Of every group, those of version 2 first; what is no number (`max`) is no limit."""
    for controller, file in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        for folder in _groups(root, controller):
            for word in _words(folder / file):
                if word.isdecimal():
                    yield int(word)


def _processor_limits(root: Path) -> Iterator[float]:
    """Cores' worth of time of every group: quota over period, both in microseconds."""
    for folder in _groups(root, ""):
        yield from _ratio(_words(folder / "cpu.max"))
    for folder in _groups(root, "cpu"):
        yield from _ratio(_words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us"))


def _ratio(words: list[str]) -> Iterator[float]:
    """The first over the second; nothing where there is no quota (`max`, -1)."""
    if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]) > 0:
        yield int(words[0]) / int(words[1])


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the process's control group and of those around it, from the inside.

    Inside a container the names may be those that the host uses while only the container's own part is mounted: folders that
    are missing hold no files, and the last one is where the mount begins.

    Args:
        root: where `proc` and `sys` lie.
        controller: of version 1; empty for version 2, which has one tree for all of them.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controller not in controllers.split(","):
            continue
        mounts = (controllers, controller) if controller else ("", "unified")
        inside = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
        for mount in dict.fromkeys(mounts):
            for depth in range(len(inside), -1, -1):
                yield root.joinpath("sys/fs/cgroup", mount, *inside[:depth])


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text("utf-8", "replace")
    return ""

"""What workers compute on, as the first of them says it: the driver may have no accelerator, or another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scaling.core.errors import UserError
from scaling.core.files import atomic_write, parse_json, read_text
from scaling.study.engines.launcher import last_line
from scaling.study.engines.work_folder import WorkFolder
from scaling.study.provenance import host


class WorkerKind(NamedTuple):
    """What a worker computes on.

    Attributes:
        device: in words.
        precision: `float32` or `bfloat16`: what `auto` in a recipe means there.
    """

    device: str
    precision: str


def kind_here() -> WorkerKind:
    """What this process computes on; JAX must be ready."""
    import jax

    devices = jax.local_devices()
    if devices[0].platform == "cpu":
        return WorkerKind(host(), "float32")
    return WorkerKind(f"{len(devices)} x {devices[0].device_kind}", "bfloat16")


def write_kind(folder: WorkFolder, kind: WorkerKind) -> None:
    """Leave it for the driver."""
    folder.folder.mkdir(parents=True, exist_ok=True)
    atomic_write(_path(folder), json.dumps(kind._asdict()))


def worker_kind(folder: WorkFolder, start: Callable[[Path], int]) -> WorkerKind:
    """What the workers of a run compute on.

    Args:
        folder: of their work.
        start: runs a worker without a trial, given the file for what it says; the exit status.

    Raises:
        UserError: no worker can start.
    """
    _path(folder).unlink(missing_ok=True)
    log = folder.log("kind")
    status = start(log)
    try:
        return WorkerKind(**parse_json(read_text(_path(folder))))
    except (OSError, ValueError, TypeError):
        said = last_line(log)
        raise UserError(
            f"no worker can start: it ended with status {status}{f', saying: {said}' if said else ''}; {log} has the rest"
        ) from None


def _path(folder: WorkFolder) -> Path:
    return folder.folder / "kind.json"

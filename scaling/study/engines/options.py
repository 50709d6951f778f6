"""Where a run is trained, as a specification's `[engine]` or the flags say it. No record depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaling.core.errors import UserError

EngineName = Literal["local", "commands", "ray", "slurm"]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which engine trains, with what, and how patient it is.

    Args:
        name: `local` trains in this process; `ray` on a Ray cluster; `slurm` by sbatch; `commands` writes command lines.
        workers: processes at a time; None for as many as there is room for.
        cpus: cores of one worker; None for what the engine gives.
        gpus: of one worker, or a fraction of one.
        tpus: chips of one worker.
        address: of a running Ray cluster; None starts one on this machine and stops it at the end.
        partition: of SLURM.
        time: limit of a SLURM job, as sbatch takes it, `4:00:00`.
        options: further ones of sbatch, each as `--account=vision`.
        python: that workers are started with; None for the one that runs this.
        trainings_at_once: of one worker; None for as many as its machine bears.
        beat_seconds: between two signs of life of a worker.
        grace_seconds: a worker is lost that gave none for three beats and so many seconds.
        own_failures: how often a training that fails by itself is tried again.
        losses: how often one is tried again whose worker is lost or preempted.
        timeout: a training that takes so many times what was expected is ended.

    Raises:
        UserError: a value is out of its range.
    """

    name: EngineName = "local"
    workers: int | None = None
    cpus: float | None = None
    gpus: float | None = None
    tpus: int | None = None
    address: str | None = None
    partition: str | None = None
    time: str | None = None
    options: tuple[str, ...] = ()
    python: str | None = None
    trainings_at_once: int | None = 1
    beat_seconds: float = 10.0
    grace_seconds: float = 50.0
    own_failures: int = 1
    losses: int = 100
    timeout: float = 10.0

    def __post_init__(self) -> None:
        for name in ("workers", "cpus", "gpus", "tpus", "beat_seconds", "grace_seconds", "timeout"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UserError(f"EngineOptions.{name} must be above 0, got {value}")
        for name in ("own_failures", "losses"):
            if getattr(self, name) < 0:
                raise UserError(f"EngineOptions.{name} must be 0 or more, got {getattr(self, name)}")

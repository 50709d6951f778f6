"""From what people ask to what an engine is made from."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from scaling.core.errors import UserError
from scaling.core.plain import from_plain
from scaling.data import Dataset
from scaling.study.engines.engine import EngineSetup, ImagesAt
from scaling.study.engines.launcher import OWN_PLATFORM
from scaling.study.engines.options import EngineOptions
from scaling.study.initial import InitialWeights
from scaling.study.run import Run
from scaling.study.spec import find_spec, read_toml, reading

PLANNING = ("price", "trial_minutes")
"""What only a dry run takes."""


class Asked(Protocol):
    """A specification."""

    @property
    def data(self) -> str:
        """Name or path of the images."""


def engine_options(spec: str | None, flags: Mapping[str, Any]) -> EngineOptions:
    """Where to train: what the specification's `[engine]` says, and the flags over it.

    Args:
        spec: name or path of a specification; None where none was named.
        flags: fields of `EngineOptions` that were given.

    Raises:
        SpecError: a key is unknown or a value cannot be used.
        UserError: a flag's value cannot be used.
    """
    if idle := [key for key in PLANNING if key in flags]:
        raise UserError(f"--{idle[0].replace('_', '-')} has no use without --dry-run")
    asked = EngineOptions()
    if spec is not None:
        path = find_spec(spec)
        asked = from_plain(EngineOptions, read_toml(path).get("engine", {}), f"{path}: engine")
    found = dataclasses.replace(asked, **flags)
    if found.name == "local" and (idle := sorted(flags.keys() - {"name"})):
        raise UserError(f"{', '.join(idle)}: of no use to the engine local; --engine names another")
    return found


def leave_accelerators(options: EngineOptions) -> None:
    """Keep this process's JAX to its processor where others train: it would take memory from workers on this machine."""
    if options.name in ("ray", "slurm") and "jax" not in sys.modules:
        os.environ[OWN_PLATFORM] = "cpu"


def engine_setup(
    spec: Asked,
    dataset: Dataset,
    run: Run,
    options: EngineOptions,
    checkpoint_minutes: float,
    initial: InitialWeights | None,
) -> EngineSetup:
    """What the engine of a run is made from.

    Args:
        spec: what is asked.
        dataset: its images.
        run: where it is recorded.
        options: where it is trained.
        checkpoint_minutes: between two checkpoints of a training.
        initial: weights that trainings start from.
    """
    store = None if dataset.stored is None else str(dataset.stored.folder.parent.resolve())
    how = {**reading(spec), "side": dataset.side, "stored": store is not None, "store": store}
    return EngineSetup(dataset, run.folder, ImagesAt(spec.data, how), options, 60 * checkpoint_minutes, initial)

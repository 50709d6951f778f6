"""Trained weights on disk, as safetensors: numbers and names, nothing that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from scaling.core.errors import UserError
from scaling.core.files import atomic_write
from scaling.train.names import named, named_by_flax
from scaling.train.step import Weights, abstract_weights
from scaling.train.task import Task


def save_weights(path: Path, weights: Weights) -> None:
    """Write parameters and running statistics; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({name: np.asarray(leaf) for name, leaf in _named(weights)})
    atomic_write(path, content)


def load_weights(path: Path, task: Task) -> Weights:
    """The weights of a task from a file that `save_weights` wrote, in this version or an older one.

    Raises:
        UserError: the file is damaged, or a tensor is missing or has another shape; the message names the first.
        OSError: the file cannot be read.
    """
    try:
        stored = load(path.read_bytes())
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); train this run again in another folder") from None
    wanted = abstract_weights(task, jax.default_backend())
    older = named_by_flax(tuple(wanted))
    names = older if any(name in stored for name, _ in older) else _named(wanted)
    for name, leaf in names:
        found = stored[name].shape if name in stored else None
        if found != leaf.shape:
            raise UserError(f"{path}: tensor {name} should have the shape {leaf.shape}, found {found}")
    leaves = [jax.device_put(stored[name]) for name, _ in names]
    return jax.tree.unflatten(jax.tree.structure(wanted), leaves)


def _named(weights: Weights) -> list[tuple[str, Any]]:
    """Parameters, then running statistics; no name is in both."""
    return [*named(weights.params), *named(weights.statistics)]

"""A training's whole state on disk, so that it goes on where it was when its process ended.

The file is safetensors: numbers and names, nothing that runs. It appears whole or not at all, and a training that goes on
from it ends in the same bits as one that was never stopped, on a device whose programs give the same bits twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from scaling.core.errors import UserError
from scaling.core.files import atomic_write
from scaling.train.compile import origin
from scaling.train.names import named
from scaling.train.step import State
from scaling.train.task import Segment

_FORM = "1"
"""Raised when files come to hold something else."""


class Restored(NamedTuple):
    """Where a training had got to.

    Attributes:
        state: after so many calls of the training program.
        seen: how each of them went.
        seconds: spent on them.
    """

    state: State
    seen: list[Segment]
    seconds: float


class Checkpoint:
    """The checkpoint of one trial: written every so often, read once.

    Args:
        path: of the file.
        identity: of the trial; a file of another one is not used.
        every_seconds: between two writes.
        forms: how each stage's program is given its images, as text: calls are counted by it.
    """

    def __init__(self, path: Path, identity: str, every_seconds: float, forms: str = "") -> None:
        self._path = path
        self._every = every_seconds
        self._last = time.monotonic()
        # Bits are those of one code, of one release of the libraries, on one kind of device.
        made_by = [_FORM, origin(), jax.default_backend(), jax.devices()[0].device_kind, forms]
        self._made_by = hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]
        self._identity = identity

    def due(self) -> bool:
        """Whether the time between two writes is over."""
        return time.monotonic() - self._last >= self._every

    def age(self) -> float:
        """Seconds since the last write, or since the start."""
        return time.monotonic() - self._last

    def exists(self) -> bool:
        """Whether there is a file to read."""
        return self._path.exists()

    def write(self, restored: Restored) -> None:
        """Replace the file.

        Raises:
            OSError: the disk is full or read-only; an older file is still there.
        """
        seen = np.array(restored.seen, np.float64)
        arrays = {name: np.asarray(leaf) for name, leaf in named(_numbers(restored.state))}
        about = {
            "trial": self._identity,
            "made_by": self._made_by,
            "calls": str(len(restored.seen)),
            "seconds": repr(restored.seconds),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(self._path, save({**arrays, "seen": seen}, metadata=about))
        self._last = time.monotonic()

    def read(self, like: State) -> Restored | None:
        """What the file holds; None where there is none.

        Args:
            like: a state of the same training, for its structure.

        Raises:
            UserError: the file is damaged, of another trial, or of other code or another device. The training starts anew.
        """
        try:
            return self._read(like)
        except FileNotFoundError:
            return None
        except UserError:  # a whole one, which is another's; it is a ValueError too
            raise
        except (SafetensorError, OSError, LookupError, ValueError) as error:
            raise UserError(f"{self._path}: not a whole checkpoint ({error}); this training starts anew") from None

    def _read(self, like: State) -> Restored:
        if not self._path.exists():
            raise FileNotFoundError(self._path)
        with safe_open(self._path, framework="np") as content:
            about = content.metadata() or {}
            if about.get("trial") != self._identity:
                raise UserError(f"{self._path}: the checkpoint of another trial; this training starts anew")
            if about.get("made_by") != self._made_by:
                raise UserError(
                    f"{self._path}: a checkpoint by another version of this package or of JAX, or on another device; "
                    "this training starts anew"
                )
            wanted = named(_numbers(like))
            found = [content.get_tensor(name) for name, _ in wanted]
            seen = [Segment(int(row[0]), bool(row[1]), row[2], row[3]) for row in content.get_tensor("seen").tolist()]
        for (name, leaf), array in zip(wanted, found, strict=True):
            if array.shape != leaf.shape or array.dtype != leaf.dtype:
                raise ValueError(f"{name} is {array.dtype} {array.shape}, not {leaf.dtype} {leaf.shape}")
        if int(about["calls"]) != len(seen):
            raise ValueError(f"{about['calls']} calls and {len(seen)} losses")
        return Restored(_state(like, found), seen, float(about["seconds"]))


def _numbers(state: State) -> Any:
    """A state as numbers: keys of random streams, which no file knows, as what they are made of."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, state)


def _state(like: State, found: list[np.ndarray[Any, Any]]) -> State:
    leaves, structure = jax.tree.flatten(like)
    return jax.tree.unflatten(structure, [_as(leaf, array) for leaf, array in zip(leaves, found, strict=True)])


def _as(leaf: Any, array: np.ndarray[Any, Any]) -> Any:
    if _is_key(leaf):
        return jax.random.wrap_key_data(jax.device_put(array), impl=jax.random.key_impl(leaf))
    return jax.device_put(array)


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))

"""A trial: one network, one recipe, one set of images, one seed; and what came of it."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.arch import Architecture
from scaling.core.plain import from_plain, stored_as, to_plain
from scaling.recipe.recipe import REVISION, Recipe

Status = Literal["complete", "failed", "diverged"]


class Statuses(NamedTuple):
    """How many trials ended in each `Status`."""

    complete: int
    failed: int
    diverged: int


@dataclass(frozen=True)  # without slots, so that its id is made once
class Trial:
    """What is trained, fully resolved.

    Args:
        architecture: the network; its name is not part of the trial's identity.
        recipe: with its precision resolved to float32 or bfloat16.
        data: fingerprint of the images.
        num_classes: of the images.
        in_channels: of the images.
        images: training images.
        seed: of parameters, order and augmentation.
        revision: of the training's arithmetic, this version's unless an older record is read.
    """

    architecture: Architecture
    recipe: Recipe
    data: str
    num_classes: int
    in_channels: int
    images: int = field(metadata=stored_as("pictures"))
    seed: int
    revision: int = REVISION

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the outcome, as plain data."""
        return {**to_plain(self), "architecture": network_dict(self.architecture)}

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Trial:
        """The inverse of `to_dict`; the network, whose name is not kept, is named `recorded`.

        Raises:
            SpecError: a key is unknown or missing, or a value is of another type or out of range.
        """
        named = {"name": "recorded", **table["architecture"]}
        return from_plain(cls, {**table, "architecture": named}, "trial")

    @functools.cached_property
    def id(self) -> str:
        """`digest` of `to_dict`."""
        return digest(self.to_dict())


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds of a trial's parts; a network's later seeds reuse what the first compiled."""

    compile: float = 0.0
    train: float = 0.0
    evaluate: float = 0.0


class Curve(NamedTuple):
    """A learning curve: one number an epoch, over the training images as they were seen.

    Attributes:
        loss: mean, of the smoothed cross-entropy that is trained.
        accuracy: share recognised.
    """

    loss: tuple[float, ...]
    accuracy: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial.

    Args:
        status: `complete`, `failed` (an error; tried again by the next start) or `diverged` (a result).
        reason: why it is not complete.
        correct: (validation images,), right or wrong, where complete.
        seconds: spent on it.
        probability: (validation images,), as in `PerImage`; None in records made before it was kept.
        curve: of the training, where complete; None in records made before it was kept.
        last_weights: share of the validation images that the weights of the last step have right, where running averages are
            what is judged.
    """

    status: Status
    reason: str | None = None
    correct: NDArray[np.bool_] | None = None
    seconds: Seconds = Seconds()
    probability: NDArray[np.uint8] | None = None
    curve: Curve | None = None
    last_weights: float | None = None

    @property
    def images(self) -> int:
        """Number of the validation images it was judged on; 0 where it is not complete."""
        return 0 if self.correct is None else len(self.correct)

    @property
    def accuracy(self) -> float | None:
        """Share of the validation images that are right."""
        return None if self.correct is None else float(self.correct.mean())


_FREE = ("name", "channel_divisor", "fixed_ends")
"""Fields that change nothing of a network that is already scaled."""


def network_dict(architecture: Architecture) -> dict[str, Any]:
    """A scaled network as plain data, without what does not change it any more."""
    return {key: value for key, value in architecture.to_dict().items() if key not in _FREE}


def digest(values: dict[str, Any]) -> str:
    """Hash of the canonical JSON of plain data, 16 hexadecimal digits."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def network_key(architecture: Architecture) -> str:
    """Equal for networks that are trained alike, whatever they are called."""
    return digest(network_dict(architecture))

"""What the analysis is fed: one trained network, its cost and its right and wrong answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXTRAPOLATED = "extrapolated"
"""The reference that is the choice of a search at another phi, carried to this one."""

ROLES = ("baseline", "depth", "width", "resolution", "paper", EXTRAPOLATED)
"""References: why a network that is no lattice point may be in a study."""

ORIGINS = ("lattice", *ROLES)
"""Why a network is in a study; it may have several reasons."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One network as measured; compared by identity, since equality of arrays has no single answer.

    Attributes:
        name: label, unique in a study.
        macs: multiply-adds per image.
        ratio: realised: MACs over the baseline's.
        correct: bool, shape (seeds, images): right or wrong; the same images in the same order for every network.
        shares: realised shares of depth, width and resolution, sum 1; None where they have no meaning (the baseline).
        origin: any of `ORIGINS`.
        admitted: may be chosen; a reference over a limit of the search may not.
        lost: trainings beside those in `correct` that diverged or collapsed; with any it is not chosen.
        groups: shape (images,): for each image the number, from 0, of the group of images that it belongs to, where images
            depend on each other; None where each stands for itself.
    """

    name: str
    macs: int
    ratio: float
    correct: NDArray[np.bool_]
    shares: tuple[float, float, float] | None
    origin: tuple[str, ...]
    within_limits: bool = True
    lost: int = 0
    groups: NDArray[np.integer] | None = None

    def __post_init__(self) -> None:
        """Refuse what no analysis can use."""
        if self.macs < 1 or not (math.isfinite(self.ratio) and self.ratio > 0):
            raise ValueError(f"{self._says} macs and ratio must be positive, got {self.macs} and {self.ratio}")
        shape = self.correct.shape
        if self.correct.dtype != np.bool_ or len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
            raise ValueError(
                f"{self._says} correct must be bool of shape (seeds, images), at least (1, 2), "
                f"got {self.correct.dtype} of shape {shape}"
            )
        if self.groups is not None and (self.groups.shape != shape[1:] or self.groups.max() < 1):
            raise ValueError(f"{self._says} groups must be one number an image, of two groups or more")
        if self.shares is not None and abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"{self._says} shares must sum to 1, got {self.shares}")
        if unknown := set(self.origin) - set(ORIGINS):
            raise ValueError(f"{self._says} origin must be of {', '.join(ORIGINS)}, got {', '.join(sorted(unknown))}")

    @property
    def seeds(self) -> int:
        """Number of trainings."""
        return self.correct.shape[0]

    @property
    def images(self) -> int:
        """Number of images each training was judged on."""
        return self.correct.shape[1]

    @property
    def accuracy(self) -> float:
        """Mean over seeds and images, 0 to 1."""
        return float(self.correct.mean())

    @property
    def _says(self) -> str:
        return f"Measured {self.name!r}:"


def require(function: str, target: float, confidence: float) -> None:
    """Raise ValueError, naming the function, unless target is positive and 0 < confidence < 1."""
    if not (math.isfinite(target) and target > 0):
        raise ValueError(f"{function}: target must be finite and above 0, got {target}")
    require_confidence(function, confidence)


def require_confidence(function: str, confidence: float) -> None:
    """Raise ValueError, naming the function, unless 0 < confidence < 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"{function}: confidence must be between 0 and 1, got {confidence}")


def by_name(networks: Sequence[Measured]) -> list[Measured]:
    """The networks sorted by name, so that no result depends on the order they were passed in.

    Raises:
        ValueError: there are none, two share a name, or they were judged on different numbers of images.
    """
    if not networks:
        raise ValueError("analysis: at least one network is needed, got none")
    names = [network.name for network in networks]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"analysis: names must be unique, got more than one of {', '.join(twice)}")
    if len(counts := {network.images for network in networks}) > 1:
        raise ValueError(f"analysis: every network needs the same images, got counts {sorted(counts)}")
    if any(not _same_groups(networks[0].groups, network.groups) for network in networks):
        raise ValueError("analysis: every network needs the same groups of images")
    return sorted(networks, key=lambda network: network.name)


def _same_groups(one: NDArray[np.integer] | None, other: NDArray[np.integer] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)

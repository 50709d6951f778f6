"""Initial parameters, drawn with NumPy: drawing them with JAX compiles one program per shape, 13 s for B0 on a CPU."""

from __future__ import annotations

from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

Shape = tuple[int, ...]


class Initialiser(Protocol):
    """Makes the float32 arrays of a network."""

    def normal(self, shape: Shape, std: float) -> Any:
        """Independent normal numbers of mean 0."""

    def uniform(self, shape: Shape, limit: float) -> Any:
        """Independent uniform numbers from -limit to limit."""

    def constant(self, shape: Shape, value: float) -> Any:
        """`value` everywhere."""


class Draws:
    """Arrays with numbers in them; the same seed gives the same network on every platform."""

    def __init__(self, seed: int | list[int]) -> None:
        self._random = np.random.default_rng(seed)

    def normal(self, shape: Shape, std: float) -> jax.Array:
        """Independent normal numbers of mean 0."""
        return jax.device_put(self._random.standard_normal(shape, np.float32) * np.float32(std))

    def uniform(self, shape: Shape, limit: float) -> jax.Array:
        """Independent uniform numbers from -limit to limit."""
        return jax.device_put((2 * self._random.random(shape, np.float32) - 1) * np.float32(limit))

    def constant(self, shape: Shape, value: float) -> jax.Array:
        """`value` everywhere."""
        return jax.device_put(np.full(shape, value, np.float32))


class Shapes:
    """Shapes without numbers: enough to count, trace, compile and export a network of any size."""

    def normal(self, shape: Shape, std: float) -> jax.ShapeDtypeStruct:
        """The shape; `std` is not used."""
        return jax.ShapeDtypeStruct(shape, jnp.float32)

    uniform = normal
    constant = normal

"""One function, several forms: the one for the device is taken when the program is lowered, not when it is traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
from jax import lax

from scaling.nets.padding import Geometry

Form = Callable[[jax.Array, jax.Array, Geometry], jax.Array]
"""(pictures or maps, kernel, geometry) -> maps."""


def per_platform(*, cpu: Form, default: Form) -> Form:
    """A convolution with a form for CPUs and one for every other device, each with its own gradient.

    The gradient is chosen on its own too: differentiating through the choice would carry what both forms save.
    """

    @partial(jax.custom_vjp, nondiff_argnums=(2,))
    def convolve(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
        return lax.platform_dependent(
            images, kernel, cpu=lambda x, w: cpu(x, w, geometry), default=lambda x, w: default(x, w, geometry)
        )

    def forward(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return convolve(images, kernel, geometry), (images, kernel)

    def backward(geometry: Geometry, saved: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
        return lax.platform_dependent(
            *saved, gradient, cpu=partial(_pull_back, cpu, geometry), default=partial(_pull_back, default, geometry)
        )

    convolve.defvjp(forward, backward)
    return convolve


def _pull_back(
    form: Form, geometry: Geometry, images: jax.Array, kernel: jax.Array, gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return jax.vjp(lambda x, w: form(x, w, geometry), images, kernel)[1](gradient)

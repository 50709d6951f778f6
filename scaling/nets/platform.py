"""One function, several forms: the one for the device is taken when the program is lowered, not when it is traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax import lax

from scaling.nets.padding import Geometry

Form = Callable[[jax.Array, jax.Array, Geometry], jax.Array]
"""(images or maps, kernel, geometry) -> maps."""

Gradients = Callable[[jax.Array, jax.Array, jax.Array, Geometry], tuple[jax.Array, jax.Array]]
"""(images or maps, kernel, gradient of the result, geometry) -> their gradients."""


def differentiated(form: Form) -> Gradients:
    """The gradients of a form, by automatic differentiation."""

    def gradients(images: jax.Array, kernel: jax.Array, gradient: jax.Array, geometry: Geometry) -> tuple[jax.Array, jax.Array]:
        return jax.vjp(lambda x, w: form(x, w, geometry), images, kernel)[1](gradient)

    return gradients


def per_platform(*, cpu: Form, cpu_gradients: Gradients, default: Form) -> Form:
    """A convolution with a form for CPUs and one for every other device, each with its own gradients.

    The gradients are chosen on their own too: differentiating through the choice would carry what both forms save.
    """
    gradients = _chosen(cpu_gradients, differentiated(default))
    form = _chosen(cpu, default)

    @partial(jax.custom_vjp, nondiff_argnums=(2,))
    def convolve(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
        return form(images, kernel, geometry)

    def forward(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return form(images, kernel, geometry), (images, kernel)

    def backward(geometry: Geometry, saved: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
        return gradients(*saved, gradient, geometry)

    convolve.defvjp(forward, backward)
    return convolve


def _chosen(cpu: Callable[..., Any], default: Callable[..., Any]) -> Callable[..., Any]:
    """(arrays, geometry) -> what the function for the device makes of them; traced once for equal shapes and geometry."""

    @partial(jax.jit, static_argnums=0, inline=True)
    def traced(geometry: Geometry, *arrays: jax.Array) -> Any:
        return lax.platform_dependent(
            *arrays, cpu=lambda *given: cpu(*given, geometry), default=lambda *given: default(*given, geometry)
        )

    return lambda *given: traced(given[-1], *given[:-1])

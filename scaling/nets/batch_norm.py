"""Batch norm, with a gradient that reads the maps as few times as it can."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from scaling.nets.initialise import Initialiser


class BatchNorm(nnx.Module):
    """Batch norm with float32 statistics from one pass over the maps: variance = E[x^2] - E[x]^2, clipped at 0.

    Running statistics: r <- decay r + (1 - decay) batch statistics; with a decay of 0 they are the last batch's. `train()`
    and `eval()` of the network switch between the two, as they do for Flax's own; this one draws no random numbers and can
    be built from shapes alone.
    """

    def __init__(self, channels: int, decay: float, epsilon: float, init: Initialiser) -> None:
        self.scale = nnx.Param(init.constant((channels,), 1))
        self.bias = nnx.Param(init.constant((channels,), 0))
        self.mean = nnx.BatchStat(init.constant((channels,), 0))
        self.var = nnx.BatchStat(init.constant((channels,), 1))
        self.decay = decay
        self.epsilon = epsilon
        self.use_running_average = False

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, channels) -> the same."""
        if self.use_running_average:
            precision = lax.rsqrt(self.var[...] + self.epsilon)
            return _with_statistics(maps, self.scale[...], self.bias[...], self.mean[...], precision)
        normed, mean, var = _normalise(maps, self.scale[...], self.bias[...], self.epsilon)
        for running, batch in ((self.mean, mean), (self.var, var)):
            running.set_value(self.decay * running[...] + (1 - self.decay) * batch if self.decay else batch)
        return normed


def _statistics(maps: jax.Array) -> tuple[jax.Array, jax.Array]:
    wide = maps.astype(jnp.float32)
    axes = tuple(range(maps.ndim - 1))
    mean = wide.mean(axes)
    return mean, jnp.maximum((wide * wide).mean(axes) - mean * mean, 0)


def _normalise(maps: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(normalised maps, mean, variance); the running statistics learn from the latter two, so they pass no gradient."""
    mean, var = (lax.stop_gradient(one) for one in _statistics(maps))
    return _with_statistics(maps, scale, bias, mean, lax.rsqrt(var + epsilon)), mean, var


@jax.custom_vjp
def _with_statistics(maps: jax.Array, scale: jax.Array, bias: jax.Array, mean: jax.Array, precision: jax.Array) -> jax.Array:
    factor = scale * precision
    # In float32 whatever the maps are: in bfloat16 the product and the offset would cancel to a few bits.
    return (maps.astype(jnp.float32) * factor + (bias - mean * factor)).astype(maps.dtype)


def _forward(
    maps: jax.Array, scale: jax.Array, bias: jax.Array, mean: jax.Array, precision: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return _with_statistics(maps, scale, bias, mean, precision), (maps, scale, mean, precision)


def _backward(saved: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array | None, ...]:
    """With z = (x - mean) / deviation and the sums over all pixels: scale (g - mean of g - z * mean of g z) / deviation."""
    maps, scale, mean, precision = saved
    axes = tuple(range(maps.ndim - 1))
    pixels = maps.size // maps.shape[-1]
    wide, g = maps.astype(jnp.float32), gradient.astype(jnp.float32)
    of_bias = g.sum(axes)
    of_scale = (g * (wide - mean)).sum(axes) * precision
    slope = of_scale * precision / pixels
    constant = of_bias / pixels - mean * slope
    of_maps = (g - (wide * slope + constant)) * (scale * precision)
    return of_maps.astype(maps.dtype), of_scale, of_bias, None, None


_with_statistics.defvjp(_forward, _backward)

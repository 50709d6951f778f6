"""Batch norm, whose gradient while training reads the maps as few times as it can."""

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

    While training, the batch's statistics depend on its maps and the gradient goes through them as well. In evaluation the
    running ones are constants: y = (x - mean) scale / deviation + bias, dy/dx = scale / deviation for each image by itself.

    Source: Ioffe and Szegedy, "Batch Normalization" (ICML 2015), algorithm 1 with its gradients, and algorithm 2.
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
            # Not `_with_batch_statistics`: its gradient is wrong for statistics that do not come from these maps.
            return _with_statistics(maps, self.scale[...], self.bias[...], self.mean[...], precision)
        normed, mean, var = _normalise(maps, self.scale[...], self.bias[...], self.epsilon)
        for running, batch in ((self.mean, mean), (self.var, var)):
            running.set_value(self.decay * running[...] + (1 - self.decay) * batch if self.decay else batch)
        return normed


# In `lax` from here on: a network has dozens of these, and jax.numpy traces each operation as a call.


def _statistics(maps: jax.Array) -> tuple[jax.Array, jax.Array]:
    wide = lax.convert_element_type(maps, jnp.float32)
    mean, square = _mean(wide), _mean(lax.mul(wide, wide))
    return mean, lax.max(lax.sub(square, lax.mul(mean, mean)), lax.full_like(mean, 0))


def _normalise(maps: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(normalised maps, mean, variance); the running statistics learn from the latter two, so they pass no gradient."""
    mean, var = _statistics(lax.stop_gradient(maps))  # stopped before, not after: what is stopped is not linearised
    return _with_batch_statistics(maps, scale, bias, mean, lax.rsqrt(var + epsilon)), mean, var


def _with_statistics(maps: jax.Array, scale: jax.Array, bias: jax.Array, mean: jax.Array, precision: jax.Array) -> jax.Array:
    factor = lax.mul(scale, precision)
    offset = lax.sub(bias, lax.mul(mean, factor))
    # In float32 whatever the maps are: in bfloat16 the product and the offset would cancel to a few bits.
    wide = lax.convert_element_type(maps, jnp.float32)
    normed = lax.add(lax.mul(wide, _spread(factor, wide)), _spread(offset, wide))
    return lax.convert_element_type(normed, maps.dtype)


@jax.custom_vjp
def _with_batch_statistics(
    maps: jax.Array, scale: jax.Array, bias: jax.Array, mean: jax.Array, precision: jax.Array
) -> jax.Array:
    """`_with_statistics` of the mean and 1 / deviation of these very maps, which the gradient takes into account."""
    return _with_statistics(maps, scale, bias, mean, precision)


def _forward(
    maps: jax.Array, scale: jax.Array, bias: jax.Array, mean: jax.Array, precision: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return _with_statistics(maps, scale, bias, mean, precision), (maps, scale, mean, precision)


def _backward(saved: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array | None, ...]:
    """With z = (x - mean) / deviation and the sums over all pixels: scale (g - mean of g - z * mean of g z) / deviation."""
    maps, scale, mean, precision = saved
    wide, g = (lax.convert_element_type(one, jnp.float32) for one in (maps, gradient))
    pixels = lax.full_like(mean, maps.size // maps.shape[-1])
    of_bias = _sum(g)
    of_scale = lax.mul(_sum(lax.mul(g, lax.sub(wide, _spread(mean, wide)))), precision)
    slope = lax.div(lax.mul(of_scale, precision), pixels)
    constant = lax.sub(lax.div(of_bias, pixels), lax.mul(mean, slope))
    centred = lax.sub(g, lax.add(lax.mul(wide, _spread(slope, wide)), _spread(constant, wide)))
    of_maps = lax.mul(centred, _spread(lax.mul(scale, precision), wide))
    return lax.convert_element_type(of_maps, maps.dtype), of_scale, of_bias, None, None


_with_batch_statistics.defvjp(_forward, _backward)


def _sum(maps: jax.Array) -> jax.Array:
    return lax.reduce_sum(maps, tuple(range(maps.ndim - 1)))


def _mean(maps: jax.Array) -> jax.Array:
    total = _sum(maps)
    return lax.div(total, lax.full_like(total, maps.size // maps.shape[-1]))


def _spread(vector: jax.Array, maps: jax.Array) -> jax.Array:
    """A number for each channel, for every pixel."""
    return lax.broadcast_in_dim(vector, maps.shape, (maps.ndim - 1,))

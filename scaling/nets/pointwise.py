"""1 x 1 convolutions as matrix products over all pixels, and what of batch norm and squeeze-excite goes into their kernel.

In float32, where a pass over a large map costs more than the arithmetic on it, three things are done to the kernel
instead of to the map, all exact:

* Batch norm scales and shifts each output channel: scaled columns of the kernel, and an offset.
* The mean and variance of W^T x follow from those of the fewer inputs: W^T E[x], and the diagonal of W^T Cov[x] W. So the
  statistics of an expanded map need no pass over it, nor do their gradients.
* Squeeze-excite scales the input channels, by picture: a kernel for each picture.

In bfloat16 the maps themselves are scaled: the rounding of a scaled kernel would come on top.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from scaling.nets.batch_norm import BatchNorm
from scaling.nets.initialise import Initialiser


class Pointwise(nnx.Module):
    """The kernel of a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int, init: Initialiser) -> None:
        self.kernel = nnx.Param(init.normal((inputs, outputs), (2 / outputs) ** 0.5))


class NormedPointwise(nnx.Module):
    """1 x 1 convolution and its batch norm."""

    def __init__(self, inputs: int, outputs: int, decay: float, epsilon: float, init: Initialiser) -> None:
        self.convolution = Pointwise(inputs, outputs, init)
        self.norm = BatchNorm(outputs, decay, epsilon, init)

    def __call__(self, maps: jax.Array, gate: jax.Array | None = None) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, height, width, outputs).

        Args:
            maps: what is convolved.
            gate: (batch, inputs), what each picture's channels are multiplied by first.
        """
        kernel, norm = self.convolution.kernel[...], self.norm
        if gate is None and not norm.use_running_average and _worth_covariance(maps, kernel):
            mean, var = _output_statistics(maps, kernel)
            norm.remember(mean, var)
            factor, offset = norm.affine(mean, var)
            return _product(maps, kernel * factor) + offset
        return norm(_product(maps, kernel.astype(maps.dtype), gate))


def _product(maps: jax.Array, kernel: jax.Array, gate: jax.Array | None = None) -> jax.Array:
    batch, height, width, inputs = maps.shape
    if gate is not None and maps.dtype == jnp.float32 and height * width > 2 * kernel.shape[1]:
        by_picture = maps.reshape(batch, height * width, inputs) @ (gate[:, :, None] * kernel)
        return by_picture.reshape(batch, height, width, kernel.shape[1])
    gated = maps if gate is None else maps * gate[:, None, None, :]
    return (gated.reshape(-1, inputs) @ kernel).reshape(batch, height, width, kernel.shape[1])


def _worth_covariance(maps: jax.Array, kernel: jax.Array) -> bool:
    """Whether the inputs' covariance is a small part of the work: few inputs, several times as many outputs, many pixels."""
    inputs, outputs = kernel.shape
    pixels = maps.size // inputs
    return maps.dtype == jnp.float32 and outputs >= 2 * inputs and pixels >= 4 * outputs


def _output_statistics(maps: jax.Array, kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of each output channel, from the mean and the second moments of the inputs."""
    flat = maps.reshape(-1, maps.shape[-1])
    mean = flat.mean(0)
    covariance = _second_moments(flat) / flat.shape[0] - mean[:, None] * mean
    return mean @ kernel, jnp.maximum(((covariance @ kernel) * kernel).sum(0), 0)


@jax.custom_vjp
def _second_moments(flat: jax.Array) -> jax.Array:
    return flat.T @ flat


_second_moments.defvjp(
    lambda flat: (_second_moments(flat), flat),
    lambda flat, gradient: (flat @ (gradient + gradient.T),),  # one product; autodiff would make two
)

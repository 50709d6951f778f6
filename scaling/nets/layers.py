"""The layers of the networks, as Flax NNX modules; images and maps are NHWC throughout."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from scaling.arch import Activation
from scaling.nets.depthwise import depthwise
from scaling.nets.initialise import Initialiser
from scaling.nets.padding import Geometry, edges
from scaling.nets.platform import differentiated, per_platform
from scaling.recipe.recipe import ClassifierStart

FEW_CHANNELS = 4
"""Images have no more; their convolution is a matrix product over shifted images in evaluation too."""


class Pointwise(nnx.Module):
    """1 x 1 convolution as one matrix product over all pixels, the fastest form on a CPU."""

    def __init__(self, inputs: int, outputs: int, init: Initialiser) -> None:
        self.kernel = nnx.Param(init.normal((inputs, outputs), (2 / outputs) ** 0.5))

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, height, width, outputs)."""
        kernel = self.kernel[...].astype(maps.dtype)
        return (maps.reshape(-1, maps.shape[-1]) @ kernel).reshape(*maps.shape[:-1], kernel.shape[1])


class Depthwise(nnx.Module):
    """k x k depthwise convolution."""

    def __init__(self, channels: int, kernel: int, geometry: Geometry, init: Initialiser) -> None:
        self.kernel = nnx.Param(init.normal((kernel, kernel, channels), (2 / kernel**2) ** 0.5))
        self.geometry = geometry

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, channels) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        return depthwise(maps, self.kernel[...].astype(maps.dtype), self.geometry.stride, self.geometry.padding)


class Convolution(nnx.Module):
    """k x k convolution, in groups or not.

    While training on a CPU it is a matrix product over the k * k shifted maps: a convolution inside the loop over training
    steps would run in XLA's slow form there. In evaluation, outside of loops, XLA's own is as fast or faster where
    the maps have more than a few channels.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, geometry: Geometry, init: Initialiser) -> None:
        shape = (kernel, kernel, inputs // geometry.groups, outputs)
        self.kernel = nnx.Param(init.normal(shape, (2 / (kernel**2 * outputs / geometry.groups)) ** 0.5))
        self.geometry = geometry
        self.few = inputs <= FEW_CHANNELS
        self.deterministic = False

    def __call__(self, images: jax.Array) -> jax.Array:
        """(batch, height, width, inputs) -> (batch, ceil(height / stride), ceil(width / stride), outputs)."""
        form = _dense_convolution if self.deterministic and not self.few else _convolution
        return form(images, self.kernel[...].astype(images.dtype), self.geometry)


def _dense_convolution(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        images,
        kernel,
        (geometry.stride, geometry.stride),
        [edges(side, kernel.shape[0], geometry) for side in images.shape[1:3]],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=geometry.groups,
    )


def _patches_product(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    size, stride, groups = kernel.shape[0], geometry.stride, geometry.groups
    height, width, channels = images.shape[1:]
    rows, columns = -(-height // stride), -(-width // stride)
    padded = jnp.pad(images, ((0, 0), *(edges(side, size, geometry) for side in (height, width)), (0, 0)))
    shifted = [
        padded[:, i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride]
        for i in range(size)
        for j in range(size)
    ]
    if groups == 1:
        patches = jnp.concatenate(shifted, axis=-1)
        product = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, kernel.shape[-1])
    else:
        stacked = jnp.stack(shifted, axis=-2).reshape(-1, size**2, groups, channels // groups)
        grouped = kernel.reshape(size**2, channels // groups, groups, -1)
        product = jnp.einsum("ptgi,tigo->pgo", stacked, grouped)
    return product.reshape(images.shape[0], rows, columns, kernel.shape[-1])


_convolution = per_platform(cpu=_patches_product, cpu_gradients=differentiated(_patches_product), default=_dense_convolution)


class MaxPool(nnx.Module):
    """The largest number under a 3 x 3 window, SAME padding or PyTorch's."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, channels) -> (batch, ceil(height / stride), ceil(width / stride), channels)."""
        stride = self.geometry.stride
        around = [edges(side, 3, self.geometry) for side in maps.shape[1:3]]
        return nnx.max_pool(maps, (3, 3), (stride, stride), around)


@jax.custom_vjp
def silu(maps: jax.Array) -> jax.Array:
    """x sigmoid(x), keeping x alone for the gradient.

    Forward and backward each take their own exponential on purpose. Where both need the same one, the compiler computes
    it once and keeps it: two passes more over memory, and a map more of it.
    """
    wide = maps.astype(jnp.float32)
    return (wide / (1 + jnp.exp(-wide))).astype(maps.dtype)


def _silu_gradient(maps: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    wide = maps.astype(jnp.float32)
    sigmoid = 1 - 1 / (1 + jnp.exp(wide))
    return ((gradient * (sigmoid * (1 + wide * (1 - sigmoid)))).astype(maps.dtype),)


silu.defvjp(lambda maps: (silu(maps), maps), _silu_gradient)

ACTIVATIONS: dict[Activation, Callable[[jax.Array], jax.Array]] = {"silu": silu, "relu": nnx.relu, "relu6": nnx.relu6}
"""By the name that an architecture has for it."""


class SqueezeExcite(nnx.Module):
    """Channel attention: x * sigmoid(expand(silu(squeeze(mean of x over the map))))."""

    def __init__(self, channels: int, squeezed: int, init: Initialiser) -> None:
        self.squeeze = Dense(channels, squeezed, (2 / squeezed) ** 0.5, init)
        self.expand = Dense(squeezed, channels, (2 / channels) ** 0.5, init)

    def __call__(self, maps: jax.Array) -> jax.Array:
        """(batch, height, width, channels) -> the same."""
        attention = nnx.sigmoid(self.expand(silu(self.squeeze(maps.mean((1, 2))))))
        return maps * attention[:, None, None, :]


class Dense(nnx.Module):
    """Matrix product and bias, with normal initial weights of deviation `std`."""

    def __init__(self, inputs: int, outputs: int, std: float, init: Initialiser) -> None:
        self.kernel = nnx.Param(init.normal((inputs, outputs), std))
        self.bias = nnx.Param(init.constant((outputs,), 0))

    def __call__(self, vectors: jax.Array) -> jax.Array:
        """(batch, inputs) -> (batch, outputs)."""
        return vectors @ self.kernel[...].astype(vectors.dtype) + self.bias[...].astype(vectors.dtype)


class Classifier(nnx.Module):
    """Matrix product and bias in float32, whatever the maps' precision.

    Initial weights are uniform from -s to s: `released` s = 1/sqrt(classes), `fan_in` s = 1/sqrt(inputs), `zero` s = 0.
    """

    def __init__(self, inputs: int, classes: int, start: ClassifierStart, init: Initialiser) -> None:
        limit = {"released": classes**-0.5, "fan_in": inputs**-0.5, "zero": 0.0}[start]
        self.kernel = nnx.Param(init.uniform((inputs, classes), limit))
        self.bias = nnx.Param(init.constant((classes,), 0))

    def __call__(self, vectors: jax.Array) -> jax.Array:
        """(batch, inputs) -> float32 (batch, classes)."""
        return vectors.astype(jnp.float32) @ self.kernel[...] + self.bias[...]


class StochasticDepth(nnx.Module):
    """Drops a block's branch for whole images at `rate` while training, and scales the kept ones by 1 / (1 - rate)."""

    def __init__(self, rate: float, rngs: nnx.Rngs) -> None:
        self.rate = rate
        self.deterministic = False
        self.stream = rngs.dropout.fork()

    def __call__(self, branch: jax.Array) -> jax.Array:
        """(batch, height, width, channels) -> the same."""
        if self.deterministic:
            return branch
        kept = jax.random.bernoulli(self.stream(), 1 - self.rate, (branch.shape[0], 1, 1, 1))
        return jnp.where(kept, branch / (1 - self.rate), 0).astype(branch.dtype)

"""Depthwise convolution, with the form that is fast on the device it is lowered for.

On a CPU, XLA's grouped convolution is 10 to 100 times slower than k * k shifted multiply-adds, and any convolution inside
a loop is slower still; so there the convolution and both its gradients are written as multiply-adds and reductions. On
other devices the compiler's own grouped convolution is used. The choice is made when the program is lowered, not when it
is traced, so one trace serves every platform.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from scaling.nets.padding import same_padding
from scaling.nets.platform import per_platform


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _shifted(images: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    size = kernel.shape[0]
    height, width = images.shape[1:3]
    padded = _pad(images, same_padding(height, size, stride), same_padding(width, size, stride))
    return _correlate(padded, kernel, stride, -(-height // stride), -(-width // stride))


def _forward(images: jax.Array, kernel: jax.Array, stride: int) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _shifted(images, kernel, stride), (images, kernel)


def _backward(stride: int, saved: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    return _image_gradient(*saved, gradient, stride), _kernel_gradient(*saved, gradient, stride)


_shifted.defvjp(_forward, _backward)


def _correlate(padded: jax.Array, kernel: jax.Array, stride: int, rows: int, columns: int) -> jax.Array:
    size = kernel.shape[0]
    return sum(
        (_window(padded, i, j, stride, rows, columns) * kernel[i, j] for i in range(size) for j in range(size)),
        start=jnp.zeros((), padded.dtype),
    )


def _window(padded: jax.Array, i: int, j: int, stride: int, rows: int, columns: int) -> jax.Array:
    batch, _, _, channels = padded.shape
    last = (batch, i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1, channels)
    return lax.slice(padded, (0, i, j, 0), last, (1, stride, stride, 1))


def _pad(images: jax.Array, rows: tuple[int, int], columns: tuple[int, int], dilation: int = 1) -> jax.Array:
    zero = jnp.zeros((), images.dtype)
    return lax.pad(images, zero, ((0, 0, 0), (*rows, dilation - 1), (*columns, dilation - 1), (0, 0, 0)))


def _image_gradient(images: jax.Array, kernel: jax.Array, gradient: jax.Array, stride: int) -> jax.Array:
    size = kernel.shape[0]
    height, width = images.shape[1:3]

    def edges(side: int, outputs: int) -> tuple[int, int]:
        # The dilated gradient is padded so that the mirrored kernel's windows give one output per input pixel.
        low = size - 1 - same_padding(side, size, stride)[0]
        return low, side + size - 1 - low - ((outputs - 1) * stride + 1)

    padded = _pad(gradient, edges(height, gradient.shape[1]), edges(width, gradient.shape[2]), stride)
    return _correlate(padded, kernel[::-1, ::-1], 1, height, width)


def _kernel_gradient(images: jax.Array, kernel: jax.Array, gradient: jax.Array, stride: int) -> jax.Array:
    size = kernel.shape[0]
    height, width = images.shape[1:3]
    padded = _pad(images, same_padding(height, size, stride), same_padding(width, size, stride))
    rows, columns = gradient.shape[1:3]
    batch, _, _, channels = images.shape
    products = [
        (_window(padded, i, j, stride, rows, columns) * gradient).astype(jnp.float32).reshape(batch, rows, columns * channels)
        for i in range(size)
        for j in range(size)
    ]
    # One pass over the rows for all k * k sums, columns and pictures after it: summing over pictures in the same pass walks
    # the memory with a stride of one channel row and takes 2 to 5 times as long.
    zeros = [jnp.zeros((), jnp.float32)] * len(products)
    per_column = lax.reduce(products, zeros, lambda a, b: [x + y for x, y in zip(a, b, strict=True)], (1,))
    sums = [one.sum(0).reshape(columns, channels).sum(0) for one in per_column]
    return jnp.stack(sums).reshape(kernel.shape).astype(kernel.dtype)


def _grouped(images: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    return lax.conv_general_dilated(
        images,
        kernel[:, :, None, :],
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=images.shape[-1],
    )


depthwise = per_platform(cpu=_shifted, default=_grouped)
"""Convolve every channel with its own k x k kernel, SAME padding: depthwise(images, kernel, stride).

y[n, p, q, c] = sum over i, j of x[n, s p + i - lo, s q + j - lo, c] w[i, j, c].

Args:
    images: (batch, height, width, channels).
    kernel: (k, k, channels), of the same dtype.
    stride: s, the same in both directions.

Returns:
    (batch, ceil(height / s), ceil(width / s), channels).
"""

"""Depthwise convolution, with the form that is fast on the device it is lowered for.

On a CPU, XLA's grouped convolution is 10 to 100 times slower than k * k shifted multiply-adds, and any convolution inside
a loop is slower still; so there the convolution and both its gradients are written as multiply-adds and reductions. On
other devices the compiler's own grouped convolution is used. The choice is made when the program is lowered, not when it
is traced, so one trace serves every platform.

What the form for CPUs pays attention to:

* Taps that only ever meet the padding are left out: of a 5 x 5 kernel on a 2 x 2 map nine are left.
* The gradient of the images is computed apart for each of the stride * stride phases of a pixel, from the gradient as it
  is; spreading it with zeros between would multiply by them. Where the stride does not divide the side, interleaving the
  phases costs more than that, 5 to 8 times.
* The gradient of the kernel sums blocks of at most eight rows first. The compiler unrolls a sum that short and works on
  16 columns and channels at a time; a longer one it runs number by number, 2 to 7 times slower.
* That sum reads the padded gradient, a column of padding included. Without it the compiler sees through the padding and
  computes the gradient of the layers above once for each tap, inside the sum.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from scaling.arch import Padding
from scaling.nets.padding import Geometry, edges
from scaling.nets.platform import per_platform

LONGEST_BLOCK = 8
"""Rows that the kernel's gradient sums at once."""

NARROW = 4
"""With fewer columns of output than this, one more for the kernel's gradient costs more than it saves."""


class _Side(NamedTuple):
    """One direction of a convolution whose taps all meet the image somewhere."""

    size: int
    """input px"""
    taps: int
    stride: int
    low: int
    """zeros before the first px"""
    more: int
    """outputs beyond the last that the kernel's gradient reads, all of them padding"""

    @property
    def outputs(self) -> int:
        return -(-self.size // self.stride)

    @property
    def padding(self) -> tuple[int, int]:
        covered = (self.outputs + self.more - 1) * self.stride + self.taps
        return self.low, max(covered - self.size - self.low, 0)

    @property
    def shifts(self) -> list[list[tuple[int, int]]]:
        """For each phase a, the (tap, shift) of its sum: px s t + a met output t + shift through that tap."""
        return [
            [
                (tap, (phase + self.low - tap) // self.stride)
                for tap in range(self.taps)
                if (phase + self.low - tap) % self.stride == 0
            ]
            for phase in range(self.stride)
        ]

    @property
    def reach(self) -> tuple[int, int]:
        """Zeros before and after the outputs' gradient, so that every shift of every phase finds one."""
        shifts = [shift for phase in self.shifts for _, shift in phase]
        return max(0, -min(shifts)), max(0, self.more, max(shifts))


class _TrimmedKernel(NamedTuple):
    """A convolution without the taps that meet nothing but padding."""

    top: int
    """the first row of the kernel that meets the image"""
    left: int
    rows: _Side
    columns: _Side

    def kernel(self, kernel: jax.Array) -> jax.Array:
        """Its part of a kernel."""
        last = (self.top + self.rows.taps, self.left + self.columns.taps, kernel.shape[2])
        return lax.slice(kernel, (self.top, self.left, 0), last)

    def whole(self, part: jax.Array, size: int) -> jax.Array:
        """A part of a kernel, with zeros where the rest is."""
        starts = ((self.top, self.rows.taps), (self.left, self.columns.taps))
        return lax.pad(part, jnp.zeros((), part.dtype), (*((low, size - low - taps, 0) for low, taps in starts), (0, 0, 0)))


def _met(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> _TrimmedKernel:
    (top, rows), (left, columns) = (_side(size, kernel.shape[0], geometry) for size in images.shape[1:3])
    rows = rows._replace(more=-rows.outputs % _block(rows.outputs))
    return _TrimmedKernel(top, left, rows, columns._replace(more=int(columns.outputs >= NARROW)))


def _side(size: int, kernel: int, geometry: Geometry) -> tuple[int, _Side]:
    """(first tap that meets the image, the direction without the taps that do not)."""
    stride, low = geometry.stride, edges(size, kernel, geometry)[0]
    starts = [output * stride - low for output in range(-(-size // stride))]
    met = [tap for tap in range(kernel) if any(0 <= start + tap < size for start in starts)]
    return met[0], _Side(size, len(met), stride, low - met[0], 0)


def _block(rows: int) -> int:
    """Rows of a block: up to eight, so that padding `rows` to whole blocks adds the fewest."""
    if rows <= LONGEST_BLOCK:
        return rows
    return min(range(LONGEST_BLOCK // 2, LONGEST_BLOCK + 1), key=lambda block: (-rows % block, -block))


def _shifted(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    met = _met(images, kernel, geometry)
    rows, columns = met.rows, met.columns
    padded = _pad(images, rows.padding, columns.padding)
    return _weighted_sum(
        met.kernel(kernel),
        [
            (i, j, _window(padded, i, j, rows.stride, rows.outputs, columns.outputs))
            for i in range(rows.taps)
            for j in range(columns.taps)
        ],
    )


def _shifted_gradients(
    images: jax.Array, kernel: jax.Array, gradient: jax.Array, geometry: Geometry
) -> tuple[jax.Array, jax.Array]:
    met = _met(images, kernel, geometry)
    rows, columns, part = met.rows, met.columns, met.kernel(kernel)
    spread = _pad(gradient, rows.reach, columns.reach)
    padded = _pad(images, rows.padding, columns.padding)
    if all(side.size % side.stride == 0 for side in (rows, columns)):
        of_images = _by_phase(spread, part, rows, columns)
    else:
        of_images = _dilated(gradient, part, rows, columns)
    return of_images, met.whole(_kernel_gradient(padded, part, spread, rows, columns), kernel.shape[0])


def _by_phase(spread: jax.Array, kernel: jax.Array, rows: _Side, columns: _Side) -> jax.Array:
    """The images' gradient where the stride divides the sides: each phase by itself, then interleaved."""
    batch, channels, stride = spread.shape[0], spread.shape[-1], rows.stride
    shape = (batch, rows.outputs, columns.outputs, channels)
    top, left = rows.reach[0], columns.reach[0]

    def phase(vertical: list[tuple[int, int]], horizontal: list[tuple[int, int]]) -> jax.Array:
        if not (vertical and horizontal):
            return jnp.zeros(shape, spread.dtype)
        return _weighted_sum(
            kernel,
            [
                (i, j, _window(spread, top + down, left + right, 1, *shape[1:3]))
                for i, down in vertical
                for j, right in horizontal
            ],
        )

    if stride == 1:
        return phase(rows.shifts[0], columns.shifts[0])
    phases = [jnp.stack([phase(v, h) for h in columns.shifts], 3) for v in rows.shifts]
    return jnp.stack(phases, 2).reshape(batch, rows.size, columns.size, channels)


def _dilated(gradient: jax.Array, kernel: jax.Array, rows: _Side, columns: _Side) -> jax.Array:
    """The images' gradient elsewhere: a convolution with the mirrored kernel, zeros between the outputs."""

    def around(side: _Side) -> tuple[int, int]:
        low = side.taps - 1 - side.low
        return low, side.size + side.taps - 1 - low - ((side.outputs - 1) * side.stride + 1)

    spread = _pad(gradient, around(rows), around(columns), rows.stride)
    return _weighted_sum(
        kernel,
        [
            (i, j, _window(spread, rows.taps - 1 - i, columns.taps - 1 - j, 1, rows.size, columns.size))
            for i in range(rows.taps)
            for j in range(columns.taps)
        ],
    )


def _kernel_gradient(padded: jax.Array, kernel: jax.Array, spread: jax.Array, rows: _Side, columns: _Side) -> jax.Array:
    batch, channels, stride = padded.shape[0], padded.shape[-1], rows.stride
    height, width = rows.outputs + rows.more, columns.outputs + columns.more
    block = _block(rows.outputs)
    blocks = (batch, height // block, block, width * channels)
    gradient = _window(spread, rows.reach[0], columns.reach[0], 1, height, width).reshape(blocks)
    products = [
        lax.convert_element_type(
            lax.mul(lax.reshape(_window(padded, i, j, stride, height, width), blocks), gradient), jnp.float32
        )
        for i in range(rows.taps)
        for j in range(columns.taps)
    ]
    stacked = jnp.stack([one for start in range(0, len(products), 9) for one in _sum_blocks(products[start : start + 9])])
    sums = stacked.sum(1).reshape(len(products), width, channels).sum(1)
    return sums.reshape(kernel.shape).astype(kernel.dtype)


def _sum_blocks(products: list[jax.Array]) -> list[jax.Array]:
    """Sums over axis 2, and over axes 0 and 1 as far as one more sum of eight goes; several at once, for one pass."""
    sums = _sum_axis(products, 2)
    count = math.prod(sums[0].shape[:2])
    block = max(size for size in range(1, LONGEST_BLOCK + 1) if count % size == 0)
    return _sum_axis([one.reshape(count // block, block, -1) for one in sums], 1)


def _sum_axis(arrays: list[jax.Array], axis: int) -> list[jax.Array]:
    zeros = [jnp.zeros((), jnp.float32)] * len(arrays)
    return lax.reduce(arrays, zeros, lambda a, b: [lax.add(x, y) for x, y in zip(a, b, strict=True)], (axis,))


def _weighted_sum(kernel: jax.Array, windows: list[tuple[int, int, jax.Array]]) -> jax.Array:
    """Sum over (i, j, window) of window * kernel[i, j].

    In `lax`, here and below: there are hundreds of these, and jax.numpy traces each as a call.
    """

    def weighted(i: int, j: int, window: jax.Array) -> jax.Array:
        weight = lax.slice(kernel, (i, j, 0), (i + 1, j + 1, kernel.shape[2]))
        return lax.mul(window, lax.broadcast_in_dim(lax.reshape(weight, (kernel.shape[2],)), window.shape, (3,)))

    return reduce(lax.add, (weighted(*one) for one in windows))


def _window(padded: jax.Array, i: int, j: int, stride: int, rows: int, columns: int) -> jax.Array:
    batch, _, _, channels = padded.shape
    last = (batch, i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1, channels)
    return lax.slice(padded, (0, i, j, 0), last, (1, stride, stride, 1))


def _pad(images: jax.Array, rows: tuple[int, int], columns: tuple[int, int], dilation: int = 1) -> jax.Array:
    zero = jnp.zeros((), images.dtype)
    return lax.pad(images, zero, ((0, 0, 0), (*rows, dilation - 1), (*columns, dilation - 1), (0, 0, 0)))


def _grouped(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        images,
        kernel[:, :, None, :],
        (geometry.stride, geometry.stride),
        [edges(size, kernel.shape[0], geometry) for size in images.shape[1:3]],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=images.shape[-1],
    )


_depthwise = per_platform(cpu=_shifted, cpu_gradients=_shifted_gradients, default=_grouped)


def depthwise(images: jax.Array, kernel: jax.Array, stride: int, padding: Padding = "same") -> jax.Array:
    """Convolve every channel with its own k x k kernel.

    y[n, p, q, c] = sum over i, j of x[n, s p + i - lo, s q + j - lo, c] w[i, j, c].

    Args:
        images: (batch, height, width, channels).
        kernel: (k, k, channels), of the same dtype.
        stride: s, the same in both directions.
        padding: where the zeros are: `same` (TensorFlow's) or `symmetric` (PyTorch's).

    Returns:
        (batch, ceil(height / s), ceil(width / s), channels).
    """
    return _depthwise(images, kernel, Geometry(stride, padding))

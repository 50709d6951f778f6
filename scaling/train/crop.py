"""Crop a batch of images to boxes and resize what is left to a square: at random for training, in the middle for evaluation.

Photographs are stored squeezed to a square, so that they fit one array; a box is found in the shape that a photograph had and
told as shares (left, top, width, height) of the square, which are the same shares of either. Crop and resize are one product
with two small matrices per image. They hold the weights that Pillow gives the pixels, which are those of a cubic with a = -1/2,
made wider where the image shrinks so that no detail folds back.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from scaling.train.each import each, uniform

WIDEST = 4 / 3
"""Largest ratio of a random crop's sides."""

ATTEMPTS = 10


def random_boxes(keys: jax.Array, aspect: jax.Array, least: float) -> jax.Array:
    """A random box in each image: its share of the area is even from `least` to 1, its ratio even in the logarithm.

    Of ten boxes the first that fits is taken; where none does, the largest of an allowed ratio, in the middle. That is
    torchvision's reading of the paper. TensorFlow, with which EfficientNets were trained, draws ratio and height evenly
    instead. Both round boxes to whole pixels; here they are not.

    Args:
        keys: (n,), random keys.
        aspect: (n,), width over height of each image as it was before it was squeezed.
        least: share of the area, above 0.

    Returns:
        float32 (n, 4): left, top, width and height as shares of the image.

    Source: Szegedy et al. 2015, section 6.
    """
    draws = uniform(keys, 2 * ATTEMPTS + 2)
    area = least + (1 - least) * draws[:, :ATTEMPTS]
    ratio = WIDEST ** (2 * draws[:, ATTEMPTS:-2] - 1)
    tries = jnp.stack([jnp.sqrt(area * ratio / aspect[:, None]), jnp.sqrt(area / ratio * aspect[:, None])], -1)
    fits = (tries <= 1).all(-1)
    first = jnp.take_along_axis(tries, fits.argmax(1)[:, None, None], 1)[:, 0]
    fitting = fits.any(1)[:, None]
    size = jnp.where(fitting, first, _largest(aspect, WIDEST))
    return jnp.concatenate([(1 - size) * jnp.where(fitting, draws[:, -2:], 0.5), size], -1)


def centre_boxes(aspect: jax.Array, share: float = 1.0) -> jax.Array:
    """The square in the middle of each image, `share` of its shorter side wide.

    Args:
        aspect: (n,), width over height of each image as it was before it was squeezed.
        share: 1 for the largest square; EfficientNets are evaluated at 224 px on 224/256.

    Returns:
        float32 (n, 4): left, top, width and height as shares of the image.
    """
    size = share * _largest(aspect, 1.0)
    return jnp.concatenate([(1 - size) / 2, size], -1)


def _largest(aspect: jax.Array, widest: float) -> jax.Array:
    """(n, 2): width and height, as shares, of the largest box whose ratio is between 1 / widest and widest."""
    ratio = jnp.clip(aspect, 1 / widest, widest)
    return jnp.minimum(jnp.stack([ratio / aspect, aspect / ratio], -1), 1)


def cropped(images: jax.Array, boxes: jax.Array, side: int) -> jax.Array:
    """What boxes hold of images, resized to side x side px, bicubic and antialiased.

    Pixels around a box, where there are any, take part in the weights at its edge, as in Pillow's `resize(..., box=...)`.

    Args:
        images: uint8 (n, height, width, channels).
        boxes: (n, 4): left, top, width and height as shares of the image.
        side: in px.

    Returns:
        float32 (n, side, side, channels) from 0 to 255, not rounded.
    """
    return each(partial(_one_cropped, side), images, boxes)


def _one_cropped(side: int, image: jax.Array, box: jax.Array) -> jax.Array:
    height, width, channels = image.shape
    columns = image.astype(jnp.float32).transpose(1, 0, 2).reshape(width, height * channels)
    narrow = _product(_weights(box[0], box[2], width, side), columns)
    narrow = jnp.clip(narrow, 0, 255)  # as Pillow, whose first pass leaves bytes
    rows = narrow.reshape(side, height, channels).transpose(1, 0, 2).reshape(height, side * channels)
    return jnp.clip(_product(_weights(box[1], box[3], height, side), rows), 0, 255).reshape(side, side, channels)


def _product(weights: jax.Array, pixels: jax.Array) -> jax.Array:
    # An accelerator would round bytes and weights to 8 bits of precision unless it is told otherwise.
    return jnp.matmul(weights, pixels, precision=jax.lax.Precision.HIGHEST)


def _weights(start: jax.Array, extent: jax.Array, size: int, side: int) -> jax.Array:
    """(side, size): how much of each pixel goes into each pixel of the resized image; rows sum to 1."""
    step = extent * size / side
    centre = start * size + (jnp.arange(side)[:, None] + 0.5) * step
    weights = _cubic((jnp.arange(size) + 0.5 - centre) / jnp.maximum(step, 1))
    return weights / weights.sum(-1, keepdims=True)


def _cubic(distance: jax.Array) -> jax.Array:
    """Keys' cubic with a = -1/2."""
    near = jnp.abs(distance)
    inner = (1.5 * near - 2.5) * near**2 + 1
    outer = ((-0.5 * near + 2.5) * near - 4) * near + 2
    return jnp.where(near < 1, inner, jnp.where(near < 2, outer, 0))

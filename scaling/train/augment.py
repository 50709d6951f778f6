"""Augment a batch of training images as a recipe's `Augment` asks; what it does not ask for is not in the program.

The random numbers of an image depend on the key, the epoch and the image's number alone, so the same happens to it in any batch
and at any place in it. Only what mixes images depends on the batch.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.special import betaincinv

from scaling.recipe.augment import Augment
from scaling.train.crop import centre_boxes, cropped, random_boxes
from scaling.train.distort import NOTHING, OPERATIONS, arguments, distorted
from scaling.train.each import each, uniform
from scaling.train.policies import AUTOAUGMENT, RANDAUGMENT

_CROP, _POLICY, _ERASE, _NOISE = range(4)
"""What random numbers of an image are for."""

ERASED_AREA = (0.02, 0.33)
"""Share of the area of an erased box."""

ERASED_RATIO = 3.3
"""Largest ratio of an erased box's sides."""

ATTEMPTS = 10
"""Boxes drawn before an image is left unerased."""


def augmented(
    augment: Augment,
    key: jax.Array,
    epoch: jax.Array,
    identity: jax.Array,
    images: jax.Array,
    aspect: jax.Array,
    side: int,
    magnitude: jax.Array | None = None,
) -> jax.Array:
    """Images cropped, brought to `side` px and distorted by the policy; without a random crop the square in their middle.

    Args:
        augment: what to do.
        key: of the training.
        epoch: its number.
        identity: (n,), the number of each image in the training set.
        images: uint8 (n, height, width, 1 or 3), photographs squeezed to a square.
        aspect: (n,), width over height before that.
        side: in px.
        magnitude: of RandAugment; that of `augment` where it is not given.

    Returns:
        float32 (n, side, side, channels) from 0 to 255; bytes if there is a policy, which works on them.
    """
    if augment.crop:
        pixels = cropped(images, random_boxes(_keys(key, epoch, identity, _CROP), aspect, augment.crop), side)
    elif images.shape[1:3] != (side, side):
        pixels = cropped(images, centre_boxes(aspect), side)
    else:
        pixels = images.astype(jnp.float32)
    if augment.policy == "none":
        return pixels
    keys = _keys(key, epoch, identity, _POLICY)
    level = jnp.asarray(augment.magnitude if magnitude is None else magnitude, jnp.float32)
    return _distorted_by_policy(augment, keys, level, jnp.round(pixels).astype(jnp.uint8)).astype(jnp.float32)


def _distorted_by_policy(augment: Augment, keys: jax.Array, magnitude: jax.Array, images: jax.Array) -> jax.Array:
    layers = len(AUTOAUGMENT[0]) if augment.policy == "autoaugment" else augment.layers
    draws = uniform(keys, 1 + 4 * layers)
    chances = draws[:, 1:].reshape(-1, layers, 4).swapaxes(0, 1)
    if augment.policy == "autoaugment":
        operations, levels = _of_autoaugment(draws[:, 0], chances[..., 0])
    else:
        operations = jnp.array([OPERATIONS.index(name) for name in RANDAUGMENT])[_one_of(len(RANDAUGMENT), chances[..., 0])]
        levels = jnp.broadcast_to(magnitude, operations.shape)
    given = arguments(operations, levels, jnp.where(chances[..., 1] < 0.5, -1, 1))

    def layer(images: jax.Array, chosen: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return distorted(images, *chosen), None

    return lax.scan(layer, images, (operations, given, chances[..., 2:]))[0]


def _of_autoaugment(picked: jax.Array, chance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(operations, levels), (2, n) each, of the pair that each image picked; what does not happen is `NOTHING`."""
    steps = [[(OPERATIONS.index(step.operation), step.probability, step.level) for step in pair] for pair in AUTOAUGMENT]
    number, probability, level = jnp.array(steps, jnp.float32)[_one_of(len(steps), picked)].T
    return jnp.where(chance < probability, number.astype(jnp.int32), NOTHING), level


def mixed(
    augment: Augment, key: jax.Array, step: jax.Array, images: jax.Array, targets: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Images and targets mixed with those of the batch in reverse.

    With both alphas, the first half of the batch is mixed by mixup and the rest by CutMix, each half with itself in reverse, as
    EfficientNetV2 was released. Its code gives all images of a batch the CutMix targets of their mean box; here each has those
    of its own.

    Args:
        augment: what to do.
        key: of the training.
        step: its number.
        images: float32 (n, side, side, channels), normalised.
        targets: float32 (n, classes), rows sum to 1.

    Returns:
        (images, targets), shapes unchanged.

    Source: Zhang et al. 2018 (mixup); Yun et al. 2019 (CutMix); google/automl, efficientnetv2/datasets.py.
    """
    key = jax.random.fold_in(key, step)
    if augment.mixup and augment.cutmix:
        half = len(images) // 2
        keys = jax.random.split(key)
        first = _mixup(augment.mixup, keys[0], images[:half], targets[:half])
        rest = _cutmix(augment.cutmix, keys[1], images[half:], targets[half:])
        return jnp.concatenate([first[0], rest[0]]), jnp.concatenate([first[1], rest[1]])
    if augment.mixup:
        return _mixup(augment.mixup, key, images, targets)
    if augment.cutmix:
        return _cutmix(augment.cutmix, key, images, targets)
    return images, targets


def _mixup(alpha: float, key: jax.Array, images: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
    own = _beta(alpha, jax.random.uniform(key, (len(images),)))
    own = jnp.maximum(own, 1 - own)  # an image outweighs its partner, as released
    weight = own[:, None, None, None]
    return weight * images + (1 - weight) * images[::-1], own[:, None] * targets + (1 - own[:, None]) * targets[::-1]


def _cutmix(alpha: float, key: jax.Array, images: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
    count, side = images.shape[:2]
    draws = jax.random.uniform(key, (3 * count,)).reshape(count, 3)
    half = jnp.floor(jnp.sqrt(1 - _beta(alpha, draws[:, 0])) * side) // 2
    middle = jnp.floor(draws[:, 1:] * side)
    pixel = jnp.arange(side)
    across, down = ((pixel >= (one - half)[:, None]) & (pixel < (one + half)[:, None]) for one in (middle[:, 0], middle[:, 1]))
    theirs = (across.sum(1) * down.sum(1) / side**2)[:, None]
    inside = (down[:, :, None] & across[:, None])[..., None]
    return jnp.where(inside, images[::-1], images), (1 - theirs) * targets + theirs * targets[::-1]


def _beta(alpha: float, chance: jax.Array) -> jax.Array:
    """Numbers of Beta(alpha, alpha) from even ones, by a table of its quantiles.

    `jax.random.beta` takes longer to compile than everything else that mixes images.
    """
    even = np.linspace(0, 1, 4097)
    return jnp.interp(chance, even, betaincinv(alpha, alpha, even))


def erased(augment: Augment, key: jax.Array, epoch: jax.Array, identity: jax.Array, images: jax.Array) -> jax.Array:
    """Images in which, with the probability asked for, a box is replaced by noise of mean 0 and deviation 1.

    Args:
        augment: what to do.
        key: of the training.
        epoch: its number.
        identity: (n,), the number of each image in the training set.
        images: float32 (n, side, side, channels), normalised.

    Returns:
        float32, the same shape.

    Source: Zhong et al. 2020, whose noise is of even bytes and whose boxes go up to .4 of the area; area, ratio and noise are
    those of torchvision and timm.
    """
    if not augment.erase:
        return images
    side = images.shape[1]
    draws = uniform(_keys(key, epoch, identity, _ERASE), 2 * ATTEMPTS + 3)
    low, high = ERASED_AREA
    area = (low + (high - low) * draws[:, :ATTEMPTS]) * side**2
    ratio = ERASED_RATIO ** (2 * draws[:, ATTEMPTS:-3] - 1)
    tries = jnp.round(jnp.stack([jnp.sqrt(area * ratio), jnp.sqrt(area / ratio)], -1))
    fits = (tries < side).all(-1)
    size = jnp.take_along_axis(tries, fits.argmax(1)[:, None, None], 1)[:, 0]
    start = jnp.floor(draws[:, -3:-1] * (side - size + 1))
    happens = fits.any(1) & (draws[:, -1] < augment.erase)
    return each(_one_erased, images, _keys(key, epoch, identity, _NOISE), happens, start, size)


def _one_erased(image: jax.Array, key: jax.Array, happens: jax.Array, start: jax.Array, size: jax.Array) -> jax.Array:
    pixel = jnp.arange(image.shape[0])
    across, down = ((pixel >= one) & (pixel < one + length) for one, length in zip(start, size, strict=True))
    inside = (down[:, None] & across)[..., None]
    return lax.cond(
        happens, lambda: jnp.where(inside, jax.random.normal(key, (image.size,)).reshape(image.shape), image), lambda: image
    )


def _keys(key: jax.Array, epoch: jax.Array, identity: jax.Array, purpose: int) -> jax.Array:
    """(n,): a key for a purpose of each image."""
    in_epoch = jax.random.fold_in(key, epoch)
    return jax.vmap(lambda number: jax.random.fold_in(jax.random.fold_in(in_epoch, number), purpose))(identity)


def _one_of(count: int, chance: jax.Array) -> jax.Array:
    """One of `count` whole numbers from a number that is at least 0 and below 1."""
    return jnp.floor(chance * count).astype(jnp.int32)

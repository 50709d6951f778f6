"""The operations of AutoAugment and RandAugment on a batch of images: bytes in, bytes out, and each image has its operation.

Every operation is one of four things: a table of 256 entries per channel, a blend with a second image, a look-up of every pixel
at a place that an affine map tells, or a square painted over. An accelerator, which computes them all for all images, therefore
does four things and not sixteen.

Operations mean what Pillow means by them, down to the rounding, since AutoAugment was searched with Pillow. EfficientNet's
released code has them in TensorFlow and says that they equal Pillow's; where they do not, Pillow is followed: in Contrast (the
code takes the number of pixels over 256 for their mean), in Sharpness (it cuts smoothed pixels off and does not round them), in
the weights of Color's grey, and in shears, which leave the corner of an image in place and not the middle of its first pixel.
What is the code's and not Pillow's: empty places are grey, and a larger level solarizes and posterizes less.

Source: Cubuk et al. 2019, table 6; tensorflow/tpu and google/automl, autoaugment.py.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from scaling.train.each import each

LEVELS = 10.0
"""Largest level of AutoAugment."""

GREY = 128
"""What fills places that an image does not reach."""


class Scale(NamedTuple):
    """How the argument of an operation follows from its level."""

    slope: float = 0.0
    """argument at level 10, less the offset"""
    offset: float = 0.0
    whole: bool = False
    """cut down to a whole number"""
    signed: bool = False
    """negative half of the time"""
    fine: bool = False
    """a multiple of 1/4096, whose product with a byte no device rounds: a byte is cut from it alike everywhere"""


TABLES = {
    "AutoContrast": Scale(),
    "Equalize": Scale(),
    "Invert": Scale(),
    "Posterize": Scale(4, whole=True),
    "Solarize": Scale(256, whole=True),
    "SolarizeAdd": Scale(110, whole=True),
    "Brightness": Scale(1.8, 0.1, fine=True),
}
"""Argument: bits kept, least byte that is inverted, what is added to dark bytes, and the factor of brightness."""

BLENDS = {name: Scale(1.8, 0.1, fine=True) for name in ("Color", "Contrast", "Sharpness")}
"""Argument: 1 leaves the image, 0 leaves the other one: its greys, its mean grey, or the smoothed image."""

WARPS = {
    "Rotate": Scale(30, signed=True),
    "ShearX": Scale(0.3, signed=True),
    "ShearY": Scale(0.3, signed=True),
    "TranslateX": Scale(100 / 224, signed=True),
    "TranslateY": Scale(100 / 224, signed=True),
}
"""Argument: degrees, px per px, and share of the side.

The released code translates by 100 px in RandAugment, whatever the side; that is told as a share at 224 px. For AutoAugment it
has 250 px, which at 224 px leaves nothing of an image at level 9; the paper has 150 px, for torchvision a share of 331 px.
"""

MASKS = {"Cutout": Scale(40 / 224)}
"""Argument: half the side of the square as a share of the image's, 40 px of 224 px at level 10."""

FAMILIES: tuple[dict[str, Scale], ...] = (TABLES, BLENDS, WARPS, MASKS)

OPERATIONS: tuple[str, ...] = tuple(name for family in FAMILIES for name in family)
"""An operation's number is its place here."""

NOTHING = len(OPERATIONS)
"""The number that leaves an image as it is."""

_SCALES = [scale for family in FAMILIES for scale in family.values()] + [Scale()]
_FAMILY = [number for number, family in enumerate(FAMILIES) for _ in family] + [len(FAMILIES)]
_WITHIN = [number for family in FAMILIES for number in range(len(family))] + [0]


def arguments(operation: jax.Array, level: jax.Array, sign: jax.Array) -> jax.Array:
    """What operations are called with.

    Args:
        operation: (n,), numbers.
        level: (n,), 0 to 30; 10 is AutoAugment's largest.
        sign: (n,), 1 or -1; what is not signed does not heed it.

    Returns:
        float32 (n,), in the unit of the operation.
    """
    slope, offset, whole, signed, fine = (jnp.asarray(column)[operation] for column in zip(*_SCALES, strict=True))
    argument = level * slope / LEVELS + offset
    argument = jnp.where(fine, jnp.round(argument * 4096) / 4096, argument)
    argument = jnp.where(whole, jnp.floor(argument + 1e-4), argument)  # 22.9999 where a device divides carelessly
    return argument * jnp.where(signed, sign, 1)


def distorted(images: jax.Array, operation: jax.Array, argument: jax.Array, centre: jax.Array) -> jax.Array:
    """Each image after one operation.

    Args:
        images: uint8 (n, side, side, 1 or 3).
        operation: (n,), numbers; `NOTHING` leaves an image.
        argument: (n,), in the unit of the operation.
        centre: (n, 2), where Cutout's square lies, across and down, as shares from 0 to below 1.

    Returns:
        uint8 (n, side, side, channels).
    """
    return each(_one_distorted, images, operation, argument, centre)


def _one_distorted(image: jax.Array, operation: jax.Array, argument: jax.Array, centre: jax.Array) -> jax.Array:
    within = jnp.asarray(_WITHIN)[operation]
    families = [
        lambda: _looked_up(image, within, argument),
        lambda: _blended(image, within, argument),
        lambda: _warped(image, within, argument),
        lambda: _painted(image, argument, centre),
        lambda: image,
    ]
    return lax.switch(jnp.asarray(_FAMILY)[operation], families)


def _looked_up(image: jax.Array, which: jax.Array, argument: jax.Array) -> jax.Array:
    channels = image.shape[-1]
    byte = jnp.arange(256)
    low, high = (bound(image, (0, 1)).astype(jnp.int32)[:, None] for bound in (jnp.min, jnp.max))
    equal = lax.cond(
        which == list(TABLES).index("Equalize"), partial(_equalizing, image), lambda: jnp.zeros((channels, 256), jnp.int32)
    )
    shift = 8 - jnp.clip(argument, 0, 8).astype(jnp.int32)
    tables = {
        # Whole numbers: Pillow's floats now and then fall short of the byte that they mean.
        "AutoContrast": jnp.where(high > low, (byte - low) * 255 // jnp.maximum(high - low, 1), byte),
        "Equalize": equal,
        "Invert": 255 - byte,
        "Posterize": byte >> shift << shift,
        "Solarize": jnp.where(byte < argument, byte, 255 - byte),
        "SolarizeAdd": jnp.where(byte < 128, byte + argument.astype(jnp.int32), byte),
        "Brightness": (byte * argument).astype(jnp.int32),
    }
    stack = jnp.stack([jnp.broadcast_to(tables[name], (channels, 256)) for name in TABLES])
    table = jnp.clip(stack[which], 0, 255).astype(jnp.uint8)
    return table[jnp.arange(channels), image.astype(jnp.int32)]


def _equalizing(image: jax.Array) -> jax.Array:
    """(channels, 256): the table after which a channel holds all bytes about equally often."""
    channels = image.shape[-1]
    counts = jnp.zeros((channels, 256), jnp.int32).at[jnp.arange(channels), image.astype(jnp.int32)].add(1)
    below = jnp.cumsum(counts, -1) - counts
    brightest = jnp.take_along_axis(counts, image.max((0, 1)).astype(jnp.int32)[:, None], -1)
    step = (image.shape[0] * image.shape[1] - brightest) // 255
    return jnp.where(step > 0, (below + step // 2) // jnp.maximum(step, 1), jnp.arange(256))


def _blended(image: jax.Array, which: jax.Array, factor: jax.Array) -> jax.Array:
    others = {"Color": _greys, "Contrast": _mean_grey, "Sharpness": _smoothed}
    other = lax.switch(which, [partial(others[name], image.astype(jnp.int32)) for name in BLENDS])
    mixed = other.astype(jnp.float32) + factor * (image.astype(jnp.int32) - other).astype(jnp.float32)
    return jnp.clip(mixed, 0, 255).astype(jnp.uint8)


def _greys(image: jax.Array) -> jax.Array:
    """An image in grey, with the luma of ITU-R 601 in sixteen bits, as Pillow has it; of one channel, itself."""
    if image.shape[-1] == 1:
        return image
    luma = (image * jnp.array([19595, 38470, 7471])).sum(-1, keepdims=True) + 0x8000 >> 16
    return jnp.broadcast_to(luma, image.shape)


def _mean_grey(image: jax.Array) -> jax.Array:
    grey = _greys(image)[..., 0]
    return jnp.broadcast_to((2 * grey.sum() + grey.size) // (2 * grey.size), image.shape)


def _smoothed(image: jax.Array) -> jax.Array:
    """The mean of 3 x 3 px, the middle one counted five times, rounded; the outermost pixels stay."""
    rows = image[:-2] + image[1:-1] + image[2:]
    total = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * image[1:-1, 1:-1]
    return image.at[1:-1, 1:-1].set((2 * total + 13) // 26)


def _warped(image: jax.Array, which: jax.Array, argument: jax.Array) -> jax.Array:
    """An image whose pixels are looked up, nearest, where an affine map sends them."""
    side = image.shape[0]
    place = jnp.round(_matrix(which, argument, side) * 65536).astype(jnp.int32)
    pixel = jnp.arange(side)
    across, down = (one[0] * pixel + one[1] * pixel[:, None] + one[2] >> 16 for one in place)
    inside = (across >= 0) & (across < side) & (down >= 0) & (down < side)
    found = image.reshape(side * side, -1)[jnp.where(inside, down * side + across, 0)]
    return jnp.where(inside[..., None], found, jnp.uint8(GREY))


def _matrix(which: jax.Array, argument: jax.Array, side: int) -> jax.Array:
    """(2, 3): from a pixel's number (across, down, 1) to the place, across and down, that it shows, in px from the corner."""
    one, none, middle = jnp.ones(()), jnp.zeros(()), side / 2
    radians = argument * (jnp.pi / 180)
    cosine, sine = jnp.cos(radians), jnp.sin(radians)
    maps = {
        "Rotate": (cosine, -sine, middle * (1 - cosine + sine), sine, cosine, middle * (1 - cosine - sine)),
        "ShearX": (one, argument, none, none, one, none),
        "ShearY": (one, none, none, argument, one, none),
        "TranslateX": (one, none, argument * side, none, one, none),
        "TranslateY": (one, none, none, none, one, argument * side),
    }
    chosen = jnp.stack([jnp.stack(maps[name]) for name in WARPS])[which].reshape(2, 3)
    return chosen.at[:, 2].add((chosen[:, 0] + chosen[:, 1]) / 2)  # from the middle of a pixel


def _painted(image: jax.Array, half: jax.Array, centre: jax.Array) -> jax.Array:
    """An image with a grey square of twice `half` around a pixel; what lies beyond the edge is lost."""
    side = image.shape[0]
    reach, middle = jnp.floor(half * side + 1e-3), jnp.floor(centre * side)  # 40/224 of 224 px are 40, not 39.99
    pixel = jnp.arange(side)
    across, down = ((pixel >= one - reach) & (pixel < one + reach) for one in middle)
    return jnp.where((down[:, None] & across)[..., None], jnp.uint8(GREY), image)

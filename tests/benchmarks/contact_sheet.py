"""What augmentation does to pictures: every operation, the policies, crop, mixup, CutMix and erasing, on one sheet.

    python -m tests.benchmarks.contact_sheet docs/augmentation.png

Three scenes drawn by NumPy and a picture of Fashion-MNIST, a row each in either band; all changes are those of `scaling.train`.
Operations are at level 8, in alternate rows with either sign. Ten seconds.
"""

import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from scaling.data import load, resize
from scaling.recipe.augment import Augment
from scaling.train.augment import augmented, erased, mixed
from scaling.train.distort import OPERATIONS, arguments, distorted
from tests.scenes import scenes

SIDE, BANDS, GAP, BETWEEN = 64, 2, 3, 26
"""Side of a picture, bands of columns, and px between pictures and between bands."""

LEVEL = 8.0
CUTOUT_AT = (0.6, 0.4)


def pictures():
    """uint8 (4, 128, 128, 3): three scenes and a shoe."""
    shoe = resize(load("fashion-mnist-10k").train.images[:1], 128)
    return np.concatenate([scenes(3, 128, seed=4), shoe.repeat(3, -1)])


def columns(images, seed):
    """{label: uint8 (n, side, side, 3)}: the pictures, and all that can be done to them."""
    key, count = jax.random.key(seed), len(images)
    numbers, ones = jnp.arange(count), jnp.ones(count)
    change = jax.jit(lambda augment, given: augmented(augment, key, 0, numbers, given, ones, SIDE), static_argnums=0)
    small = change(Augment(), images)
    sign = jnp.where(numbers % 2, -1, 1)
    distort = jax.jit(distorted)
    made = {"as it is": small}
    for number, name in enumerate(OPERATIONS):
        operation = jnp.full(count, number)
        centre = jnp.broadcast_to(jnp.array(CUTOUT_AT), (count, 2))
        whole = jnp.round(small).astype(jnp.uint8)
        made[name] = distort(whole, operation, arguments(operation, jnp.full(count, LEVEL), sign), centre)
    made["AutoAugm."] = change(Augment(policy="autoaugment"), images)
    for magnitude in (10, 20):
        made[f"RandA. {magnitude}"] = change(Augment(policy="randaugment", magnitude=magnitude), images)
    made["crop"] = change(Augment(crop=0.08), images)
    normal, targets = small / 64 - 2, jnp.eye(count)
    for label, augment in (("mixup", Augment(mixup=1)), ("CutMix", Augment(cutmix=1))):
        made[label] = 64 * (mixed(augment, key, jnp.int32(5), normal, targets)[0] + 2)
    made["erase"] = 64 * (erased(Augment(erase=1), key, 0, numbers, normal) + 2)
    return {label: np.asarray(jnp.clip(jnp.round(column), 0, 255), np.uint8) for label, column in made.items()}


def contact_sheet(images, seed):
    """uint8 (height, width, 3): all columns of `images`, with room for labels."""
    return arranged(list(columns(images, seed).values()))


def arranged(shown):
    """Columns in bands on white, a row for each picture; room for labels above each band."""
    wide, rows = -(-len(shown) // BANDS), len(shown[0])
    step, high = SIDE + GAP, BETWEEN + rows * (SIDE + GAP)
    sheet = np.full((BANDS * high, wide * step - GAP, 3), 255, np.uint8)
    for place, column in enumerate(shown):
        band, across = divmod(place, wide)
        for row, picture in enumerate(column):
            top = band * high + BETWEEN + row * step
            sheet[top : top + SIDE, across * step : across * step + SIDE] = picture
    return sheet


def main():
    """Write the sheet, labelled."""
    shown = columns(pictures(), 0)
    sheet, labels = arranged(list(shown.values())), list(shown)
    height, width = sheet.shape[:2]
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(sheet, interpolation="none", aspect="auto")
    axes.axis("off")
    wide = -(-len(labels) // BANDS)
    write = partial(axes.text, ha="center", va="bottom", fontsize=7.5)
    for place, label in enumerate(labels):
        band, across = divmod(place, wide)
        write(across * (SIDE + GAP) + SIDE / 2, band * height / BANDS + BETWEEN - 4, label)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    drawn.save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scenes import awkward, scenes

from scaling.data import load
from scaling.train.distort import NOTHING, OPERATIONS, arguments, distorted
from scaling.train.each import lax as lax_of_each

SIDE = 28
GREY = 128

LARGEST_DIFFERENCE = {"AutoContrast": 1}
"""From Pillow, in bytes, 0 where none is named: Pillow's floats now and then fall short of a whole number and are cut down."""

FACTORS = tuple(round(factor * 4096) / 4096 for factor in (0, 0.1, 0.46, 1, 1.36, 1.72, 1.9, 3.7, 5.5))
ARGUMENTS = {
    "Posterize": (1, 2, 4, 7, 8),
    "Solarize": (0, 1, 76, 128, 256),
    "SolarizeAdd": (0, 33, 110, 330),
    **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), FACTORS),
    "Rotate": (0, 3, -17.5, 30, -60, 90),
    **dict.fromkeys(("ShearX", "ShearY"), (0, 0.1, -0.3, 0.9)),
    **dict.fromkeys(("TranslateX", "TranslateY"), (0, 0.1, -0.2234, 0.4464, 1.3)),
}
DISTORTED = jax.jit(distorted)


def moved(image, *matrix):
    fill = (GREY,) * len(image.getbands())
    return image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=fill if len(fill) > 1 else GREY)


def turned(image, degrees):
    return image.rotate(degrees, fillcolor=(GREY,) * 3 if image.mode == "RGB" else GREY)


PILLOW = {
    "AutoContrast": lambda image, _: ImageOps.autocontrast(image),
    "Equalize": lambda image, _: ImageOps.equalize(image),
    "Invert": lambda image, _: ImageOps.invert(image),
    "Posterize": ImageOps.posterize,
    "Solarize": ImageOps.solarize,
    "SolarizeAdd": lambda image, more: image.point(
        [min(byte + more, 255) if byte < 128 else byte for byte in range(256)] * len(image.getbands())
    ),
    "Brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "Color": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "Contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "Sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
    "Rotate": turned,
    "ShearX": lambda image, slope: moved(image, 1, slope, 0, 0, 1, 0),
    "ShearY": lambda image, slope: moved(image, 1, 0, 0, slope, 1, 0),
    "TranslateX": lambda image, share: moved(image, 1, 0, share * image.width, 0, 1, 0),
    "TranslateY": lambda image, share: moved(image, 1, 0, 0, 0, 1, share * image.width),
}


def by_pillow(name, image, argument):
    given = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return np.asarray(PILLOW[name](given, argument)).reshape(image.shape)


def ours(name, images, argument=0.0, centre=(0.5, 0.5)):
    count = len(images)
    number = OPERATIONS.index(name) if name else NOTHING
    given = (
        jnp.full(count, number),
        jnp.broadcast_to(jnp.float32(argument), count),
        jnp.broadcast_to(jnp.array(centre), (count, 2)),
    )
    return np.asarray(DISTORTED(images, *given))


@pytest.fixture(scope="module", params=["colour", "grey"])
def images(request):
    """20 pictures and one each of a single byte, of two, and of all bytes."""
    pictures = awkward(20, SIDE) if request.param == "colour" else load("fashion-mnist-10k").train.images[:20]
    one, two, every = np.full((3, *pictures.shape[1:]), 77, np.uint8)
    two[::2] = 78
    every[:] = (np.arange(every.size) % 256).reshape(every.shape)
    return np.concatenate([pictures, [one, two, every]])


@pytest.mark.parametrize("name", PILLOW)
def test_an_operation_is_pillows(name, images):
    for argument in ARGUMENTS.get(name, (0,)):
        made = ours(name, images, argument)
        pillows = np.stack([by_pillow(name, image, argument) for image in images])
        assert abs(made.astype(int) - pillows).max() <= LARGEST_DIFFERENCE.get(name, 0), argument


MOST_PIXELS = {"Rotate": 5e-5, "ShearX": 0, "ShearY": 0, "TranslateX": 0, "TranslateY": 0}
"""Share of pixels that show the neighbour of the one that Pillow shows: it has sines and the corner they lead to in float64."""


@pytest.mark.parametrize("name", MOST_PIXELS)
def test_pixels_come_from_where_pillow_takes_them(name):
    image, span = scenes(1, 96)[0], {"Rotate": 90, "ShearX": 0.9, "ShearY": 0.9}.get(name, 1.3)
    given = np.random.default_rng(0).uniform(-span, span, 80).astype(np.float32)
    made = ours(name, image[None].repeat(80, 0), given)
    pillows = np.stack([by_pillow(name, image, float(argument)) for argument in given])
    assert (made != pillows).any(-1).mean() <= MOST_PIXELS[name]


def test_auto_contrast_is_whole_where_pillow_falls_short():
    image = np.arange(26, dtype=np.uint8)[:, None, None].repeat(26, 1)
    assert by_pillow("AutoContrast", image, 0).max() == 254
    assert ours("AutoContrast", image[None]).max() == 255


def test_every_operation_is_compared_but_cutout():
    assert {*OPERATIONS} - {*PILLOW} == {"Cutout"}


def test_cutout_paints_a_square_and_loses_what_lies_beyond_the_edge(images):
    for half, centre in ((0.25, (0.5, 0.25)), (0.2, (0.0, 0.999)), (0.0, (0.3, 0.3)), (1.0, (0.5, 0.5))):
        expected = images.copy()
        reach, (across, down) = int(half * SIDE), (int(share * SIDE) for share in centre)
        expected[:, max(down - reach, 0) : down + reach, max(across - reach, 0) : across + reach] = GREY
        np.testing.assert_array_equal(ours("Cutout", images, half, centre), expected)


IDENTITIES = {
    "Posterize": 8,
    "Solarize": 256,
    "SolarizeAdd": 0,
    "Brightness": 1,
    "Color": 1,
    "Contrast": 1,
    "Sharpness": 1,
    "Rotate": 0,
    "ShearX": 0,
    "ShearY": 0,
    "TranslateX": 0,
    "TranslateY": 0,
    "Cutout": 0,
    None: 5,
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_operation_can_leave_an_image(name, images):
    np.testing.assert_array_equal(ours(name, images, IDENTITIES[name]), images)


def test_inverting_twice_leaves_an_image(images):
    np.testing.assert_array_equal(ours("Invert", ours("Invert", images)), images)


def test_a_grey_image_has_no_colour_to_lose():
    images = load("fashion-mnist-10k").train.images[:5]
    np.testing.assert_array_equal(ours("Color", images, 0.1), images)


def test_bits_beyond_eight_are_eight_and_none_leaves_black(images):
    np.testing.assert_array_equal(ours("Posterize", images, 12), images)
    assert not ours("Posterize", images, 0).any()


def a_batch_of_everything():
    random = np.random.default_rng(0)
    operation = np.arange(2 * (NOTHING + 1)) % (NOTHING + 1)
    count = len(operation)
    level, sign = random.uniform(0, 20, count).astype(np.float32), random.choice([-1.0, 1.0], count).astype(np.float32)
    argument = np.asarray(arguments(operation, level, sign))
    return awkward(count, SIDE), operation, argument, random.random((count, 2), np.float32)


def test_an_image_is_distorted_alike_in_any_batch_and_at_any_place():
    batch = a_batch_of_everything()
    together = np.asarray(DISTORTED(*batch))
    order = np.random.default_rng(1).permutation(len(together))
    np.testing.assert_array_equal(DISTORTED(*(array[order] for array in batch)), together[order])
    alone = jax.jit(distorted)
    for place in range(NOTHING + 1):
        np.testing.assert_array_equal(alone(*(array[place : place + 1] for array in batch))[0], together[place])


def test_the_form_for_accelerators_distorts_alike(monkeypatch):
    batch = a_batch_of_everything()
    expected = np.asarray(DISTORTED(*batch))
    monkeypatch.setattr(lax_of_each, "platform_dependent", lambda *given, cpu, default: default(*given))
    np.testing.assert_array_equal(jax.jit(lambda *given: distorted(*given))(*batch), expected)


RELEASED = {
    "Rotate": lambda level: level / 10 * 30,
    "Posterize": lambda level: int(level * 4 / 10),
    "Solarize": lambda level: int(level * 256 / 10),
    "SolarizeAdd": lambda level: int(level * 110 / 10),
    "Color": lambda level: level / 10 * 1.8 + 0.1,
    "Contrast": lambda level: level / 10 * 1.8 + 0.1,
    "Brightness": lambda level: level / 10 * 1.8 + 0.1,
    "Sharpness": lambda level: level / 10 * 1.8 + 0.1,
    "ShearX": lambda level: level / 10 * 0.3,
    "ShearY": lambda level: level / 10 * 0.3,
    "TranslateX": lambda level: level / 10 * 100 / 224,
    "TranslateY": lambda level: level / 10 * 100 / 224,
    "Cutout": lambda level: level / 10 * 40 / 224,
}
"""Arguments as in the released code, pixels as shares of 224; it divides first: SolarizeAdd is 252 at level 23, not 253."""

FINE = {"Brightness", "Color", "Contrast", "Sharpness"}
SIGNED = {"Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"}


@pytest.mark.parametrize("name", RELEASED)
def test_levels_mean_what_they_mean_in_the_released_code(name):
    levels = jnp.arange(0, 30.5, 0.5)
    for sign in (1, -1):
        made = arguments(jnp.full(levels.shape, OPERATIONS.index(name)), levels, jnp.full(levels.shape, sign))
        expected = [RELEASED[name](float(level)) * (sign if name in SIGNED else 1) for level in levels]
        np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1 / 8192 if name in FINE else 1e-7)


def test_a_magnitude_that_is_known_early_and_one_that_is_not_mean_the_same():
    levels = jnp.linspace(0, 30, 301)
    for name in OPERATIONS:
        number = jnp.full(levels.shape, OPERATIONS.index(name))
        late = jax.jit(lambda given, number=number: arguments(number, given, jnp.ones(len(given))))(levels)
        early = jax.jit(lambda number=number: arguments(number, levels, jnp.ones(len(levels))))()
        np.testing.assert_allclose(late, early, rtol=3e-7)
        if name in FINE:
            np.testing.assert_array_equal(late, early)
            np.testing.assert_array_equal(late * 4096, (late * 4096).round())


def test_the_square_of_the_released_code_has_80_px_of_224():
    image = np.zeros((1, 224, 224, 1), np.uint8)
    assert (ours("Cutout", image, 40 / 224) == GREY).sum() == 80**2

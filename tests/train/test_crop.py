import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scenes import awkward
from scipy.stats import kstest

from scaling.data import load
from scaling.train.crop import centre_boxes, cropped, random_boxes
from scaling.train.each import lax as lax_of_each

LARGEST_DIFFERENCE = 1.1
"""From Pillow, in bytes: it rounds after either pass, and the cubic's overshoot adds to the first; ours are not rounded."""

BOXES = jax.jit(random_boxes, static_argnums=2)
CROPPED = jax.jit(cropped, static_argnums=2)
WHOLE = jnp.array([[0.0, 0, 1, 1]])


def keys(count, seed=0):
    return jax.random.split(jax.random.key(seed), count)


def aspects(count):
    """From narrower than 1 : 5 to wider than 5 : 1."""
    return jnp.exp(2 * jax.random.normal(jax.random.key(1), (count,))).clip(0.1, 10)


def by_pillow(image, box, side):
    left, top, width, height = np.asarray(box, float) * image.shape[0]
    given = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    corners = (left, top, min(left + width, image.shape[1]), min(top + height, image.shape[0]))
    return np.asarray(given.resize((side, side), Image.Resampling.BICUBIC, box=corners)).reshape(side, side, -1)


@pytest.mark.parametrize("side", [9, 40, 90])
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "grey"])
def test_a_crop_is_pillows(side, colour):
    images = awkward(20, 40) if colour else load("fashion-mnist-10k").train.images[:20]
    boxes = BOXES(keys(20), jnp.ones(20), 0.08)
    made = np.asarray(CROPPED(images, boxes, side))
    pillows = np.stack([by_pillow(image, box, side) for image, box in zip(images, boxes, strict=True)])
    assert abs(made - pillows).max() <= LARGEST_DIFFERENCE
    assert abs(made - pillows).mean() < 0.4


def test_the_whole_image_at_its_own_side_is_the_image():
    images = awkward(10, 24)
    np.testing.assert_array_equal(CROPPED(images, jnp.repeat(WHOLE, 10, 0), 24), images)


def test_a_crop_of_whole_pixels_at_their_own_side_is_a_slice():
    images = awkward(10, 32)
    boxes = jnp.repeat(jnp.array([[4, 8, 16, 16]]) / 32, 10, 0)
    np.testing.assert_array_equal(CROPPED(images, boxes, 16), images[:, 8:24, 4:20])


def test_a_constant_image_stays_constant():
    images = np.full((20, 16, 16, 1), 255, np.uint8)
    made = CROPPED(images, BOXES(keys(20), jnp.ones(20), 0.08), 23)
    np.testing.assert_allclose(made, 255, rtol=1e-6)


def test_a_crop_is_the_same_in_another_batch():
    images, boxes = awkward(12, 32), BOXES(keys(12), jnp.ones(12), 0.08)
    np.testing.assert_array_equal(CROPPED(images, boxes, 24)[::-1][:5], CROPPED(images[::-1][:5], boxes[::-1][:5], 24))


def test_the_form_for_accelerators_crops_alike(monkeypatch):
    images, boxes = awkward(12, 32), BOXES(keys(12), jnp.ones(12), 0.08)
    expected = CROPPED(images, boxes, 24)
    monkeypatch.setattr(lax_of_each, "platform_dependent", lambda *given, cpu, default: default(*given))
    np.testing.assert_allclose(jax.jit(lambda *given: cropped(*given, 24))(images, boxes), expected, atol=1e-3)


@pytest.mark.parametrize("least", [0.08, 0.5, 1.0])
def test_boxes_lie_in_the_image_and_have_the_area_and_the_ratio_asked_for(least):
    aspect = aspects(4000)
    left, top, width, height = np.asarray(BOXES(keys(4000), aspect, least)).T
    assert min(left.min(), top.min()) >= 0
    assert max((left + width).max(), (top + height).max()) <= 1 + 1e-6
    ratio = width * np.asarray(aspect) / height
    assert ratio.min() > 0.75 - 1e-5
    assert ratio.max() < 4 / 3 + 1e-5
    area = width * height
    possible = np.minimum(1, np.minimum(4 / 3 / np.asarray(aspect), np.asarray(aspect) * 4 / 3))
    assert (area >= np.minimum(least, possible) - 1e-5).all()


def test_boxes_are_drawn_as_the_definition_draws_them():
    random = np.random.default_rng(0)
    area, ratio = random.uniform(0.08, 1, 200_000), np.exp(random.uniform(-np.log(4 / 3), np.log(4 / 3), 200_000))
    wide, high = np.sqrt(area * ratio / 1.5), np.sqrt(area / ratio * 1.5)
    fits = (wide <= 1) & (high <= 1)  # with ten attempts all but one box in a thousand is of this kind
    left, top, width, height = np.asarray(BOXES(keys(4000), jnp.full(4000, 1.5), 0.08)).T
    assert kstest(width, wide[fits]).statistic < 0.03
    assert kstest(height, high[fits]).statistic < 0.03
    assert kstest(left / (1 - width), "uniform").statistic < 0.03
    assert kstest(top / (1 - height), "uniform").statistic < 0.03
    draws = np.stack([width * height, width / height, left / (1 - width), top / (1 - height)])
    related = np.corrcoef(draws)[np.triu_indices(4, 1)][1:]  # which ratios fit depends on the area, the place on neither
    assert abs(related).max() < 0.06


def test_where_no_box_fits_the_largest_is_taken_in_the_middle():
    wide, narrow, square = np.asarray(BOXES(keys(3), jnp.array([10, 0.1, 1]), 1.0))
    np.testing.assert_allclose(wide, [(1 - 4 / 30) / 2, 0, 4 / 30, 1], atol=1e-6)
    np.testing.assert_allclose(narrow, [0, (1 - 4 / 30) / 2, 1, 4 / 30], atol=1e-6)
    np.testing.assert_allclose(square, [0, 0, 1, 1], atol=1e-6)


def test_the_box_in_the_middle_is_a_square_of_the_photograph():
    boxes = np.asarray(centre_boxes(jnp.array([2.0, 0.5, 1.0]), 0.875))
    np.testing.assert_allclose(boxes[:, 2:], [[0.4375, 0.875], [0.875, 0.4375], [0.875, 0.875]])
    np.testing.assert_allclose(boxes[:, :2], (1 - boxes[:, 2:]) / 2)
    np.testing.assert_allclose(centre_boxes(jnp.ones(1)), WHOLE)

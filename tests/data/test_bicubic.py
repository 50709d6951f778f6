"""Resizing: the bits that trainings were recorded with, whatever the version of Pillow."""

import hashlib

import numpy as np
import pytest

from scaling.data import DataError, resize

GOLDEN = "57f98b634f270b5a06f5c08ad973151eeac338162ef635177fd3660115510ade"
"""Of `test_the_bits_are_those_of_recorded_trainings`; the same by our own arithmetic of before, and by Pillow 10.3 and 13.0."""


def noise(count, height, width, channels):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)


def test_the_bits_are_those_of_recorded_trainings():
    digest, random = hashlib.sha256(), np.random.default_rng(0)
    for source in (12, 15, 28, 40, 96, 128, 224, 300):
        for channels in (1, 3):
            images = random.integers(0, 256, (3, source, source, channels), np.uint8)
            for target in (12, 14, 20, 33, 64, 128, 240, 300):
                digest.update(resize(images, target).tobytes())
    assert digest.hexdigest() == GOLDEN


def test_a_step_is_keys_cubic():
    # Doubling: px lie a quarter px beside the old ones, with weights k(7/4), k(3/4), k(1/4), k(5/4) of the cubic of Keys with
    # a = -1/2: -3, 29, 111, -9 in 128ths. An image whose columns are 0 but one shows them.
    images = np.zeros((1, 8, 8, 1), np.uint8)
    images[0, :, 4] = 128
    row = resize(images, 16)[0, 8, :, 0].astype(int)
    assert row[6:12].tolist() == [0, 29, 111, 111, 29, 0]  # the cubic's negative lobes are clipped


def test_flat_images_stay_flat():
    for grey in (0, 1, 127, 254, 255):
        for side in (1, 5, 20, 33):
            assert (resize(np.full((1, 28, 28, 1), grey, np.uint8), side) == grey).all()


def test_shrinking_is_antialiased():
    stripes = np.zeros((1, 32, 32, 1), np.uint8)
    stripes[:, :, ::2] = 255
    inner = resize(stripes, 8)[0, 2:-2, 2:-2]
    assert abs(inner.astype(int) - 127).max() <= 1


def test_images_that_fit_come_back():
    images = noise(2, 9, 9, 1)
    assert resize(images, 9) is images
    assert resize(images[:0], 5).shape == (0, 5, 5, 1)


@pytest.mark.parametrize("side", [0, -3, 2.0, "20", True, None])
def test_refuses_a_side(side):
    with pytest.raises(DataError, match="resize: side must be a whole number of at least 1, got"):
        resize(noise(1, 4, 4, 1), side)


OTHERS = [
    np.zeros((1, 4, 4, 1)),
    np.zeros((4, 4, 1), np.uint8),
    np.zeros((1, 0, 0, 1), np.uint8),
    np.zeros((1, 4, 4, 2), np.uint8),
    np.zeros((1, 4, 5, 1), np.uint8),
]


@pytest.mark.parametrize("images", OTHERS, ids=lambda images: f"{images.dtype} {images.shape}")
def test_refuses_other_arrays(images):
    with pytest.raises(DataError, match=r"resize: images must be square, uint8 \(n, side, side, 1 or 3\), got"):
        resize(images, 4)

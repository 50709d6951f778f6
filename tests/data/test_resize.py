import numpy as np
import pytest
from PIL import Image

from scaling.data import DataError, resize
from scaling.data import resize as resizing


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def by_pillow(images, side):
    size, cubic = (side, side), Image.Resampling.BICUBIC
    squeezed = images[..., 0] if images.shape[3] == 1 else images
    return np.stack([np.asarray(Image.fromarray(one).resize(size, cubic)) for one in squeezed]).reshape(
        len(images), side, side, images.shape[3]
    )


@pytest.mark.parametrize("source", [1, 2, 5, 12, 23, 28, 64])
def test_equals_pillow_bit_for_bit(source):
    images = noise(3, source, source, 1)
    for side in range(1, 71):
        np.testing.assert_array_equal(resize(images, side), by_pillow(images, side))


def test_three_channels_equal_pillow():
    images = noise(4, 40, 40, 3)
    np.testing.assert_array_equal(resize(images, 24), by_pillow(images, 24))


@pytest.mark.parametrize(("height", "width"), [(40, 30), (30, 40), (24, 31)])
def test_oblong_pictures_are_near_pillow(height, width):
    rows, columns = np.mgrid[:height, :width]
    images = np.stack([5 * rows, 3 * columns, 255 - 2 * rows - 3 * columns], axis=-1).astype(np.uint8)[None]
    difference = np.abs(resize(images, 24).astype(int) - by_pillow(images, 24))
    assert difference.max() <= 1  # Pillow takes the axes in either order and rounds between them


def test_chunks_change_nothing(monkeypatch):
    images = noise(50, 28, 28, 3)
    whole = resize(images, 23)
    monkeypatch.setattr(resizing, "_CHUNK", 10_000)
    np.testing.assert_array_equal(resize(images, 23), whole)


def test_pictures_that_fit_come_back():
    images = noise(2, 9, 9, 1)
    assert resize(images, 9) is images
    assert resize(images[:0], 5).shape == (0, 5, 5, 1)


def test_weights_sum_to_one_and_flat_pictures_stay_flat():
    for source in range(1, 40):
        for target in range(1, 40):
            np.testing.assert_allclose(resizing.weights(source, target).sum(axis=1), 1, atol=source * 2**-23)
    for grey in (0, 1, 127, 254, 255):
        assert (resize(np.full((1, 28, 28, 1), grey, np.uint8), 20) == grey).all()


def test_weights_are_keys_cubic():
    # Doubling: px lie a quarter px beside the old ones; 128 times k(7/4), k(3/4), k(1/4), k(5/4) with a = -1/2.
    assert (resizing.weights(8, 16)[8] * 128).tolist() == [0, 0, -3, 29, 111, -9, 0, 0]


@pytest.mark.parametrize("side", [0, -3, 2.0, "20", True, None])
def test_refuses_a_side(side):
    with pytest.raises(DataError, match="resize: side must be a whole number of at least 1, got"):
        resize(noise(1, 4, 4, 1), side)


@pytest.mark.parametrize("images", [np.zeros((1, 4, 4, 1)), np.zeros((4, 4, 1), np.uint8), np.zeros((1, 0, 4, 1), np.uint8)])
def test_refuses_other_arrays(images):
    with pytest.raises(DataError, match=r"resize: images must be uint8 \(n, height, width, channels\), got"):
        resize(images, 4)

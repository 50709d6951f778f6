"""From image files to what networks see."""

import re

import numpy as np
import pytest
from PIL import Image

from scaling.data import DataError
from scaling.weights.preprocessing import Preprocessing, prepare

MEAN = (127.0, 127.0, 127.0)
PLAIN = Preprocessing(4, 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture
def saved(tmp_path):
    """saved(image) -> the PNG file that holds it."""

    def save(image, **options):
        path = tmp_path / "image.png"
        image.save(path, **options)
        return path

    return save


def noise(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def test_mean_and_deviation_of_each_channel(saved):
    found = prepare(
        saved(Image.new("RGB", (9, 7), (255, 100, 0))), Preprocessing(5, 0.8, (127.0, 100.0, 30.0), (128.0, 9.0, 60.0))
    )
    assert (found.dtype, found.shape) == (np.float32, (5, 5, 3))
    assert found.reshape(-1, 3).tolist() == [[1.0, 0.0, -0.5]] * 25


@pytest.mark.parametrize(("width", "height", "left", "top"), [(14, 10, 3, 1), (10, 14, 1, 3)])
def test_the_square_in_the_middle(width, height, left, top, saved):
    image = noise(width, height)
    wanted = np.asarray(image)[top : top + 8, left : left + 8]
    np.testing.assert_array_equal(prepare(saved(image), Preprocessing(8, 0.8, PLAIN.mean, PLAIN.std)), wanted)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_resized_by_pillows_filter_in_one_step(interpolation, saved):
    image = noise(40, 30)
    wanted = image.resize((12, 12), Image.Resampling[interpolation.upper()], box=(6.875, 1.875, 33.125, 28.125))
    seen = Preprocessing(12, 0.875, PLAIN.mean, PLAIN.std, interpolation)
    np.testing.assert_array_equal(prepare(saved(image), seen), np.asarray(wanted))


@pytest.mark.parametrize(("interpolation", "filter_"), [("bicubic", 3), ("bilinear", 2)])
def test_one_step_is_near_resizing_before_the_crop(interpolation, filter_, saved):
    y, x = np.mgrid[:480, :640]
    smooth = np.stack([128 + 100 * np.sin(x / 40), 128 + 100 * np.cos(y / 50), (x + y) / 5], -1).astype(np.uint8)
    image = Image.fromarray(smooth)
    wanted = image.resize((341, 256), filter_).crop((58, 16, 282, 240))
    found = prepare(saved(image), Preprocessing(224, 224 / 256, PLAIN.mean, PLAIN.std, interpolation))
    assert np.abs(found - np.asarray(wanted, np.float32)).max() <= 3


def test_upright(saved):
    image = noise(4, 4)
    exif = Image.Exif()
    exif[274] = 6  # turn by a quarter, clockwise
    np.testing.assert_array_equal(prepare(saved(image, exif=exif), PLAIN), np.rot90(np.asarray(image), -1))


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (Image.new("L", (4, 4), 70), [70, 70, 70]),
        (Image.new("RGBA", (4, 4), (9, 9, 9, 0)), [255, 255, 255]),
        (Image.new("LA", (4, 4), (0, 51)), [204, 204, 204]),
        (Image.new("1", (4, 4), 1), [255, 255, 255]),
        (Image.new("RGB", (4, 4), (1, 2, 3)).quantize(2), [1, 2, 3]),
        (Image.fromarray(np.full((4, 4), 0x7F80, np.uint16)), [127, 127, 127]),
    ],
    ids=["grey", "clear", "grey and alpha", "one bit", "palette", "16 bit"],
)
def test_every_mode_becomes_rgb(image, colour, saved):
    assert prepare(saved(image), PLAIN).reshape(-1, 3).tolist() == [colour] * 16


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "image.png: cannot be read: No such file or directory"),
        (b"", "image.png: cannot be read: not a PNG, JPEG, WebP, BMP or GIF file"),
        (b"words", "image.png: cannot be read: not a PNG, JPEG, WebP, BMP or GIF file"),
    ],
    ids=["missing", "empty", "text"],
)
def test_what_cannot_be_read(content, message, tmp_path):
    path = tmp_path / "image.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(message)):
        prepare(path, PLAIN)


def test_an_image_cut_short(saved):
    path = saved(noise(30, 30))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"image\.png: cannot be read: "):
        prepare(path, PLAIN)


def test_an_image_over_pillows_limit(saved, monkeypatch):
    path = saved(noise(30, 30))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)  # Pillow warns from there on, and refuses twice as many
    with pytest.raises(DataError, match=r"image\.png: cannot be read: .*limit of"):
        prepare(path, PLAIN)


@pytest.mark.parametrize(
    ("side", "crop", "std"), [(0, 1.0, 1.0), (4, 0.0, 1.0), (4, 1.1, 1.0), (4, 1.0, 0.0), (4, float("nan"), 1.0)]
)
def test_numbers_out_of_range(side, crop, std):
    with pytest.raises(ValueError, match="needs side >= 1, 0 < crop <= 1 and std > 0, got Preprocessing"):
        Preprocessing(side, crop, MEAN, (1.0, std, 1.0))


def test_interpolation_of_another_name():
    with pytest.raises(ValueError, match="no interpolation 'nearest'; there are bicubic, bilinear"):
        Preprocessing(4, 1.0, MEAN, (1.0, 1.0, 1.0), "nearest")

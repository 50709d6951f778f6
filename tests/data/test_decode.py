import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from scaling.data import DataError
from scaling.data.decode import decode, decode_readable
from scaling.data.pillow import Encoded, in_memory, on_disk, rgb


def saved(image, form="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def decoded(*contents, side=None):
    return decode("set", [in_memory(f"{index}.png", memoryview(content)) for index, content in enumerate(contents)], side)


def image_of(array, mode=None):
    image = Image.fromarray(np.asarray(array))
    return image.convert(mode) if mode else image


RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOUR = np.stack([RAMP, RAMP.T, 255 - RAMP], axis=-1)


def test_grey_and_colour_come_back_as_they_are():
    np.testing.assert_array_equal(decoded(saved(image_of(RAMP)))[0, ..., 0], RAMP)
    np.testing.assert_array_equal(decoded(saved(image_of(COLOUR)))[0], COLOUR)


@pytest.mark.parametrize(("form", "options"), [("BMP", {}), ("WEBP", {"lossless": True}), ("GIF", {})])
def test_other_lossless_forms(form, options):
    pixels = COLOUR if form != "GIF" else np.stack([RAMP] * 3, axis=-1)
    np.testing.assert_array_equal(
        decoded(saved(image_of(pixels), form, **options))[0], pixels[..., : 1 if form == "GIF" else 3]
    )


def test_jpeg():
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    assert np.abs(decoded(saved(image_of(flat), "JPEG", quality=95))[0].astype(int) - flat).max() <= 2


def test_grey_is_one_channel_only_if_all_are():
    grey_as_rgb = saved(image_of(np.stack([RAMP] * 3, axis=-1)))
    assert decoded(saved(image_of(RAMP)), grey_as_rgb).shape == (2, 16, 16, 1)
    assert decoded(grey_as_rgb, saved(image_of(COLOUR))).shape == (2, 16, 16, 3)


def test_sixteen_bit_grey_is_divided_not_clipped():
    ramp = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    np.testing.assert_array_equal(decoded(saved(image_of(ramp)))[0, ..., 0], RAMP)


def test_thirty_two_bit_mode_holds_sixteen_bit_files():
    # Some versions of Pillow open 16-bit grey in mode I, others in I;16.
    image = Image.fromarray((np.arange(256, dtype=np.int32) * 257).reshape(16, 16))
    assert image.mode == "I"
    np.testing.assert_array_equal(np.asarray(rgb(image))[..., 0], RAMP)


def test_one_bit():
    pixels = decoded(saved(image_of(RAMP > 100)))[0, ..., 0]
    np.testing.assert_array_equal(pixels, np.where(RAMP > 100, 255, 0))


def test_palette():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert decoded(saved(image))[0, 0, 0].tolist() == [10, 20, 30]


def test_palette_with_transparency_is_laid_on_white():
    image = Image.new("P", (2, 2))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1, 0, 1])
    assert decoded(saved(image, transparency=0))[0].tolist() == [[[255] * 3, [40, 50, 60]]] * 2
    halves = decoded(saved(image, transparency=bytes([0, 128])))[0]
    assert halves[0].tolist() == [[255] * 3, [147, 152, 157]]  # 40 + (255 - 40) * 127 / 255


@pytest.mark.parametrize(("mode", "ink"), [("LA", (0,)), ("RGBA", (0, 0, 0))])
def test_alpha_is_laid_on_white(mode, ink):
    image = Image.new(mode, (3, 1))
    image.putdata([(*ink, 0), (*ink, 128), (*ink, 255)])
    image = image.resize((3, 3), Image.Resampling.NEAREST)
    assert decoded(saved(image))[0, 0, :, 0].tolist() == [255, 127, 0]


def test_transparent_colour_is_laid_on_white():
    image = image_of(np.array([[[1, 2, 3], [9, 8, 7]]] * 2, np.uint8))
    assert decoded(saved(image, transparency=(1, 2, 3)))[0, 0].tolist() == [[255] * 3, [9, 8, 7]]


def test_cmyk():
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    red, green, blue = decoded(saved(image, "JPEG", quality=100))[0, 4, 4].tolist()
    assert red <= 2
    assert min(green, blue) >= 253


def test_exif_turns_the_image():
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    turned = decoded(saved(image_of(RAMP), exif=exif))[0, ..., 0]
    np.testing.assert_array_equal(turned, np.rot90(RAMP, -1))
    exif[0x0112] = 3
    np.testing.assert_array_equal(decoded(saved(image_of(RAMP), exif=exif))[0, ..., 0], RAMP[::-1, ::-1])


def test_first_frame_of_a_moving_image():
    frames = [Image.new("L", (4, 4), grey) for grey in (0, 255)]
    assert decoded(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).max() == 0


def test_middle_square():
    wide = np.zeros((4, 9), np.uint8)
    wide[:, 2:6] = 200  # floor((9 - 4) / 2) = 2
    assert (decoded(saved(image_of(wide))) == 200).all()
    assert (decoded(saved(image_of(wide.T.copy()))) == 200).all()


def test_resizes_as_pillow_does():
    expected = Image.fromarray(COLOUR).resize((7, 7), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(decoded(saved(image_of(COLOUR)), side=7)[0], np.asarray(expected))


@pytest.mark.parametrize(
    ("sizes", "side"), [([(5, 9), (7, 20), (30, 30)], 7), ([(5, 5), (8, 8)], 5), ([(300, 200), (150, 400)], 128)]
)
def test_default_side_is_the_median_shorter_side_at_most_128(sizes, side):
    assert decoded(*(saved(Image.new("L", size)) for size in sizes)).shape[1] == side


def test_unreadable_images_are_counted_and_named():
    good, noise = saved(image_of(RAMP)), np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    png, jpeg = saved(image_of(noise)), saved(image_of(noise), "JPEG")
    damaged = [b"", b"no image", png[: len(png) // 2], jpeg[: len(jpeg) // 2], saved(image_of(noise), "BMP")[:99]]
    with pytest.raises(DataError) as refusal:
        decoded(good, *damaged)
    assert str(refusal.value).startswith("set: 5 of 6 images cannot be read: 1.png (not a PNG, JPEG, WebP, BMP or GIF ")
    assert str(refusal.value).endswith("; remove or replace them")
    assert [f"{index}.png (" in str(refusal.value) for index in range(6)] == [False, *[True] * 5]
    with pytest.raises(DataError, match=r"7 of 7 images cannot be read: 0\.png .*, 4\.png \([^)]*\), \.\.\.; remove"):
        decoded(*[b"no image"] * 7)


def test_truncated_images_are_never_filled_up():
    decoded(saved(image_of(RAMP)))
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_decompression_bombs_are_refused_and_large_images_are_not(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"1 of 1 images cannot be read: 0.png .*exceeds limit"):
        decoded(saved(image_of(RAMP)), side=4)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)  # Pillow warns from here on, and refuses at twice as many
    assert decoded(saved(image_of(RAMP)), side=4).shape == (1, 4, 4, 1)


@pytest.mark.parametrize(("bits", "scaled"), [(8, 8), (9, 10), (10, 10), (12, 12), (14, 14), (15, 16), (16, 16)])
def test_sixteen_bit_grey_is_scaled_by_the_bits_that_the_set_uses(bits, scaled):
    top = 2**bits - 1
    images = [saved(image_of(np.full((4, 4), value, np.uint16))) for value in (top, top // 2, 0)]
    found = decode_readable("set", [in_memory("x", memoryview(one)) for one in images], skip=False)
    assert found.bits == scaled
    assert found.images[:, 0, 0, 0].tolist() == [top >> (scaled - 8), (top // 2) >> (scaled - 8), 0]


def _png_with(kind, content):
    whole = saved(image_of(COLOUR))
    body = kind + content
    return whole[:33] + struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body)) + whole[33:]


_LONG = zlib.compress(b"x" * 3_000_000)
_APP1 = b"\xff\xe1" + struct.pack(">H", 20) + b"Exif\0\0MM\0*garbage!!"


@pytest.mark.parametrize(
    "content",
    [
        saved(image_of(COLOUR), exif=b"garbage"),
        saved(image_of(COLOUR), exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
        saved(image_of(COLOUR), "WEBP", lossless=True, exif=b"garbage"),
        _png_with(b"iCCP", b"huge\0\0" + _LONG),
        _png_with(b"zTXt", b"huge\0\0" + _LONG),
        _png_with(b"tIME", b"short"),
        _png_with(b"pHYs", b"?"),
    ],
)
def test_metadata_that_changes_no_pixel_refuses_no_image(content):
    np.testing.assert_array_equal(decoded(content)[0], COLOUR)


def test_metadata_of_jpegs():
    plain = saved(image_of(COLOUR), "JPEG", quality=95)
    expected = decoded(plain)
    for note in (_APP1, b"\xff\xe2" + struct.pack(">H", 12) + b"MPF\0garbag", b"\xff\xfe" + struct.pack(">H", 4) + b"\xff\xff"):
        np.testing.assert_array_equal(decoded(plain[:2] + note + plain[2:]), expected)


def test_several_photographs_in_one_file_are_the_first():
    frames = [image_of(np.full((16, 16, 3), grey, np.uint8)) for grey in (40, 200)]
    assert decoded(saved(frames[0], "MPO", save_all=True, append_images=frames[1:])).max() < 60


def test_unreadable_images_can_be_passed_over():
    content = [saved(image_of(RAMP)), b"", saved(image_of(RAMP.T.copy())), b"no image"]
    sources = [in_memory(f"{index}.png", memoryview(one)) for index, one in enumerate(content)]
    found = decode_readable("set", sources, skip=True)
    np.testing.assert_array_equal(found.images[..., 0], [RAMP, RAMP.T])
    assert found.unreadable == dict.fromkeys((1, 3), "not a PNG, JPEG, WebP, BMP or GIF file")
    with pytest.raises(DataError, match="2 of 2 images cannot be read"):
        decode_readable("set", sources[1::2], skip=True)


def test_a_file_that_is_gone_is_counted(tmp_path):
    with pytest.raises(DataError, match=r"a/x\.png \(No such file or directory\)"):
        decode("set", [on_disk("a/x.png", tmp_path / "x.png")])


def test_filters_of_warnings_stay_as_they_were():
    before = list(warnings.filters)
    decoded(saved(image_of(RAMP)))
    assert warnings.filters == before


@pytest.mark.parametrize("error", [MemoryError(), OSError(24, "Too many open files")])
def test_what_the_machine_lacks_is_no_fault_of_the_image(error):
    def refuse():
        raise error

    with pytest.raises(type(error)):
        decode_readable("set", [in_memory("good", memoryview(saved(image_of(RAMP)))), Encoded("x", refuse)], 8, skip=True)

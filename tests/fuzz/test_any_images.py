import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scaling.data.dataset import DataError
from scaling.data.decode import decode_readable, decode_whole
from scaling.data.pillow import in_memory


def saved():
    """Small images in every format and mode that is read, with notes of a camera in some."""
    chance = np.random.default_rng(0)
    colour = Image.fromarray(chance.integers(0, 256, (9, 14, 3), np.uint8))
    deep = Image.fromarray(chance.integers(0, 4096, (9, 14), np.uint16))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    made = [
        (colour, "PNG", {"exif": exif}),
        (colour.convert("P"), "PNG", {"transparency": 3}),
        (colour.convert("LA"), "PNG", {}),
        (deep, "PNG", {}),
        (colour, "JPEG", {"exif": exif, "comment": b"noted"}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour, "JPEG", {"progressive": True}),
        (colour, "WEBP", {"exif": exif, "lossless": True}),
        (colour.convert("RGBA"), "WEBP", {}),
        (colour, "BMP", {}),
        (colour, "DIB", {}),
        (colour, "GIF", {"save_all": True, "append_images": [colour.rotate(90)]}),
        (colour, "MPO", {"save_all": True, "append_images": [colour.rotate(90)]}),
    ]
    found = []
    for image, form, options in made:
        stream = io.BytesIO()
        image.save(stream, form, **options)
        found.append(stream.getvalue())
    return found


def test_images(cases, edited):
    whole = saved()

    @cases
    @given(st.integers(0, 2**32), st.integers(0, len(whole) - 1))
    def law(seed, which):
        sources = [in_memory("whole", memoryview(whole[0])), in_memory("edited", memoryview(edited(whole[which], seed)))]
        found = decode_readable("set", sources, 8, skip=True)
        assert found.images.shape[1:3] == (8, 8)
        assert len(found.images) == 2 - len(found.unreadable)
        assert all(reason and "\n" not in reason for reason in found.unreadable.values())
        try:
            image = decode_whole(sources[1])
        except DataError:
            assert 1 in found.unreadable
        else:
            assert image.mode == "RGB"

    law()

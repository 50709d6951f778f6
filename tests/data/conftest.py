"""Small data sets on disk, made by Pillow."""

import gzip

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folders(tmp_path):
    """A function that writes class folders: folders({"cats": 20}) -> path; each image has a colour of its own."""

    def write(counts, root="set", side=8, mode="RGB"):
        for label, (name, count) in enumerate(counts.items()):
            (tmp_path / root / name).mkdir(parents=True, exist_ok=True)
            for index in range(count):
                colour = (index, label, 99) if mode == "RGB" else 10 * label + index
                Image.new(mode, (side, side), colour).save(tmp_path / root / name / f"{index:03}.png")
        return tmp_path / root

    return write


@pytest.fixture
def idx_files(tmp_path):
    """A function that writes an array as an IDX file, with .gz compressed."""

    def write(array, name):
        array = np.asarray(array, np.uint8)
        head = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(head + array.tobytes()) if path.suffix == ".gz" else head + array.tobytes())
        return path

    return write

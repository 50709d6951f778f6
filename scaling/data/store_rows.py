"""A few images of a store at a time: decoded into their rows, and what is known of them."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.data.source import Source
from scaling.data.squeeze import squeeze

_LEVELS = np.arange(256)


def row_type(channels: int) -> np.dtype[Any]:
    """What is known of a row.

    * stored: 1; a row of zeros is none.
    * deep, highest, bits: whether the image is 16-bit grey, its highest number, and the bits that it was scaled from.
    * aspect: width over height of the image.
    * sums: of each channel's pixels, and of their squares.
    * check: CRC-32 of all this with check at 0, begun with the row's number.
    """
    fields: list[Any] = [("stored", "u1"), ("deep", "u1"), ("highest", "<u4"), ("bits", "u1"), ("aspect", "<f4")]
    return np.dtype([*fields, ("sums", "<u8", (2, channels)), ("check", "<u4")])


class Chunk(NamedTuple):
    """What came of rows that lie beside each other.

    Attributes:
        first: row.
        known: of each, as `row_type`; zeros where the image cannot be read.
        unreadable: by row, the reason.
    """

    first: int
    known: NDArray[Any]
    unreadable: dict[int, str]

    @property
    def rows(self) -> slice:
        """Of the store."""
        return slice(self.first, self.first + len(self.known))

    @property
    def is_read(self) -> NDArray[np.bool_]:
        """Which could be read."""
        return self.known["stored"] == 1


class Piece(NamedTuple):
    """Images to be stored in rows that lie beside each other: a task of `scaling.data.workers`.

    Attributes:
        source: of these images alone.
        first: row.
        file: of all pixels.
        shape: of a row.
        bits: that 16-bit grey images use, as far as is known.
    """

    source: Source
    first: int
    file: str
    shape: tuple[int, ...]
    bits: int

    def __call__(self) -> Chunk:
        """Decode and write them; whoever asked must see to it that they are on the disk before they count.

        Raises:
            OSError: the disk is full or broken.
        """
        Image.init()
        count = len(self.source)
        pixels = np.zeros((count, *self.shape), np.uint8)
        known = np.zeros(count, row_type(self.shape[-1]))
        unreadable = {}
        for index in range(count):
            made, reason = squeeze(self.source.encoded(index), pixels[index], self.bits)
            if made is None:
                unreadable[self.first + index], pixels[index] = reason, 0  # a cut-off image leaves nothing behind
                continue
            row = known[index]
            row["stored"], row["aspect"] = 1, made.aspect
            if made.highest is not None:
                row["deep"], row["highest"], row["bits"] = 1, made.highest, self.bits
            row["sums"] = made.counts @ _LEVELS, made.counts @ _LEVELS**2
            row["check"] = zlib.crc32(row.tobytes(), self.first + index)
        with open(self.file, "r+b") as file:
            file.seek(self.first * pixels[0].nbytes)
            file.write(pixels.data)
        return Chunk(self.first, known, unreadable)

"""TFRecord files of images, as TensorFlow's ImageNet script and others write them: one `tf.train.Example` after another.

A record is its length in 8 bytes, a checksum of these, its content, and a checksum of that. The second is not looked at: the
content is not read before the image is decoded.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

from scaling.data.dataset import DataError
from scaling.data.example import example
from scaling.data.records import Scanned, SpanSource, scanned

SOURCE = SpanSource

_PAGE = 4096


def class_names(place: Path, files: Sequence[str]) -> None:
    """Records have none."""
    return


def scan(place: Path, files: Sequence[str]) -> list[Scanned]:
    """The images of files.

    Raises:
        DataError: one is damaged, or holds an example without an image or a label.
    """
    return [_scan(place / file, file) for file in files]


def _scan(path: Path, shown: str) -> Scanned:
    names, labels, sizes, starts = [], [], [], []
    try:
        with path.open("rb", buffering=_PAGE) as file:
            for number, (start, stop) in enumerate(_records(path, file)):
                found = example(file, start, stop)
                if found.image is None or found.label is None:
                    wanted = "image/encoded and image/class/label, or image and label"
                    raise DataError(f"{path}: record {number} is no labelled image: needs {wanted}")
                names.append(f"{shown}/{found.name or number}")
                labels.append(found.label)
                sizes.append(found.image[1] - found.image[0])
                starts.append(found.image[0])
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{path}: damaged, or no file of tf.train.Example: {error}") from None
    return scanned(names, labels, sizes, starts)


def _records(path: Path, file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each record's content begins and ends."""
    length, at = os.fstat(file.fileno()).st_size, 0
    while at < length:
        file.seek(at)
        head = file.read(12)
        if len(head) < 12 or struct.unpack("<I", head[8:])[0] != _masked_checksum(head[:8]):
            what = "is no TFRecord file, or is compressed" if at == 0 else f"damaged or cut off at byte {at:,}"
            raise DataError(f"{path}: {what}")
        size = int.from_bytes(head[:8], "little")
        start, at = at + 12, at + 16 + size
        if at > length:
            raise DataError(f"{path}: cut off: ends in the middle of a record at byte {start - 12:,}; fetch it again")
        yield start, start + size


@cache
def _table() -> list[int]:
    """CRC-32C of each byte."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def _masked_checksum(content: bytes) -> int:
    """CRC-32C, turned and shifted as this form has it."""
    table, found = _table(), 0xFFFFFFFF
    for byte in content:
        found = table[(found ^ byte) & 255] ^ found >> 8
    found ^= 0xFFFFFFFF
    return ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF

"""Tables of numbers in files of MATLAB, read by their bytes: scipy's reader ends the process at some damaged ones.

Source: MathWorks, "MAT-File Format", level 5, which MATLAB wrote from version 5 to 7.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError

_HEADER = 128
_COMPRESSED, _MATRIX = 15, 14
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = range(6, 16)  # of matrices of numbers; others are texts, cells, records
_COMPLEX = 0x800
_LARGEST = 2**26
"""Bytes of a file, and of a table that is decompressed: tables of labels are small."""


def table(file: Path, name: str) -> NDArray[Any] | None:
    """The numbers that a file holds under a name, (n,), column by column and of the type that they are stored in.

    Args:
        file: of MATLAB.
        name: of the variable.

    Returns:
        None where no table of real numbers has that name.

    Raises:
        DataError: the file cannot be read, is of another format or damaged.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise DataError(f"{file}: has more than {_LARGEST:,} bytes, so it is no table of labels")
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    try:
        order = {b"IM": "<", b"MI": ">"}[content[_HEADER - 2 : _HEADER]]
        for kind, part in _elements(content[_HEADER:], order):
            of_matrix = _decompressed(part, order) if kind == _COMPRESSED else part if kind == _MATRIX else None
            if of_matrix is not None and (found := _named(of_matrix, order, name)) is not None:
                return found
    except (LookupError, ValueError, struct.error, zlib.error):
        raise DataError(f"{file}: no whole file of MATLAB 5 to 7; fetch it again") from None
    return None


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each element, one after the other."""
    place = 0
    while place < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        start, step = place + 8, 8 + size + (0 if kind == _COMPRESSED else -size % 8)
        if kind >> 16:  # a small one, its bytes in the place of its size
            kind, size, start, step = kind & 0xFFFF, kind >> 16, place + 4, 8
        if start + size > min(len(content), place + step):
            raise ValueError("an element is longer than what holds it")
        yield kind, content[start : start + size]
        place += step


def _decompressed(part: bytes, order: str) -> bytes | None:
    """The one matrix that is compressed in an element; None if it is something else."""
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(part, _LARGEST)
    if not unpacker.eof:
        raise ValueError("cut off, or too large")
    return next((inner for kind, inner in _elements(content, order) if kind == _MATRIX), None)


def _named(content: bytes, order: str, name: str) -> NDArray[Any] | None:
    """A matrix's numbers, if it has the name and real numbers: flags, lengths, name and values lie one after the other."""
    parts = list(_elements(content, order))
    if len(parts) < 4 or parts[2][1] != name.encode():
        return None
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
    if flags & _COMPLEX or flags & 0xFF not in _CLASSES:
        return None
    lengths = np.frombuffer(parts[1][1], f"{order}i4")
    values = np.frombuffer(parts[3][1], f"{order}{_NUMBERS[parts[3][0]]}")
    if len(values) != np.prod(lengths, dtype=object):
        raise ValueError("lengths and values differ")
    return values

"""Read IDX files, the form of MNIST and its relatives: two zero bytes, type, number of axes, their lengths, numbers."""

from __future__ import annotations

import gzip
import math
import zlib
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError

_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"


def read(file: Traversable) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, compressed by gzip or plain.

    Args:
        file: a path, or a file inside a package.

    Returns:
        uint8, shaped as the file says: (n, height, width) for images, (n,) for labels.

    Raises:
        DataError: the file cannot be read or unpacked, is no IDX file of unsigned bytes, or has another length than
            told.
    """
    content = _unpacked(file)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE or not 1 <= content[3] <= 4:
        raise DataError(f"{file}: not an IDX file of unsigned bytes (it begins with {content[:4].hex(' ') or 'nothing'})")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        told = " x ".join(map(str, shape))
        raise DataError(f"{file}: must hold {told} bytes after {start} of head, got {max(0, len(content) - start)}")
    if 0 in shape:
        return np.zeros([min(length, 1) for length in shape], np.uint8)  # as empty, and no larger than an array may be
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpacked(file: Traversable) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    if content[:2] != _GZIP:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be unpacked, it is cut off or damaged: {error}") from error

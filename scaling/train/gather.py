"""Images of a call, gathered from a set that is too large for the device into memory that is used again and again.

Fresh memory is dear: the system clears every page before its first use, and again for a copy of it.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError

ALIGNMENT = 64
"""Bytes, of arrays that a CPU's programs read where they lie; others are copied first."""


class Gather:
    """Copies rows of arrays: `gather(array, rows)` is `array[rows]`, aligned.

    Its memory is used again once nothing refers to what it returned or to a part of it; JAX holds arrays of the host until
    whatever reads them has run.
    """

    def __init__(self) -> None:
        self._free: list[memoryview] = []

    def __call__(self, array: NDArray[np.uint8], rows: NDArray[Any]) -> NDArray[np.uint8]:
        """Some rows of an array in memory or mapped from a file, which is then read and not mapped page by page.

        Args:
            array: (images, ...), bytes.
            rows: (n,), at least one.

        Raises:
            UserError: the file is gone or too short.
        """
        size = len(rows) * array[0].nbytes
        memory = self._memory(size)
        # Views refer to this array and not to the memory, which is no array: so it lives as long as any of them.
        held = np.frombuffer(memory, np.uint8, size)
        weakref.finalize(held, self._free.append, memory).atexit = False
        gathered = held.reshape(len(rows), *array.shape[1:])
        mapped = _mapped(array)
        if mapped is None:
            np.take(array, rows, axis=0, out=gathered, mode="clip")  # the default mode makes a copy first
        else:
            start = mapped.offset + _address(array) - _address(mapped)
            _read(Path(mapped.filename), start, rows, held.reshape(len(rows), -1))
        return gathered

    def _memory(self, size: int) -> memoryview:
        while self._free:
            memory = self._free.pop()
            if len(memory) >= size:
                return memory
        spare = np.empty(size + ALIGNMENT, np.uint8)
        start = -_address(spare) % ALIGNMENT
        return spare.data[start : start + size]


def _mapped(array: NDArray[np.uint8]) -> Any:
    """The whole map that an array is a slice of; None if it is none."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    return root if isinstance(root, np.memmap) and root.filename is not None and array.flags.c_contiguous else None


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _read(path: Path, start: int, rows: NDArray[Any], places: NDArray[np.uint8]) -> None:
    size = places.shape[1]
    try:
        with path.open("rb", buffering=0) as file:
            for row, place in zip(rows.tolist(), places, strict=True):
                file.seek(start + row * size)
                if file.readinto(place) != size:
                    raise UserError(f"{path}: ends before stored image {row + 1}; the same command stores the images anew")
    except OSError as error:
        raise UserError(f"{path}: stored images cannot be read: {error.strerror}; the same command stores them anew") from None

"""Many short texts in little memory: the names of a million files as one block of bytes and where each ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.integer[Any]]


class Strings(Sequence[str]):
    """A sequence of file names, made into `str` one at a time, when asked for.

    A million names of 40 characters take 50 MB instead of 100; a pickle of some of them holds these alone.

    Args:
        names: as the system gives them, undecodable bytes included.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        encoded = [os.fsencode(name) for name in names]
        self._bytes = b"".join(encoded)
        self._ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        self._rows: Rows | None = None

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Strings: ...

    def __getitem__(self, index: int | slice) -> str | Strings:
        if isinstance(index, slice):
            return self.at(np.arange(len(self))[index])
        return os.fsdecode(self._encoded(range(len(self))[index]))

    def __len__(self) -> int:
        return len(self._ends) if self._rows is None else len(self._rows)

    def at(self, rows: Rows) -> Strings:
        """Those at some positions, in that order; the block of bytes is shared."""
        made = Strings()
        made._bytes, made._ends = self._bytes, self._ends
        made._rows = np.asarray(rows) if self._rows is None else self._rows[rows]
        return made

    def block(self) -> tuple[bytes, bytes]:
        """All names in a row, and the position after each as little-endian int64: equal for equal names."""
        if self._rows is not None:
            return Strings(self).block()
        return self._bytes, self._ends.astype("<i8").tobytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return Strings, (list(self),)

    def _encoded(self, index: int) -> bytes:
        place = index if self._rows is None else int(self._rows[index])
        return self._bytes[int(self._ends[place - 1]) if place else 0 : int(self._ends[place])]

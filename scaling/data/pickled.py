"""Pickles of plain data and NumPy arrays, as CIFAR-10 and CIFAR-100 are given out, read without being run."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.core.pickle_machine import Machine, Named
from scaling.data.dataset import DataError

_ARRAYS = {f"numpy.{module}.multiarray._reconstruct" for module in ("core", "_core")}
_GROWTH = 4
_MOST_AXES = 4
_NAMES = {*_ARRAYS, "numpy.ndarray", "numpy.dtype", "_codecs.encode"}


@dataclass(slots=True)
class _Array:
    """An array that is not filled yet, and then what fills it."""

    values: NDArray[np.uint8] | None = None


@dataclass(slots=True)
class _Type:
    """A type of numbers by its code, as u1."""

    code: str


def read_pickle(file: Path) -> Any:
    """What a pickle holds: None, bool, int, float, str, bytes, list, tuple, dict and arrays of uint8.

    Texts of Python 2 are str with a character for each byte.

    Args:
        file: its path.

    Raises:
        DataError: it cannot be read, names something else than arrays, or is damaged.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    try:
        found = _ArrayMachine(_GROWTH * len(content)).run(io.BytesIO(content))
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    if isinstance(found, dict):
        found = {key: value.values if isinstance(value, _Array) else value for key, value in found.items()}
    return found


class _ArrayMachine(Machine):
    error = DataError
    needs = "arrays"

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most
        """bytes that texts may still be turned into; one text can be used a million times"""

    def named(self, name: str) -> Named:
        if name not in _NAMES:
            raise self.refused(name)
        return Named(name)

    def called(self, function: Any, arguments: Any) -> Any:
        name = function.name if isinstance(function, Named) else "?"
        match name, arguments:
            case "numpy.dtype", (str(code), *_):
                return _Type(code)
            case "_codecs.encode", (str(text), "latin1"):
                self._left -= len(text)
                if self._left < 0:
                    raise DataError("its pickle holds far more bytes than the file")
                return text.encode("latin1")
            case _ if name in _ARRAYS and isinstance(arguments, tuple):
                return _Array()
        raise DataError(f"its pickle calls {name} with arguments that it does not take")

    def built(self, found: Any, state: Any) -> None:
        match found, state:
            case _Type(), _:
                return  # byte order and the like, of which uint8 has none
            case _Array(), (_, tuple(shape), _Type(code), False, bytes() | str() as content):
                raw = content.encode("latin1") if isinstance(content, str) else content
                whole = len(shape) <= _MOST_AXES and all(type(length) is int and 0 <= length < 2**31 for length in shape)
                if code not in ("u1", "|u1") or not whole or math.prod(shape) != len(raw):
                    raise DataError("its pickle has an array that is not whole, or not of uint8")
                found.values = np.frombuffer(raw, np.uint8).reshape(shape)
            case _:
                super().built(found, state)

"""The shipped CSV files as tuples of named tuples."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar, get_args, get_type_hints

Row = TypeVar("Row")


def rows(name: str, kind: Callable[..., Row]) -> tuple[Row, ...]:
    """The rows of a shipped file.

    Args:
        name: of the file, without its ending.
        kind: a named tuple whose fields are the file's columns, of str, int or float; an empty cell is None.
    """
    hints = get_type_hints(kind)
    _, *lines = (files("scaling.published") / f"{name}.csv").read_text("utf-8").splitlines()  # the first is the source
    return tuple(kind(**{key: _value(hints[key], cell) for key, cell in line.items()}) for line in csv.DictReader(lines))


def _value(hint: Any, cell: str) -> Any:
    if not cell:
        return None
    convert = next((kind for kind in get_args(hint) if kind is not type(None)), hint)
    return convert(cell)

"""From a TOML table to a frozen dataclass, strictly: every unknown key and wrong type is named with what is allowed."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, TypeVar

Kind = TypeVar("Kind")


class SpecError(ValueError):
    """A specification that cannot be used; one line that names file, key and what is allowed."""


def read_table(kind: type[Kind], table: object, where: str, base: Kind | None = None) -> Kind:
    """The dataclass `kind` from a table, over the values of `base` or the defaults.

    Args:
        kind: a dataclass whose fields are numbers, strings, booleans, pairs of numbers or literals.
        table: what TOML gave.
        where: file and table, for messages.
        base: values of keys that the table leaves out.

    Raises:
        SpecError: a key is unknown, a value has another type or is out of range.
    """
    if not isinstance(table, dict):
        raise SpecError(f"{where} must be a table, got {table!r}")
    hints = typing.get_type_hints(kind)
    require_known(table, hints, where)
    values = {key: read_value(hints[key], value, f"{where}.{key}") for key, value in table.items()}
    try:
        return dataclasses.replace(base, **values) if base is not None else kind(**values)  # type: ignore[type-var]
    except ValueError as error:
        raise SpecError(f"{where}: {error}") from None


def require_known(table: dict[str, Any], allowed: typing.Iterable[str], where: str) -> None:
    """Raise SpecError at the first key that is not allowed."""
    for key in table:
        if key not in allowed:
            raise SpecError(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")


def read_value(hint: Any, value: object, where: str) -> Any:
    """`value` as the type `hint` asks, or SpecError."""
    if typing.get_origin(hint) is typing.Literal:
        allowed = typing.get_args(hint)
        if value not in allowed:
            raise SpecError(f"{where} must be one of {', '.join(allowed)}, got {value!r}")
        return value
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return read_value(next(arg for arg in typing.get_args(hint) if arg is not type(None)), value, where)
    if typing.get_origin(hint) is tuple:
        size = len(typing.get_args(hint))
        if not isinstance(value, list | tuple) or len(value) != size:
            raise SpecError(f"{where} must be a list of {size} numbers, got {value!r}")
        return tuple(read_value(float, item, where) for item in value)
    if not _fits(hint, value):
        raise SpecError(f"{where} must be {_NAMES[hint]}, got {value!r}")
    return float(value) if hint is float else value  # type: ignore[arg-type]


_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
}


def _fits(hint: Any, value: object) -> bool:
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, hint)

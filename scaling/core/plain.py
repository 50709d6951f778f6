"""Frozen dataclasses to plain data (numbers, texts, lists, tables) and back, strictly.

Plain data are what is hashed into an id, kept in a run folder and read from TOML. A dataclass grows: a field that is added
once records exist is marked with `later` and left out of plain data where it has its default, so that every id and every
recorded configuration stays what it was. The default of a field is therefore never changed afterwards.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from scaling.core.errors import SpecError, UserError
from scaling.core.names import did_you_mean
from scaling.core.units import TOO_LARGE, whole

Kind = TypeVar("Kind")

_LATER = "added after records were made"
_KEY = "key in plain data"
_READ = "how a text is read as its number"


def later(default: Any) -> Any:
    """A dataclass field that was added after records were made, with the value that those were made with.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Recipe:
    ...     epochs: int = 8
    ...     optimizer: str = later("sgd")
    >>> to_plain(Recipe()), to_plain(Recipe(optimizer="rmsprop"))
    ({'epochs': 8}, {'epochs': 8, 'optimizer': 'rmsprop'})
    """
    return dataclasses.field(default=default, metadata={_LATER: True})


def stored_as(key: str) -> dict[str, Any]:
    """Metadata of a dataclass field whose key in plain data is not its name, but the one that records were made with.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Trial:
    ...     images: int = dataclasses.field(metadata=stored_as("pictures"))
    >>> to_plain(Trial(6000))
    {'pictures': 6000}
    """
    return {_KEY: key}


def written_as(read: Callable[[str], float], default: Any) -> Any:
    """A dataclass field with a number that people may also write as a text, with a unit.

    >>> from scaling.core.units import byte_amount
    >>> @dataclasses.dataclass(frozen=True)
    ... class Limits:
    ...     memory: float | None = written_as(byte_amount, None)
    >>> from_plain(Limits, {"memory": "8GiB"}, "limits")
    Limits(memory=8589934592.0)

    Args:
        read: the number from the text; raises UserError.
        default: of the field.
    """
    return dataclasses.field(default=default, metadata={_READ: read})


def key_of(field: dataclasses.Field[Any]) -> str:
    """A field's key in plain data."""
    return str(field.metadata.get(_KEY, field.name))


def is_later(field: dataclasses.Field[Any]) -> bool:
    """Whether a field was made by `later`."""
    return bool(field.metadata.get(_LATER))


def to_plain(value: Any) -> Any:
    """A dataclass as a table in the order of its fields, a tuple as a list, both all the way down; anything else as it is.

    Fields made by `later` are left out where they have their default. A whole number in a field of type float is written as a
    float, as it is when it is read: an id must not depend on how a number was written.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = _hints(type(value))
        pairs = ((field, _typed(hints[field.name], getattr(value, field.name))) for field in dataclasses.fields(value))
        return {key_of(field): to_plain(held) for field, held in pairs if not (is_later(field) and held == field.default)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    """Whole numbers as floats where the type asks for floats; anything else as it is."""
    inner = typing.get_args(hint)
    if type(value) is int and float in (hint, *inner):
        return float(value)
    if isinstance(value, tuple) and inner and typing.get_origin(hint) is tuple:
        return tuple(_typed(inner[0], item) for item in value)
    return value


def from_plain(kind: type[Kind], table: object, where: str, base: Kind | None = None) -> Kind:
    """The dataclass `kind` from a table, over the values of `base` or the defaults: the inverse of `to_plain`.

    Args:
        kind: a dataclass whose fields are numbers, texts, booleans, literals, tuples of them, or such dataclasses.
        table: what TOML or JSON gave.
        where: file and table, for messages.
        base: values of keys that the table, or a table within it, leaves out.

    Raises:
        SpecError: a key is unknown or missing, a value has another type or is out of range.
    """
    if not isinstance(table, dict):
        raise SpecError(f"{where} must be a table, got {table!r}")
    hints = _hints(kind)  # type: ignore[arg-type]
    names = {key_of(field): field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    require_known(table, names, where)
    readers = _readers(kind)  # type: ignore[arg-type]
    values = {}
    for key, given in table.items():
        name, place = names[key], f"{where}.{key}"
        is_text = name in readers and isinstance(given, str)
        before = None if base is None else getattr(base, name)
        if is_text:
            values[name] = _read_text(readers[name], given, place)
        elif dataclasses.is_dataclass(before) and not isinstance(before, type):  # a table within it says its changes too
            values[name] = from_plain(type(before), given, place, before)
        else:
            values[name] = read_value(hints[name], given, place)
    if base is None:
        _require_complete(kind, table, where)
    try:
        return dataclasses.replace(base, **values) if base is not None else kind(**values)  # type: ignore[type-var]
    except UserError as error:
        raise SpecError(f"{where}: {error}") from None


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@functools.cache
def _readers(kind: type) -> dict[str, Callable[[str], float]]:
    """Of the fields made by `written_as`."""
    return {field.name: field.metadata[_READ] for field in dataclasses.fields(kind) if _READ in field.metadata}


def require_known(table: dict[str, Any], allowed: typing.Iterable[str], where: str) -> None:
    """Raise SpecError at the first key that is not allowed."""
    for key in table:
        if key not in allowed:
            raise SpecError(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}")


def read_value(hint: Any, value: object, where: str) -> Any:
    """`value` as the type `hint` asks, or SpecError."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value not in arguments:
            raise SpecError(f"{where} must be one of {', '.join(arguments)}, got {value!r}{did_you_mean(value, arguments)}")
        return value
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        return read_value(next(one for one in arguments if one is not type(None)), value, where)
    if origin is tuple:
        return _read_tuple(arguments, value, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_plain(hint, value, where)
    if hint is int and isinstance(value, str):
        return _read_text(whole, value, where)
    if hint is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # TOML's 1e3 is no whole number, to people it is
    if isinstance(value, int) and abs(value) >= TOO_LARGE:
        raise SpecError(f"{where} must be below 2^63, got a whole number of {len(str(value))} digits")
    if not _fits(hint, value):
        raise SpecError(f"{where} must be {_NAMES[hint]}, got {value!r}")
    return float(value) if hint is float else value  # type: ignore[arg-type]


def _read_text(read: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return read(text)
    except UserError as error:
        raise SpecError(f"{where} {error}") from None


def _read_tuple(items: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    """A tuple of one kind of any length (`tuple[X, ...]`), or of as many as it says."""
    any_length = items[-1] is Ellipsis
    size = "" if any_length else f"{len(items)} "
    if not isinstance(value, list | tuple) or not (any_length or len(value) == len(items)):
        raise SpecError(f"{where} must be a list of {size}{_PLURALS.get(items[0], 'tables')}, got {value!r}")
    return tuple(read_value(items[0], item, where) for item in value)


_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
}

_PLURALS: dict[Any, str] = {int: "whole numbers", float: "numbers", str: "names"}


def _fits(hint: Any, value: object) -> bool:
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, hint)


def _require_complete(kind: Any, table: dict[str, Any], where: str) -> None:
    for field in dataclasses.fields(kind):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and key_of(field) not in table:
            raise SpecError(f"{where}: the key {key_of(field)!r} is missing")

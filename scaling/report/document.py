"""A command's answer as data: paragraphs, tables and values in the order to read them, whoever writes it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


def _as_it_is(value: Any) -> str:
    return "-" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of a table's rows, once for people and machines.

    Args:
        value: of a row, as plain data: unrounded, fractions 0 to 1, None where it is missing.
        title: above it in text; None leaves it out there.
        key: its name in JSON and CSV; None leaves it out there.
        text: its value, formatted; None writes the value as it is, a missing one as `-`.
        left: text is flush left, as words are; numbers are flush right.
        of_row: `text` is given the row instead of the value.
        views: names of the tables that show it; in all where empty.
    """

    value: Callable[[Any], Any]
    title: str | None = None
    key: str | None = None
    text: Callable[[Any], str] | None = None
    left: bool = False
    of_row: bool = False
    views: tuple[str, ...] = ()

    def cell(self, row: Any) -> str:
        """The row's value as text."""
        given = row if self.of_row else self.value(row)
        return (self.text or _as_it_is)(given)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and their columns.

    Args:
        columns: of the text, the JSON and the CSV.
        rows: whatever the columns read.
        key: its name in JSON; None leaves it out there.
        is_bold: whether a row stands out in text.
        section: rows of another section are set apart by a line.
        dense: one space between columns instead of two, for tables that are wide.
        for_machines: only in JSON and CSV.
    """

    columns: Sequence[Column]
    rows: Sequence[Any]
    key: str | None = None
    is_bold: Callable[[Any], bool] = lambda row: False
    section: Callable[[Any], Any] = lambda row: None
    dense: bool = False
    for_machines: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """Plain data for machines alone."""

    data: dict[str, Any]


Part: TypeAlias = str | Table | Values
"""A paragraph, a table, or values for machines."""


@dataclass(frozen=True, slots=True)
class Document:
    """A command's whole answer."""

    parts: tuple[Part, ...]


def view(columns: Sequence[Column], name: str) -> list[Column]:
    """The columns that a table of that name shows."""
    return [one for one in columns if not one.views or name in one.views]

"""Documents and lines on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scaling.report.document import Document, Part, Table, Values

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable


_NARROWEST = 20


def terminal(*, stderr: bool = False, width: int | None = None) -> Console:
    """Where text goes, always as text: in a notebook too, and where the environment says that a line has no room."""
    from rich.console import Console

    made = Console(
        stderr=stderr,
        width=width,
        highlight=False,
        markup=False,
        force_jupyter=False,
        # A notebook passes for a terminal and is none: it would show every step of a progress bar below the one before.
        force_terminal=False if "ipykernel" in sys.modules else None,
    )
    if width is None and made.width < _NARROWEST:
        made.width = 80
    return made


def write_text(document: Document) -> None:
    """A document to standard output."""
    show(*document.parts)


def show(*parts: Part) -> None:
    """Paragraphs and tables to standard output; no column is cut, a narrow terminal wraps the line instead."""
    from rich.measure import Measurement

    plain = terminal()
    endless = plain.options.update(max_width=10_000)
    for part in parts:
        if isinstance(part, Values) or (isinstance(part, Table) and part.for_machines):
            continue
        drawn: Any = drawn_table(part) if isinstance(part, Table) else part
        words = isinstance(part, str)
        wide = plain if words else terminal(width=Measurement.get(plain, endless, drawn).maximum)
        with wide.capture() as captured:
            wide.print(drawn, soft_wrap=words and not plain.is_terminal)
        print(captured.get(), end="", flush=True)  # not by the console itself, which ends the process at a broken pipe


def say(lines: Iterable[str]) -> None:
    """Lines on standard error, beside an answer."""
    beside = terminal(stderr=True)
    for line in lines:
        beside.print(line, soft_wrap=not beside.is_terminal)


def drawn_table(table: Table) -> RichTable:
    """A table as Rich draws it."""
    from rich import box
    from rich.table import Table as RichTable

    made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if table.dense else 2, 0, 0))
    columns = [one for one in table.columns if one.title is not None]
    for column in columns:
        made.add_column(str(column.title), justify="left" if column.left else "right", no_wrap=True)
    for index, row in enumerate(table.rows):
        if index and table.section(row) != table.section(table.rows[index - 1]):
            made.add_section()
        made.add_row(*(column.cell(row) for column in columns), style="bold" if table.is_bold(row) else None)
    return made

"""Documents for machines: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from scaling.report.document import Document, Table, Values


def as_data(document: Document) -> dict[str, Any]:
    """A document as plain data: its values, and each table that has a key as a list of rows."""
    found: dict[str, Any] = {}
    for part in document.parts:
        if isinstance(part, Values):
            found |= part.data
        elif isinstance(part, Table) and part.key is not None:
            found[part.key] = rows_of(part)
    return found


def rows_of(table: Table) -> list[dict[str, Any]]:
    """A table's rows as plain data."""
    return [{one.key: one.value(row) for one in table.columns if one.key is not None} for row in table.rows]


def write_json(document: Document) -> None:
    """A document to standard output, as one JSON document."""
    print(json.dumps(as_data(document), allow_nan=False), flush=True)


def as_csv(table: Table) -> str:
    """A table as comma-separated lines, the first with the names of its columns."""
    rows, text = rows_of(table), io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

"""A command's answer on standard output: for people, or for machines."""

from __future__ import annotations

from scaling.report.document import Document


def answer(document: Document, as_json: bool) -> None:
    """Write a document to standard output, as text or as one JSON document."""
    # Rich takes a tenth of a second to load, which machines need not wait for.
    if as_json:
        from scaling.report.plain import write_json

        write_json(document)
    else:
        from scaling.report.text import write_text

        write_text(document)

"""Words that come from elsewhere, such as names of files, made fit to be printed and drawn."""

from __future__ import annotations

import codecs
import sys

_REPLACED = "scaling.replaced"
_IN_ASCII = {"±": "+-", "×": "x", "…": "...", "–": "-", "—": "-", "→": "->", "²": "^2"}


def printable(text: str) -> str:
    """Text on one line that any stream and any figure bears: what cannot be printed is escaped, as \\n or \\udcff.

    >>> printable("a\\nb")
    'a\\\\nb'
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def replace_what_streams_cannot_encode() -> None:
    """Let standard output and standard error escape what their encoding lacks, instead of ending the command there."""
    codecs.register_error(_REPLACED, _replaced)
    for stream in (sys.stdout, sys.stderr):
        # A notebook's streams, and those that tests put there, bear everything and cannot be configured.
        if hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors=_REPLACED)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    found = "".join(_IN_ASCII.get(char, char.encode("ascii", "backslashreplace").decode("ascii")) for char in lacking)
    return found, error.end

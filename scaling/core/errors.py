"""What ends a command in one line: input that cannot be used (status 2), and work that others do meanwhile (status 3)."""

from __future__ import annotations


class UserError(ValueError):
    """Input that cannot be used. The text is one line: what is wrong, what was found, what to do.

    Raise it, or a kind of it, where a value that people give is checked; everything else that goes wrong is a bug of this
    package and must reach them as a traceback.
    """


class SpecError(UserError):
    """A specification, a recorded configuration or a flag that cannot be used; the text names file and key."""


class Waiting(Exception):
    """The command has done its part; what it waits for happens elsewhere. The text says what to do and when to come back."""

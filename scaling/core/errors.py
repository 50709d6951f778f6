"""What people gave or asked that cannot be used: the only exceptions that a command turns into one line and status 2."""

from __future__ import annotations


class UserError(ValueError):
    """Input that cannot be used. The text is one line: what is wrong, what was found, what to do.

    Raise it, or a kind of it, where a value that people give is checked; everything else that goes wrong is a bug of this
    package and must reach them as a traceback.
    """


class SpecError(UserError):
    """A specification, a recorded configuration or a flag that cannot be used; the text names file and key."""

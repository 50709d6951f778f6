"""The error of everything that reads released weights."""

from __future__ import annotations

from scaling.core.errors import UserError


class WeightsError(UserError):
    """Weights that cannot be used as they are; the message is one line and says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    """Text with escapes for what cannot be printed: names inside a file may hold line breaks and undecodable bytes, and neither
    may tear or break what is printed."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)

"""Sizes and times as people write and read them."""

from __future__ import annotations

from scaling.core.errors import UserError

UNITS = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
"""What may follow the number of an amount."""


def amount(text: str) -> float:
    """A number above 0 as people write it, with a unit or without: 1e9, 84.6k, 8G.

    Raises:
        UserError: it is of another form.
    """
    unit = UNITS.get(text[-1:], 1.0)
    try:
        found = unit * float(text[:-1] if text[-1:] in UNITS else text)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise UserError(f"must be a number above 0, as 90k, 1e9 or 8G, got {text!r}")
    return found


def short(count: int) -> str:
    """Three digits and a unit: 84.6 k, 1.24 M, 39.7 G."""
    exponent = min(int(f"{count:.2e}".partition("e")[2]), 11)
    if exponent < 3:
        return str(count)
    return f"{count / 1000 ** (exponent // 3):.{2 - exponent % 3}f} {' kMG'[exponent // 3]}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

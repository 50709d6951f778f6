"""Sizes and times as people write and read them.

A number, then a unit or none, with a space between them or not. Counts take k, M, G and T, which are powers of 1,000. Bytes
take the same with B or without, 8GB being 8e9, and Ki, Mi, Gi and Ti, which are powers of 1,024, 8GiB being 8 x 2^30. B stands
for bytes alone: 7B parameters is no count.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from scaling.core.errors import UserError

_COUNTS = {"": Decimal(1), "k": Decimal(10**3), "K": Decimal(10**3)}
_COUNTS |= {letter: Decimal(1000**power) for power, letter in enumerate("MGT", 2)}

_BYTES = {"": Decimal(1), "B": Decimal(1)}
for _power, _letter in enumerate("KMGT", 1):
    for _prefix, _size in ((_letter, 1000**_power), (f"{_letter}i", 1024**_power)):
        for _unit in (_prefix, f"{_prefix}B"):
            _BYTES |= {_unit: Decimal(_size), _unit.lower(): Decimal(_size)}
_BYTES["kB"] = Decimal(1000)

_MILLISECONDS = {
    "": Decimal(1),
    "us": Decimal("0.001"),
    "ms": Decimal(1),
    "s": Decimal(1000),
    "min": Decimal(60_000),
    "h": Decimal(3_600_000),
}

TOO_LARGE = 2**63
"""Whole numbers are below this: nothing that is counted here has so many."""


def amount(text: str) -> float:
    """A number above 0, with a unit or without: 1e9, 84.6k, 8G.

    Raises:
        UserError: it is of another form.
    """
    return _above_zero(text, _COUNTS, "a number above 0, as 90k, 1e9 or 8G")


def byte_amount(text: str) -> float:
    """Bytes, more than 0: 8e9, 8G, 8GB, 7.5GiB.

    Raises:
        UserError: it is of another form.
    """
    return _above_zero(text, _BYTES, "a number of bytes above 0, as 8e9, 8GB or 8GiB")


def milliseconds(text: str) -> float:
    """A time above 0, in milliseconds where it has no unit: 1.5, 900us, 1.5ms, 2s, 10min, 2h.

    Raises:
        UserError: it is of another form.
    """
    return _above_zero(text, _MILLISECONDS, "a time above 0, as 1.5 for milliseconds, 900us, 2s or 10min")


def whole(text: str) -> int:
    """A whole number, of either sign, with a unit of counts or without: 3, 1e3, 80k, 1.2M.

    Raises:
        UserError: it is of another form, or no whole number.
    """
    found = _number(text, _COUNTS)
    if found is None or found != found.to_integral_value():
        raise UserError(f"must be a whole number, as 3, 1e3 or 80k, got {text!r}")
    if abs(found) >= TOO_LARGE:
        raise UserError(f"must be below 2^63, got {text!r}")
    return int(found)


def _above_zero(text: str, units: Mapping[str, Decimal], wanted: str) -> float:
    found = _number(text, units)
    if found is None or not found > 0:
        raise UserError(f"must be {wanted}, got {text!r}")
    return float(found)


def _number(text: str, units: Mapping[str, Decimal]) -> Decimal | None:
    """The number times its unit, exactly; None where it has another form, or more digits than anything that is counted."""
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text.strip()[len(number) :]
    try:
        found = Decimal(number.rstrip())
    except InvalidOperation:
        return None
    if unit not in units or not found.is_finite() or abs(found.adjusted()) > 30:
        return None
    return found * units[unit]


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


def bytes_said(count: float) -> str:
    """Bytes as people say them, in powers of 1,024: 512 B, 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if count >= 100 else f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"

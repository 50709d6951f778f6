"""The most that a network of a search may cost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from scaling.core.errors import UserError
from scaling.core.plain import written_as
from scaling.core.units import amount, byte_amount, milliseconds

LIMIT_FORMATS = {
    "params": "{:,.0f} params",
    "macs": "{:,.0f} MACs",
    "latency": "{:.3g} ms of latency",
    "memory": "{:,.0f} bytes of memory",
}
"""An amount of each in words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each, inclusive; None is no limit. A specification may write texts: "80k", "8GiB", "900us".

    Args:
        params: parameters.
        macs: multiply-adds of one image.
        latency: milliseconds of inference with one image, as measured on the device.
        memory: bytes held while it trains at the recipe's batch, by `scaling.count.memory.training_bytes`. An estimate, since
            it is the same on every machine, and known before anything is compiled.
    """

    params: float | None = written_as(amount, None)
    macs: float | None = written_as(amount, None)
    latency: float | None = written_as(milliseconds, None)
    memory: float | None = written_as(byte_amount, None)

    def __post_init__(self) -> None:
        for name, most in dataclasses.asdict(self).items():
            if most is not None and not 0 < most < float("inf"):
                raise UserError(f"limit of {name} must be finite and above 0, got {most:g}")

    def given(self) -> dict[str, float]:
        """Those that there are, by name."""
        return {name: most for name, most in dataclasses.asdict(self).items() if most is not None}

    def within(self) -> str:
        """To go on a sentence about networks that had to keep to them; nothing where there are none."""
        return " and within the limits of its search" if self.given() else ""

    def __str__(self) -> str:
        return ", ".join(LIMIT_FORMATS[name].format(most) for name, most in self.given().items())

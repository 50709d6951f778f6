"""How the learning rate goes over a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaling.core.errors import UserError


@dataclass(frozen=True, slots=True)
class Schedule:
    """What follows the linear warm-up. All lengths are shares of the training, so that one schedule fits any number of epochs.

    * `cosine`: from the peak to 0 at the end.
    * `staircase`: peak * factor^floor(t / every), t the share of the training that is over, counted from its start. The
      papers' x .97 every 2.4 of 350 epochs is factor .97, every 2.4 / 350.

    Args:
        kind: which of them.
        factor: of one stair.
        every: length of a stair.

    Source: Tan and Le 2019, section 5.2.
    """

    kind: Literal["cosine", "staircase"] = "cosine"
    factor: float = 0.97
    every: float = 2.4 / 350

    def __post_init__(self) -> None:
        for name in ("factor", "every"):
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"Schedule.{name} must be above 0 and at most 1, got {getattr(self, name)}")

"""The optimizers that recipes name, each with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaling.core.errors import UserError

Kind = Literal["sgd", "rmsprop", "adamw"]

_DEFAULTS: dict[Kind, tuple[float, float]] = {"sgd": (0.0, 0.0), "rmsprop": (0.9, 1e-3), "adamw": (0.999, 1e-8)}
"""Of each kind (square_decay, epsilon), as its papers have them."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """How a gradient g becomes a step, with rate r, momentum m and weight decay w of the recipe.

    * `sgd`: g <- g + w p; Nesterov's momentum; p <- p - r step.
    * `rmsprop`, as TensorFlow has it: g <- g + w p; s <- d s + (1 - d) g^2 from s = 1; v <- m v + r g / sqrt(s + e);
      p <- p - v. The rate comes before the momentum, epsilon inside the root.
    * `adamw`: Adam's step with first decay m, bias-corrected; p <- p - r (step + w p).

    Args:
        kind: which of them.
        square_decay: d of rmsprop (.9), second decay of adamw (.999); None for those, the kind's own.
        epsilon: e of rmsprop (1e-3), of adamw (1e-8); None for those.
        decay_biases: weight decay takes biases too, as EfficientNet's release has it; batch norm's scale and offset never.

    Source: Tan and Le 2019, section 5.2, and its released code; Loshchilov and Hutter 2019 (AdamW).
    """

    kind: Kind = "sgd"
    square_decay: float | None = None
    epsilon: float | None = None
    decay_biases: bool = False

    def __post_init__(self) -> None:
        if self.kind == "sgd" and (self.square_decay, self.epsilon) != (None, None):
            raise UserError("Optimizer.square_decay and epsilon belong to rmsprop and adamw; sgd has none")
        if not 0 <= self.decay_of_squares < 1:
            raise UserError(f"Optimizer.square_decay must be from 0 to below 1, got {self.square_decay}")
        if self.epsilon is not None and not 0 < self.epsilon <= 1:
            raise UserError(f"Optimizer.epsilon must be above 0 and at most 1, got {self.epsilon}")

    @property
    def decay_of_squares(self) -> float:
        """`square_decay`, or the kind's own."""
        return _DEFAULTS[self.kind][0] if self.square_decay is None else self.square_decay

    @property
    def stabiliser(self) -> float:
        """`epsilon`, or the kind's own."""
        return _DEFAULTS[self.kind][1] if self.epsilon is None else self.epsilon

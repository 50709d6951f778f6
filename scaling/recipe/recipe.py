"""How a network is trained: everything that can change its accuracy except the network, the images and the seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean

REVISION = 2
"""Raised whenever the same recipe would train to other numbers; part of every trial's identity."""

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """SGD with Nesterov momentum on smoothed cross-entropy; linear warm-up, then a cosine to 0.

    Args:
        epochs: passes over the training images; those that fill no batch, or no equal part of an epoch's steps, sit
            an epoch out.
        batch: images per step.
        peak_rate: highest learning rate, reached after the warm-up.
        warmup: share of all steps over which the rate rises from 0, 0 to below 1.
        momentum: of the gradient, Nesterov's form.
        weight_decay: times a kernel, added to its gradient; scales, offsets and biases are not decayed.
        label_smoothing: probability spread evenly over the classes.
        flip: mirror each image left to right with probability 1/2.
        dropout: rate before the classifier.
        stochastic_depth: rate of the network, rising linearly over its blocks.
        batch_norm_decay: of the running statistics; .99 lags behind in a training of a few hundred steps.
        precision: of maps and products; `auto` is float32 on a CPU and bfloat16 on other devices.
    """

    epochs: int = 8
    batch: int = 128
    peak_rate: float = 0.5
    warmup: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    flip: bool = True
    dropout: float = 0.0
    stochastic_depth: float = 0.0
    batch_norm_decay: float = 0.9
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        for name, low in (("epochs", 1), ("batch", 2)):
            if getattr(self, name) < low:
                raise UserError(f"Recipe.{name} must be at least {low}, got {getattr(self, name)}")
        for name in ("warmup", "momentum", "label_smoothing", "dropout", "stochastic_depth", "batch_norm_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"Recipe.{name} must be from 0 to below 1, got {getattr(self, name)}")
        if not 0 < self.peak_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise UserError(
                "Recipe.peak_rate must be above 0 and finite, weight_decay 0 or more, got "
                f"{self.peak_rate} and {self.weight_decay}"
            )
        if self.precision not in get_args(Precision):
            near = did_you_mean(self.precision, get_args(Precision))
            raise UserError(f"Recipe.precision must be one of {', '.join(get_args(Precision))}, got {self.precision!r}{near}")

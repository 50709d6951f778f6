"""How a network is trained: everything that can change its accuracy except the network, the images and the seed."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal, get_args

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.core.plain import later
from scaling.recipe.augment import Augment
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.progressive import Progressive
from scaling.recipe.schedules import Schedule

REVISION = 2
"""Raised whenever the same recipe would train to other numbers; part of every trial's identity."""

Precision = Literal["auto", "float32", "bfloat16"]
ClassifierStart = Literal["released", "fan_in", "zero"]

INIT_HASH = "sha256:"
"""Begins an `init` that is the identity of a file, not a place where one is."""

INIT_OF_EACH = "each network's own"
"""The `init` of a study whose networks start from a file each; a network's own recipe has the identity of its file."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Stochastic gradients on smoothed cross-entropy; by itself SGD with Nesterov momentum, a linear warm-up, a cosine to 0.

    Args:
        epochs: passes over the training images; those that fill no batch, or no equal part of an epoch's steps, sit
            an epoch out.
        batch: images per step.
        peak_rate: highest learning rate, reached after the warm-up; of `reference_batch` images where that is given.
        warmup: share of all steps over which the rate rises from 0, 0 to below 1.
        momentum: of the optimizer, below 1.
        weight_decay: times a kernel, as the optimizer has it; scales, offsets and, unless it says so, biases are not decayed.
        label_smoothing: probability spread evenly over the classes.
        flip: mirror each image left to right with probability 1/2.
        dropout: rate before the classifier.
        stochastic_depth: rate of the network, rising linearly over its blocks.
        batch_norm_decay: of the running statistics; .99 lags behind in a training of a few hundred steps.
        precision: of maps and products; `auto` is float32 on a CPU and bfloat16 on other devices.
        optimizer: how a gradient becomes a step.
        schedule: of the learning rate after the warm-up.
        reference_batch: the rate used is peak_rate * batch / reference_batch; 0 takes peak_rate as it is.
        average: decay of a running average of parameters and running statistics, which is then what is judged and kept; after
            t steps it is min(average, (1 + t) / (10 + t)). 0 keeps none.
        classifier_start: spread of the classifier's initial weights: `released` uniform +-1/sqrt(classes), made for 1000
            classes; `fan_in` uniform +-1/sqrt(inputs); `zero`.
        augment: random changes of training images.
        progressive: image size and regularisation by stages.
        dropout_per_doubling: added to `dropout` for each doubling of the baseline's MACs; .3 / 7 takes .2 at EfficientNet-B0
            to .5 at B7, as the paper says.
        init: what trainings start from instead of random numbers: a path as people write it; in everything recorded
            "sha256:" and the first 16 digits of the file's SHA-256, or `INIT_OF_EACH` where every network has its own file.
            The classifier is drawn whatever it is.
        frozen_stages: n > 0 leaves the stem and the first n stages as `init` has them, their running statistics too.
        body_rate: learning rate of all but the classifier, as a multiple of the classifier's.
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
    optimizer: Optimizer = later(Optimizer())
    schedule: Schedule = later(Schedule())
    reference_batch: int = later(0)
    average: float = later(0.0)
    classifier_start: ClassifierStart = later("released")
    augment: Augment = later(Augment())
    progressive: Progressive = later(Progressive())
    dropout_per_doubling: float = later(0.0)
    init: str = later("")
    frozen_stages: int = later(0)
    body_rate: float = later(1.0)

    def __post_init__(self) -> None:
        for name, low in (("epochs", 1), ("batch", 2), ("reference_batch", 0), ("frozen_stages", 0)):
            if getattr(self, name) < low:
                raise UserError(f"Recipe.{name} must be at least {low}, got {getattr(self, name)}")
        for name in _SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"Recipe.{name} must be from 0 to below 1, got {getattr(self, name)}")
        if not 0 < self.peak_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise UserError(
                "Recipe.peak_rate must be above 0 and finite, weight_decay 0 or more, got "
                f"{self.peak_rate} and {self.weight_decay}"
            )
        if not 0 <= self.body_rate < math.inf:
            raise UserError(f"Recipe.body_rate must be 0 or more and finite, got {self.body_rate}")
        for name, allowed in (("precision", get_args(Precision)), ("classifier_start", get_args(ClassifierStart))):
            if (value := getattr(self, name)) not in allowed:
                raise UserError(
                    f"Recipe.{name} must be one of {', '.join(allowed)}, got {value!r}{did_you_mean(value, allowed)}"
                )
        _require_stages(self)

    @property
    def has_recorded_init(self) -> bool:
        """Whether `init` says which weights, and not where they are."""
        return self.init.startswith(INIT_HASH) or self.init == INIT_OF_EACH

    def require_init(self) -> None:
        """Refuse what has a meaning only for given weights.

        Raises:
            UserError: there is such a thing, and no `init`.
        """
        idle = "frozen_stages" if self.frozen_stages else "body_rate" if self.body_rate != 1 else None
        if idle is not None and not self.init:
            raise UserError(
                f"Recipe.{idle} belongs to a training that starts from given weights, and this one starts from random numbers; "
                "give weights with --init, or with init in the specification's [recipe]"
            )

    @property
    def highest_rate(self) -> float:
        """`peak_rate`, scaled with the batch where it is that of another one."""
        return self.peak_rate * self.batch / self.reference_batch if self.reference_batch else self.peak_rate

    def for_cost(self, ratio: float) -> Recipe:
        """The recipe of a network of so many times the baseline's MACs: its dropout follows the cost."""
        if not self.dropout_per_doubling:
            return self
        raised = self.dropout + self.dropout_per_doubling * max(0.0, math.log2(ratio))
        return dataclasses.replace(self, dropout=round(min(0.9, raised), 6), dropout_per_doubling=0.0)


_SHARES = (
    "warmup",
    "momentum",
    "label_smoothing",
    "dropout",
    "stochastic_depth",
    "batch_norm_decay",
    "average",
    "dropout_per_doubling",
)


def _require_stages(recipe: Recipe) -> None:
    """Refuse stages that the rest of the recipe cannot have.

    Raises:
        UserError: with what to change.
    """
    stages, augment = recipe.progressive, recipe.augment
    if stages.stages > recipe.epochs and stages.order == "growing":
        raise UserError(f"Recipe.progressive has {stages.stages} stages, more than the {recipe.epochs} epochs they share")
    for name, there in (
        ("dropout", recipe.dropout > 0),
        ("magnitude", augment.policy == "randaugment"),
        ("mixup", augment.mixup > 0),
    ):
        if getattr(stages, name) is not None and not there:
            raise UserError(f"Recipe.progressive.{name} is where the first stage begins, and the recipe itself has none")

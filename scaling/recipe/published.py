"""Recipes by name: those of the papers, at their own length and batch, and this project's proxy.

Each is whole, so that a specification says `base = "efficientnet"` in its `[recipe]` and below it what it does otherwise:
fewer epochs shorten warm-up and schedule with them, a smaller batch lowers the rate. Where paper and release differ, both
are here.
"""

from __future__ import annotations

import dataclasses

from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.recipe.augment import Augment
from scaling.recipe.optimizers import Optimizer
from scaling.recipe.progressive import Progressive
from scaling.recipe.recipe import Recipe
from scaling.recipe.schedules import Schedule

_EFFICIENTNET = Recipe(
    epochs=350,
    batch=4096,
    peak_rate=0.256,
    reference_batch=4096,
    warmup=5 / 350,
    momentum=0.9,
    weight_decay=1e-5,
    label_smoothing=0.1,
    flip=True,
    dropout=0.2,
    dropout_per_doubling=0.3 / 7,
    stochastic_depth=0.2,
    batch_norm_decay=0.99,
    optimizer=Optimizer("rmsprop", 0.9, 1e-3, decay_biases=True),
    schedule=Schedule("staircase", 0.97, 2.4 / 350),
    average=0.9999,
    augment=Augment(crop=0.08, policy="autoaugment"),
)
"""Tan and Le 2019, section 5.2; decay of biases, average, epsilon and warm-up as the released code has them."""

_V2_RELEASED = dataclasses.replace(
    _EFFICIENTNET,
    dropout_per_doubling=0.0,
    batch_norm_decay=0.9,
    optimizer=Optimizer("rmsprop", 0.9, 1e-3),
    augment=Augment(crop=0.08, policy="randaugment", magnitude=10),
    progressive=Progressive(4, 128 / 384, 300 / 384, sizes="released", magnitude=5),
)
"""The released code of EfficientNetV2-S: 171, 214, 257 and 300 px of 384, RandAugment from 5 to 10, the dropout fixed."""

_V2_PAPER = dataclasses.replace(
    _V2_RELEASED,
    dropout=0.3,
    batch_norm_decay=0.99,
    augment=Augment(crop=0.08, policy="randaugment", magnitude=15),
    progressive=Progressive(4, 128 / 384, 300 / 384, sizes="paper", dropout=0.1, magnitude=5),
)
"""Tan and Le 2021, section 4 with tables 6 and 7, of EfficientNetV2-S: dropout from .1 to .3, RandAugment from 5 to 15."""

_MODERN = Recipe(
    epochs=300,
    batch=4096,
    peak_rate=4e-3,
    reference_batch=4096,
    warmup=20 / 300,
    momentum=0.9,
    weight_decay=0.05,
    label_smoothing=0.1,
    flip=True,
    stochastic_depth=0.1,
    batch_norm_decay=0.9,
    optimizer=Optimizer("adamw"),
    average=0.9999,
    augment=Augment(crop=0.08, policy="randaugment", layers=2, magnitude=9, mixup=0.8, cutmix=1.0, erase=0.25),
)
"""Liu et al. 2022 (ConvNeXt), table 5, of its smallest network."""

RECIPES: dict[str, Recipe] = {
    "proxy": Recipe(),
    "efficientnet": _EFFICIENTNET,
    "efficientnetv2": _V2_RELEASED,
    "efficientnetv2-paper": _V2_PAPER,
    "modern": _MODERN,
}
"""By the name that `base` in a specification's `[recipe]` takes."""


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        UserError: there is none of that name.
    """
    if name not in RECIPES:
        raise UserError(f"no recipe is called {name!r}; known: {', '.join(RECIPES)}{did_you_mean(name, RECIPES)}")
    return RECIPES[name]

"""Ablations as people ask for them: which recipes on which networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.core.plain import to_plain
from scaling.data.held_out import require_held_out
from scaling.recipe.recipe import Recipe
from scaling.study.spec import READING


@dataclass(frozen=True, slots=True)
class AblationSpec:
    """Recipes to compare: on which networks, on which images, from how many seeds.

    Args:
        name: the stem of its file and of its run folder.
        networks: by name, each named so.
        recipes: by name, two or more.
        reference: name of the recipe that the others are compared with; the first if empty.
        data: name or path of the images.
        side: px at which image files are stored; None leaves it to the loader.
        seeds: trainings of each network with each recipe, at least 1.
        grouped: images of one sub-folder of a class depend on each other.
        top_classes: the sub-folders of the images' folder are classes, whatever they are called and hold.
        skip_unreadable: image files that cannot be read are taken as if they were not there.
        validation_share: of each class's train images, held out as validation where the images have train and one other split.
        train_share: of each class's train images, used for training; the others are left alone.
        minival: as many images of train as validation, spread evenly over the classes, instead of a share.
    """

    name: str
    networks: Mapping[str, Architecture]
    recipes: Mapping[str, Recipe]
    reference: str = ""
    data: str = "fashion-mnist-10k"
    side: int | None = None
    seeds: int = 2
    grouped: bool = False
    top_classes: bool = False
    skip_unreadable: bool = False
    validation_share: float | None = None
    train_share: float | None = None
    minival: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise UserError(f"seeds must be from 1 to 1000, got {self.seeds}")
        require_held_out(self.validation_share, self.minival, self.train_share)
        if not self.networks:
            raise UserError("networks must be one or more, got none")
        if len(self.recipes) < 2:
            raise UserError(f"recipes must be two or more to be compared, got {', '.join(self.recipes) or 'none'}")
        for name in (*self.networks, *self.recipes):
            if not re.fullmatch(r"[\w.+-]+", name):
                raise UserError(
                    f"names of networks and recipes must be of letters, digits and . _ - + without spaces, got {name!r}"
                )
        if not self.reference:
            object.__setattr__(self, "reference", next(iter(self.recipes)))
        if self.reference not in self.recipes:
            near = did_you_mean(self.reference, self.recipes)
            raise UserError(f"reference must be one of the recipes {', '.join(self.recipes)}, got {self.reference!r}{near}")
        for name, made in self.recipes.items():
            if made.init or made.frozen_stages or made.body_rate != 1:
                raise UserError(f"recipes.{name}: an ablation takes no init; python -m scaling.family --train --init does")
        for one, other in combinations(self.networks, 2):
            if self.networks[one].structure == self.networks[other].structure:
                raise UserError(f"networks: {one} and {other} are the same network; leave one of them out")
        for one, other in combinations(self.recipes, 2):
            if self.recipes[one] == self.recipes[other]:
                raise UserError(f"recipes: {one} and {other} are the same recipe; leave one of them out")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the name."""
        return {
            "networks": {name: one.to_dict() for name, one in self.networks.items()},
            "recipes": {name: to_plain(one) for name, one in self.recipes.items()},
            "reference": self.reference,
            "data": self.data,
            "side": self.side,
            "seeds": self.seeds,
            **{key: value for key in READING if (value := getattr(self, key))},
        }

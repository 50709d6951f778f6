"""Families as people ask for them: in TOML, or by a finished search."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, get_args

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.core.plain import later, to_plain
from scaling.data.held_out import require_held_out
from scaling.recipe.recipe import Recipe
from scaling.rules.coefficients import HIGHEST
from scaling.rules.members import RELEASED_PHIS, Member, member, phi_range, placed, realised_phi, released_member
from scaling.rules.rounding import Rounding
from scaling.rules.rules import RELEASED, RULES, Rule, rule

COMPARED = tuple(name for name, one in RULES.items() if one.compared)
"""The rules of a family that names none."""


@dataclass(frozen=True, slots=True)
class FamilyConfig:
    """Which members a family has.

    Args:
        rules: names of rules; `released` is the published table.
        phi: a range as `phi_range` reads it.
        realise: take for each phi the member whose real cost is nearest to 2^phi, instead of the one at phi.
        alpha: depth base of `compound`.
        beta: width base.
        gamma: resolution base.
        rounding: of scaled networks, a name that `scale` knows.
        dropout_per_doubling: added to the recipe's dropout for each doubling of the baseline's real cost; the paper's
            rises from .2 to .5 over B0 to B7.
    """

    rules: tuple[str, ...] = COMPARED
    phi: str = "0:3:0.5"
    realise: bool = False
    alpha: float = 1.2
    beta: float = 1.1
    gamma: float = 1.15
    rounding: Rounding = "released"
    dropout_per_doubling: float = 0.0

    def __post_init__(self) -> None:
        if not self.rules or len(set(self.rules)) < len(self.rules):
            raise UserError(f"rules must be one name or more, each once, got {', '.join(self.rules) or 'none'}")
        for name in self.rules:
            self.rule(name)
            if name == "released" and self.realise:
                raise UserError("released networks are what they are: no phi of theirs can be solved for a cost")
        for name in ("alpha", "beta", "gamma"):
            if not getattr(self, name) <= HIGHEST:
                raise UserError(f"{name} must be at most {HIGHEST:g}, got {getattr(self, name):g}")
        phi_range(self.phi)
        if self.rounding not in get_args(Rounding):
            near = did_you_mean(self.rounding, get_args(Rounding))
            raise UserError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {self.rounding!r}{near}")
        if not 0 <= self.dropout_per_doubling < 1:
            raise UserError(f"dropout_per_doubling must be from 0 to below 1, got {self.dropout_per_doubling}")

    def largest_side(self, baseline: Architecture) -> int:
        """At least the px of the largest member's images, whatever the phi that a cost is solved by."""
        phi = max(phi_range(self.phi)) + (1 if self.realise else 0)
        names = [name for name in self.rules if name != "released"]
        factors = [self.rule(name).factors(phi).resolution for name in names]
        released = [RELEASED[f"efficientnet_b{max(RELEASED_PHIS)}"].resolution] if "released" in self.rules else []
        return math.ceil(baseline.resolution * max([1.0, *factors, *released]))

    def members(self, baseline: Architecture, num_classes: int, in_channels: int) -> tuple[Member, ...]:
        """Every rule's member at every phi.

        Raises:
            UserError: a phi shrinks the images below 12 px, or is no released number.
        """
        counted = (num_classes, in_channels)
        return tuple(self._member(baseline, name, phi, *counted) for name in self.rules for phi in phi_range(self.phi))

    def rule(self, name: str) -> Rule:
        """A rule by name, `compound` with this family's coefficients.

        Raises:
            UserError: as `scaling.rules.rule`.
        """
        return rule(name, alpha=self.alpha, beta=self.beta, gamma=self.gamma)

    def _member(self, baseline: Architecture, name: str, phi: float, num_classes: int, in_channels: int) -> Member:
        if name == "released":
            return released_member(baseline, phi, num_classes, in_channels)
        named = self.rule(name)
        counted = (num_classes, in_channels, self.rounding)
        if not self.realise:
            return placed(baseline, named, member(baseline, named, phi, *counted), *counted)
        solved = member(baseline, named, realised_phi(baseline, named, phi, *counted), *counted)
        return placed(baseline, named, solved, *counted)._replace(expected_ratio=2.0**phi)


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """A family to train: which members of which baseline, trained how, on which images, from how many seeds.

    Args:
        name: the stem of its file and of its run folder.
        baseline: what is scaled.
        data: name or path of the images.
        side: px at which image files are stored; None leaves it to the loader.
        seeds: trainings of each network, at least 1.
        family: its members.
        recipe: the training.
        grouped: images of one sub-folder of a class depend on each other.
        top_classes: the sub-folders of the images' folder are classes, whatever they are called and hold.
        skip_unreadable: image files that cannot be read are taken as if they were not there.
        validation_share: of each class's train images, held out as validation where the images have train and one other split.
        train_share: of each class's train images, used for training; the others are left alone.
        minival: as many images of train, spread evenly over the classes, instead of a share.
    """

    name: str
    baseline: Architecture
    data: str = "fashion-mnist-10k"
    side: int | None = None
    seeds: int = 3
    family: FamilyConfig = field(default_factory=FamilyConfig)
    recipe: Recipe = field(default_factory=Recipe)
    grouped: bool = later(False)
    top_classes: bool = later(False)
    skip_unreadable: bool = later(False)
    validation_share: float | None = later(None)
    train_share: float | None = later(None)
    minival: int | None = later(None)

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise UserError(f"seeds must be from 1 to 1000, got {self.seeds}")
        require_held_out(self.validation_share, self.minival, self.train_share)
        if self.family.dropout_per_doubling and self.recipe.dropout_per_doubling:
            raise UserError(
                f"dropout_per_doubling is given twice, {self.family.dropout_per_doubling:g} in family and "
                f"{self.recipe.dropout_per_doubling:g} in recipe; leave one of them out"
            )

    @property
    def dropout_per_doubling(self) -> float:
        """Added to the recipe's dropout for each doubling of the cost, whether the family or the recipe asks for it."""
        return self.family.dropout_per_doubling or self.recipe.dropout_per_doubling

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the name."""
        return {key: value for key, value in to_plain(self).items() if key != "name"}

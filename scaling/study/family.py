"""Step 2 made concrete: the members of several rules, as distinct networks to train."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

from scaling.arch import Architecture
from scaling.counting import Cost
from scaling.data import PictureSet
from scaling.extrapolation import (
    MEMBER_WITHIN,
    RELEASED_PHIS,
    Member,
    member,
    phi_range,
    placed,
    realised_phi,
    released_member,
)
from scaling.lattice import HIGHEST
from scaling.recipe import REVISION, Recipe
from scaling.rules import RELEASED, RULES, Rounding, Rule, intended_shares, rule
from scaling.study.spec import checked
from scaling.study.tables import SpecError
from scaling.study.trials import Network, Pictures, Trials, resolved

COMPARED = tuple(name for name, one in RULES.items() if one.compared)
"""The rules of a family that names none."""


@dataclass(frozen=True, slots=True)
class Kinship:
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
            raise ValueError(f"rules must be one name or more, each once, got {', '.join(self.rules) or 'none'}")
        for name in self.rules:
            self.rule(name)
            if name == "released" and self.realise:
                raise ValueError("released networks are what they are: no phi of theirs can be solved for a cost")
        for name in ("alpha", "beta", "gamma"):
            if not getattr(self, name) <= HIGHEST:
                raise ValueError(f"{name} must be at most {HIGHEST:g}, got {getattr(self, name):g}")
        phi_range(self.phi)
        if self.rounding not in get_args(Rounding):
            raise ValueError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {self.rounding!r}")
        if not 0 <= self.dropout_per_doubling < 1:
            raise ValueError(f"dropout_per_doubling must be from 0 to below 1, got {self.dropout_per_doubling}")

    def largest_side(self, baseline: Architecture) -> int:
        """At least the px of the largest member's pictures, whatever the phi that a cost is solved by."""
        phi = max(phi_range(self.phi)) + (1 if self.realise else 0)
        names = [name for name in self.rules if name != "released"]
        factors = [self.rule(name).factors(phi).resolution for name in names]
        released = [RELEASED[f"efficientnet_b{max(RELEASED_PHIS)}"].resolution] if "released" in self.rules else []
        return math.ceil(baseline.resolution * max([1.0, *factors, *released]))

    def members(self, baseline: Architecture, num_classes: int, in_channels: int) -> tuple[Member, ...]:
        """Every rule's member at every phi.

        Raises:
            ValueError: a phi shrinks the pictures below 12 px, or is no released number.
        """
        counted = (num_classes, in_channels)
        return tuple(self._member(baseline, name, phi, *counted) for name in self.rules for phi in phi_range(self.phi))

    def rule(self, name: str) -> Rule:
        """A rule by name, `compound` with this family's coefficients.

        Raises:
            ValueError: as `scaling.rules.rule`.
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
    """A family to train: which members of which baseline, trained how, on which pictures, from how many seeds.

    Args:
        name: the stem of its file and of its run folder.
        baseline: what is scaled.
        data: name or path of the pictures.
        side: px at which picture files are stored; None leaves it to the loader.
        seeds: trainings of each network, at least 1.
        family: its members.
        recipe: the training.
    """

    name: str
    baseline: Architecture
    data: str = "fashion-mnist-10k"
    side: int | None = None
    seeds: int = 3
    family: Kinship = field(default_factory=Kinship)
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise ValueError(f"seeds must be from 1 to 1000, got {self.seeds}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, every default filled in."""
        return {
            "baseline": self.baseline.to_dict(),
            "data": self.data,
            "side": self.side,
            "seeds": self.seeds,
            "family": dataclasses.asdict(self.family),
            "recipe": dataclasses.asdict(self.recipe),
        }


@dataclass(frozen=True, slots=True)
class Kin:
    """One distinct network of a family, with all the members that it is."""

    label: str
    """`baseline`, or the first of its members by rule and phi"""
    members: tuple[Member, ...]
    cost: Cost

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Realised shares of depth, width and resolution; None of the baseline."""
        return self.members[0].shares

    @property
    def origin(self) -> tuple[str, ...]:
        """Whether it is the baseline."""
        return ("baseline",) if self.label == "baseline" else ()

    def distance(self, rule: str) -> float | None:
        """How far its realised shares are from a rule's, of which it is a member; None where nothing was scaled."""
        return min((one.distance for one in self.members if one.rule == rule and one.distance is not None), default=None)

    def nearer(self, rule: str, intended: Mapping[str, tuple[float, float, float] | None]) -> str | None:
        """Another rule that its realised shares are nearer to than to those of the rule it is a member of."""
        own, shares = self.distance(rule), self.shares
        if own is None or shares is None:
            return None
        others = {name: math.dist(shares, place) for name, place in intended.items() if place is not None and name != rule}
        nearest = min(others, key=lambda name: others[name], default=None)
        return nearest if nearest is not None and others[nearest] < own else None

    def stands_for(self, rule: str) -> bool:
        """Whether it is near enough to a rule, of which it is a member, to count for it."""
        distance = self.distance(rule)
        return distance is None or distance <= MEMBER_WITHIN

    @property
    def architecture(self) -> Architecture:
        """What is trained."""
        return self.members[0].architecture

    @property
    def realised(self) -> float:
        """MACs over the baseline's."""
        return self.members[0].ratio


@dataclass(frozen=True)
class FamilyStudy(Trials):
    """Step 2: a family with its pictures loaded and its members counted."""

    spec: FamilySpec
    pictures: Pictures
    members: tuple[Member, ...]
    recipe: Recipe
    """the specification's, its precision resolved for the device"""
    revision: int = REVISION

    @cached_property
    def networks(self) -> tuple[Kin, ...]:
        """The distinct networks of the members, cheapest first."""
        return distinct(self.spec.baseline, self.members)

    def recipe_of(self, network: Network) -> Recipe:
        """The recipe, its dropout raised with the network's real cost where the family asks for that."""
        raised = self.recipe.dropout + self.spec.family.dropout_per_doubling * max(0.0, math.log2(network.realised))
        return dataclasses.replace(self.recipe, dropout=round(raised, 6))


def intended(family: Kinship) -> dict[str, tuple[float, float, float] | None]:
    """The shares of each rule of a family; None for `released`, which has no one place."""
    return {name: None if name == "released" else intended_shares(family.rule(name).factors(1)) for name in family.rules}


def make_family_study(spec: FamilySpec, pictures: PictureSet, precision: str) -> FamilyStudy:
    """Count the members of a specification on its pictures; `precision` is what `auto` means on the device.

    Raises:
        SpecError: a phi cannot be had, nothing could be compared, or the pictures do not fill a batch.
    """
    family = spec.family
    if len(phi_range(family.phi)) == 1 and not (family.realise and len(family.rules) > 1):
        raise SpecError(
            f"{spec.name}: one point per rule compares nothing: give phi a range, as 0:3:0.5, or solve it for equal costs "
            "(realise) for several rules"
        )
    recipe = resolved(spec.recipe, pictures, precision)
    found = checked(lambda: spec.family.members(spec.baseline, pictures.num_classes, pictures.in_channels), spec.name)
    return FamilyStudy(spec, pictures, found, recipe)


def distinct(baseline: Architecture, members: Sequence[Member]) -> tuple[Kin, ...]:
    """The distinct networks of the members of a baseline, cheapest first."""
    groups: dict[Any, list[Member]] = {}
    for one in members:
        groups.setdefault(one.architecture.structure, []).append(one)
    kin = [_kin(baseline, tuple(group)) for group in groups.values()]
    return tuple(sorted(kin, key=lambda one: (one.cost.macs, one.label)))


def _kin(baseline: Architecture, members: tuple[Member, ...]) -> Kin:
    first = members[0]
    is_baseline = first.architecture.structure == baseline.structure
    label = "baseline" if is_baseline else f"{first.rule} {first.phi:.12g}"
    return Kin(label, members, Cost(first.params, first.macs, first.activations))


def network_of(networks: Sequence[Kin], member: Member) -> Kin:
    """The network that a member is."""
    return next(one for one in networks if one.architecture.structure == member.architecture.structure)

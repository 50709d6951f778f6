"""Step 2 made concrete: the members of several rules, as distinct networks to train."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.count.cost import Cost
from scaling.data import Dataset, ListedDataset
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.recipe.recipe import REVISION, Recipe
from scaling.rules.members import MEMBER_WITHIN, Member, phi_range
from scaling.rules.rules import intended_shares
from scaling.study.resolve import resolved
from scaling.study.spec import checked
from scaling.study.study import DatasetInfo, Network, Trials


@dataclass(frozen=True, slots=True)
class FamilyNetwork:
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
    """Step 2: a family with its images loaded and its members counted."""

    spec: FamilySpec
    dataset: DatasetInfo
    members: tuple[Member, ...]
    recipe: Recipe
    """the specification's, its precision resolved for the device"""
    revision: int = REVISION
    starts: Mapping[str, str] = field(default_factory=dict, hash=False)
    start_source: str = ""

    @cached_property
    def networks(self) -> tuple[FamilyNetwork, ...]:
        """The distinct networks of the members, cheapest first."""
        return distinct(self.spec.baseline, self.members)

    def recipe_of(self, network: Network) -> Recipe:
        """The recipe, its dropout raised with the network's real cost where the family asks for that."""
        recipe = super().recipe_of(network)
        raised = recipe.dropout + self.spec.family.dropout_per_doubling * max(0.0, math.log2(network.realised))
        return dataclasses.replace(recipe, dropout=round(raised, 6))


def intended(family: FamilyConfig) -> dict[str, tuple[float, float, float] | None]:
    """The shares of each rule of a family; None for `released`, which has no one place."""
    return {name: None if name == "released" else intended_shares(family.rule(name).factors(1)) for name in family.rules}


def make_family_study(spec: FamilySpec, dataset: Dataset | ListedDataset, precision: str) -> FamilyStudy:
    """Count the members of a specification on its images; `precision` is what `auto` means on the device.

    Raises:
        SpecError: a phi cannot be had, nothing could be compared, or the images do not fill a batch.
    """
    family = spec.family
    if len(phi_range(family.phi)) == 1 and not (family.realise and len(family.rules) > 1):
        raise SpecError(
            f"{spec.name}: one point per rule compares nothing: give phi a range, as 0:3:0.5, or solve it for equal costs "
            "(realise) for several rules"
        )
    recipe = resolved(spec.recipe, dataset, precision)
    found = checked(lambda: spec.family.members(spec.baseline, dataset.num_classes, dataset.in_channels), spec.name)
    return FamilyStudy(spec, dataset, found, recipe)


def distinct(baseline: Architecture, members: Sequence[Member]) -> tuple[FamilyNetwork, ...]:
    """The distinct networks of the members of a baseline, cheapest first."""
    groups: dict[Any, list[Member]] = {}
    for one in members:
        groups.setdefault(one.architecture.structure, []).append(one)
    kin = [_kin(baseline, tuple(group)) for group in groups.values()]
    return tuple(sorted(kin, key=lambda one: (one.cost.macs, one.label)))


def _kin(baseline: Architecture, members: tuple[Member, ...]) -> FamilyNetwork:
    first = members[0]
    is_baseline = first.architecture.structure == baseline.structure
    label = "baseline" if is_baseline else f"{first.rule} {first.phi:.12g}"
    return FamilyNetwork(label, members, Cost(first.params, first.macs, first.activations))


def network_of(networks: Sequence[FamilyNetwork], member: Member) -> FamilyNetwork:
    """The network that a member is."""
    return next(one for one in networks if one.architecture.structure == member.architecture.structure)

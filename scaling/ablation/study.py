"""An ablation made concrete: every network with every recipe, as pairs to train."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from scaling.ablation.spec import AblationSpec
from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.count.cost import Cost, cost
from scaling.data import Dataset, ListedDataset
from scaling.recipe.recipe import REVISION, Recipe
from scaling.study.resolve import resolved
from scaling.study.study import DatasetInfo, Network, Trials


@dataclass(frozen=True)
class Pair:
    """One network with one recipe."""

    network: str
    recipe: str
    architecture: Architecture
    training: Recipe
    """the recipe with its precision and, where it follows the cost, its dropout resolved"""
    cost: Cost
    realised: float
    """MACs over those of the cheapest network"""

    @property
    def label(self) -> str:
        """Its name for people, and in records of what was measured."""
        return label(self.network, self.recipe)

    @property
    def shares(self) -> None:
        """None: nothing is scaled here."""
        return None

    @property
    def origin(self) -> tuple[str, ...]:
        """None: there is no search space."""
        return ()


def label(network: str, recipe: str) -> str:
    """What a pair is called; neither name has a space."""
    return f"{network} {recipe}"


@dataclass(frozen=True)
class AblationStudy(Trials):
    """An ablation with its images loaded."""

    spec: AblationSpec
    dataset: DatasetInfo
    precision: str
    """what `auto` in a recipe means on the device"""
    revision: int = REVISION

    @cached_property
    def networks(self) -> tuple[Pair, ...]:
        """Every network with every recipe, in the specification's order."""
        return tuple(self._pair(network, recipe) for network in self.spec.networks for recipe in self.spec.recipes)

    def pair(self, network: str, recipe: str) -> Pair:
        """That of two names."""
        return next(one for one in self.networks if (one.network, one.recipe) == (network, recipe))

    def recipe_of(self, network: Network) -> Recipe:
        """A pair's own."""
        return next(one.training for one in self.networks if one.label == network.label)

    def config(self) -> dict[str, Any]:
        """What a run folder answers, as plain data; of the device its precision, where a recipe leaves it to that."""
        dataset, automatic = self.dataset, any(one.precision == "auto" for one in self.spec.recipes.values())
        return {
            **self.spec.to_dict(),
            "data": dataset.fingerprint,
            "pictures": dataset.name,
            "picture_side": dataset.side,
            "chance": dataset.chance,
            "recipe": {"precision": self.precision} if automatic else {},
        }

    def with_precision(self, precision: str) -> Self:
        """The study as it is trained where `auto` in a recipe means this precision."""
        return dataclasses.replace(self, precision=precision)

    def _pair(self, network: str, recipe: str) -> Pair:
        counts = (self.dataset.num_classes, self.dataset.in_channels)
        asked, counted = self.spec.recipes[recipe], cost(self.spec.networks[network], *counts)
        ratio = counted.macs / min(cost(one, *counts).macs for one in self.spec.networks.values())
        if asked.precision == "auto":
            asked = dataclasses.replace(asked, precision=self.precision)  # type: ignore[arg-type]
        return Pair(network, recipe, self.spec.networks[network], asked.for_cost(ratio), counted, ratio)


def make_ablation_study(spec: AblationSpec, dataset: Dataset | ListedDataset, precision: str) -> AblationStudy:
    """An ablation on its images; `precision` is what `auto` means on the device.

    Raises:
        SpecError: the images do not fill a batch, or two recipes are one on this device.
    """
    for one in spec.recipes.values():
        resolved(one, dataset, precision)
    study = AblationStudy(spec, dataset, precision)
    known: dict[Any, Pair] = {}
    for pair in study.networks:
        same = known.setdefault((pair.architecture.structure, pair.training), pair)
        if same is not pair:
            raise SpecError(f"{spec.name}: recipes {same.recipe} and {pair.recipe} are one on this device, in {precision}")
    return study

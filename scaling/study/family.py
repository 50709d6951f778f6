"""Step 2 made concrete: the members of several rules, as distinct networks to train."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from scaling.arch import Architecture
from scaling.counting import Cost
from scaling.data import PictureSet
from scaling.extrapolation import (
    RELEASED_PHIS,
    Member,
    as_released,
    large_enough,
    member,
    phi_range,
    realised_phi,
    released_member,
)
from scaling.recipe import Recipe
from scaling.rules import Rounding, Rule, rule
from scaling.solving import largest_phi, lowest_phi
from scaling.study.records import RecordFile
from scaling.study.spec import checked, common_values, find_spec, read_toml
from scaling.study.tables import SpecError, read_table, require_known
from scaling.study.trials import Network, Trials, resolved

RULES = ("compound", "depth", "width", "resolution")


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

    rules: tuple[str, ...] = RULES
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
            if name != "released":
                self.rule(name)
            elif self.realise:
                raise ValueError("released networks are what they are: no phi of theirs can be solved for a cost")
        phi_range(self.phi)
        if self.rounding not in get_args(Rounding):
            raise ValueError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {self.rounding!r}")
        if not 0 <= self.dropout_per_doubling < 1:
            raise ValueError(f"dropout_per_doubling must be from 0 to below 1, got {self.dropout_per_doubling}")

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
            return member(baseline, named, phi, *counted)
        solved = realised_phi(baseline, named, phi, *counted)
        return member(baseline, named, solved, *counted)._replace(expected_ratio=2.0**phi)


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

    members: tuple[Member, ...]
    cost: Cost

    shares = None
    origin = ()

    @property
    def architecture(self) -> Architecture:
        """What is trained."""
        return self.members[0].architecture

    @property
    def realised(self) -> float:
        """MACs over the baseline's."""
        return self.members[0].ratio

    @property
    def label(self) -> str:
        """The first of its members, by rule and phi."""
        first = self.members[0]
        return "baseline" if self.realised == 1 else f"{first.rule} {first.phi:g}"


@dataclass(frozen=True)
class FamilyStudy(Trials):
    """Step 2: a family with its pictures loaded and its members counted."""

    spec: FamilySpec
    pictures: PictureSet
    members: tuple[Member, ...]
    recipe: Recipe
    """the specification's, its precision resolved for the device"""

    @cached_property
    def networks(self) -> tuple[Kin, ...]:
        """The distinct networks of the members, cheapest first."""
        return distinct(self.members)

    def recipe_of(self, network: Network) -> Recipe:
        """The recipe, its dropout raised with the network's real cost where the family asks for that."""
        raised = self.recipe.dropout + self.spec.family.dropout_per_doubling * max(0.0, math.log2(network.realised))
        return dataclasses.replace(self.recipe, dropout=round(raised, 6))


def make_family_study(spec: FamilySpec, pictures: PictureSet, precision: str) -> FamilyStudy:
    """Count the members of a specification on its pictures; `precision` is what `auto` means on the device.

    Raises:
        SpecError: a phi cannot be had, or the pictures do not fill a batch.
    """
    recipe = resolved(spec.recipe, pictures, precision)
    found = checked(lambda: spec.family.members(spec.baseline, pictures.num_classes, pictures.in_channels), spec.name)
    return FamilyStudy(spec, pictures, found, recipe)


def distinct(members: tuple[Member, ...]) -> tuple[Kin, ...]:
    """The distinct networks of some members, cheapest first."""
    groups: dict[Any, list[Member]] = {}
    for one in members:
        groups.setdefault(one.architecture.structure, []).append(one)
    kin = [Kin(tuple(group), Cost(group[0].params, group[0].macs, group[0].activations)) for group in groups.values()]
    return tuple(sorted(kin, key=lambda one: (one.cost.macs, one.label)))


def largest_members(
    spec: FamilySpec, num_classes: int, in_channels: int, measure: str, budget: float, size: Callable[[Member], float]
) -> tuple[Member, ...]:
    """Each rule's largest member that fits a budget.

    Args:
        spec: baseline and rules; its phis are left aside.
        num_classes: of the pictures it is counted for.
        in_channels: of them.
        measure: what the budget is of, for messages.
        budget: in the units of `size`.
        size: of a member; it must not fall as phi rises.

    Raises:
        ValueError: not even a rule's smallest member fits, or a rule does not spend the budget at all.
    """
    counted = (num_classes, in_channels)
    return tuple(_largest(spec, name, *counted, measure, budget, size) for name in spec.family.rules)


def _largest(
    spec: FamilySpec,
    name: str,
    num_classes: int,
    in_channels: int,
    measure: str,
    budget: float,
    size: Callable[[Member], float],
) -> Member:
    baseline, counted = spec.baseline, (num_classes, in_channels)
    if name == "released":
        members = as_released(baseline, *counted, RELEASED_PHIS)
        smallest, found = members[0], next((one for one in reversed(members) if size(one) <= budget), None)
    else:
        named = spec.family.rule(name)

        def at(phi: float) -> Member:
            return member(baseline, named, phi, *counted, spec.family.rounding)

        lowest = lowest_phi(lambda phi: large_enough(baseline, named, phi))
        phi = largest_phi(lambda phi: size(at(phi)), budget, lowest)
        if phi == math.inf:
            raise ValueError(f"{name} spends no {measure}: its members of every size fit into {budget:,.0f}")
        smallest, found = at(lowest), None if phi is None else at(phi)
    if found is None:
        raise ValueError(f"{name}: its smallest member needs {size(smallest):,} {measure}, over the budget of {budget:,.0f}")
    return found


def network_of(networks: Sequence[Kin], member: Member) -> Kin:
    """The network that a member is."""
    return next(one for one in networks if one.architecture.structure == member.architecture.structure)


def read_family_spec(name_or_path: str) -> FamilySpec:
    """Read a family's specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, it asks for a search, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    table = read_toml(path)
    if "family" not in table:
        raise SpecError(f"{path}: has no table [family]; a search is made by python -m scaling.grid --spec {name_or_path}")
    require_known(table, [one.name for one in dataclasses.fields(FamilySpec) if one.name != "name"], str(path))
    values = common_values(path, table)
    values["family"] = _kinship(table["family"], f"{path}: family")
    return checked(lambda: FamilySpec(**values), str(path))


def family_of_run(folder: Path, fitted: bool = False) -> FamilySpec:
    """The family that a finished search asks for: its baseline, pictures and recipe, and the coefficients it found.

    Args:
        folder: of the run.
        fitted: take the optimum of the response surface fitted over all its networks, instead of its winner.

    Raises:
        SpecError: the folder holds no finished run, or nothing in it was best.
    """
    winner = optimum_of(folder) if fitted else winner_of(folder)
    path = folder / "spec.json"
    try:
        asked = json.loads(path.read_text("utf-8"))
        return FamilySpec(
            name=f"{folder.resolve().name}-family",
            baseline=Architecture.from_dict(asked["baseline"]),
            data=asked["pictures"],
            side=asked["side"],
            family=dataclasses.replace(Kinship(rounding=asked["lattice"]["rounding"]), **winner),
            recipe=Recipe(**asked["recipe"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise SpecError(f"{path}: not a run's question; make it anew with python -m scaling.grid") from None


def counts_of_run(folder: Path) -> tuple[int, int]:
    """Classes and channels of the pictures of a run.

    Raises:
        SpecError: it holds no trial.
    """
    records = RecordFile(folder / "trials.jsonl").read()
    trained = [record["trial"] for record in records if "trial" in record]
    if not trained:
        raise SpecError(f"{folder}: no trial is finished; go on with python -m scaling.grid --run {folder}")
    return trained[0]["num_classes"], trained[0]["in_channels"]


def winner_of(folder: Path) -> dict[str, Any]:
    """alpha, beta and gamma of the best network of a finished run.

    Raises:
        SpecError: the folder holds no finished run, or nothing in it was best.
    """
    return _coefficients(folder, "best", "has no best network; finish the run with python -m scaling.grid")


def optimum_of(folder: Path) -> dict[str, Any]:
    """alpha, beta and gamma at the optimum of the response surface of a finished run.

    Raises:
        SpecError: the folder holds no finished run, or no surface could be fitted to it.
    """
    return _coefficients(folder, "optimum", "no response surface could be fitted to this run; its winner is what there is")


def _coefficients(folder: Path, key: str, missing: str) -> dict[str, Any]:
    path = folder / "results.json"
    try:
        best = json.loads(path.read_text("utf-8"))[key]
        found = None if best is None else {name: float(best[name]) for name in ("alpha", "beta", "gamma")}
    except OSError:
        raise SpecError(f"{path}: not found; --run wants the folder of a finished python -m scaling.grid") from None
    except (ValueError, KeyError, TypeError):
        raise SpecError(f"{path}: not the result of a run; make it anew with python -m scaling.grid") from None
    if found is None:
        raise SpecError(f"{path}: {missing}")
    return found


def _kinship(table: Any, where: str) -> Kinship:
    values = dict(table) if isinstance(table, dict) else table
    if not isinstance(values, dict):
        raise SpecError(f"{where} must be a table, got {table!r}")
    rules = values.pop("rules", list(RULES))
    if not isinstance(rules, list) or not all(isinstance(name, str) for name in rules):
        raise SpecError(f"{where}.rules must be a list of names, got {rules!r}")
    run, fitted = values.pop("run", None), values.pop("fitted", False)
    if not isinstance(fitted, bool):
        raise SpecError(f"{where}.fitted must be true or false, got {fitted!r}")
    if run is not None:
        if given := sorted(values.keys() & {"alpha", "beta", "gamma"}):
            raise SpecError(f"{where}: take run or {', '.join(given)}, not both")
        values |= (optimum_of if fitted else winner_of)(Path(str(run)))
    read = read_table(Kinship, values, where)
    return checked(lambda: dataclasses.replace(read, rules=tuple(rules)), where)

"""What a search asks, as data: `StudySpec`, read from TOML."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from scaling.arch import Architecture
from scaling.core.errors import SpecError, UserError
from scaling.core.plain import from_plain, later, read_value, require_known, to_plain
from scaling.data.held_out import require_held_out
from scaling.grid.enumerate import HIGHEST_PHI
from scaling.grid.lattice import Lattice
from scaling.grid.limits import Limits
from scaling.recipe.recipe import Recipe
from scaling.study.spec import AS_READ, checked, common_values, find_spec, read_toml


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A study: which baseline is scaled over which lattice, trained how, on which images, from how many seeds.

    Args:
        name: the stem of its file and of its run folder.
        baseline: what is scaled.
        data: name or path of the images.
        side: px at which image files are stored; None leaves it to the loader.
        phi: budget exponent; the target is 2^phi times the baseline's MACs.
        seeds: trainings of each network, at least 1.
        lattice: the candidates.
        recipe: the training.
        limits: the most that a network of the lattice may cost.
        grouped: images of one sub-folder of a class depend on each other.
        top_classes: the sub-folders of the images' folder are classes, whatever they are called and hold.
        skip_unreadable: image files that cannot be read are taken as if they were not there.
        validation_share: of each class's train images, held out as validation where the images have train and one other split.
        train_share: of each class's train images, used for training; the others are left alone.
        minival: as many images of train, spread evenly over the classes, instead of a share.
        eligible_only: leave out lattice networks that cost too much or too little to be chosen.
    """

    name: str
    baseline: Architecture
    data: str = "fashion-mnist-10k"
    side: int | None = None
    phi: float = 1.0
    seeds: int = 2
    lattice: Lattice = field(default_factory=Lattice)
    recipe: Recipe = field(default_factory=Recipe)
    limits: Limits = later(Limits())
    eligible_only: bool = later(False)
    grouped: bool = later(False)
    top_classes: bool = later(False)
    skip_unreadable: bool = later(False)
    validation_share: float | None = later(None)
    train_share: float | None = later(None)
    minival: int | None = later(None)

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise UserError(f"seeds must be from 1 to 1000, got {self.seeds}")
        if self.side is not None and not 1 <= self.side <= 4096:
            raise UserError(f"side must be from 1 to 4096 px, got {self.side}")
        require_held_out(self.validation_share, self.minival, self.train_share)
        if not 0 < self.phi <= HIGHEST_PHI:
            raise UserError(f"phi must be above 0 and at most {HIGHEST_PHI:g}, got {self.phi:g}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the name."""
        return {key: value for key, value in to_plain(self).items() if key != "name"}


def read_spec(name_or_path: str) -> StudySpec:
    """Read a specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, it asks for a family, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    table = read_toml(path)
    if "family" in table:
        raise SpecError(f"{path}: asks for a family, not for a search: python -m scaling.family --spec {name_or_path}")
    if "recipes" in table:
        raise SpecError(f"{path}: asks for an ablation, not for a search: python -m scaling.ablation {name_or_path}")
    known = [one.name for one in dataclasses.fields(StudySpec) if one.name != "name"]
    require_known(table, [*known, *AS_READ], str(path))
    values = common_values(path, table)
    if "phi" in table:
        values["phi"] = read_value(float, table["phi"], f"{path}: phi")
    if "eligible_only" in table:
        values["eligible_only"] = read_value(bool, table["eligible_only"], f"{path}: eligible_only")
    values["lattice"] = from_plain(Lattice, table.get("lattice", {}), f"{path}: lattice")
    values["limits"] = from_plain(Limits, table.get("limits", {}), f"{path}: limits")
    return checked(lambda: StudySpec(**values), str(path))

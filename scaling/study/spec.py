"""What a study asks, as data: read from TOML, compared with the question a run folder already answers."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from scaling.arch import Architecture
from scaling.lattice import Lattice
from scaling.limits import Limits
from scaling.recipe import Recipe
from scaling.released import architecture
from scaling.study.tables import SpecError, read_table, read_value, require_known

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A study: which baseline is scaled over which lattice, trained how, on which pictures, from how many seeds.

    Args:
        name: the stem of its file and of its run folder.
        baseline: what is scaled.
        data: name or path of the pictures.
        side: px at which picture files are stored; None leaves it to the loader.
        phi: budget exponent; the target is 2^phi times the baseline's MACs.
        seeds: trainings of each network, at least 1.
        lattice: the candidates.
        recipe: the training.
        limits: the most that a network of the lattice may cost.
        grouped: images of one sub-folder of a class depend on each other.
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
    limits: Limits = field(default_factory=Limits)
    eligible_only: bool = False
    grouped: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise ValueError(f"seeds must be from 1 to 1000, got {self.seeds}")
        if self.side is not None and not 1 <= self.side <= 4096:
            raise ValueError(f"side must be from 1 to 4096 px, got {self.side}")
        if not self.phi > 0:
            raise ValueError(f"phi must be above 0, got {self.phi:g}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, every default filled in; limits, eligible_only and grouped only where given."""
        limits = {"limits": dataclasses.asdict(self.limits)} if self.limits.given() else {}
        return {
            "baseline": self.baseline.to_dict(),
            "data": self.data,
            "side": self.side,
            "phi": self.phi,
            "seeds": self.seeds,
            "lattice": dataclasses.asdict(self.lattice),
            "recipe": dataclasses.asdict(self.recipe),
            **limits,
            **{name: True for name in ("eligible_only", "grouped") if getattr(self, name)},
        }


def read_spec(name_or_path: str) -> StudySpec:
    """Read a specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, it asks for a family, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    table = read_toml(path)
    if "family" in table:
        raise SpecError(f"{path}: asks for a family, not for a search: python -m scaling.family --spec {name_or_path}")
    require_known(table, [one.name for one in dataclasses.fields(StudySpec) if one.name != "name"], str(path))
    values = common_values(path, table)
    if "phi" in table:
        values["phi"] = read_value(float, table["phi"], f"{path}: phi")
    for key in ("eligible_only", "grouped"):
        if key in table:
            values[key] = read_value(bool, table[key], f"{path}: {key}")
    values["lattice"] = read_table(Lattice, table.get("lattice", {}), f"{path}: lattice")
    values["limits"] = read_table(Limits, table.get("limits", {}), f"{path}: limits")
    return checked(lambda: StudySpec(**values), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data.

    Raises:
        SpecError: it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}") from None


def common_values(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Of a specification's table what a search and a family share: name, baseline, data, side, seeds, recipe.

    Raises:
        SpecError: a value is not allowed.
    """
    values: dict[str, Any] = {"name": path.stem}
    for key, hint in (("data", str), ("side", int), ("seeds", int)):
        if key in table:
            values[key] = read_value(hint, table[key], f"{path}: {key}")
    values["recipe"] = read_table(Recipe, table.get("recipe", {}), f"{path}: recipe")
    baseline = table.get("baseline", "small")
    if isinstance(baseline, dict):
        values["baseline"] = checked(lambda: Architecture.from_dict({"name": path.stem, **baseline}), f"{path}: baseline")
    else:
        values["baseline"] = read_baseline(read_value(str, baseline, f"{path}: baseline"))
    return values


def find_spec(name_or_path: str) -> Path:
    """The file of a specification.

    Raises:
        SpecError: there is none; the message lists the shipped ones.
    """
    places = [Path(name_or_path), Path("grid") / f"{name_or_path}.toml"]
    places += [folder / f"{name_or_path}.toml" for folder in _shipped()]
    for place in places:
        if place.is_file():
            return place
    known = sorted({path.stem for folder in _shipped() for path in folder.glob("*.toml")})
    raise SpecError(f"no specification {name_or_path!r}: neither a file nor one of {', '.join(known)}")


def read_baseline(name_or_path: str) -> Architecture:
    """A baseline or a released network by name, or from a TOML file that holds an `Architecture`.

    Raises:
        SpecError: there is no such name or file, or the file does not describe an architecture.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        return checked(lambda: architecture(name_or_path), "baseline")
    table = read_toml(path)
    if "baseline" in table:  # as it stands in a study
        table = table["baseline"]
        if isinstance(table, str):
            return checked(lambda: architecture(str(table)), f"{path}: baseline")
    return checked(lambda: Architecture.from_dict({"name": path.stem, **table}), str(path))


def baseline_toml(architecture: Architecture) -> str:
    """An architecture as the TOML that `read_baseline` takes back."""
    values = architecture.to_dict()
    stages = [", ".join(f"{key} = {json.dumps(value)}" for key, value in stage.items()) for stage in values.pop("stages")]
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([*lines, "stages = [", *(f"    {{ {stage} }}," for stage in stages), "]", ""])


def difference(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Every value in which two plain data differ, as 'key: old, now new'; a value that is missing is `none`."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        tables = [value for value in (before, after) if isinstance(value, dict)]
        if tables and all(isinstance(value, dict) or value is None for value in (before, after)):
            lines += difference(before or {}, after or {}, f"{prefix}{key}.")
        elif before != after:
            was, now = ("none" if value is None else value for value in (before, after))
            lines.append(f"{prefix}{key}: {was}, now {now}")
    return lines


def checked(make: Callable[[], Made], where: str) -> Made:
    """What `make` makes; a ValueError becomes a SpecError that says where."""
    try:
        return make()
    except ValueError as error:
        raise SpecError(f"{where}: {error}") from None


def _shipped() -> list[Path]:
    package = Path(os.path.dirname(os.path.abspath(__file__))).parent
    return [folder for folder in (package / "specs", package.parent / "grid") if folder.is_dir()]

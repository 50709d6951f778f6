"""What a study asks, as data: read from TOML, compared with the question a run folder already answers."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaling.arch import Architecture, architecture
from scaling.lattice import Lattice
from scaling.recipe import Recipe
from scaling.study.tables import SpecError, read_table, read_value, require_known


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
    """

    name: str
    baseline: Architecture
    data: str = "fashion-mnist-10k"
    side: int | None = None
    phi: float = 1.0
    seeds: int = 2
    lattice: Lattice = field(default_factory=Lattice)
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= 1000:
            raise ValueError(f"seeds must be from 1 to 1000, got {self.seeds}")
        if self.side is not None and not 1 <= self.side <= 4096:
            raise ValueError(f"side must be from 1 to 4096 px, got {self.side}")
        if not self.phi > 0:
            raise ValueError(f"phi must be above 0, got {self.phi:g}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, every default filled in."""
        return {
            "baseline": self.baseline.to_dict(),
            "data": self.data,
            "side": self.side,
            "phi": self.phi,
            "seeds": self.seeds,
            "lattice": dataclasses.asdict(self.lattice),
            "recipe": dataclasses.asdict(self.recipe),
        }


def read_spec(name_or_path: str) -> StudySpec:
    """Read a specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    return _from_table(path, table)


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
    """A baseline by name, or from a TOML file that holds an `Architecture`.

    Raises:
        SpecError: there is no such name or file, or the file does not describe an architecture.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        return _checked(lambda: architecture(name_or_path), "baseline")
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}") from None
    if table.keys() == {"baseline"}:  # as it stands in a study
        table = table["baseline"]
    return _checked(lambda: Architecture.from_dict({"name": path.stem, **table}), str(path))


def difference(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Every value in which two plain data differ, as 'key: old, now new'."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += difference(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before}, now {after}")
    return lines


def _from_table(path: Path, table: dict[str, Any]) -> StudySpec:
    fields = [one.name for one in dataclasses.fields(StudySpec) if one.name != "name"]
    require_known(table, fields, str(path))
    values: dict[str, Any] = {"name": path.stem}
    for key, hint in (("data", str), ("side", int), ("phi", float), ("seeds", int)):
        if key in table:
            values[key] = read_value(hint, table[key], f"{path}: {key}")
    values["lattice"] = read_table(Lattice, table.get("lattice", {}), f"{path}: lattice")
    values["recipe"] = read_table(Recipe, table.get("recipe", {}), f"{path}: recipe")
    baseline = table.get("baseline", "small")
    if isinstance(baseline, dict):
        values["baseline"] = _checked(lambda: Architecture.from_dict({"name": path.stem, **baseline}), f"{path}: baseline")
    else:
        values["baseline"] = read_baseline(read_value(str, baseline, f"{path}: baseline"))
    return _checked(lambda: StudySpec(**values), str(path))


def _checked(make: Any, where: str) -> Any:
    try:
        return make()
    except ValueError as error:
        raise SpecError(f"{where}: {error}") from None


def _shipped() -> list[Path]:
    package = Path(os.path.dirname(os.path.abspath(__file__))).parent
    return [folder for folder in (package / "specs", package.parent / "grid") if folder.is_dir()]

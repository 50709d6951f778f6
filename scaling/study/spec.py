"""What a study asks, as data: read from TOML, compared with the configuration that a run folder was made with."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from scaling.arch import Architecture
from scaling.core.errors import SpecError, UserError
from scaling.core.files import read_text, user_path
from scaling.core.names import did_you_mean
from scaling.core.plain import from_plain, read_value
from scaling.recipe.published import recipe
from scaling.recipe.recipe import Recipe
from scaling.rules.releases import NAMES, architecture

Made = TypeVar("Made")

READING = {
    **dict.fromkeys(("grouped", "top_classes", "skip_unreadable"), bool),
    "validation_share": float | None,
    "train_share": float | None,
    "minival": int | None,
}
"""How images are read: what a specification and `scaling.data.load` call alike, with the type of each."""


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data.

    Raises:
        SpecError: it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path}: not a TOML file: its text is not in UTF-8; save it in that encoding") from None
    except RecursionError:
        raise SpecError(f"{path}: not a TOML file: nested too deeply") from None
    except ValueError as error:  # also of a whole number with thousands of digits
        raise SpecError(f"{path}: not a TOML file: {error}") from None


def common_values(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Of a specification's table what a search and a family share: `image_values`, baseline and recipe.

    Raises:
        SpecError: a value is not allowed.
    """
    values = image_values(path, table)
    values["recipe"] = read_recipe(table.get("recipe", {}), f"{path}: recipe")
    baseline = table.get("baseline", "small")
    if isinstance(baseline, dict):
        values["baseline"] = checked(lambda: Architecture.from_dict({"name": path.stem, **baseline}), f"{path}: baseline")
    else:
        name = read_value(str, baseline, f"{path}: baseline")
        values["baseline"] = checked(lambda: read_baseline(name), f"{path}: baseline")
    if "resolution" in table:
        side, network = read_value(int, table["resolution"], f"{path}: resolution"), values["baseline"]
        values["baseline"] = checked(lambda: dataclasses.replace(network, resolution=side), f"{path}: resolution")
    return values


def image_values(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Of a specification's table what every study has: name, images and how they are read, seeds.

    Raises:
        SpecError: a value is not allowed.
    """
    values: dict[str, Any] = {"name": path.stem}
    for key, hint in (("data", str), ("side", int), ("seeds", int)):
        if key in table:
            values[key] = read_value(hint, table[key], f"{path}: {key}")
    for key, kind in READING.items():
        if key in table:
            values[key] = read_value(kind, table[key], f"{path}: {key}")
    return values


AS_READ = ("resolution", "engine")
"""Keys of a specification that are no field of what it becomes: `resolution` is the baseline's input, other than its own;
`engine` says where it is trained, which decides nothing of what is recorded."""


def read_recipe(table: Any, where: str) -> Recipe:
    """The recipe of a specification's table: `base` names the one that its other keys change; without it the proxy.

    Raises:
        SpecError: there is no recipe of that name, a key is unknown, a value is of another type or out of range.
    """
    if not isinstance(table, dict) or "base" not in table:
        return from_plain(Recipe, table, where)
    name = read_value(str, table["base"], f"{where}.base")
    named = checked(lambda: recipe(name), f"{where}.base")
    return from_plain(Recipe, {key: value for key, value in table.items() if key != "base"}, where, named)


def reading(spec: Any) -> dict[str, Any]:
    """How a specification, of a search or of a family, has its images read, as `scaling.data.load` takes it."""
    return {key: getattr(spec, key) for key in READING}


def recorded_spec(kind: type[Made], folder: Path, config: dict[str, Any]) -> Made:
    """The specification, a search's or a family's, that a run folder was last asked, named after the folder.

    Raises:
        SpecError: a key is unknown, or a value cannot be used.
    """
    known = {one.name for one in dataclasses.fields(kind)} & config.keys()  # type: ignore[arg-type]
    asked = {key: config[key] for key in known}
    named = {**asked, "name": str(folder), "data": config.get("pictures")}
    return from_plain(kind, named, f"{folder / 'spec.json'}: config")


def find_spec(name_or_path: str) -> Path:
    """The file of a specification.

    Raises:
        SpecError: there is none; the message lists the shipped ones.
    """
    places = [user_path(name_or_path), Path("grid") / f"{name_or_path}.toml"]
    places += [folder / f"{name_or_path}.toml" for folder in _shipped()]
    for place in places:
        if place.is_file():
            return place
    known = sorted({path.stem for folder in _shipped() for path in folder.glob("*.toml")})
    near = did_you_mean(name_or_path, known)
    raise SpecError(f"no specification {name_or_path!r}: neither a file nor one of {', '.join(known)}{near}")


def read_baseline(name_or_path: str) -> Architecture:
    """A baseline or a released network by name, or from a TOML file that holds an `Architecture`.

    Raises:
        UserError: there is no such name or file, or the file does not describe an architecture.
    """
    if name_or_path in NAMES:
        return architecture(name_or_path)
    path = user_path(name_or_path)
    if path.suffix.lower() != ".toml":
        if name_or_path and path.is_dir():
            raise SpecError(f"{path} is a folder; a network is described by a file that ends in .toml")
        if path.exists() and name_or_path:
            raise SpecError(f"{path}: a file that describes a network must end in .toml")
        near = did_you_mean(name_or_path, NAMES)
        raise UserError(f"no network {name_or_path!r}; known: {', '.join(NAMES)}, or a file that ends in .toml{near}")
    table = read_toml(path)
    if "baseline" in table:  # as it stands in a study
        table = table["baseline"]
        if isinstance(table, str):
            return checked(lambda: architecture(str(table)), f"{path}: baseline")
        if not isinstance(table, dict):
            raise SpecError(f"{path}: baseline must be a name or a table, got {table!r}")
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
    """What `make` makes; a UserError becomes a SpecError that says where."""
    try:
        return make()
    except UserError as error:
        raise SpecError(f"{where}: {error}") from None


def _shipped() -> list[Path]:
    package = Path(os.path.dirname(os.path.abspath(__file__))).parent
    return [folder for folder in (package / "specs", package.parent / "grid") if folder.is_dir()]

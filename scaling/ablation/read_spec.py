"""An ablation read from its TOML file, or from the configuration of its run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from scaling.ablation.spec import AblationSpec
from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.core.names import did_you_mean
from scaling.core.plain import from_plain, read_value, require_known
from scaling.recipe.recipe import Recipe
from scaling.study.spec import READING, checked, find_spec, image_values, read_baseline, read_recipe, read_toml

KEYS = ("data", "side", "seeds", *READING, "reference", "networks", "recipe", "recipes")
"""Of a specification."""


def read_ablation_spec(name_or_path: str) -> AblationSpec:
    """Read an ablation's specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, it asks for something else, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    table = read_toml(path)
    if "recipes" not in table:
        _refuse_another_kind(path, table, name_or_path)
    require_known(table, KEYS, str(path))
    values = image_values(path, table)
    if "reference" in table:
        values["reference"] = read_value(str, table["reference"], f"{path}: reference")
    values["networks"] = _networks(table.get("networks", {"small": "small"}), f"{path}: networks")
    values["recipes"] = _recipes(table.get("recipe", {}), table["recipes"], str(path))
    return checked(lambda: AblationSpec(**values), str(path))


def recorded_ablation_spec(folder: Path, config: dict[str, Any]) -> AblationSpec:
    """The specification that a run folder was last asked, named after the folder.

    Raises:
        SpecError: a value of its configuration cannot be used.
    """
    where = f"{folder / 'spec.json'}: config"
    tables = {key: _table(config.get(key), f"{where}.{key}") for key in ("networks", "recipes")}
    networks = {name: from_plain(Architecture, one, f"{where}.networks.{name}") for name, one in tables["networks"].items()}
    recipes = {name: from_plain(Recipe, one, f"{where}.recipes.{name}") for name, one in tables["recipes"].items()}
    values: dict[str, Any] = {"name": str(folder), "networks": networks, "recipes": recipes}
    hints = {"reference": str, "seeds": int, "side": int | None, **READING}
    for key, hint in hints.items():
        if key in config:
            values[key] = read_value(hint, config[key], f"{where}.{key}")
    values["data"] = read_value(str, config.get("pictures"), f"{where}.pictures")
    return checked(lambda: AblationSpec(**values), where)


def _refuse_another_kind(path: Path, table: dict[str, Any], asked: str) -> None:
    kind = "family --train --spec" if "family" in table else "grid --spec"
    likes_recipes = next((key for key in table if key not in KEYS and did_you_mean(key, ["recipes"])), None)
    if likes_recipes is not None:
        require_known({likes_recipes: None}, KEYS, str(path))
    other = f"; python -m scaling.{kind} {asked} takes it" if {"family", "lattice", "baseline"} & table.keys() else ""
    raise SpecError(f"{path}: has no tables [recipes.NAME], the recipes that an ablation compares{other}")


def _networks(table: Any, where: str) -> dict[str, Architecture]:
    return {name: _network(name, given, f"{where}.{name}") for name, given in _table(table, where).items()}


def _network(name: str, given: Any, where: str) -> Architecture:
    """A network by a name, by a table that describes it, or by one that says what it is like and what is changed."""
    if not isinstance(given, dict):
        called = read_value(str, given, where)
        found = checked(lambda: read_baseline(called), where)
    elif "like" in given:
        called = read_value(str, given["like"], f"{where}.like")
        like = checked(lambda: read_baseline(called), f"{where}.like")
        found = from_plain(Architecture, {key: value for key, value in given.items() if key != "like"}, where, like)
    else:
        allowed = [one.name for one in dataclasses.fields(Architecture) if one.name != "name"]
        require_known(given, [*allowed, "like"], where)
        found = from_plain(Architecture, {"name": name, **given}, where)
    return dataclasses.replace(found, name=name)


def _recipes(shared: Any, tables: Any, where: str) -> dict[str, Recipe]:
    """Every recipe: the shared table with its own over it, tables within them alike."""
    read_recipe(shared, f"{where}: recipe")  # what is wrong with it is said of it
    found = {}
    for name, own in _table(tables, f"{where}: recipes").items():
        place = f"{where}: recipes.{name}"
        found[name] = read_recipe(_over(shared, _table(own, place)), place)
    return found


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """One table over another, key by key, tables within it too."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _over(merged[key], value) if both else value
    return merged


def _table(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise SpecError(f"{where} must be a table, got {given!r}")
    return given

"""A family study read from its TOML file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.core.files import user_path
from scaling.core.plain import from_plain, require_known
from scaling.family.from_search import optimum_of, winner_of
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.grid.reopen import read_search
from scaling.study.spec import AS_READ, checked, common_values, find_spec, read_toml


def read_family_spec(name_or_path: str) -> FamilySpec:
    """Read a family's specification: a TOML file by path, or by name from ./grid and then from those that are shipped.

    Raises:
        SpecError: there is none, it is no TOML, it asks for a search, or a key or value is not allowed.
    """
    path = find_spec(name_or_path)
    table = read_toml(path)
    if "family" not in table:
        raise SpecError(f"{path}: has no table [family]; a search is made by python -m scaling.grid --spec {name_or_path}")
    known = [one.name for one in dataclasses.fields(FamilySpec) if one.name != "name"]
    require_known(table, [*known, *AS_READ], str(path))
    values = common_values(path, table)
    values["family"] = _family_config(table["family"], path, values["baseline"])
    return checked(lambda: FamilySpec(**values), str(path))


def _family_config(table: Any, path: Path, baseline: Architecture) -> FamilyConfig:
    where = f"{path}: family"
    values = dict(table) if isinstance(table, dict) else table
    if not isinstance(values, dict):
        raise SpecError(f"{where} must be a table, got {table!r}")
    run, fitted = values.pop("run", None), values.pop("fitted", False)
    if not isinstance(fitted, bool):
        raise SpecError(f"{where}.fitted must be true or false, got {fitted!r}")
    if run is not None:
        if given := sorted(values.keys() & {"alpha", "beta", "gamma"}):
            raise SpecError(f"{where}: take run or {', '.join(given)}, not both")
        folder = _beside(path, str(run))
        search = read_search(folder)
        if search.study.spec.baseline.structure != baseline.structure:
            raise SpecError(f"{where}: {folder} scaled another baseline; its coefficients are not for this one")
        bases = (optimum_of if fitted else winner_of)(folder, search)
        values |= dict(zip(("alpha", "beta", "gamma"), bases, strict=True))
    require_known(values, [*(one.name for one in dataclasses.fields(FamilyConfig)), "run", "fitted"], where)
    return from_plain(FamilyConfig, values, where)


def _beside(path: Path, run: str) -> Path:
    """A run folder that a specification names: from here, or from the folder that holds the specification's own."""
    named = user_path(run)
    own = path.resolve().parent.parent / named
    return own if own.is_dir() and not named.is_dir() else named

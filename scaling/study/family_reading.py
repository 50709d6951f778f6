"""Families as people ask for them: in TOML, or by a finished search."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from scaling.arch import Architecture
from scaling.recipe import Recipe
from scaling.study.family import COMPARED, FamilySpec, Kinship
from scaling.study.records import RecordFile
from scaling.study.run import Run
from scaling.study.spec import checked, common_values, find_spec, read_toml
from scaling.study.tables import SpecError, read_table, require_known


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
    values["family"] = _kinship(table["family"], path, values["baseline"])
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
    asked = question_of(folder)
    try:
        return FamilySpec(
            name=f"{folder.resolve().name}-family",
            baseline=Architecture.from_dict(asked["baseline"]),
            data=asked["pictures"],
            side=asked["side"],
            family=dataclasses.replace(Kinship(rounding=asked["lattice"]["rounding"]), **winner),
            recipe=Recipe(**asked["recipe"]),
        )
    except (ValueError, KeyError, TypeError):
        raise SpecError(f"{folder / 'spec.json'}: not a search's question; make it anew with python -m scaling.grid") from None


def question_of(folder: Path) -> dict[str, Any]:
    """What a run was asked.

    Raises:
        SpecError: the folder holds no run.
    """
    question = Run(folder).question()
    if question is None:
        raise SpecError(f"{folder / 'spec.json'}: not found; --run wants the folder of a finished python -m scaling.grid")
    return question


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
    found = _result(folder)
    if found["best"] is None:
        raise SpecError(
            f"{folder / 'results.json'}: has no best network; finish the run with python -m scaling.grid --run {folder}"
        )
    return _bases(folder, found["best"])


def tied_with_winner(folder: Path) -> tuple[int, int] | None:
    """How many networks of a finished run are tied with its winner, itself included, and how many are eligible.

    None where the run tested no ties, or from before that was kept.
    """
    networks = _result(folder).get("networks", [])
    tests = [one.get("tied") for one in networks if isinstance(one, dict) and one.get("eligible")]
    return (sum(map(bool, tests)), len(tests)) if tests and None not in tests else None


def optimum_of(folder: Path) -> dict[str, Any]:
    """alpha, beta and gamma at the optimum of the response surface of a finished run.

    Raises:
        SpecError: the folder holds no finished run, its networks support no optimum, or its results are from before that was
            asked; the message says what to train instead.
    """
    found, path = _result(folder), folder / "results.json"
    again = f"python -m scaling.grid --run {folder}, with what else it was asked"
    if "surface" not in found:
        raise SpecError(f"{path}: says nothing of what its networks support; make it anew with {again}")
    if found["surface"] is None:
        raise SpecError(f"{path}: no response surface could be fitted to this run; leave out --fitted for its winner")
    if found["optimum"] is None:
        raise SpecError(f"{path}: {_no_optimum(found['surface'])}")
    return _bases(folder, found["optimum"])


def _no_optimum(surface: dict[str, Any]) -> str:
    place = surface["unsupported"] or surface["highest"]
    depth, width, resolution = (round(100 * share) for share in place["shares"])
    bases = " ".join(f"{place[name]:.2f}" for name in ("alpha", "beta", "gamma"))
    why = (
        "its surface has no supported optimum above its best network"
        if surface["reason"] == "below best"
        else "the optimum of its surface is not located"
    )
    what = "where no network supports it" if surface["unsupported"] else "its highest supported value"
    return (
        f"{why}; the surface is highest at depth {depth} %, width {width} %, resolution {resolution} % ({bases}), {what}. "
        "Train networks there first (a finer --step, or a baseline that fills the triangle: --dry-run says which holes it "
        "has), or leave out --fitted for the winner"
    )


def _result(folder: Path) -> dict[str, Any]:
    path = folder / "results.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        found["best"]
    except OSError:
        raise SpecError(f"{path}: not found; --run wants the folder of a finished python -m scaling.grid") from None
    except (ValueError, KeyError, TypeError):
        raise _not_of_a_search(path) from None
    return dict(found)


def _bases(folder: Path, point: Any) -> dict[str, Any]:
    try:
        return {name: float(point[name]) for name in ("alpha", "beta", "gamma")}
    except (ValueError, KeyError, TypeError):
        raise _not_of_a_search(folder / "results.json") from None


def _not_of_a_search(path: Path) -> SpecError:
    return SpecError(
        f"{path}: not the result of a search (a family's and a profile's are others); give the folder of a python -m "
        "scaling.grid"
    )


def _kinship(table: Any, path: Path, baseline: Architecture) -> Kinship:
    where = f"{path}: family"
    values = dict(table) if isinstance(table, dict) else table
    if not isinstance(values, dict):
        raise SpecError(f"{where} must be a table, got {table!r}")
    rules = values.pop("rules", list(COMPARED))
    if not isinstance(rules, list) or not all(isinstance(name, str) for name in rules):
        raise SpecError(f"{where}.rules must be a list of names, got {rules!r}")
    run, fitted = values.pop("run", None), values.pop("fitted", False)
    if not isinstance(fitted, bool):
        raise SpecError(f"{where}.fitted must be true or false, got {fitted!r}")
    if run is not None:
        if given := sorted(values.keys() & {"alpha", "beta", "gamma"}):
            raise SpecError(f"{where}: take run or {', '.join(given)}, not both")
        folder = _beside(path, str(run))
        values |= (optimum_of if fitted else winner_of)(folder)
        if Architecture.from_dict(question_of(folder)["baseline"]).structure != baseline.structure:
            raise SpecError(f"{where}: {folder} scaled another baseline; its coefficients are not for this one")
    require_known(values, [*(one.name for one in dataclasses.fields(Kinship)), "run", "fitted"], where)
    read = read_table(Kinship, values, where)
    return checked(lambda: dataclasses.replace(read, rules=tuple(rules)), where)


def _beside(path: Path, run: str) -> Path:
    """A run folder that a specification names: from here, or from the folder that holds the specification's own."""
    own = path.resolve().parent.parent / run
    return own if own.is_dir() and not Path(run).is_dir() else Path(run)

"""A recorded family read back from its folder alone, without its images and without JAX."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from scaling.analysis.surface import Place, response_surface
from scaling.core.errors import SpecError
from scaling.family.result import Family, family_found
from scaling.family.spec import FamilySpec
from scaling.family.study import FamilyStudy
from scaling.grid.reopen import read_search
from scaling.rules.rules import shares
from scaling.study.history import read_run, recorded_config, recorded_dataset, recorded_kind, recorded_starts, require_kind
from scaling.study.run import Kind
from scaling.study.spec import recorded_spec


class Unsupported(NamedTuple):
    """Coefficients of a family that are a place of a search's surface which no network supports."""

    search: Path
    place: Place
    largest_leverage: float


def unsupported_compound(folder: Path, family: Family) -> Unsupported | None:
    """The search beside a family's folder whose surface its `compound` is an unsupported place of; None if there is none.

    The families asked with the optimum of a surface before it was asked what supports it; records are not edited, so their
    coefficients are looked up.

    Args:
        folder: of the family.
        family: recorded there.
    """
    asked = family.study.spec.family
    if "compound" not in asked.rules:
        return None
    for path in sorted(folder.resolve().parent.iterdir()):
        place = _highest_place(path, family)
        if place is None:
            continue
        found, largest = place
        depth, width, resolution = found.shares
        bases = shares(1, depth=depth, width=width, resolution=resolution)
        if all(math.isclose(*pair, rel_tol=1e-9) for pair in zip(bases, (asked.alpha, asked.beta, asked.gamma), strict=True)):
            return Unsupported(folder.parent / path.name, found, largest)
    return None


def _highest_place(path: Path, family: Family) -> tuple[Place, float] | None:
    """The unsupported highest place of a search's surface, of the same baseline and images; None where there is none."""
    try:
        if not path.is_dir() or not (path / "spec.json").exists() or recorded_kind(path) is not Kind.SEARCH:
            return None
        search = read_search(path)
    except SpecError:
        return None
    spec, dataset = search.study.spec, search.study.dataset
    if spec.baseline.structure != family.study.spec.baseline.structure:
        return None
    if dataset.fingerprint != family.study.dataset.fingerprint:
        return None
    surface = response_surface(search.collected.measured, search.study.space.target).surface
    return None if surface is None or surface.unsupported is None else (surface.unsupported, surface.largest_leverage)


def read_family(folder: Path) -> Family:
    """A recorded family, judged on the test images.

    Raises:
        NotRecorded: there is no such folder.
        SpecError: it holds something else, no finished trial, or none that was shown the test images, or its files are damaged.
    """
    require_kind(folder, Kind.FAMILY)
    config = recorded_config(folder)
    dataset, revision = recorded_dataset(folder, config)
    spec = recorded_spec(FamilySpec, folder, config)
    members = spec.family.members(spec.baseline, dataset.num_classes, dataset.in_channels)
    study, run = FamilyStudy(spec, dataset, members, spec.recipe, revision, **recorded_starts(config)), read_run(folder)
    return family_found(study, run)

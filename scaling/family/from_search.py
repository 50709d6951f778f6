"""The family that a recorded search asks for: its baseline, images and recipe, and the coefficients it found."""

from __future__ import annotations

from pathlib import Path

from scaling.analysis.surface import NoOptimum, Surface, response_surface
from scaling.core.errors import SpecError
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.grid.reopen import Search, read_search
from scaling.rules.rules import shares
from scaling.study.spec import reading


def family_of_run(folder: Path, fitted: bool = False) -> FamilySpec:
    """The family that a finished search asks for.

    Args:
        folder: of the run.
        fitted: take the optimum of the response surface fitted over all its networks, instead of its winner.

    Raises:
        SpecError: as `read_search`, `winner_of` or `optimum_of`.
    """
    search = read_search(folder)
    alpha, beta, gamma = optimum_of(folder, search) if fitted else winner_of(folder, search)
    spec = search.study.spec
    return FamilySpec(
        name=f"{folder.resolve().name}-family",
        baseline=spec.baseline,
        data=spec.data,
        side=spec.side,
        family=FamilyConfig(rounding=spec.lattice.rounding, alpha=alpha, beta=beta, gamma=gamma),
        recipe=spec.recipe,
        **reading(spec),
    )


def winner_of(folder: Path, search: Search) -> tuple[float, float, float]:
    """alpha, beta and gamma of the best network of a search, recorded in a folder.

    Raises:
        SpecError: nothing in it was best.
    """
    winner = search.collected.winner(search.ranking)
    if winner is None:
        raise SpecError(f"{folder}: has no best network; finish the run with python -m scaling.grid --run {folder}")
    return winner.coefficients.decimals


def optimum_of(folder: Path, search: Search) -> tuple[float, float, float]:
    """alpha, beta and gamma at the optimum of the response surface of a search, recorded in a folder.

    Raises:
        SpecError: its networks support no optimum; the message says what to train instead.
    """
    surface = response_surface(search.collected.measured, search.study.space.target).surface
    if surface is None:
        raise SpecError(f"{folder}: no response surface could be fitted to this run; leave out --fitted for its winner")
    if surface.optimum is None:
        raise SpecError(f"{folder}: {_no_optimum(surface)}")
    return _bases(surface.optimum.shares)


def _bases(place: tuple[float, float, float]) -> tuple[float, float, float]:
    """alpha, beta and gamma that spend a doubling by shares of depth, width and resolution."""
    depth, width, resolution = place
    alpha, beta, gamma = shares(1, depth=depth, width=width, resolution=resolution)
    return alpha, beta, gamma


def _no_optimum(surface: Surface) -> str:
    place = surface.unsupported or surface.highest
    depth, width, resolution = (round(100 * share) for share in place.shares)
    bases = " ".join(f"{base:.2f}" for base in _bases(place.shares))
    why = (
        "its surface has no supported optimum above its best network"
        if surface.reason is NoOptimum.BELOW_BEST
        else "the optimum of its surface is not located"
    )
    what = "where no network supports it" if surface.unsupported else "its highest supported value"
    return (
        f"{why}; the surface is highest at depth {depth} %, width {width} %, resolution {resolution} % ({bases}), {what}. "
        "Train networks there first (a finer --step, or a baseline that fills the triangle: --dry-run says which holes it "
        "has), or leave out --fitted for the winner"
    )

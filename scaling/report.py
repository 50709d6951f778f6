"""What a study found, for people (tables) and for machines (one JSON document)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.table import Table

from scaling.extrapolation import Member
from scaling.lattice import Coefficients
from scaling.limits import Limits
from scaling.rules import shares
from scaling.space import Candidate, Space
from scaling.terminal import short

if TYPE_CHECKING:  # a dry run needs none of SciPy
    from scaling.analysis import Interval, Ranked, Ranking, Stability, Surface
    from scaling.analysis.collecting import DirectLead

_POINT = "alpha beta gamma"


class Row(NamedTuple):
    """A candidate with what is known of it; results are None before training."""

    candidate: Candidate
    ranked: Ranked | None = None
    test: Interval | None = None


def rows(space: Space, candidates: Sequence[Candidate], ranking: Ranking | None, tests: dict[str, Interval]) -> list[Row]:
    """Every candidate of a space; those ranked come first, best to worst."""
    ranked = dict(zip((one.label for one in candidates), ranking.networks, strict=True)) if ranking else {}
    found = [Row(one, ranked.get(one.label), tests.get(one.label)) for one in space.candidates]
    return sorted(found, key=lambda row: row.ranked.rank if row.ranked else len(found) + 1)


def candidates_table(rows: Sequence[Row]) -> Table:
    """What would be trained: coefficients, costs, aliases."""
    table = _table(_POINT, "product", "realised", "params", "MACs", "px", "aliases", "origin")
    for row in rows:
        one = row.candidate
        table.add_row(
            one.label,
            f"{one.coefficients.nominal:.3f}",
            f"x{one.realised:.3f}",
            f"{one.cost.params:,}",
            f"{one.cost.macs:,}",
            str(one.architecture.resolution),
            _aliases(one),
            ", ".join(one.origin),
        )
    return table


def ranking_table(rows: Sequence[Row], target: float) -> Table:
    """The result: one line a network, best first; `target` is the cost at which they are compared."""
    from scaling.analysis import is_eligible  # not above: a dry run needs none of SciPy

    table = _table(
        "rank", _POINT, "product", "realised", "params", "accuracy %", "seeds", "adjusted %", "tied with best", "eligible",
        "aliases", "origin",
    )  # fmt: skip
    for row in rows:
        one, ranked = row.candidate, row.ranked
        table.add_row(
            str(ranked.rank) if ranked and ranked.eligible else "-",
            one.label,
            f"{one.coefficients.nominal:.3f}",
            f"x{one.realised:.3f}",
            f"{one.cost.params:,}",
            percent(ranked.accuracy) if ranked else "-",
            str(ranked.accuracy.n) if ranked else "0",
            f"{100 * ranked.adjusted.mean:.2f}" if ranked else "-",
            _yes(ranked.tied) if ranked and ranked.eligible else "-",
            _eligible(ranked.eligible, is_eligible(one.realised, target)) if ranked else "-",
            _aliases(one),
            ", ".join(one.origin),
            style="bold" if ranked and ranked.rank == 1 else None,
        )
    return table


def test_table(rows: Sequence[Row]) -> Table:
    """Accuracy on the test pictures, for the networks that were shown them."""
    table = _table(_POINT, "realised", "test %", "seeds", "origin")
    for row in rows:
        if row.test:
            one, seeds = row.candidate, str(row.test.n)
            table.add_row(one.label, f"x{one.realised:.3f}", percent(row.test), seeds, ", ".join(one.origin))
    return table


def family_table(members: Sequence[Member]) -> Table:
    """B1 to B7 of one baseline: rules side by side."""
    names = list(dict.fromkeys(member.rule for member in members))
    columns = [f"{name}\n{what}" for name in names for what in ("px", "params", "MACs", "ratio")]
    table = _table("\nname", "\n2^phi", *columns)
    for phi, group in groupby(sorted(members, key=lambda member: member.phi), key=lambda member: member.phi):
        cells = [cell for member in sorted(group, key=lambda one: names.index(one.rule)) for cell in _costs(member)]
        table.add_row(f"B{phi:g}", f"{2**phi:g}", *cells)
    return table


def document(
    run: str | None,
    space: Space,
    rows: Sequence[Row],
    ranking: Ranking | None,
    members: Sequence[Member],
    stability: Stability | None = None,
    surface: Surface | None = None,
    lead: DirectLead | None = None,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """Everything as plain data: numbers unrounded, fractions 0 to 1, a missing value is None; limits where there are any."""
    lattice_first = [row for row in rows if "lattice" in row.candidate.origin]
    references = [row for row in rows if "lattice" not in row.candidate.origin]
    networks = [_network(row) for row in (*lattice_first, *references)]
    best = next(
        (_network(row) for row in rows if ranking and ranking.best is not None and row.ranked and row.ranked.rank == 1),
        None,
    )
    return {
        "run": run,
        "points": space.points,
        "target": space.target,
        **({"limits": limits.given()} if limits and limits.given() else {}),
        "networks": networks,
        "best": best,
        "slope": ranking.slope if ranking else None,
        "seed_sd": ranking.seed_sd if ranking else None,
        "degrees_of_freedom": ranking.degrees_of_freedom if ranking else None,
        "notes": list(ranking.notes) if ranking else [],
        "stability": stability._asdict() if stability else None,
        "optimum": _optimum(surface) if surface else None,
        "direct_search": _direct(lead) if lead else None,
        "family": [member.to_dict() for member in members],
    }


def _direct(lead: DirectLead) -> dict[str, Any]:
    """The networks chosen here and carried from another phi, and the first's lead on the test pictures."""
    return {
        "chosen": list(lead.winner.coefficients.decimals),
        "extrapolated": list(lead.carried.coefficients.decimals),
        "difference": None if lead.gap is None else lead.gap.difference._asdict(),
        "p": None if lead.gap is None else lead.gap.p,
    }


def _optimum(surface: Surface) -> dict[str, Any]:
    """The response surface's best shares, and the bases that spend a doubling by them."""
    depth, width, resolution = surface.optimum
    factors = shares(1, depth=depth, width=width, resolution=resolution)
    return {
        "shares": list(surface.optimum),
        **dict(zip(("alpha", "beta", "gamma"), factors, strict=True)),
        "predicted": surface.predicted,
        "region_share": surface.region_share,
        "located": surface.located,
    }


def _network(row: Row) -> dict[str, Any]:
    one, ranked = row.candidate, row.ranked
    alpha, beta, gamma = one.coefficients.decimals
    return {
        "alpha": alpha,
        "beta": beta,
        "gamma": gamma,
        "nominal": one.coefficients.nominal,
        "realised": one.realised,
        "params": one.cost.params,
        "macs": one.cost.macs,
        "activations": one.cost.activations,
        "resolution": one.architecture.resolution,
        "shares": None if one.shares is None else list(one.shares),
        "aliases": [list(alias.decimals) for alias in one.aliases],
        "origin": list(one.origin),
        "accuracy": ranked.accuracy._asdict() if ranked else None,
        "adjusted": ranked.adjusted._asdict() if ranked else None,
        "rank": ranked.rank if ranked else None,
        "tied": ranked.tied if ranked else None,
        "eligible": ranked.eligible if ranked else None,
        "test": row.test._asdict() if row.test else None,
    }


def _costs(member: Member) -> tuple[str, str, str, str]:
    return str(member.resolution), short(member.params), short(member.macs), f"x{member.ratio:.2f}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        left = column in (_POINT, "aliases", "origin", "tied with best", "eligible", "\nname")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _aliases(candidate: Candidate) -> str:
    others = [alias for alias in candidate.aliases if alias != candidate.coefficients]
    return "; ".join(_decimals(alias) for alias in others[:2]) + (f" +{len(others) - 2}" if len(others) > 2 else "")


def _decimals(point: Coefficients) -> str:
    return " ".join(f"{value:g}" for value in point.decimals)


def percent(interval: Interval) -> str:
    """A mean and the longer half of its interval, in percent."""
    return f"{100 * interval.mean:.2f} ±{100 * max(interval.high - interval.mean, interval.mean - interval.low):.2f}"


def _eligible(value: bool, near: bool) -> str:
    return "no: limits" if near and not value else _yes(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"

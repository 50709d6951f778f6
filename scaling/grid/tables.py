"""What a study found, for people (tables) and for machines (one JSON document)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.table import Table

from scaling.cli.terminal import short
from scaling.grid.lattice import REFERENCES
from scaling.grid.limits import Limits
from scaling.grid.space import Candidate, Space
from scaling.rules.coefficients import Coefficients
from scaling.rules.members import MEMBER_WITHIN, Member
from scaling.rules.rules import intended_shares, shares

if TYPE_CHECKING:
    from scaling.analysis.changes import Lead
    from scaling.analysis.errors import Interval
    from scaling.analysis.ranking import Ranked, Ranking
    from scaling.analysis.stability import Stability
    from scaling.analysis.surface import Place, Surface
    from scaling.grid.result import DirectLead
    from scaling.study.collect import Trainings

_POINT = "alpha beta gamma"


class Row(NamedTuple):
    """A candidate with what is known of it; results are None before training."""

    candidate: Candidate
    ranked: Ranked | None = None
    test: Interval | None = None
    trainings: Trainings | None = None


def rows(
    space: Space,
    candidates: Sequence[Candidate] = (),
    ranking: Ranking | None = None,
    tests: dict[str, Interval] | None = None,
    trainings: dict[str, Trainings] | None = None,
) -> list[Row]:
    """Every candidate of a space; those ranked come first, best to worst."""
    ranked = dict(zip((one.label for one in candidates), ranking.networks, strict=True)) if ranking else {}
    found = [
        Row(one, ranked.get(one.label), (tests or {}).get(one.label), (trainings or {}).get(one.label))
        for one in space.candidates
    ]
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
            origin(one),
        )
    return table


def ranking_table(rows: Sequence[Row]) -> Table:
    """The result: one line a network, best first."""
    table = _table(
        "rank", _POINT, "product", "realised", "params", "accuracy %", "seeds", "adjusted %", "tied with best", "eligible",
        "aliases", "origin",
    )  # fmt: skip
    for row in rows:
        one, ranked = row.candidate, row.ranked
        adjusted = ranked.adjusted if ranked else None
        table.add_row(
            str(ranked.rank) if ranked and ranked.eligible else "-",
            one.label,
            f"{one.coefficients.nominal:.3f}",
            f"x{one.realised:.3f}",
            f"{one.cost.params:,}",
            percent(ranked.accuracy) if ranked else "-",
            _seeds(row),
            f"{100 * adjusted.mean:.2f}" if adjusted else "-",
            _tied(ranked),
            _eligible(ranked),
            _aliases(one),
            origin(one),
            style="bold" if ranked and ranked.rank == 1 else None,
        )
    return table


def test_table(rows: Sequence[Row]) -> Table:
    """Accuracy on the test pictures, for the networks that were shown them."""
    table = _table(_POINT, "realised", "test %", "seeds", "origin")
    for row in rows:
        if row.test:
            one, seeds = row.candidate, str(row.test.n)
            table.add_row(one.label, f"x{one.realised:.3f}", percent(row.test), seeds, origin(one))
    return table


def leads_table(leads: Sequence[Lead], names: Mapping[str, str]) -> Table:
    """The best minus each reference on the test images; `names` says what each label stands for."""
    table = _table("best minus", "origin", "points", "90 % interval", "p", "p, Holm", "seeds")
    for one in leads:
        mean, low, high = (100 * value for value in one.difference[:3])
        numbers = (f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}", f"{one.p:.3f}", f"{one.adjusted_p:.3f}")
        table.add_row(one.name, names[one.name], *numbers, str(one.difference.n))
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
    leads: Sequence[Lead] = (),
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
        **_test(ranking),
        "stability": stability._asdict() if stability else None,
        "optimum": _optimum(surface.optimum, surface.region_share) if surface and surface.optimum else None,
        "surface": _surface(surface) if surface else None,
        "test_leads": [{**one._asdict(), "difference": one.difference._asdict()} for one in leads],
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


def _test(ranking: Ranking | None) -> dict[str, Any]:
    """How the ranking was made, and how sharp its test for ties is."""
    names = ("look", "confidence", "tie_confidence", "difference_error", "detectable", "spread_p", "pooled", "units")
    found = {name: getattr(ranking, name) if ranking else None for name in names}
    return {**found, "adjustment": ranking.adjustment.value if ranking else None}


def _optimum(place: Place, region_share: float) -> dict[str, Any]:
    """A surface's optimum, and the bases that spend a doubling by its shares."""
    return {**_place(place), "region_share": region_share, "located": True}


def _surface(surface: Surface) -> dict[str, Any]:
    return {
        "highest": _place(surface.highest),
        "unsupported": None if surface.unsupported is None else _place(surface.unsupported),
        "reason": None if surface.reason is None else surface.reason.value,
        "best": surface.best,
        "left_out_error": surface.left_out_error,
        "largest_leverage": surface.largest_leverage,
        "region_share": surface.region_share,
    }


def _place(place: Place) -> dict[str, Any]:
    depth, width, resolution = place.shares
    factors = shares(1, depth=depth, width=width, resolution=resolution)
    return {
        "shares": list(place.shares),
        **dict(zip(("alpha", "beta", "gamma"), factors, strict=True)),
        "predicted": place.predicted.value,
        "low": place.predicted.low,
        "high": place.predicted.high,
        "leverage": place.leverage,
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
        "adjusted": ranked.adjusted._asdict() if ranked and ranked.adjusted else None,
        "rank": ranked.rank if ranked else None,
        "tied": ranked.tied if ranked else None,
        "eligible": ranked.eligible if ranked else None,
        "standing": ranked.standing.value if ranked else None,
        "trainings": row.trainings.counts() if row.trainings else None,
        "test": row.test._asdict() if row.test else None,
    }


def _costs(member: Member) -> tuple[str, str, str, str]:
    return str(member.resolution), short(member.params), short(member.macs), f"x{member.ratio:.2f}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        left = column in (_POINT, "aliases", "origin", "tied with best", "eligible", "\nname", "best minus")
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


def origin(candidate: Candidate) -> str:
    """Why a network is here; a reference that rounding put far from its rule with the shares that it realises."""
    return ", ".join(_role(candidate, name) for name in candidate.origin)


def distance_from_role(candidate: Candidate, role: str) -> float | None:
    """How far a reference's realised shares are from those of the rule that it is named after; None without shares."""
    if role not in REFERENCES or candidate.shares is None:
        return None
    intended = intended_shares(REFERENCES[role].factors(1))
    return None if intended is None else math.dist(candidate.shares, intended)


def _role(candidate: Candidate, name: str) -> str:
    distance = distance_from_role(candidate, name)
    if distance is None or distance <= MEMBER_WITHIN or candidate.shares is None:
        return name
    return f"{name} (at {' '.join(f'{share:.2f}' for share in candidate.shares)})"


def _seeds(row: Row) -> str:
    count = str(row.ranked.accuracy.n) if row.ranked else "0"
    if row.trainings is None:
        return count
    others = [f"{number} {name}" for name, number in row.trainings.counts().items() if number and name != "complete"]
    return ", ".join([count, *others])


def _tied(ranked: Ranked | None) -> str:
    return "-" if ranked is None or ranked.tied is None else _yes(ranked.tied)


def _eligible(ranked: Ranked | None) -> str:
    if ranked is None:
        return "-"
    return "yes" if ranked.eligible else f"no: {ranked.standing.value}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"

"""The table of a search: what is known of each candidate, and every column that text and JSON show of it.

A new quantity of a network is one `Column` more here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from scaling.grid.lattice import REFERENCES
from scaling.grid.space import Candidate, Space
from scaling.report.cells import plus_minus, share_cell
from scaling.report.document import Column, Table, view
from scaling.rules.coefficients import Coefficients
from scaling.rules.members import MEMBER_WITHIN
from scaling.rules.rules import intended_shares

if TYPE_CHECKING:  # a list of candidates needs none of SciPy
    from scaling.analysis.intervals import Interval
    from scaling.analysis.ranking import Ranked
    from scaling.grid.result import SearchResult
    from scaling.study.collect import Trainings


class Row(NamedTuple):
    """A candidate with what is known of it; results are None before training."""

    candidate: Candidate
    ranked: Ranked | None = None
    test: Interval | None = None
    trainings: Trainings | None = None


def rows_before(space: Space) -> list[Row]:
    """Every candidate of a space, untrained."""
    return [Row(one) for one in space.candidates]


def rows_after(space: Space, result: SearchResult) -> list[Row]:
    """Every candidate of a space; those ranked come first, best to worst."""
    names = (one.label for one in result.collected.candidates)
    ranked: Mapping[str, Ranked] = dict(zip(names, result.ranking.networks, strict=True)) if result.ranking else {}
    trainings = result.collected.trainings
    found = [Row(one, ranked.get(one.label), result.tests.get(one.label), trainings.get(one.label)) for one in space.candidates]
    return sorted(found, key=lambda row: row.ranked.rank if row.ranked else len(found) + 1)


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
    if distance is None or distance <= MEMBER_WITHIN:
        return name
    return f"{name} (at {share_cell(candidate.shares)})"


def _of(value: Callable[[Candidate], Any]) -> Callable[[Row], Any]:
    return lambda row: value(row.candidate)


def _result(value: Callable[[Ranked], Any]) -> Callable[[Row], Any]:
    """Of a row's place in the ranking; None before there is one."""
    return lambda row: None if row.ranked is None else value(row.ranked)


def _coefficient(index: int) -> Callable[[Row], float]:
    return lambda row: row.candidate.coefficients.decimals[index]


def _aliases(candidate: Candidate) -> str:
    others = [alias for alias in candidate.aliases if alias != candidate.coefficients]
    return "; ".join(_decimals(alias) for alias in others[:2]) + (f" +{len(others) - 2}" if len(others) > 2 else "")


def _decimals(point: Coefficients) -> str:
    return " ".join(f"{value:g}" for value in point.decimals)


def _seeds(row: Row) -> str:
    count = str(row.ranked.accuracy.n) if row.ranked else "0"
    if row.trainings is None:
        return count
    others = [f"{number} {name}" for name, number in row.trainings.counts().items() if number and name != "complete"]
    return ", ".join([count, *others])


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def _eligible(row: Row) -> str:
    if row.ranked is None:
        return "-"
    return "yes" if row.ranked.eligible else f"no: {row.ranked.standing.value}"


def _rank(row: Row) -> str:
    return str(row.ranked.rank) if row.ranked and row.ranked.eligible else "-"


def _thousands(count: int) -> str:
    return f"{count:,}"


def _interval(one: Interval | None) -> dict[str, Any] | None:
    return None if one is None else one._asdict()


def _accuracy(value: Interval | None) -> str:
    return "-" if value is None else plus_minus(value)


PLAN, RANKING, TEST = "plan", "ranking", "test"
"""Tables: what would be trained; what the validation images say; what the test images say."""

POINT = "alpha beta gamma"

COLUMNS: tuple[Column, ...] = (
    Column(_result(lambda one: one.rank), "rank", "rank", _rank, of_row=True, views=(RANKING,)),
    Column(_of(lambda one: one.label), POINT, left=True),
    Column(_coefficient(0), key="alpha"),
    Column(_coefficient(1), key="beta"),
    Column(_coefficient(2), key="gamma"),
    Column(_of(lambda one: one.coefficients.nominal), "product", "nominal", "{:.3f}".format, views=(PLAN, RANKING)),
    Column(_of(lambda one: one.realised), "realised", "realised", "x{:.3f}".format),
    Column(_of(lambda one: one.cost.params), "params", "params", _thousands, views=(PLAN, RANKING)),
    Column(_of(lambda one: one.cost.macs), "MACs", "macs", _thousands, views=(PLAN,)),
    Column(_of(lambda one: one.cost.activations), key="activations"),
    Column(_of(lambda one: one.architecture.resolution), "px", "resolution", views=(PLAN,)),
    Column(_of(lambda one: None if one.shares is None else list(one.shares)), key="shares"),
    Column(
        _result(lambda one: _interval(one.accuracy)),
        "accuracy %",
        "accuracy",
        lambda row: _accuracy(row.ranked.accuracy if row.ranked else None),
        of_row=True,
        views=(RANKING,),
    ),
    Column(lambda row: _interval(row.test), "test %", "test", lambda row: _accuracy(row.test), of_row=True, views=(TEST,)),
    Column(
        lambda row: row.trainings.counts() if row.trainings else None, "seeds", "trainings", _seeds, of_row=True,
        views=(RANKING,),
    ),
    Column(lambda row: None if row.test is None else row.test.n, "seeds", views=(TEST,)),
    Column(
        _result(lambda one: _interval(one.adjusted)),
        "adjusted %",
        "adjusted",
        lambda value: "-" if value is None else f"{100 * value['mean']:.2f}",
        views=(RANKING,),
    ),
    Column(_result(lambda one: one.tied), "tied with best", "tied", _yes, left=True, views=(RANKING,)),
    Column(_result(lambda one: one.eligible), "eligible", "eligible", _eligible, left=True, of_row=True, views=(RANKING,)),
    Column(_result(lambda one: one.standing.value), key="standing"),
    Column(
        _of(lambda one: [list(alias.decimals) for alias in one.aliases]),
        "aliases",
        "aliases",
        lambda row: _aliases(row.candidate),
        left=True,
        of_row=True,
        views=(PLAN, RANKING),
    ),
    Column(_of(lambda one: list(one.origin)), "origin", "origin", lambda row: origin(row.candidate), left=True, of_row=True),
)  # fmt: skip
"""Every quantity of a candidate, in the order of the tables."""


def candidates_table(rows: Sequence[Row]) -> Table:
    """What would be trained: coefficients, costs, aliases."""
    return Table(view(COLUMNS, PLAN), rows, dense=True)


def ranking_table(rows: Sequence[Row]) -> Table:
    """The result: one line a network, best first."""
    return Table(view(COLUMNS, RANKING), rows, is_bold=lambda row: bool(row.ranked and row.ranked.rank == 1), dense=True)


def test_table(rows: Sequence[Row]) -> Table:
    """Accuracy on the test images, for the networks that were shown them."""
    return Table(view(COLUMNS, TEST), [row for row in rows if row.test], dense=True)


def networks_table(rows: Sequence[Row]) -> Table:
    """Every column of every candidate, for machines: those of the lattice first, then the other references."""
    ordered = sorted(rows, key=lambda row: "lattice" not in row.candidate.origin)
    return Table(COLUMNS, ordered, key="networks", for_machines=True)

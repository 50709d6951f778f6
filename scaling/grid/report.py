"""A search as documents: before it is trained, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scaling.core.units import duration, short
from scaling.grid.columns import (
    Row,
    candidates_table,
    networks_table,
    origin,
    ranking_table,
    rows_after,
    rows_before,
    test_table,
)
from scaling.grid.limits import Limits
from scaling.grid.plan import enlarged, independent, limited, power, references_said, worth_training
from scaling.grid.space import Space
from scaling.report.cells import interval_title, low_to_high
from scaling.report.document import Column, Document, Part, Table, Values
from scaling.rules.members import Member
from scaling.rules.rules import shares

if TYPE_CHECKING:  # a list of candidates needs none of SciPy
    from pathlib import Path

    from scaling.analysis.changes import Lead
    from scaling.analysis.power import Spread
    from scaling.analysis.ranking import Ranking
    from scaling.analysis.surface import Place, Surface
    from scaling.grid.result import DirectLead, SearchResult
    from scaling.grid.study import Study
    from scaling.study.estimate import Pace


def plan_document(
    study: Study,
    space: Space,
    counted: str,
    latencies: Mapping[str, float],
    spread: Spread | None,
    look: int,
    missing: int,
    seconds: float,
    speed: Pace,
    folder: Path,
) -> Document:
    """What a dry run says.

    Args:
        study: as it would be trained.
        space: its candidates, perhaps counted for other classes and channels than its images have.
        counted: what for, in words.
        latencies: milliseconds by `network_key` of the networks measured so far.
        spread: what the folder's trainings have shown; None where there are none.
        look: at the study, from 1.
        missing: trials to be trained.
        seconds: that they are expected to take.
        speed: by which.
        folder: of the run.
    """
    spec, dataset, rows = study.spec, study.dataset, rows_before(space)
    realised = [one.realised for one in space.lattice]
    return Document(
        (
            candidates_table(rows),
            f"{space.points} lattice points make {len(space.lattice)} distinct networks, realised x{min(realised):.2f} to "
            f"x{max(realised):.2f} for a target of x{space.target:g}; plus {len(space.candidates) - len(space.lattice)} "
            "references.",
            *limited(spec.limits, space, latencies),
            f"MACs counted with {counted}.",
            *enlarged(dataset, space.candidates),
            *worth_training(space),
            f"Images: {dataset.name}, {len(dataset.train):,} for training, {len(dataset.validation):,} for validation, "
            f"{len(dataset.test):,} for test.",
            *power(space, independent(dataset.validation), spec.seeds, spread, look),
            f"{missing} of {len(study.all_trials())} trials are to be trained on {dataset.name}: about {duration(seconds)}, "
            f"estimated from {speed.source}.",
            f"Nothing was trained; without --dry-run it is recorded in {folder}.",
            *_for_machines(None, space, spec.limits, rows, None),
            Values({"estimated_seconds": seconds}),
        )
    )


def search_document(result: SearchResult, members: Sequence[Member] = ()) -> Document:
    """What a search found; with members also Step 2, its family.

    Args:
        result: of the search.
        members: of the families that follow from its choice.
    """
    from scaling.grid.findings import NO_STEP_2, direct_said, findings, luck_said, surface_said, trainings_said

    study, ranking = result.study, result.ranking
    rows = rows_after(study.space, result)
    parts: list[Part] = [ranking_table(rows), *limited(study.spec.limits, study.space)]
    if ranking is None:
        parts += trainings_said(result.collected.trainings, result.collected.seeds)
    else:
        parts += findings(result)
        parts += surface_said(result.fitted) if result.fitted is not None else []
        parts += references_said(study.space.candidates)
        parts += [result.mixed_origins] if result.mixed_origins else []
    if result.tests:
        parts += ["\nTest images, looked at after the choice:", test_table(rows)]
        if result.leads:
            names = {row.candidate.label: origin(row.candidate) for row in rows}
            parts += ["The best minus each reference, paired over the test images, p also after Holm over all of them:"]
            parts += [leads_table(result.leads, names), luck_said(result.stability)]
        parts += direct_said(result.direct)
    if not result.extrapolates:
        members, parts = (), [*parts, NO_STEP_2] if members else parts
    if members and ranking is not None:
        parts += _step_2(members)
    return Document((*parts, *_for_machines(str(result.run.folder), study.space, study.spec.limits, rows, result, members)))


def _step_2(members: Sequence[Member]) -> list[Part]:
    parts: list[Part] = ["Step 2: B1-B7 by formula with the winner, by formula with the paper's coefficients, and as released."]
    for name in dict.fromkeys(member.baseline for member in members):
        parts += [f"\n{name}, ratios to its own cost:", family_table([one for one in members if one.baseline == name])]
    return parts


def leads_table(leads: Sequence[Lead], names: Mapping[str, str]) -> Table:
    """The best minus each reference on the test images; `names` says what each label stands for."""
    from scaling.analysis.errors import CONFIDENCE

    columns = (
        Column(lambda one: one.name, "best minus", "name", left=True),
        Column(lambda one: names[one.name], "origin", left=True),
        Column(lambda one: one.difference._asdict(), "points", "difference", lambda one: f"{100 * one['mean']:+.2f}"),
        Column(lambda one: one.difference, interval_title(CONFIDENCE), text=low_to_high),
        Column(lambda one: one.p, "p", "p", "{:.3f}".format),
        Column(lambda one: one.adjusted_p, "p, Holm", "adjusted_p", "{:.3f}".format),
        Column(lambda one: one.difference.n, "seeds"),
    )
    return Table(columns, leads, dense=True)


def family_table(members: Sequence[Member]) -> Table:
    """B1 to B7 of one baseline: rules side by side."""
    ordered = sorted(members, key=lambda member: member.phi)
    by_phi = [{one.rule: one for one in group} for _, group in groupby(ordered, key=lambda member: member.phi)]
    columns = [
        Column(lambda row: f"B{_phi(row):g}", "\nname", left=True),
        Column(lambda row: f"{2 ** _phi(row):g}", "\n2^phi"),
    ]
    for rule in dict.fromkeys(member.rule for member in members):
        columns += _rule_columns(rule)
    return Table(columns, by_phi, dense=True)


def _rule_columns(rule: str) -> list[Column]:
    return [
        Column(lambda row: row[rule].resolution, f"{rule}\npx"),
        Column(lambda row: row[rule].params, f"{rule}\nparams", text=short),
        Column(lambda row: row[rule].macs, f"{rule}\nMACs", text=short),
        Column(lambda row: row[rule].ratio, f"{rule}\nratio", text="x{:.2f}".format),
    ]


def _phi(row: Mapping[str, Member]) -> float:
    return next(iter(row.values())).phi


def _for_machines(
    run: str | None,
    space: Space,
    limits: Limits,
    rows: Sequence[Row],
    result: SearchResult | None,
    members: Sequence[Member] = (),
) -> list[Part]:
    """Everything as plain data: numbers unrounded, fractions 0 to 1, a missing value is None; limits where there are any."""
    ranking = result.ranking if result else None
    surface = result.fitted.surface if result and result.fitted else None
    table = networks_table(rows)
    best = [row for row in rows if ranking and ranking.best is not None and row.ranked and row.ranked.rank == 1]
    return [
        Values(
            {
                "run": run,
                "points": space.points,
                "target": space.target,
                **({"limits": limits.given()} if limits.given() else {}),
                "best": {one.key: one.value(best[0]) for one in table.columns if one.key} if best else None,
                **_ranking(ranking),
                "stability": result.stability._asdict() if result and result.stability else None,
                "optimum": _optimum(surface.optimum, surface.region_share) if surface and surface.optimum else None,
                "surface": _surface(surface) if surface else None,
                "test_leads": [
                    {**one._asdict(), "difference": one.difference._asdict()} for one in (result.leads if result else ())
                ],
                "direct_search": _direct(result.direct) if result and result.direct else None,
                "family": [member.to_dict() for member in members],
            }
        ),
        table,
    ]


def _ranking(ranking: Ranking | None) -> dict[str, Any]:
    """How the ranking was made, and how sharp its test for ties is."""
    names = (
        "slope", "seed_sd", "degrees_of_freedom", "look", "confidence", "tie_confidence", "difference_error", "detectable",
        "spread_p", "pooled", "units",
    )  # fmt: skip
    found = {name: getattr(ranking, name) if ranking else None for name in names}
    return {**found, "adjustment": ranking.adjustment.value if ranking else None}


def _direct(lead: DirectLead) -> dict[str, Any]:
    """The networks chosen here and carried from another phi, and the first's lead on the test images."""
    return {
        "chosen": list(lead.winner.coefficients.decimals),
        "extrapolated": list(lead.carried.coefficients.decimals),
        "difference": None if lead.gap is None else lead.gap.difference._asdict(),
        "p": None if lead.gap is None else lead.gap.p,
    }


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

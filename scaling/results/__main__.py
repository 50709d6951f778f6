"""What a recorded run found, from its folder alone: `python -m scaling.results RUN`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scaling.cli import terminal
from scaling.core.errors import UserError

COMMAND = "python -m scaling.results"

DESCRIPTION = """\
Show again what a finished run found: the ranking of a Step 1, or the comparison of a family's rules. Only the run's folder is
read: no picture, no training, no accelerator. With --against, two runs of the same networks are compared. Of two searches:
would the choice that one of them makes have been the choice of the other, and what does choosing by it give away? Of two
families: what did training them differently change?"""

EXAMPLES = """\
examples:
  python -m scaling.results runs/step1
  python -m scaling.results runs/fashion_short --against runs/fashion            the price of choosing after a short training
  python -m scaling.results runs/fashion_dropout --against runs/fashion_family   what dropout did to each network

exit status: 0 done, 2 bad input (one line says what)."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = terminal.Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    made.add_argument("--against", type=Path, metavar="RUN", help="a run of the same networks, trained otherwise")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return terminal.status(COMMAND, lambda: _show(options))


def _show(options: argparse.Namespace) -> int:
    from scaling.study.history import is_family

    of_family = is_family(options.run)
    if options.against is not None:
        found, parts = (_changes if of_family else _agreement)(options.run, options.against)
    else:
        found, parts = (_family if of_family else _search)(options.run)
    if options.json:
        terminal.emit(found)
    else:
        terminal.show(*parts)
    return 0


def _search(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis.surface import response_surface
    from scaling.grid.findings import limited
    from scaling.grid.reopen import read_search
    from scaling.grid.report import search_parts, test_parts
    from scaling.grid.result import direct_lead, stability_of, test_leads
    from scaling.grid.tables import document, rows
    from scaling.study.collect import tested

    search = read_search(folder)
    study, collected, ranking = search.study, search.collected, search.ranking
    stability, tests = stability_of(collected, ranking), tested(study, search.run)
    lines = rows(study.space, collected.candidates, ranking, tests, collected.trainings)
    fitted = response_surface(collected.measured, study.space.target)
    winner = collected.winner(ranking)
    lead, leads = direct_lead(study, search.run, winner), test_leads(study, search.run, winner)
    table, *said = search_parts(study, search.run, collected, ranking, fitted, lines, stability)
    parts = [table, *limited(study.spec.limits, study.space), *said, *test_parts(lines, leads, lead, stability)]
    return (
        document(str(folder), study.space, lines, ranking, (), stability, fitted.surface, lead, leads, study.spec.limits),
        parts,
    )


def _family(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.family.findings import told, unsupported_said
    from scaling.family.reopen import read_family, unsupported_compound
    from scaling.family.tables import results_table, study_document

    family = read_family(folder)
    found = study_document(str(folder), family.study, family.result)
    return found, [
        results_table(family.study, family.result),
        *unsupported_said(unsupported_compound(folder, family)),
        *told(family.study, family.run, family.result),
    ]


def _changes(one: Path, other: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis.changes import changes
    from scaling.family.reopen import read_family
    from scaling.family.tables import changes_table
    from scaling.grid.findings import trainings_said
    from scaling.study.history import require_same_pictures

    families = [read_family(folder) for folder in (one, other)]
    require_same_pictures([family.study for family in families])
    if len({family.study.spec.baseline.structure for family in families}) > 1:
        raise UserError(f"{one} and {other} scaled different baselines: they have no network in common")
    found = changes(*(list(family.measured.values()) for family in families))
    plain = [{**change._asdict(), "difference": change.difference._asdict()} for change in found]
    heading = f"Test accuracy in {one} minus that in {other}, of the networks in both, in points, paired over pictures:"
    unfinished = [said for family in families for said in trainings_said(family.trainings, family.study.spec.seeds)]
    return {"runs": [str(one), str(other)], "networks": plain}, [heading, changes_table(found), *unfinished]


def _agreement(short: Path, long: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis.agreement import agreement
    from scaling.grid.reopen import read_search

    searches = [read_search(folder) for folder in (short, long)]
    baselines = [search.study.spec.baseline for search in searches]
    if baselines[0].structure != baselines[1].structure:
        raise UserError(f"{short} and {long} scaled different baselines: they have no network in common")
    targets = [search.study.space.target for search in searches]
    if targets[0] != targets[1]:
        raise UserError(f"{short} searched at x{targets[0]:g} and {long} at x{targets[1]:g}: they choose at different costs")
    found = agreement(*(search.collected.measured for search in searches), target=targets[0])
    return {**found._asdict(), "runs": [str(short), str(long)]}, _agreement_said(short, long, found)


def _agreement_said(short: Path, long: Path, found: Any) -> list[str]:
    def between(one: Any, unit: float, digits: int) -> str:
        value = f"{unit * one.value:.{digits}f}"
        if one.low is None:
            return value
        return (
            f"{value} as measured, truly {unit * one.low:.{digits}f} to {unit * one.high:.{digits}f} ({found.confidence:.0%})"
        )

    same = "the same network" if found.chosen == found.best else f"{found.best}"
    return [
        f"{len(found.networks)} eligible networks in both, at the target cost. Of these {short} chooses {found.chosen}, {long} "
        f"{same}.",
        f"Kendall's tau of the two orders: {between(found.tau, 1, 2)}; Spearman's rho: {between(found.spearman, 1, 2)}.",
        f"Choosing by {short} gives away, in points of {long}: {between(found.regret, 100, 2)}.",
        *([found.reason] if found.reason else []),
    ]


if __name__ == "__main__":
    sys.exit(main())

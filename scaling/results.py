"""What a recorded run found, from its folder alone: `python -m scaling.results RUN`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scaling import terminal

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
    return terminal.status(COMMAND, lambda: _show(options), (ValueError,))


def _show(options: argparse.Namespace) -> int:
    from scaling.recorded import read_records

    of_family = "family" in read_records(options.run).question
    if options.against is not None:
        found, parts = (_changes if of_family else _agreement)(options.run, options.against)
    elif of_family:
        found, parts = _family(options.run)
    else:
        found, parts = _search(options.run)
    if options.json:
        terminal.emit(found)
    else:
        terminal.show(*parts)
    return 0


def _search(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis import interval
    from scaling.analysis.errors import errors
    from scaling.analysis.stability import rank_stability
    from scaling.findings import Scaled, findings
    from scaling.recorded import read_search
    from scaling.report import document, ranking_table, rows, test_table

    search = read_search(folder)
    records, ranking = search.records, search.ranking
    eligible = sum(one.eligible for one in ranking.networks)
    stability = rank_stability(search.measured, ranking.target) if ranking.degrees_of_freedom and eligible > 1 else None
    pooled = errors(search.tested) if search.tested else None
    tests = (
        {}
        if pooled is None
        else {one.name: interval(one.correct, pooled.seed_variance, pooled.degrees_of_freedom) for one in search.tested}
    )
    lines = rows(search.space, search.candidates, ranking, tests)
    winner = None if ranking.best is None else search.candidates[ranking.best]
    scaled = Scaled(records.baseline, search.lattice, records.num_classes, records.in_channels)
    parts: list[Any] = [ranking_table(lines), *findings(scaled, ranking, winner, stability)]
    if tests:
        parts += ["\nTest pictures, looked at after the choice:", test_table(lines)]
    return document(str(folder), search.space, lines, ranking, (), stability), parts


def _family(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.family_findings import told
    from scaling.family_report import results_table
    from scaling.recorded import read_family

    family = read_family(folder)
    table = results_table(family.members, family.networks, family.result, family.records.picture_side)
    stored = json.loads((folder / "results.json").read_text("utf-8"))
    return stored, [table, *told(family.asked, family.result)]


def _changes(one: Path, other: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis import changes
    from scaling.family_report import changes_table
    from scaling.recorded import read_family, require_same_pictures

    families = [read_family(folder) for folder in (one, other)]
    require_same_pictures([family.records for family in families])
    found = changes(*(family.measured for family in families))
    plain = [{**change._asdict(), "difference": change.difference._asdict()} for change in found]
    heading = f"Test accuracy in {one} minus that in {other}, of the networks in both, in points, paired over pictures:"
    return {"runs": [str(one), str(other)], "networks": plain}, [heading, changes_table(found)]


def _agreement(short: Path, long: Path) -> tuple[dict[str, Any], list[Any]]:
    from scaling.analysis.agreement import agreement
    from scaling.recorded import read_search

    found = agreement(read_search(short).measured, read_search(long).measured)
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
        f"{len(found.networks)} networks in both. {short} chooses {found.chosen}, {long} {same}.",
        f"Kendall's tau of the two orders: {between(found.tau, 1, 2)}; Spearman's rho: {between(found.spearman, 1, 2)}.",
        f"Choosing by {short} gives away, in points of {long}: {between(found.regret, 100, 2)}.",
        *([found.reason] if found.reason else []),
    ]


if __name__ == "__main__":
    sys.exit(main())

"""Whether what the package states holds, in simulated studies with known truths: `python -m scaling.simulate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scaling.cli.answer import answer
from scaling.cli.exit import status
from scaling.cli.options import Parser, whole
from scaling.core.errors import UserError
from scaling.core.names import did_you_mean
from scaling.report.document import Column, Document, Table, Values
from scaling.report.text import say

if TYPE_CHECKING:
    from scaling.simulate.truths import Held, Truth

COMMAND = "python -m scaling.simulate"

DESCRIPTION = """\
Draw studies whose truth is known and count how often the intervals, ties, gaps, laws and response surfaces that the tool prints
of them hold. Most truths are none that the statistics assume: difficulty of images and shifts of trainings with heavy tails,
networks of unequal seed spread, collapsed trainings, repeated looks, images that copy each other, networks steeper than the
rest, surfaces that are no quadratic; law, law-slow, surface and surface-holes are what is assumed. What is stated at 90 %
should hold in 85 to 95 %; tests over all candidates at once in 87 % or more. Where nothing is promised, the last column says
so."""

EXAMPLES = """\
examples:
  python -m scaling.simulate --studies 50              every truth, some minutes
  python -m scaling.simulate equal looks --size fashion --studies 1000
  python -m scaling.simulate --json

truths: equal, spread, two-ahead, steep, heavy, looks, tiny, wide-best, wide-half, copies, grouped; collapse, collapse-all,
collapse-baseline, collapse-baseline-all, chosen-seeds; gap, law, law-slow, law-flat, law-turns; surface, surface-holes,
surface-steps, surface-level

exit status: 0 done, 2 bad input (one line says what)."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("truths", nargs="*", metavar="TRUTH", help="names of truths (default: all)")
    made.add_argument("--studies", type=whole, default=200, help="simulated studies of each truth (default: 200)")
    made.add_argument("--size", choices=("default", "fashion"), action="append", help="size of a study (default: both)")
    made.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of a table")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    from scaling.simulate.truths import SIZES

    truths = _truths(options.truths)
    if options.studies < 1:
        raise UserError(f"--studies must be 1 or more, got {options.studies}")
    if options.seed < 0:
        raise UserError(f"--seed must be 0 or more, got {options.seed}")
    rows: list[dict[str, Any]] = []
    for size in options.size or list(SIZES):
        for name, truth in truths.items():
            say([f"{name}, {size}: {truth.says}"])
            rows += coverage(name, truth, size, options.studies, options.seed)
    answer(Document((_table(rows), *_legend(truths), Values({"studies": options.studies}))), options.json)
    return 0


def coverage(name: str, truth: Truth, size: str, studies: int, seed: int) -> list[dict[str, Any]]:
    """How often each statement of a truth's studies held.

    Args:
        name: of the truth.
        truth: what is drawn.
        size: a name of `SIZES`.
        studies: number of them.
        seed: of the randomness.

    Returns:
        For each quantity its truth, size, stated and held shares, and the number of statements.
    """
    import numpy as np

    from scaling.simulate.truths import SIZES

    generator = np.random.default_rng([seed, *name.encode()])
    found: dict[tuple[str, float], list[Held]] = {}
    for _ in range(studies):
        for one in truth.study(SIZES[size], generator):
            found.setdefault((one.quantity, one.stated), []).append(one)
    return [
        {
            "truth": name,
            "size": size,
            "quantity": quantity,
            "stated": stated,
            "held": sum(one.held for one in own) / len(own),
            "statements": len(own),
            "promised": truth.promised,
        }
        for (quantity, stated), own in found.items()
    ]


def _truths(names: Sequence[str]) -> dict[str, Truth]:
    from scaling.simulate.curves import CURVES
    from scaling.simulate.mishaps import MISHAPS
    from scaling.simulate.surfaces import SURFACES
    from scaling.simulate.truths import TRUTHS

    known = {**TRUTHS, **MISHAPS, **CURVES, **SURFACES}
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"no truth is called {', '.join(unknown)}; known: {', '.join(known)}{did_you_mean(unknown[0], known)}")
    return {name: known[name] for name in names or known}


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = (
        _column("truth", "truth", left=True),
        _column("size", "size", left=True),
        _column("what is stated", "quantity", left=True),
        _column("stated %", "stated", lambda value: f"{100 * value:.1f}"),
        _column("held %", "held", lambda value: f"{100 * value:.1f}"),
        _column("of", "statements"),
        _column("", "promised", lambda value: "" if value else "not promised", left=True),
    )
    return Table(columns, rows, key="rows", section=lambda row: (row["truth"], row["size"]))


def _column(title: str, key: str, text: Callable[[Any], str] | None = None, left: bool = False) -> Column:
    return Column(lambda row: row[key], title, key, text, left=left)


def _legend(truths: dict[str, Truth]) -> list[str]:
    return [f"{name}: {truth.says}." for name, truth in truths.items()]


if __name__ == "__main__":
    sys.exit(main())

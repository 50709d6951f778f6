"""What a recorded run found, from its folder alone: `python -m scaling.results RUN`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scaling.cli.answer import answer
from scaling.cli.exit import status
from scaling.cli.options import Parser, place
from scaling.core.errors import UserError
from scaling.report.document import Document
from scaling.results.comparison import agreement_document, changes_document

COMMAND = "python -m scaling.results"

DESCRIPTION = """\
Show again what a finished run found: the ranking of a Step 1, the comparison of a family's rules, or that of an ablation's
recipes. Only the run's folder is read: no image, no training, no accelerator. With --against, two runs of the same networks
are compared. Of two searches: would the choice that one of them makes have been the choice of the other, and what does
choosing by it give away? Of two families: what did training them differently change?"""

EXAMPLES = """\
examples:
  python -m scaling.results runs/step1
  python -m scaling.results runs/fashion_short --against runs/fashion            the price of choosing after a short training
  python -m scaling.results runs/fashion_dropout --against runs/fashion_family   what dropout did to each network

exit status: 0 done, 2 bad input (one line says what)."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("run", type=place, metavar="RUN", help="folder of a run")
    made.add_argument("--against", type=place, metavar="RUN", help="a run of the same networks, trained otherwise")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _show(options))


def _show(options: argparse.Namespace) -> int:
    from scaling.report.text import say
    from scaling.study.history import recorded_kind
    from scaling.study.live import live_lines
    from scaling.study.run import Kind

    kind = recorded_kind(options.run)
    if kind is Kind.PILOT:
        raise UserError(f"{options.run}: a pilot, which finds how long to train; its search is {options.run.parent}")
    say(live_lines(options.run))
    if options.against is None:
        document = {Kind.FAMILY: _family, Kind.ABLATION: _ablation, Kind.SEARCH: _search}[kind](options.run)
    elif kind is Kind.ABLATION:
        raise UserError(f"{options.run}: an ablation compares its own recipes; --against takes two searches or two families")
    else:
        document = (changes_document if kind is Kind.FAMILY else agreement_document)(options.run, options.against)
    answer(document, options.json)
    return 0


def _search(folder: Path) -> Document:
    from scaling.grid.reopen import read_search
    from scaling.grid.report import search_document
    from scaling.grid.result import search_result

    return search_document(search_result(*read_search(folder)))


def _family(folder: Path) -> Document:
    from scaling.family.reopen import read_family, unsupported_compound
    from scaling.family.report import family_document

    family = read_family(folder)
    return family_document(family, unsupported_compound(folder, family))


def _ablation(folder: Path) -> Document:
    from scaling.ablation.reopen import read_ablation
    from scaling.ablation.report import ablation_document

    return ablation_document(read_ablation(folder))


if __name__ == "__main__":
    sys.exit(main())

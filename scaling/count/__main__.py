"""What one network costs, part by part and as other tools count it: `python -m scaling.count NAME`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from scaling.cli.answer import answer
from scaling.cli.exit import status
from scaling.cli.options import Parser, whole
from scaling.core.errors import UserError
from scaling.count.report import count_document
from scaling.rules.releases import NAMES
from scaling.study.spec import read_baseline

COMMAND = "python -m scaling.count"

DESCRIPTION = """\
Count a network exactly: what its stem, stages, head and classifier are, with the columns of Table 1 of the EfficientNet paper,
and their parameters, MACs (multiply-adds) and activations for one image. Below them the same network as other tools count it,
so that one sees why two of them disagree."""

EXAMPLES = """\
examples:
  python -m scaling.count efficientnet_b3                    as released, at 300 px
  python -m scaling.count efficientnet_b2 --resolution 224   fed smaller images than its own
  python -m scaling.count small --classes 10 --channels 1    the default study's baseline
  python -m scaling.count mine.toml --json                   a baseline of your own, for machines

exit status: 0 done, 2 bad input (one line says what)."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("network", metavar="NAME|FILE", help=f"a TOML file with a baseline, or one of {', '.join(NAMES)}")
    made.add_argument("--classes", type=whole, default=1000, metavar="N", help="outputs of the classifier (default: 1000)")
    made.add_argument("--channels", type=whole, default=3, metavar="N", help="channels of the images (default: 3)")
    made.add_argument("--resolution", type=whole, metavar="PX", help="side of the images (default: the network's own)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return status(COMMAND, lambda: _count(options))


def _count(options: argparse.Namespace) -> int:
    for name in ("classes", "channels", "resolution"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise UserError(f"--{name} must be at least 1, got {getattr(options, name)}")
    architecture = read_baseline(options.network)
    if options.resolution is not None:
        architecture = dataclasses.replace(architecture, resolution=options.resolution)
    answer(count_document(architecture, options.classes, options.channels), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())

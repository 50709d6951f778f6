"""What one network costs, part by part and as other tools count it: `python -m scaling.count NAME`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scaling.arch import Architecture
from scaling.cli import terminal
from scaling.core.errors import UserError
from scaling.count.conventions import CONVENTIONS, by_convention
from scaling.count.cost import Part, cost, parts
from scaling.rules.releases import NAMES
from scaling.study.spec import read_baseline

if TYPE_CHECKING:
    from rich.table import Table

COMMAND = "python -m scaling.count"

DESCRIPTION = """\
Count a network exactly: parameters, MACs (multiply-adds) and activations of its stem, stages, head and classifier, for one
picture. Below them the same network as other tools count it, so that one sees why two of them disagree."""

EXAMPLES = """\
examples:
  python -m scaling.count efficientnet_b3                    as released, at 300 px
  python -m scaling.count efficientnet_b2 --resolution 224   fed smaller pictures than its own
  python -m scaling.count small --classes 10 --channels 1    the default study's baseline
  python -m scaling.count mine.toml --json                   a baseline of your own, for machines

exit status: 0 done, 2 bad input (one line says what)."""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    made = terminal.Parser(COMMAND, DESCRIPTION, EXAMPLES)
    made.add_argument("network", metavar="NAME|FILE", help=f"a TOML file with a baseline, or one of {', '.join(NAMES)}")
    made.add_argument("--classes", type=int, default=1000, metavar="N", help="outputs of the classifier (default: 1000)")
    made.add_argument("--channels", type=int, default=3, metavar="N", help="channels of the pictures (default: 3)")
    made.add_argument("--resolution", type=int, metavar="PX", help="side of the pictures (default: the network's own)")
    made.add_argument("--json", action="store_true", help="one JSON document on standard output instead of tables")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = parser().parse_args(arguments)
    return terminal.status(COMMAND, lambda: _count(options))


def network(name_or_file: str) -> Architecture:
    """A baseline or a released network by name, or a baseline from a TOML file.

    Raises:
        ValueError: there is no such name or file, or the file does not describe an architecture.
    """
    if name_or_file not in NAMES and not name_or_file.endswith(".toml"):
        raise UserError(f"no network {name_or_file!r}; known: {', '.join(NAMES)}, or a file that ends in .toml")
    return read_baseline(name_or_file)


def document(architecture: Architecture, num_classes: int, in_channels: int) -> dict[str, Any]:
    """A network's counts as plain data.

    Raises:
        ValueError: as `cost`.
    """
    found = parts(architecture, num_classes, in_channels)
    return {
        "architecture": architecture.name,
        "resolution": architecture.resolution,
        "num_classes": num_classes,
        "in_channels": in_channels,
        **cost(architecture, num_classes, in_channels)._asdict(),
        "stages": [_stage(part) for part in found],
        "conventions": by_convention(found),
    }


def _stage(part: Part) -> dict[str, Any]:
    sizes = {"name": part.name, "blocks": part.blocks, "channels": part.channels, "side": part.side}
    return {**sizes, **part.cost._asdict()}


def _count(options: argparse.Namespace) -> int:
    architecture = network(options.network)
    if options.resolution is not None:
        architecture = dataclasses.replace(architecture, resolution=options.resolution)
    found = document(architecture, options.classes, options.channels)
    if options.json:
        terminal.emit(found)
    else:
        terminal.show(
            f"{architecture.name}, {architecture.resolution} px, {options.channels} channel(s), {options.classes} classes",
            _parts_table(found),
            "The same network as others count it:",
            _conventions_table(found["conventions"]),
        )
    return 0


def _parts_table(found: dict[str, Any]) -> Table:
    """One line a part; sides are those of its output."""
    table = terminal.table("part", ">blocks", ">channels", ">px", ">params", ">MACs", ">share", ">activations")
    for one in found["stages"]:
        table.add_row(one["name"], str(one["blocks"]), str(one["channels"]), str(one["side"]), *_counts(one, found))
    table.add_section()
    table.add_row("all", "", "", "", *_counts(found, found), style="bold")
    return table


def _counts(one: dict[str, Any], whole: dict[str, Any]) -> tuple[str, str, str, str]:
    share = f"{100 * one['macs'] / whole['macs']:.1f} %"
    return f"{one['params']:,}", f"{one['macs']:,}", share, f"{one['activations']:,}"


def _conventions_table(counts: dict[str, int]) -> Table:
    table = terminal.table(">count", "what is counted", "printed by")
    for name, convention in CONVENTIONS.items():
        table.add_row(f"{counts[name]:,}", convention.counts, convention.printed_by)
    return table


if __name__ == "__main__":
    sys.exit(main())

"""A network's layout and counts as a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scaling.arch import Architecture
from scaling.count.conventions import CONVENTIONS, by_convention
from scaling.count.cost import Cost, Part, cost, parts
from scaling.count.operators import Operator, operators
from scaling.report.document import Column, Document, Table, Values


def count_document(architecture: Architecture, num_classes: int, in_channels: int) -> Document:
    """A network's parts, what they are and what they cost, and the same network as other tools count it.

    Raises:
        UserError: as `cost`.
    """
    found, whole = parts(architecture, num_classes, in_channels), cost(architecture, num_classes, in_channels)
    lines = tuple(zip(operators(architecture, in_channels), found, strict=True))
    counts = by_convention(found)
    sizes = {
        "architecture": architecture.name,
        "resolution": architecture.resolution,
        "num_classes": num_classes,
        "in_channels": in_channels,
    }
    return Document(
        (
            f"{architecture.name}, {architecture.resolution} px, {in_channels} channel(s), {num_classes} classes",
            layout_table(lines),
            "What each part costs:",
            parts_table(found, whole),
            "The same network as others count it:",
            conventions_table(counts),
            Values({**sizes, **whole._asdict()}),
            Values({"stages": [_stage(operator, part) for operator, part in lines]}),
            Values({"conventions": counts}),
        )
    )


def layout_table(lines: Sequence[tuple[Operator, Part]]) -> Table:
    """One line a part, with the columns of Table 1 of the EfficientNet paper and the strides and expansions that it leaves out.

    Args:
        lines: what each part is, and the part.
    """
    columns = (
        Column(lambda line: line[1].name, "part", left=True),
        Column(lambda line: line[0].paper_stage, "Table 1 stage"),
        Column(lambda line: line[0].operator, "operator", left=True),
        Column(lambda line: line[0].kernel, "kernel", text=lambda side: "-" if side is None else f"{side} x {side}"),
        Column(lambda line: line[0].stride, "stride"),
        Column(lambda line: line[0].expansion, "expansion"),
        Column(lambda line: line[0].input_side, "input px"),
        Column(lambda line: line[1].side, "output px"),
        Column(lambda line: line[1].channels, "channels"),
        Column(lambda line: line[1].blocks, "layers"),
    )
    return Table(columns, lines)


def parts_table(found: Sequence[Part], whole: Cost) -> Table:
    """One line a part, and one for the whole network, which has neither blocks nor a side; sides are those of its output."""
    rows: list[Part | Cost] = [*found, whole]
    columns = (
        Column(_of_part("name", "all"), "part", left=True),
        Column(_of_part("blocks"), "blocks"),
        Column(_of_part("channels"), "channels"),
        Column(_of_part("side"), "px"),
        Column(lambda row: _cost(row).params, "params", text="{:,}".format),
        Column(lambda row: _cost(row).macs, "MACs", text="{:,}".format),
        Column(lambda row: f"{100 * _cost(row).macs / whole.macs:.1f} %", "share"),
        Column(lambda row: _cost(row).activations, "activations", text="{:,}".format),
    )
    return Table(columns, rows, is_bold=lambda row: row is whole, section=lambda row: row is whole)


def conventions_table(counts: Mapping[str, int]) -> Table:
    """One line a convention: its count, what it counts, who prints it."""
    columns = (
        Column(lambda name: counts[name], "count", text="{:,}".format),
        Column(lambda name: CONVENTIONS[name].counts, "what is counted", left=True),
        Column(lambda name: CONVENTIONS[name].printed_by, "printed by", left=True),
    )
    return Table(columns, list(CONVENTIONS))


def _stage(operator: Operator, part: Part) -> dict[str, Any]:
    """A part for machines."""
    sizes = {"name": part.name, "blocks": part.blocks, "channels": part.channels, "side": part.side}
    return {**sizes, **part.cost._asdict(), **operator._asdict()}


def _of_part(name: str, otherwise: str = "") -> Callable[[Part | Cost], Any]:
    return lambda row: getattr(row, name) if isinstance(row, Part) else otherwise


def _cost(row: Part | Cost) -> Cost:
    return row.cost if isinstance(row, Part) else row

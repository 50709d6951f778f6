"""A network's counts as a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scaling.arch import Architecture
from scaling.count.conventions import CONVENTIONS, by_convention
from scaling.count.cost import Cost, Part, cost, parts
from scaling.report.document import Column, Document, Table, Values


def count_document(architecture: Architecture, num_classes: int, in_channels: int) -> Document:
    """A network's parts and what they cost, and the same network as other tools count it.

    Raises:
        UserError: as `cost`.
    """
    found, whole = parts(architecture, num_classes, in_channels), cost(architecture, num_classes, in_channels)
    counts = by_convention(found)
    sizes = {
        "architecture": architecture.name,
        "resolution": architecture.resolution,
        "num_classes": num_classes,
        "in_channels": in_channels,
    }
    stages = Table(_part_columns(whole), found, key="stages", for_machines=True)
    return Document(
        (
            f"{architecture.name}, {architecture.resolution} px, {in_channels} channel(s), {num_classes} classes",
            parts_table(found, whole),
            "The same network as others count it:",
            conventions_table(counts),
            Values({**sizes, **whole._asdict()}),
            stages,
            Values({"conventions": counts}),
        )
    )


def parts_table(found: Sequence[Part], whole: Cost) -> Table:
    """One line a part; sides are those of its output."""
    rows: list[Part | Cost] = [*found, whole]
    return Table(_part_columns(whole), rows, is_bold=lambda row: row is whole, section=lambda row: row is whole)


def conventions_table(counts: Mapping[str, int]) -> Table:
    """One line a convention: its count, what it counts, who prints it."""
    columns = (
        Column(lambda name: counts[name], "count", text="{:,}".format),
        Column(lambda name: CONVENTIONS[name].counts, "what is counted", left=True),
        Column(lambda name: CONVENTIONS[name].printed_by, "printed by", left=True),
    )
    return Table(columns, list(CONVENTIONS))


def _part_columns(whole: Cost) -> tuple[Column, ...]:
    """Columns of a part, and of the whole network, which has neither blocks nor a side."""
    return (
        Column(_of_part("name", "all"), "part", "name", left=True),
        Column(_of_part("blocks"), "blocks", "blocks"),
        Column(_of_part("channels"), "channels", "channels"),
        Column(_of_part("side"), "px", "side"),
        Column(lambda row: _cost(row).params, "params", "params", "{:,}".format),
        Column(lambda row: _cost(row).macs, "MACs", "macs", "{:,}".format),
        Column(lambda row: f"{100 * _cost(row).macs / whole.macs:.1f} %", "share"),
        Column(lambda row: _cost(row).activations, "activations", "activations", "{:,}".format),
    )


def _of_part(name: str, otherwise: str = "") -> Callable[[Part | Cost], Any]:
    return lambda row: getattr(row, name) if isinstance(row, Part) else otherwise


def _cost(row: Part | Cost) -> Cost:
    return row.cost if isinstance(row, Part) else row

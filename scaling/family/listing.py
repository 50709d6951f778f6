"""The members of a family as a document: nothing trained, each with its factors, its cost and the memory it needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from scaling.arch import EFFICIENTNET_B0
from scaling.core.units import short
from scaling.family.spec import FamilySpec
from scaling.report.document import Column, Document, Part, Table
from scaling.rules.coefficients import BUDGET
from scaling.rules.members import Member

FAR = 0.05
"""A solved cost that misses its target by more is told."""


class Listed(NamedTuple):
    """A member with the memory it needs for a batch, in bytes."""

    member: Member
    batch: int
    inference: bool
    memory: int


def members_document(spec: FamilySpec, listed: Sequence[Listed], more: Sequence[str]) -> Document:
    """The members with what is to be known of them; `more` are sentences below the table."""
    released = [one.member for one in listed if one.member.rule == "released" and one.member.phi]
    implied: list[Part] = [
        "\nThe phi at which the formula would give each released factor, and the phi of its cost, log2 of the ratio:",
        implied_table(spec, released),
    ]
    shown = implied if released and "compound" in spec.family.rules else []
    return Document(
        (members_table(listed), *coefficients_said(spec, listed), *more, *shown, machine_table(listed, spec)),
    )


def members_table(listed: Sequence[Listed]) -> Table:
    """One line a member."""
    solved = any(one.member.expected_ratio not in (None, 2.0**one.member.phi) for one in listed)
    last = "target" if solved else "2^phi"
    columns = (
        Column(_of(lambda one: one.rule), "rule", left=True),
        Column(_of(lambda one: one.phi), "phi", text="{:g}".format),
        Column(_of(lambda one: one.depth), "depth", text="{:.3f}".format),
        Column(_of(lambda one: one.width), "width", text="{:.3f}".format),
        Column(_of(lambda one: one.resolution), "px"),
        Column(_of(lambda one: one.params), "params", text=short),
        Column(_of(lambda one: one.macs), "MACs", text=short),
        Column(_of(lambda one: one.activations), "activations", text=short),
        Column(lambda row: row.memory, "memory", text=lambda value: f"{short(value)}B"),
        Column(_of(lambda one: one.ratio), "ratio", text="x{:.2f}".format),
        Column(_of(lambda one: one.expected_ratio), last, text=lambda value: "-" if value is None else f"x{value:.4g}"),
        Column(
            _of(lambda one: " ".join(str(stage.repeats) for stage in one.architecture.stages)), "layers", left=True
        ),
    )  # fmt: skip
    return Table(columns, listed, section=lambda row: row.member.rule)


def machine_table(listed: Sequence[Listed], spec: FamilySpec | None = None) -> Table:
    """The members for machines: numbers unrounded.

    Args:
        listed: the members.
        spec: of the family; with it each member's architecture, and of released ones the phis that their factors imply.
    """
    names = list(listed[0].member.to_dict())
    columns = [_member_key(name) for name in names]
    columns.append(Column(lambda row: row.batch, key="batch"))
    purpose = "inference" if listed[0].inference else "training"
    columns.append(Column(lambda row: row.memory, key=f"{purpose}_bytes"))
    if spec is not None:
        if any(one.member.rule == "released" for one in listed):
            columns.append(Column(lambda row: _implied_or_none(spec, row.member), key="implied_phi"))
        columns.append(Column(_of(lambda one: one.architecture.to_dict()), key="architecture"))
    return Table(columns, listed, key="members", for_machines=True)


def coefficients_said(spec: FamilySpec, listed: Sequence[Listed]) -> list[str]:
    """The coefficients behind the rules, what the last column is, and which members are far from the cost solved for."""
    named = {one.member.rule: one.member for one in listed if one.member.alpha is not None}
    said = []
    if named:
        bases = (f"{rule} {one.alpha:.4g} {one.beta:.4g} {one.gamma:.4g}" for rule, one in named.items())
        said.append(f"alpha, beta and gamma: {'; '.join(bases)}.")
    if "released" in spec.family.rules and spec.baseline.name != EFFICIENTNET_B0.name:
        said.append(
            f"The rule released: the factors of EfficientNet B0 to B8, put on {spec.baseline.name}; none of these was released."
        )
    if not spec.family.realise:
        return [*said, f"Ratios are to {spec.baseline.name}, to be compared with the nominal 2^phi."]
    far = [one.member for one in listed if abs(one.member.ratio / (one.member.expected_ratio or 1) - 1) > FAR]
    listing = ", ".join(f"{one.rule} x{one.ratio:.2f} for x{one.expected_ratio:.4g}" for one in far)
    said.append(f"Ratios are to {spec.baseline.name}; phi is solved so that the real cost is nearest to the column 'target'.")
    return [*said, f"Rounding leaves more than {FAR:.0%} to the target: {listing}."] if far else said


def implied_table(spec: FamilySpec, released: Sequence[Member]) -> Table:
    """The phi at which a formula would give each released factor, and that of the cost."""
    is_b0 = spec.baseline.name == "efficientnet_b0"
    name = Column(lambda one: f"B{one.phi:g}" if is_b0 else f"released {one.phi:g}", "name", left=True)
    titles = ("by depth", "by width", "by resolution", "by cost")
    columns = [name, *(_implied_column(spec, index, title) for index, title in enumerate(titles))]
    return Table(columns, [one for one in released if one.phi])


def implied_phis(spec: FamilySpec, member: Member) -> tuple[float | None, ...]:
    """log_alpha of the depth factor, log_beta of the width's, log_gamma of the resolution's, log_2 of the cost ratio.

    A base of 1 gives no phi: None.
    """
    bases = (spec.family.alpha, spec.family.beta, spec.family.gamma, BUDGET)
    factors = (member.depth, member.width, member.resolution / spec.baseline.resolution, member.ratio)
    pairs = zip(factors, bases, strict=True)
    return tuple(math.log(factor, base) if base > 1 else None for factor, base in pairs)


def file_stem(member: Member) -> str:
    """A member's name as a file: efficientnet_b0-compound-phi1.5."""
    return f"{member.baseline}-{member.rule}-phi{member.phi:g}".replace("/", "-").replace(" ", "-")


def _of(value: Callable[[Member], Any]) -> Callable[[Listed], Any]:
    return lambda row: value(row.member)


def _member_key(name: str) -> Column:
    return Column(lambda row: row.member.to_dict()[name], key=name)


def _implied_or_none(spec: FamilySpec, member: Member) -> tuple[float | None, ...] | None:
    return implied_phis(spec, member) if member.rule == "released" else None


def _implied_column(spec: FamilySpec, index: int, title: str) -> Column:
    return Column(
        lambda one: implied_phis(spec, one)[index], title, text=lambda value: "-" if value is None else f"{value:.3f}"
    )

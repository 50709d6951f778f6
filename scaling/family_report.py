"""A family for people (tables) and for machines (JSON and CSV)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.table import Table

from scaling.extrapolation import Member
from scaling.lattice import BUDGET
from scaling.study.family import FamilySpec, FamilyStudy
from scaling.terminal import short, table


class Listed(NamedTuple):
    """A member with the memory it needs for a batch, in bytes."""

    member: Member
    batch: int
    inference: bool
    memory: int


def members_table(listed: Sequence[Listed]) -> Table:
    """One line a member."""
    columns = ("phi", "depth", "width", "px", "params", "MACs", "activations", "memory", "ratio", "2^phi")
    made = table("rule", *(f">{column}" for column in columns), "layers")
    for index, one in enumerate(listed):
        member = one.member
        if index and listed[index - 1].member.rule != member.rule:
            made.add_section()
        made.add_row(
            member.rule,
            f"{member.phi:g}",
            f"{member.depth:.3f}",
            f"{member.width:.3f}",
            str(member.resolution),
            short(member.params),
            short(member.macs),
            short(member.activations),
            f"{short(one.memory)}B",
            f"x{member.ratio:.2f}",
            "-" if member.expected_ratio is None else f"x{member.expected_ratio:.4g}",
            " ".join(str(stage.repeats) for stage in member.architecture.stages),
        )
    return made


def implied_table(spec: FamilySpec, released: Sequence[Member]) -> Table:
    """The phi at which a formula would give each released factor, and that of the cost."""
    made = table("name", ">by depth", ">by width", ">by resolution", ">by cost")
    for member in released:
        if member.phi:
            made.add_row(f"B{member.phi:g}", *("-" if phi is None else f"{phi:.3f}" for phi in implied_phis(spec, member)))
    return made


def implied_phis(spec: FamilySpec, member: Member) -> tuple[float | None, ...]:
    """log_alpha of the depth factor, log_beta of the width's, log_gamma of the resolution's, log_2 of the cost ratio.

    A base of 1 gives no phi: None.
    """
    bases = (spec.family.alpha, spec.family.beta, spec.family.gamma, BUDGET)
    factors = (member.depth, member.width, member.resolution / spec.baseline.resolution, member.ratio)
    pairs = zip(factors, bases, strict=True)
    return tuple(math.log(factor, base) if base > 1 else None for factor, base in pairs)


def document(spec: FamilySpec, listed: Sequence[Listed]) -> dict[str, Any]:
    """Members as plain data: numbers unrounded; released ones with the phis that their factors imply."""
    return {"members": [_member(spec, one) for one in listed]}


def study_document(run: str | None, study: FamilyStudy) -> dict[str, Any]:
    """A family study as plain data, before it has results."""
    return {
        "run": run,
        "seeds": study.spec.seeds,
        "networks": len(study.networks),
        "members": [one.to_dict() for one in study.members],
    }


def csv_text(listed: Sequence[Listed]) -> str:
    """Members as comma-separated lines, with a first line of names."""
    rows = [_flat(one) for one in listed]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def file_stem(member: Member) -> str:
    """A member's name as a file: efficientnet_b0-compound-1.5."""
    return f"{member.baseline}-{member.rule}-{member.phi:g}".replace("/", "-").replace(" ", "-")


def _member(spec: FamilySpec, one: Listed) -> dict[str, Any]:
    implied = {"implied_phi": implied_phis(spec, one.member)} if one.member.rule == "released" else {}
    return {**_flat(one), **implied, "architecture": one.member.architecture.to_dict()}


def _flat(one: Listed) -> dict[str, Any]:
    purpose = "inference" if one.inference else "training"
    return {**one.member.to_dict(), "batch": one.batch, f"{purpose}_bytes": one.memory}

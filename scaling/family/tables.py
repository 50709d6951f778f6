"""A family for people (tables) and for machines (JSON and CSV)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table

from scaling.arch import EFFICIENTNET_B0
from scaling.cli.terminal import short, table
from scaling.family.spec import FamilySpec
from scaling.family.study import FamilyStudy, intended, network_of
from scaling.grid.tables import percent
from scaling.rules.coefficients import BUDGET
from scaling.rules.members import Member

if TYPE_CHECKING:  # a list of members needs none of SciPy
    from scaling.analysis.changes import Change
    from scaling.analysis.equal_cost import Gap, Gaps
    from scaling.analysis.errors import Estimate
    from scaling.analysis.power_law import HeldOut
    from scaling.family.result import FamilyResult, RuleCurve


FAR = 0.05
"""A solved cost that misses its target by more is told."""


class Listed(NamedTuple):
    """A member with the memory it needs for a batch, in bytes."""

    member: Member
    batch: int
    inference: bool
    memory: int


def members_table(listed: Sequence[Listed]) -> Table:
    """One line a member."""
    solved = any(one.member.expected_ratio not in (None, 2.0**one.member.phi) for one in listed)
    last = "target" if solved else "2^phi"
    columns = ("phi", "depth", "width", "px", "params", "MACs", "activations", "memory", "ratio", last)
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
        return [*said, f"Ratios are to {spec.baseline.name}, to be read against the budget of 2^phi."]
    far = [one.member for one in listed if abs(one.member.ratio / (one.member.expected_ratio or 1) - 1) > FAR]
    listing = ", ".join(f"{one.rule} x{one.ratio:.2f} for x{one.expected_ratio:.4g}" for one in far)
    said.append(f"Ratios are to {spec.baseline.name}; phi is solved for the cost 2^phi stands at, the column 'target'.")
    return [*said, f"Rounding leaves more than {FAR:.0%} to the target: {listing}."] if far else said


def implied_table(spec: FamilySpec, released: Sequence[Member]) -> Table:
    """The phi at which a formula would give each released factor, and that of the cost."""
    made = table("name", ">by depth", ">by width", ">by resolution", ">by cost")
    for member in released:
        if member.phi:
            name = f"B{member.phi:g}" if spec.baseline.name == "efficientnet_b0" else f"released {member.phi:g}"
            made.add_row(name, *("-" if phi is None else f"{phi:.3f}" for phi in implied_phis(spec, member)))
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


def study_document(run: str | None, study: FamilyStudy, result: FamilyResult | None = None) -> dict[str, Any]:
    """A family study as plain data; results are None before training."""
    return {
        "run": run,
        "seeds": study.spec.seeds,
        "pictures": result.pictures if result else None,
        "members": [_judged(study, one, result) for one in study.members],
        "rules": [_rule(one) for one in result.curves] if result else [],
        "gaps": [_gap(one) for one in result.gaps.entries] if result and result.gaps else [],
        "missing": [{**one._asdict(), "absence": one.absence.value} for one in result.gaps.missing]
        if result and result.gaps
        else [],
        "seed_sd": result.seed_sd if result else None,
        "degrees_of_freedom": result.degrees_of_freedom if result else None,
        "spread_p": result.spread_p if result else None,
        "pooled": result.pooled if result else None,
    }


def results_table(study: FamilyStudy, result: FamilyResult) -> Table:
    """One line a member: its cost and its accuracy on the test pictures."""
    made = table("rule", ">phi", ">realised", "shares", ">away", ">px", ">params", ">MACs", ">test %", ">seeds", "notes")
    for index, one in enumerate(study.members):
        if index and study.members[index - 1].rule != one.rule:
            made.add_section()
        found = result.accuracies.get(network_of(study.networks, one).label)
        accuracy = ("-", "0") if found is None else (percent(found), str(found.n))
        sizes = (f"x{one.ratio:.3f}", *_place(one), str(one.resolution), short(one.params), short(one.macs))
        made.add_row(one.rule, f"{one.phi:g}", *sizes, *accuracy, ", ".join(_notes(study, one)))
    return made


def _place(one: Member) -> tuple[str, str]:
    """Realised shares, and how far they are from the rule's."""
    shares = "-" if one.shares is None else " ".join(f"{share:.2f}" for share in one.shares)
    return shares, "-" if one.distance is None else f"{one.distance:.2f}"


def _notes(study: FamilyStudy, one: Member) -> list[str]:
    said = ["enlarged"] if _enlarged(study, one) else []
    network = network_of(study.networks, one)
    if not network.stands_for(one.rule):
        said.append("no member of its rule")
    elif (nearer := network.nearer(one.rule, intended(study.spec.family))) is not None:
        said.append(f"nearer to {nearer}")
    return said


def gaps_table(gaps: Gaps) -> Table:
    """One line a rule and cost: what the reference gains over it."""
    made = table("against", ">at", ">points", ">90 % interval", ">p", ">p, Holm", ">seeds", "interpolated")
    for one in gaps.entries:
        mean, low, high = (100 * value for value in one.difference[:3])
        interval = f"{low:+.2f} to {high:+.2f}"
        tests = (f"{one.p:.3f}", f"{one.adjusted_p:.3f}", str(one.difference.n), "yes" if one.interpolated else "")
        made.add_row(one.rule, f"x{one.target:g}", f"{mean:+.2f}", interval, *tests)
    return made


def changes_table(found: Sequence[Change]) -> Table:
    """One line a network: what training it differently changed."""
    made = table("network", ">realised", ">points", ">90 % interval", ">p", ">p, Holm", ">seeds")
    for one in found:
        mean, low, high = (100 * value for value in one.difference[:3])
        tests = (f"{one.p:.3f}", f"{one.adjusted_p:.3f}", str(one.difference.n))
        made.add_row(one.name, f"x{one.ratio:.3f}", f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}", *tests)
    return made


def laws_table(curves: Sequence[RuleCurve]) -> Table:
    """One line a rule: error = a ratio^-b + c in percent, and its largest network as the others predict it."""
    made = table("rule", ">a %", ">b", ">c %", ">held out", ">predicted %", ">measured %", "inside")
    for one in curves:
        if one.law is None:
            continue
        law = (_estimate(one.law.a, 100), _estimate(one.law.b, 1), _estimate(one.law.c, 100))
        made.add_row(one.rule, *law, *_check(one.check))
    return made


def extrapolated_table(curves: Sequence[RuleCurve]) -> Table:
    """Accuracy that the power laws give to costs beyond those trained."""
    fitted = [one for one in curves if one.extrapolated]
    ratios = sorted({point.ratio for one in fitted for point in one.extrapolated})
    made = table("rule", *(f">at x{ratio:g}" for ratio in ratios), ">times the largest trained")
    for one in fitted:
        percents = {point.ratio: _between(point.mean, point.low, point.high, 100) for point in one.extrapolated}
        beyond = [f"{point.beyond:.1f}" for point in one.extrapolated]
        made.add_row(one.rule, *(percents.get(ratio, "trained") for ratio in ratios), f"{beyond[0]} to {beyond[-1]}")
    return made


def _check(check: HeldOut | None) -> tuple[str, str, str, str]:
    if check is None:
        return "-", "-", "-", "-"
    inside = "-" if check.inside is None else "yes" if check.inside else "no"
    return f"x{check.ratio:.2f}", _estimate(check.predicted, 100), f"{100 * check.measured:.2f}", inside


def _estimate(one: Estimate, unit: float) -> str:
    return _between(one.value, one.low, one.high, unit)


def _between(value: float, low: float | None, high: float | None, unit: float) -> str:
    if low is None or high is None:
        return f"{unit * value:.2f}"
    return f"{unit * value:.2f} ({unit * low:.2f} to {unit * high:.2f})"


def _judged(study: FamilyStudy, one: Member, result: FamilyResult | None) -> dict[str, Any]:
    network = network_of(study.networks, one)
    found = result.accuracies.get(network.label) if result else None
    return {
        **one.to_dict(),
        "network": network.label,
        "enlarged": _enlarged(study, one),
        "stands_for_rule": network.stands_for(one.rule),
        "dropout": study.recipe_of(network).dropout,
        "accuracy": found._asdict() if found else None,
    }


def _enlarged(study: FamilyStudy, one: Member) -> bool | None:
    """Whether a member sees the pictures larger than they are stored; None where that was not recorded."""
    return one.resolution > study.pictures.side if study.pictures.side else None


def _rule(one: RuleCurve) -> dict[str, Any]:
    law, check = one.law, one.check
    return {
        "rule": one.rule,
        "law": None if law is None else {name: getattr(law, name)._asdict() for name in ("a", "b", "c")},
        "extrapolated": [point._asdict() for point in one.extrapolated],
        "held_out": None if check is None else {**check._asdict(), "predicted": check.predicted._asdict()},
        "costs": one.costs,
    }


def _gap(one: Gap) -> dict[str, Any]:
    return {**one._asdict(), "difference": one.difference._asdict()}


def csv_text(listed: Sequence[Listed]) -> str:
    """Members as comma-separated lines, with a first line of names."""
    rows = [_flat(one) for one in listed]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def file_stem(member: Member) -> str:
    """A member's name as a file: efficientnet_b0-compound-phi1.5."""
    return f"{member.baseline}-{member.rule}-phi{member.phi:g}".replace("/", "-").replace(" ", "-")


def _member(spec: FamilySpec, one: Listed) -> dict[str, Any]:
    implied = {"implied_phi": implied_phis(spec, one.member)} if one.member.rule == "released" else {}
    return {**_flat(one), **implied, "architecture": one.member.architecture.to_dict()}


def _flat(one: Listed) -> dict[str, Any]:
    purpose = "inference" if one.inference else "training"
    return {**one.member.to_dict(), "batch": one.batch, f"{purpose}_bytes": one.memory}

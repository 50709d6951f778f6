"""A trained family as documents: before it is trained, what it found, and what training it differently changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.core.units import short
from scaling.family.study import FamilyStudy, intended, network_of
from scaling.report.cells import interval_title, low_to_high, plus_minus, share_cell
from scaling.report.document import Column, Document, Part, Table, Values
from scaling.rules.members import Member

if TYPE_CHECKING:  # a list of networks needs none of SciPy
    from scaling.analysis.changes import Change
    from scaling.analysis.equal_cost import Gap, Gaps
    from scaling.analysis.intervals import Estimate
    from scaling.analysis.power_law import HeldOut
    from scaling.family.reopen import Unsupported
    from scaling.family.result import Family, FamilyResult, RuleCurve
    from scaling.family.study import FamilyNetwork
    from scaling.study.estimate import Pace


def plan_document(study: FamilyStudy, missing: int, seconds: float, speed: Pace, folder: Path) -> Document:
    """What a dry run says.

    Args:
        study: as it would be trained.
        missing: trials to be trained.
        seconds: that they are expected to take.
        speed: by which.
        folder: of the run.
    """
    from scaling.family.findings import planned

    return Document(
        (
            networks_table(study),
            *planned(study, missing, seconds, speed, folder),
            *_for_machines(None, study, None),
            Values({"estimated_seconds": seconds}),
        )
    )


def family_document(family: Family, unsupported: Unsupported | None = None) -> Document:
    """What the comparison of a family's rules found.

    Args:
        family: trained and judged on the test images.
        unsupported: the place of a search's surface that its `compound` is, where no network supports it.
    """
    from scaling.family.findings import LAWS, compared, findings, laws_said, unsupported_said
    from scaling.grid.findings import trainings_said

    study, result = family.study, family.result
    parts: list[Part] = [results_table(study, result), *unsupported_said(unsupported), *findings(study.spec, result)]
    parts += trainings_said(family.trainings, study.spec.seeds)
    parts += [family.mixed_origins] if family.mixed_origins else []
    if result.gaps is not None:
        heading = f"\n{result.gaps.reference} minus each other rule at equal real cost, in points, paired over images:"
        parts += [heading, gaps_table(result.gaps), *compared(result.gaps)]
    if any(one.law is not None for one in result.curves):
        confidence = f"{result.confidence:.0%}"
        heading = f"\nThe error as a ratio^-b + c, and the largest network as the others predict it ({confidence} intervals):"
        parts += [heading, laws_table(result.curves), LAWS]
    if any(one.extrapolated for one in result.curves):
        heading = "\nExtrapolated, not trained: accuracy by those laws, in percent; nothing but the formula supports it."
        parts += [heading, extrapolated_table(result.curves)]
    parts += laws_said(result.curves)
    return Document((*parts, *_for_machines(str(family.run.folder), study, result)))


def networks_table(study: FamilyStudy) -> Table:
    """The distinct networks, cheapest first, with the members that each of them is."""
    columns = (
        Column(lambda one: one.realised, "realised", text="x{:.3f}".format),
        Column(lambda one: one.shares, "shares", text=share_cell, left=True),
        Column(lambda one: one.architecture.resolution, "px"),
        Column(lambda one: one.cost.params, "params", text=short),
        Column(lambda one: one.cost.macs, "MACs", text=short),
        Column(_members, "members, and how far from their rule", left=True),
    )
    return Table(columns, study.networks)


def results_table(study: FamilyStudy, result: FamilyResult) -> Table:
    """One line a member: its cost and its accuracy on the test images."""

    def accuracy(one: Member) -> Any:
        return result.accuracies.get(network_of(study.networks, one).label)

    columns = (
        Column(lambda one: one.rule, "rule", left=True),
        Column(lambda one: one.phi, "phi", text="{:g}".format),
        Column(lambda one: one.ratio, "realised", text="x{:.3f}".format),
        Column(lambda one: one.shares, "shares", text=share_cell, left=True),
        Column(lambda one: one.distance, "away", text=lambda value: "-" if value is None else f"{value:.2f}"),
        Column(lambda one: one.resolution, "px"),
        Column(lambda one: one.params, "params", text=short),
        Column(lambda one: one.macs, "MACs", text=short),
        Column(accuracy, "test %", text=lambda value: "-" if value is None else plus_minus(value)),
        Column(lambda one: 0 if accuracy(one) is None else accuracy(one).n, "seeds"),
        Column(lambda one: ", ".join(_notes(study, one)), "notes", left=True),
    )
    return Table(columns, study.members, section=lambda one: one.rule)


def gaps_table(gaps: Gaps) -> Table:
    """One line a rule and cost: what the reference gains over it."""
    columns = (
        Column(lambda one: one.rule, "against", left=True),
        Column(lambda one: one.target, "at", text="x{:g}".format),
        *_difference_columns(gaps.confidence),
        Column(lambda one: one.interpolated, "interpolated", text=lambda value: "yes" if value else "", left=True),
    )
    return Table(columns, gaps.entries)


def changes_table(found: Sequence[Change]) -> Table:
    """One line a network: what training it differently changed."""
    from scaling.analysis.errors import CONFIDENCE

    columns = (
        Column(lambda one: one.name, "network", left=True),
        Column(lambda one: one.ratio, "realised", text="x{:.3f}".format),
        *_difference_columns(CONFIDENCE),
    )
    return Table(columns, found)


def _difference_columns(confidence: float) -> tuple[Column, ...]:
    """A paired difference in points, its interval, and both of its p."""
    return (
        Column(lambda one: 100 * one.difference.mean, "points", text="{:+.2f}".format),
        Column(lambda one: one.difference, interval_title(confidence), text=low_to_high),
        Column(lambda one: one.p, "p", text="{:.3f}".format),
        Column(lambda one: one.adjusted_p, "p, Holm", text="{:.3f}".format),
        Column(lambda one: one.difference.n, "seeds"),
    )


def laws_table(curves: Sequence[RuleCurve]) -> Table:
    """One line a rule: error = a ratio^-b + c in percent, and its largest network as the others predict it."""
    columns = (
        Column(lambda one: one.rule, "rule", left=True),
        Column(lambda one: one.law.a, "a %", text=lambda value: _estimate(value, 100)),
        Column(lambda one: one.law.b, "b", text=lambda value: _estimate(value, 1)),
        Column(lambda one: one.law.c, "c %", text=lambda value: _estimate(value, 100)),
        Column(_checked(lambda check: f"x{check.ratio:.2f}"), "held out"),
        Column(_checked(lambda check: _estimate(check.predicted, 100)), "predicted %"),
        Column(_checked(lambda check: f"{100 * check.measured:.2f}"), "measured %"),
        Column(_checked(lambda check: {True: "yes", False: "no", None: "-"}[check.inside]), "inside", left=True),
    )
    return Table(columns, [one for one in curves if one.law is not None])


def extrapolated_table(curves: Sequence[RuleCurve]) -> Table:
    """Accuracy that the power laws give to costs beyond those trained."""
    fitted = [one for one in curves if one.extrapolated]
    ratios = sorted({point.ratio for one in fitted for point in one.extrapolated})
    columns = (
        Column(lambda one: one.rule, "rule", left=True),
        *(_at(ratio) for ratio in ratios),
        Column(
            lambda one: f"{one.extrapolated[0].beyond:.1f} to {one.extrapolated[-1].beyond:.1f}", "times the largest trained"
        ),
    )
    return Table(columns, fitted)


def _at(ratio: float) -> Column:
    def read(one: RuleCurve) -> str:
        points = {point.ratio: point for point in one.extrapolated}
        if ratio not in points:
            return "trained"
        return _between(points[ratio].mean, points[ratio].low, points[ratio].high, 100)

    return Column(read, f"at x{ratio:g}")


def _checked(value: Callable[[HeldOut], Any]) -> Callable[[RuleCurve], Any]:
    """Of a rule's held-out network; None where there is none."""
    return lambda one: None if one.check is None else value(one.check)


def _estimate(one: Estimate, unit: float) -> str:
    return _between(one.value, one.low, one.high, unit)


def _between(value: float, low: float | None, high: float | None, unit: float) -> str:
    if low is None or high is None:
        return f"{unit * value:.2f}"
    return f"{unit * value:.2f} ({unit * low:.2f} to {unit * high:.2f})"


def _members(one: FamilyNetwork) -> str:
    return ", ".join(f"{member.rule} {member.phi:g}{_away(member)}" for member in one.members)


def _away(member: Member) -> str:
    return "" if member.distance is None else f" ({member.distance:.2f})"


def _notes(study: FamilyStudy, one: Member) -> list[str]:
    said = ["enlarged"] if _enlarged(study, one) else []
    network = network_of(study.networks, one)
    if not network.stands_for(one.rule):
        said.append("no member of its rule")
    elif (nearer := network.nearer(one.rule, intended(study.spec.family))) is not None:
        said.append(f"nearer to {nearer}")
    return said


def _enlarged(study: FamilyStudy, one: Member) -> bool | None:
    """Whether a member sees the images larger than they are stored; None where that was not recorded."""
    return one.resolution > study.dataset.side if study.dataset.side else None


def _for_machines(run: str | None, study: FamilyStudy, result: FamilyResult | None) -> list[Part]:
    """A family study as plain data; results are None before training."""
    gaps = result.gaps if result else None
    return [
        Values(
            {
                "run": run,
                "seeds": study.spec.seeds,
                "pictures": result.images if result else None,
                "members": [_judged(study, one, result) for one in study.members],
                "rules": [_rule(one) for one in result.curves] if result else [],
                "gaps": [_gap(one) for one in gaps.entries] if gaps else [],
                "missing": [{**one._asdict(), "absence": one.absence.value} for one in gaps.missing] if gaps else [],
                "seed_sd": result.seed_sd if result else None,
                "degrees_of_freedom": result.degrees_of_freedom if result else None,
                "spread_p": result.spread_p if result else None,
                "pooled": result.pooled if result else None,
            }
        )
    ]


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
